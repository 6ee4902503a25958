//! A small Debian of its own, made by debootstrap, in which packages are installed and services run.
//!
//! The base system is made once and kept; each test works on a layer above it in memory. Everything
//! is in a mount and a process namespace that end with the test, so that nothing stays behind.

mod base;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

pub use base::base;
pub(crate) use base::{namespace, proxy};

/// How long the system may take to boot or to end.
const BOOT_LIMIT: Duration = Duration::from_mins(2);

/// A system on top of the base; what is changed in it is gone with it.
pub struct Debian {
    /// Holds the namespaces. Its end is the end of all processes in them.
    holder: Child,
    root: PathBuf,
    booted: Option<Booted>,
}

struct Booted {
    container: Child,
    /// The system's init, as the host numbers it.
    init: u32,
}

impl Debian {
    /// A system in which `folder` is seen read-only as `/packages`.
    pub fn new(folder: &Path) -> Self {
        let base = base();
        let root = std::env::temp_dir().join(format!("assay-debian-{}", std::process::id()));
        std::fs::create_dir_all(&root).unwrap();
        let script = "
            mount -t tmpfs -o mode=755 none \"$1\"
            mkdir \"$1/upper\" \"$1/work\" \"$1/root\"
            mount -t overlay -o \"lowerdir=$2,upperdir=$1/upper,workdir=$1/work\" none \"$1/root\"
            mkdir \"$1/root/packages\"
            mount --bind -o ro \"$3\" \"$1/root/packages\"
            mount -t proc none \"$1/root/proc\"
            mount --rbind /dev \"$1/root/dev\"
            cat /etc/resolv.conf > \"$1/root/etc/resolv.conf\"
            touch \"$1/ready\"
            exec sleep infinity";
        let holder = base::namespace(script)
            .arg(&root)
            .arg(&base)
            .arg(folder.canonicalize().unwrap())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let debian = Self {
            holder,
            root,
            booted: None,
        };
        let began = Instant::now();
        while !debian.outside(&["test", "-e"], "ready").success() {
            assert!(began.elapsed() < BOOT_LIMIT, "the layer is not mounted");
            std::thread::sleep(Duration::from_millis(50));
        }
        debian
    }

    /// Runs `words` and a path of the layer in the namespaces, but outside of the system.
    fn outside(&self, words: &[&str], path: &str) -> std::process::ExitStatus {
        let mut command = self.enter();
        command.args(words).arg(self.root.join(path));
        command.stderr(Stdio::null()).status().unwrap()
    }

    /// The folder that the system is in, as seen from [`Self::enter`].
    pub fn folder(&self) -> PathBuf {
        self.root.join("root")
    }

    /// A command in the namespaces; its arguments are what to run there, outside of the system.
    pub fn enter(&self) -> Command {
        let mut command = Command::new("nsenter");
        let holder = child_of(self.holder.id()).unwrap_or(self.holder.id());
        command
            .arg("--target")
            .arg(holder.to_string())
            .args(["--mount", "--pid", "--"]);
        command
    }

    /// Boots the system, with a network that reaches nothing but itself.
    pub fn boot(&mut self) {
        // The container has a /proc and a /dev of its own.
        for folder in ["proc", "dev"] {
            let unmounted = self.outside(&["umount", "--recursive"], &format!("root/{folder}"));
            assert!(unmounted.success(), "{folder} is busy");
        }
        let mut command = self.enter();
        command
            .args(["systemd-nspawn", "--quiet", "--register=no", "--keep-unit"])
            .args(["--private-network", "--console=pipe", "--boot"])
            .arg(format!("--machine=assay-{}", std::process::id()))
            .arg(format!(
                "--bind-ro={}/packages:/packages",
                self.folder().display()
            ))
            .arg("--directory")
            .arg(self.folder())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let container = command.spawn().unwrap();
        let began = Instant::now();
        let init = loop {
            if let Some(init) = init_below(container.id()) {
                break init;
            }
            assert!(began.elapsed() < BOOT_LIMIT, "the container does not start");
            std::thread::sleep(Duration::from_millis(50));
        };
        self.booted = Some(Booted { container, init });
        loop {
            let state = self.sh("systemctl is-system-running --wait").stdout;
            match String::from_utf8_lossy(&state).trim() {
                "running" | "degraded" => break,
                state => assert!(began.elapsed() < BOOT_LIMIT, "the system is {state}"),
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Runs a shell script in the system: while it is booted beside its init and in its network,
    /// before that in the host's network.
    pub fn sh(&self, script: &str) -> Output {
        let mut command = if let Some(booted) = &self.booted {
            let mut command = Command::new("nsenter");
            command.arg("--target").arg(booted.init.to_string());
            command.args(["--all", "--"]);
            command
        } else {
            let mut command = self.enter();
            command.arg("chroot").arg(self.folder());
            command
        };
        command
            .args(["/usr/bin/env", "-i", "LC_ALL=C.UTF-8"])
            .args(["DEBIAN_FRONTEND=noninteractive"])
            .arg("PATH=/usr/sbin:/usr/bin:/sbin:/bin")
            .args(["bash", "-euc", script])
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// As [`Self::sh`]; panics unless it ends well; gives its output, trimmed.
    pub fn ok(&self, script: &str) -> String {
        let output = self.sh(script);
        let (said, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{script}: {}\n{said}\n{complained}\n{}",
            output.status,
            self.journal()
        );
        said
    }

    /// As [`Self::sh`]; panics unless it fails; gives its complaint.
    pub fn refused(&self, script: &str) -> String {
        let output = self.sh(script);
        assert!(!output.status.success(), "{script} was not refused");
        text(&output.stderr)
    }

    /// The end of what the system has logged.
    pub fn journal(&self) -> String {
        match &self.booted {
            Some(_) => text(&self.sh("journalctl --no-pager --lines=60").stdout),
            None => String::new(),
        }
    }
}

impl Drop for Debian {
    fn drop(&mut self) {
        // The holder's child is the first process of the namespace: all others end with it.
        if let Some(first) = child_of(self.holder.id()) {
            let _ = Command::new("kill")
                .args(["-KILL", &first.to_string()])
                .status();
        }
        let _ = self.holder.kill();
        let _ = self.holder.wait();
        if let Some(mut booted) = self.booted.take() {
            let _ = booted.container.wait();
        }
        let _ = std::fs::remove_dir(&self.root);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn children_of(process: u32) -> Vec<u32> {
    std::fs::read_to_string(format!("/proc/{process}/task/{process}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect()
}

fn child_of(process: u32) -> Option<u32> {
    children_of(process).first().copied()
}

/// The process below `ancestor` that runs systemd and is the first of its namespace.
fn init_below(ancestor: u32) -> Option<u32> {
    let mut open = vec![ancestor];
    while let Some(process) = open.pop() {
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
        let is_init = status.lines().any(|line| line == "Name:\tsystemd")
            && status
                .lines()
                .any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"));
        if is_init {
            return Some(process);
        }
        open.extend(children_of(process));
    }
    None
}

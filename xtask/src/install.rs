//! Installs what the tests need and this machine lacks, through the ordinary clients.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::steps::{Outcome, cargo, root, step, succeeds, target};

/// Debian packages: the virtual machine and its firmware, a kernel, databases, a broker, network tools,
/// a browser, Python for the clients and emulators of others, what makes, reads and tries packages, what
/// makes the disk of a guest, and agents, BMCs and their clients for the drivers.
const DEBIAN: &[&str] = &[
    "qemu-system-x86",
    "ipxe-qemu",
    "ovmf",
    "linux-image-amd64",
    "postgresql",
    "rabbitmq-server",
    "dnsmasq-base",
    "openipmi",
    "ipmitool",
    "freeipmi-tools",
    "iproute2",
    "chromium",
    "apache2-bin",
    "python3-venv",
    "openssh-server",
    "openssl",
    "dpkg-dev",
    "rpm",
    "debootstrap",
    "e2fsprogs",
    "systemd",
    "systemd-container",
    "snmpd",
    "snmp",
    "curl",
];

/// Debian packages that are wanted only where their program does not exist by other means.
const DEBIAN_BY_PROGRAM: [(&str, &str); 2] = [("node", "nodejs"), ("npm", "npm")];

/// Cargo's own helpers, as subcommand and version.
const CARGO_TOOLS: [(&str, &str); 2] = [("nextest", "0.9.143"), ("deny", "0.20.2")];

/// Those that make packages. They are built without optimisation, which saves minutes: their work is
/// compression, in C.
const PACKAGERS: [(&str, &str); 2] = [("deb", "3.8.0"), ("generate-rpm", "0.21.0")];

/// Where the installed clients are, for the tests.
pub(crate) struct Tools {
    /// A Python virtual environment.
    pub(crate) python: PathBuf,
    /// A folder with `node_modules`.
    pub(crate) javascript: PathBuf,
}

/// Installs everything that is missing. `allowed` false: only says what is missing.
pub(crate) fn everything(allowed: bool) -> Outcome<Tools> {
    debian(allowed)?;
    for (name, version) in CARGO_TOOLS {
        cargo_tool(name, version, allowed, &[])?;
    }
    packagers(allowed)?;
    let python = python(allowed)?;
    let javascript = javascript(allowed)?;
    Ok(Tools { python, javascript })
}

/// Installs cargo's helpers for packages. `allowed` false: only says what is missing.
pub(crate) fn packagers(allowed: bool) -> Outcome {
    for (name, version) in PACKAGERS {
        cargo_tool(name, version, allowed, &["--debug"])?;
    }
    Ok(())
}

fn debian(allowed: bool) -> Outcome {
    let mut missing: Vec<&str> = DEBIAN
        .iter()
        .copied()
        .filter(|package| !is_installed(package))
        .collect();
    for (program, package) in DEBIAN_BY_PROGRAM {
        if !succeeds(Command::new(program).arg("--version")) {
            missing.push(package);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let wanted = format!("apt-get install {}", missing.join(" "));
    if !allowed || !succeeds(Command::new("sh").args(["-c", "test \"$(id -u)\" = 0"])) {
        return Err(format!("packages are missing; as root, run: {wanted}"));
    }
    step("apt-get update", &mut apt(&["update"]))?;
    let mut install = apt(&["install", "--yes", "--no-install-recommends"]);
    step(&wanted, install.args(&missing))
}

fn is_installed(package: &str) -> bool {
    let query = ["--show", "--showformat=${db:Status-Status}", package];
    Command::new("dpkg-query")
        .args(query)
        .output()
        .is_ok_and(|output| output.stdout == b"installed")
}

fn apt(args: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("--quiet").args(args);
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("LC_ALL", "C.UTF-8");
    command
}

fn cargo_tool(name: &str, version: &str, allowed: bool, how: &[&str]) -> Outcome {
    if succeeds(&mut cargo(&[name, "--version"])) {
        return Ok(());
    }
    let package = format!("cargo-{name}@{version}");
    if !allowed {
        return Err(format!("run: cargo install --locked {package}"));
    }
    let title = format!("cargo install {package}");
    let mut install = cargo(&["install", "--locked", "--quiet", &package]);
    step(&title, install.args(how))
}

fn python(allowed: bool) -> Outcome<PathBuf> {
    let list = root().join("tests/clients/requirements.txt");
    let folder = target().join("pytools");
    if is_current(&folder, &list) {
        return Ok(folder);
    }
    let pip = folder.join("bin/pip");
    if !allowed {
        let (pip, list) = (pip.display(), list.display());
        return Err(format!(
            "make a virtual environment and run: {pip} install -r {list}"
        ));
    }
    // Debian's own interpreter is the one that python3-venv belongs to.
    let debian = Path::new("/usr/bin/python3");
    let interpreter = if debian.exists() {
        debian
    } else {
        Path::new("python3")
    };
    let mut venv = Command::new(interpreter);
    step(
        "python venv",
        venv.args(["-m", "venv", "--clear"]).arg(&folder),
    )?;
    let quiet = [
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--requirement",
    ];
    step("pip install", Command::new(pip).args(quiet).arg(&list))?;
    mark_current(&folder, &list)?;
    Ok(folder)
}

fn javascript(allowed: bool) -> Outcome<PathBuf> {
    let list = root().join("tests/clients/package.json");
    let folder = target().join("jstools");
    if is_current(&folder, &list) {
        return Ok(folder);
    }
    if !allowed {
        return Err(format!("run npm install in a copy of {}", list.display()));
    }
    let copied =
        fs::create_dir_all(&folder).and_then(|()| fs::copy(&list, folder.join("package.json")));
    copied.map_err(|error| format!("cannot write {}: {error}", folder.display()))?;
    let quiet = [
        "install",
        "--no-audit",
        "--no-fund",
        "--ignore-scripts",
        "--loglevel=error",
    ];
    step(
        "npm install",
        Command::new("npm").args(quiet).current_dir(&folder),
    )?;
    mark_current(&folder, &list)?;
    Ok(folder)
}

/// Whether `folder` was filled from `list` as it is now.
fn is_current(folder: &Path, list: &Path) -> bool {
    match (fs::read(folder.join(".installed")), fs::read(list)) {
        (Ok(before), Ok(now)) => before == now,
        _ => false,
    }
}

fn mark_current(folder: &Path, list: &Path) -> Outcome {
    fs::copy(list, folder.join(".installed"))
        .map(drop)
        .map_err(|error| format!("cannot write to {}: {error}", folder.display()))
}

//! Debian's OpenSSH server, which Assay did not write, with one account of the test's own: it sees its
//! own list of accounts, in a mount namespace that ends with it. That takes root, as the tests with
//! network namespaces do.

use std::fmt::Write;
use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use assay_domain::{Secret, Target};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::process::Process;
use super::{target, with_login};

/// The account's name.
pub(crate) const LOGIN: &str = "operator";
/// The account's password.
pub(crate) const PASSWORD: &str = "right-enough";

/// Makes the namespace and turns into the server. `/run` is where it wants to change its root to.
const IN_NAMESPACE: &str = r#"mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd &&
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow &&
exec /usr/sbin/sshd -D -e -f "$0/sshd_config""#;

/// A running server and its folder; dropping it ends both.
pub(crate) struct Sshd {
    process: Process,
    address: SocketAddr,
    folder: TempDir,
}

impl Sshd {
    /// A server with an Ed25519 host key that takes keys and passwords.
    pub(crate) fn start() -> Self {
        Self::with(&["ed25519"], "")
    }

    /// A server with these kinds of host keys and further lines of configuration.
    pub(crate) fn with(host_keys: &[&str], lines: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        for kind in host_keys {
            new_key(&folder.path().join(format!("host_{kind}")), kind, &[]);
        }
        furnish(folder.path());
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let address = free_address();
            let config = config(folder.path(), address, host_keys, lines);
            fs::write(folder.path().join("sshd_config"), config).unwrap();
            if let Some(process) = run(folder.path(), address) {
                return Self {
                    process,
                    address,
                    folder,
                };
            }
        }
        panic!("sshd does not start (Debian: apt install openssh-server; as root)");
    }

    /// Ends the server and starts it again at the same address with a new Ed25519 host key.
    pub(crate) fn change_host_key(&mut self) {
        let key = self.folder.path().join("host_ed25519");
        fs::remove_file(&key).unwrap();
        new_key(&key, "ed25519", &[]);
        // The old one is killed with its namespace when it is replaced; its port is free then.
        let nothing = Process::start(
            Path::new("true"),
            &[] as &[&str],
            self.folder.path().join("nothing"),
        );
        drop(std::mem::replace(&mut self.process, nothing));
        self.process = run(self.folder.path(), self.address).expect("sshd starts again");
    }

    /// A target with the password that knows the host key, and commands for everything.
    pub(crate) fn target(&self) -> Target {
        let mut target = with_login(target(self.address), LOGIN, PASSWORD);
        target.control_type = "SshDevice".into();
        target.output = "1".into();
        let known = json!({"known": self.host_key("ed25519")});
        target.settings.insert("host_key".into(), known);
        let names = ["on", "off", "status", "reset", "shutdown"];
        let verbs = names.iter().map(|name| (*name, *name));
        target
            .settings
            .insert("commands".into(), self.commands(verbs));
        target
    }

    /// Commands by name, each of which runs the script with a verb.
    pub(crate) fn commands<'a>(
        &self,
        verbs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Value {
        let script = self.folder.path().join("power");
        // So that the login's shell does not stand between the script and the server.
        let line = |verb| Value::from(format!("exec {} {verb} {{output}}", script.display()));
        let lines = verbs
            .into_iter()
            .map(|(name, verb)| (name.to_owned(), line(verb)));
        Value::Object(lines.collect())
    }

    /// The public host key of a kind, as it is written into settings.
    pub(crate) fn host_key(&self, kind: &str) -> String {
        let file = self.folder.path().join(format!("host_{kind}.pub"));
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// A new private key that the account takes; `options` are ssh-keygen's.
    pub(crate) fn authorized_key(&self, kind: &str, options: &[&str]) -> Secret {
        let file = self.folder.path().join(format!("key_{kind}"));
        let key = new_key(&file, kind, options);
        let public = fs::read_to_string(file.with_extension("pub")).unwrap();
        let list = self.folder.path().join("authorized_keys");
        let known = fs::read_to_string(&list).unwrap();
        fs::write(list, known + &public).unwrap();
        key
    }

    /// What the script was asked, one line for each time.
    pub(crate) fn runs(&self) -> Vec<String> {
        let runs = fs::read_to_string(self.folder.path().join("runs")).unwrap_or_default();
        runs.lines().map(str::to_owned).collect()
    }

    /// How often a login was refused.
    pub(crate) fn failed_logins(&self) -> usize {
        self.process.lines_with("Failed password") + self.process.lines_with("Failed publickey")
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.process.lines_with("Connection from ")
    }

    /// How many logins were accepted, and how many of those sessions have ended.
    pub(crate) fn sessions(&self) -> (usize, usize) {
        let process = &self.process;
        (
            process.lines_with("Accepted "),
            process.lines_with("Disconnected from user"),
        )
    }
}

/// A private key, made with ssh-keygen; its public half is beside it in a file with `.pub`.
pub(crate) fn new_key(file: &Path, kind: &str, options: &[&str]) -> Secret {
    let passphrase: &[&str] = if options.contains(&"-N") {
        &[]
    } else {
        &["-N", ""]
    };
    let output = Command::new("ssh-keygen")
        .args(["-q", "-C", "", "-t", kind])
        .args(passphrase)
        .args(options)
        .arg("-f")
        .arg(file)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    Secret::new(fs::read_to_string(file).unwrap())
}

/// The files beside the host keys: accounts, the script, the list of keys.
fn furnish(folder: &Path) {
    let home = folder.display();
    let accounts = format!(
        "root:x:0:0:root:/root:/bin/sh\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n\
         {LOGIN}:x:65534:65534::{home}:/bin/sh\n"
    );
    let hash = Command::new("openssl")
        .args(["passwd", "-6", PASSWORD])
        .output()
        .unwrap();
    let hash = String::from_utf8(hash.stdout).unwrap();
    let passwords = format!(
        "root:*:19000:0:99999:7:::\n{LOGIN}:{}:19000:0:99999:7:::\n",
        hash.trim()
    );
    let script = folder.join("power");
    for (file, text, mode) in [
        (folder.join("passwd"), accounts.as_str(), 0o644),
        (folder.join("shadow"), passwords.as_str(), 0o600),
        (folder.join("authorized_keys"), "", 0o644),
        (script, include_str!("power.sh"), 0o755),
    ] {
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    }
}

fn config(folder: &Path, address: SocketAddr, host_keys: &[&str], lines: &str) -> String {
    let home = folder.display();
    // The first of two lines for one thing counts.
    let mut text = format!(
        "{lines}\nListenAddress {address}\nPidFile none\nStrictModes no\nUsePAM no\nLogLevel VERBOSE\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
         AuthorizedKeysFile {home}/authorized_keys\n"
    );
    for kind in host_keys {
        writeln!(text, "HostKey {home}/host_{kind}").unwrap();
    }
    text
}

fn run(folder: &Path, address: SocketAddr) -> Option<Process> {
    let unshare = [
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        IN_NAMESPACE,
    ];
    let mut arguments: Vec<String> = unshare.map(str::to_owned).to_vec();
    arguments.push(folder.display().to_string());
    let mut process = Process::start(Path::new("unshare"), &arguments, folder.join("log"));
    let listens = process.wait(|log| {
        let listens = format!(
            "Server listening on {} port {}",
            address.ip(),
            address.port()
        );
        log.contains(&listens).then_some(())
    });
    listens.map(|()| process)
}

fn free_address() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

//! Debian's OpenSSH server as a device that switches machines, with one account of the test's own: it
//! sees its own list of accounts, in a mount namespace that ends with it. That takes root.

use std::fs::{self, Permissions};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::folder;

/// The account's password: no text that a server writes may hold it.
pub const PASSWORD: &str = "canary-of-the-ssh-device-31be";

const LOGIN: &str = "operator";
const LIMIT: Duration = Duration::from_secs(20);
/// The script of the device's commands; a machine's state is a file beside it.
const SCRIPT: &str = "crates/drivers/tests/drivers/support/power.sh";

/// Makes the namespace and turns into the server. `/run` is where it wants to change its root to.
const IN_NAMESPACE: &str = r#"mount -t tmpfs tmpfs /run && mkdir -m 755 /run/sshd &&
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/shadow" /etc/shadow &&
exec /usr/sbin/sshd -D -e -f "$0/sshd_config""#;

/// A running server and its folder; dropping it ends both.
pub struct Sshd {
    child: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Sshd {
    /// A server with an Ed25519 host key that takes the password.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::set_permissions(folder.path(), Permissions::from_mode(0o777)).unwrap();
        let _ = new_key(&folder.path().join("host"));
        furnish(folder.path());
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let address = listener.local_addr().unwrap();
            drop(listener);
            let config = config(folder.path(), address);
            fs::write(folder.path().join("sshd_config"), config).unwrap();
            if let Some(child) = run(folder.path()) {
                return Self {
                    child,
                    address,
                    folder,
                };
            }
        }
        panic!("sshd does not start (Debian: apt install openssh-server; as root)");
    }

    /// Ends the server and starts it again at the same address with a new host key.
    pub fn change_host_key(&mut self) {
        self.end();
        let _ = new_key(&self.folder.path().join("host"));
        self.child = run(self.folder.path()).expect("sshd starts again");
    }

    /// Makes a power control of it that trusts the host key as said; gives its key.
    pub async fn enrol(&self, client: &Client, host_key: Value) -> i64 {
        let script = self.folder.path().join("power");
        let line = |verb: &str| format!("exec {} {verb} {{output}}", script.display());
        let body = json!({"power_control": {
            "control_type": "SshDevice", "protocol_type": "ssh",
            "host": self.address.ip().to_string(), "port_number": self.address.port(),
            "login": LOGIN, "password": PASSWORD,
            "settings": {
                "commands": {"on": line("on"), "off": line("off"), "status": line("status")},
                "host_key": host_key,
            },
        }});
        let reply = client.post("/v1/power-controls/", &body).await.expect(200);
        reply.json()["power_control"]["id"].as_i64().unwrap()
    }

    /// The public host key, as OpenSSH writes it.
    pub fn host_key(&self) -> String {
        let file = self.folder.path().join("host.pub");
        fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// What `ssh-keygen` says that the host key's fingerprint is.
    pub fn fingerprint(&self) -> String {
        let file = self.folder.path().join("host.pub");
        let output = Command::new("ssh-keygen").arg("-lf").arg(file).output();
        let text = String::from_utf8(output.unwrap().stdout).unwrap();
        text.split_whitespace().nth(1).unwrap().to_owned()
    }

    /// How many logins it has accepted or refused since it was started last.
    pub fn logins(&self) -> usize {
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap();
        log.matches("Accepted ").count() + log.matches("Failed ").count()
    }

    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.end();
    }
}

/// Makes an Ed25519 key without a passphrase in `file`, its public half beside it in a file with `.pub`; a key
/// that is there is lost. Gives the public half.
pub fn new_key(file: &Path) -> String {
    let public = file.with_extension("pub");
    for former in [file, &public] {
        let _ = fs::remove_file(former);
    }
    let made = Command::new("ssh-keygen")
        .args(["-q", "-C", "", "-N", "", "-t", "ed25519", "-f"])
        .arg(file)
        .status();
    assert!(made.unwrap().success(), "ssh-keygen (openssh-client)");
    fs::read_to_string(public).unwrap().trim().to_owned()
}

/// The accounts and the script.
fn furnish(folder: &Path) {
    let home = folder.display();
    let accounts = format!(
        "root:x:0:0:root:/root:/bin/sh\nsshd:x:105:65534::/run/sshd:/usr/sbin/nologin\n\
         {LOGIN}:x:65534:65534::{home}:/bin/sh\n"
    );
    let hash = Command::new("openssl")
        .args(["passwd", "-6", PASSWORD])
        .output();
    let hash = String::from_utf8(hash.unwrap().stdout).unwrap();
    let passwords = format!(
        "root:*:19000:0:99999:7:::\n{LOGIN}:{}:19000:0:99999:7:::\n",
        hash.trim()
    );
    let script = fs::read_to_string(folder::root().join(SCRIPT)).unwrap();
    for (file, text, mode) in [
        ("passwd", accounts, 0o644),
        ("shadow", passwords, 0o600),
        ("power", script, 0o755),
    ] {
        let file = folder.join(file);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
    }
}

fn config(folder: &Path, address: SocketAddr) -> String {
    let home = folder.display();
    format!(
        "ListenAddress {address}\nPidFile none\nStrictModes no\nUsePAM no\nLogLevel VERBOSE\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\nHostKey {home}/host\n"
    )
}

/// Starts the server; none when it does not listen.
fn run(folder: &Path) -> Option<Child> {
    let log = folder.join("log");
    let mut child = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "sh", "-c"])
        .args([IN_NAMESPACE.as_ref(), folder.as_os_str()])
        .stdin(Stdio::null())
        .stderr(fs::File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while began.elapsed() < LIMIT && child.try_wait().unwrap().is_none() {
        if fs::read_to_string(&log)
            .unwrap()
            .contains("Server listening on ")
        {
            return Some(child);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    let _ = child.wait();
    None
}

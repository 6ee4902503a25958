//! The login against a server that others wrote: Apache with mod_auth_digest, before a script that
//! answers as a machine that is on. It checks digests and nonce counts by itself and lets nonces run out.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use assay_domain::{DriverError, PowerState, Target};
use tempfile::TempDir;

use super::{AMT, within};
use crate::support::conformance::hides_the_login;
use crate::support::{gate, target, with_login};

/// As AMT names it, but for a colon, which ends a field in the file of users.
const REALM: &str = "Digest 00112233445566778899AABBCCDDEEFF";
const USER: &str = "operator";
const PASSWORD: &str = "P@ss\"wörd, \\ and more";
/// After this many seconds a nonce has run out.
const NONCE_LIFE: u64 = 1;

/// A running server; dropping it ends it.
struct Apache {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Apache {
    /// Starts a server and waits until it listens.
    fn start() -> Self {
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = TcpListener::bind(("127.0.0.1", 0))
                .and_then(|listener| listener.local_addr())
                .unwrap();
            write_files(folder.path(), address);
            let process = command(folder.path()).spawn().unwrap();
            let mut apache = Self {
                process,
                address,
                folder,
            };
            if apache.listens() {
                return apache;
            }
        }
        panic!("apache2 does not start (Debian: apt install apache2-bin)");
    }

    fn target(&self) -> Target {
        with_login(target(self.address), USER, PASSWORD)
    }

    /// What it has answered so far: status, and the challenge if there was one.
    fn answers(&self) -> Vec<String> {
        let log = fs::read_to_string(self.folder.path().join("access.log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// How many of its answers have been 401 and 200, once as many as are expected are in its log,
    /// which it writes after it has answered.
    fn count(&self, refused: usize, given: usize) -> (usize, usize) {
        let end = Instant::now() + Duration::from_secs(10);
        while self.answers().len() < refused + given && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(10));
        }
        let answers = self.answers();
        let count = |start| {
            let begins = |line: &&String| line.starts_with(start);
            answers.iter().filter(begins).count()
        };
        (count("401"), count("200"))
    }

    fn listens(&mut self) -> bool {
        let end = Instant::now() + Duration::from_secs(20);
        while Instant::now() < end && self.process.try_wait().unwrap().is_none() {
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        for log in ["log", "error.log"] {
            eprintln!(
                "{}",
                fs::read_to_string(self.folder.path().join(log)).unwrap_or_default()
            );
        }
        false
    }
}

impl Drop for Apache {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The server in one process, which dies with the test. It does not run as root, so it is started as
/// the user that Debian keeps for it.
fn command(folder: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if fs::metadata(folder).unwrap().uid() == 0 {
        fs::set_permissions(folder, fs::Permissions::from_mode(0o777)).unwrap();
        command.args([
            "--reuid",
            "www-data",
            "--regid",
            "www-data",
            "--clear-groups",
        ]);
    }
    let log = File::create(folder.join("log")).unwrap();
    command
        .args(["--pdeathsig", "KILL", "--", "/usr/sbin/apache2", "-X", "-f"])
        .arg(folder.join("apache.conf"))
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    command
}

fn write_files(folder: &Path, address: SocketAddr) {
    let write = |name: &str, text: &str| fs::write(folder.join(name), text).unwrap();
    write("apache.conf", &configuration(folder, address));
    write(
        "users",
        &format!(
            "{USER}:{REALM}:{}\n",
            md5(&format!("{USER}:{REALM}:{PASSWORD}"))
        ),
    );
    write("answer.xml", &answer());
    let script = "#!/bin/sh\nprintf 'Content-Type: application/soap+xml\\r\\n\\r\\n'\nexec cat \"${0%/*}/answer.xml\"\n";
    write("wsman.cgi", script);
    let executable = fs::Permissions::from_mode(0o755);
    fs::set_permissions(folder.join("wsman.cgi"), executable).unwrap();
}

fn configuration(folder: &Path, address: SocketAddr) -> String {
    let folder = folder.display();
    let modules: String = [
        "mpm_prefork",
        "authn_core",
        "authn_file",
        "authz_core",
        "authz_user",
        "auth_digest",
        "alias",
        "cgi",
    ]
    .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
    .concat();
    format!(
        "ServerRoot {folder}\nServerName localhost\nListen {address}\nPidFile {folder}/pid\n\
         DefaultRuntimeDir {folder}\nMutex file:{folder} default\nErrorLog {folder}/error.log\n{modules}\
         LogFormat \"%>s %{{WWW-Authenticate}}o\" short\nCustomLog {folder}/access.log short\n\
         ScriptAlias /wsman {folder}/wsman.cgi\nAuthDigestShmemSize 64K\n\
         <Location /wsman>\nAuthType Digest\nAuthName \"{REALM}\"\nAuthDigestProvider file\n\
         AuthUserFile {folder}/users\nAuthDigestQop auth\nAuthDigestNcCheck On\n\
         AuthDigestNonceLifetime {NONCE_LIFE}\nRequire valid-user\n</Location>\n"
    )
}

fn answer() -> String {
    let class =
        "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/CIM_AssociatedPowerManagementService";
    format!(
        r#"<e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header/><e:Body>
        <CIM_AssociatedPowerManagementService xmlns="{class}"><PowerState>2</PowerState>
        </CIM_AssociatedPowerManagementService></e:Body></e:Envelope>"#
    )
}

/// A program of its own, so that nothing of what is under test is used.
fn md5(text: &str) -> String {
    let output = Command::new("sh")
        .args(["-c", r#"printf %s "$1" | md5sum"#, "md5", text])
        .output()
        .unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    line.split(' ').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_right_login_is_accepted_and_its_nonce_used_again() {
    let apache = Apache::start();
    let (gate, target) = (gate().0, apache.target());
    let reads = within(&gate, &target, |session| {
        Box::pin(async move {
            let power = session.power().unwrap();
            power.power_state().await?;
            power.power_state().await?;
            power.power_state().await
        })
    });
    assert_eq!(reads.await, Ok(PowerState::On), "{:?}", apache.answers());
    assert_eq!(apache.count(1, 3), (1, 3));
}

#[tokio::test]
async fn a_wrong_login_is_given_once() {
    let apache = Apache::start();
    let (gate, state) = gate();
    for (login, password, refused) in [(USER, "quite-wrong", 2), ("nobody", PASSWORD, 4)] {
        let wrong = with_login(apache.target(), login, password);
        for _ in 0..3 {
            let error = gate.power_state(&wrong, AMT).await.unwrap_err();
            assert!(matches!(error, DriverError::Refused { .. }), "{error}");
            hides_the_login(&error, &wrong);
        }
        let counted = apache.count(refused, 0);
        assert_eq!(counted, (refused, 0), "the challenge and the refusal");
        state.reopen();
    }
    let state = gate.power_state(&apache.target(), AMT).await;
    assert_eq!(state, Ok(PowerState::On), "the right login still works");
}

#[tokio::test]
async fn a_nonce_that_has_run_out_is_no_refusal() {
    let apache = Apache::start();
    let ((gate, state), target) = (gate(), apache.target());
    let reads = within(&gate, &target, |session| {
        Box::pin(async move {
            let power = session.power().unwrap();
            power.power_state().await?;
            tokio::time::sleep(Duration::from_secs(NONCE_LIFE) + Duration::from_millis(1500)).await;
            power.power_state().await
        })
    });
    assert_eq!(reads.await, Ok(PowerState::On), "{:?}", apache.answers());
    assert_eq!(apache.count(2, 2), (2, 2));
    let stale = apache.answers();
    assert_eq!(
        stale
            .iter()
            .filter(|line| line.contains("stale=true"))
            .count(),
        1,
        "{stale:?}"
    );
    assert!(state.shut_gates() == 0);
}

//! Starts, kills and restarts the real `assay serve`.

use std::fmt::Write as _;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::json;
use tempfile::TempDir;

use crate::client::Client;
use crate::database::Database;
use crate::folder;
use crate::listening;

/// A server that is to be started.
pub struct Setup {
    data: TempDir,
    database_url: Option<String>,
    authenticated: bool,
    /// Whether the harness's admin is in the database already.
    joins: bool,
    listen: String,
    environment: Vec<(String, String)>,
    config: String,
    boot: Option<(PathBuf, PathBuf)>,
    ca_file: Option<PathBuf>,
    certificate: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            data: tempfile::tempdir().unwrap(),
            database_url: None,
            authenticated: false,
            joins: false,
            listen: "127.0.0.1:0".to_owned(),
            environment: Vec::new(),
            config: String::new(),
            boot: None,
            ca_file: None,
            certificate: None,
        }
    }
}

impl Setup {
    /// A server with a database of its own in a new folder, which asks nobody who he is.
    pub fn new() -> Self {
        Self::default()
    }

    /// With users; [`Server::client`] then is one of role admin.
    #[must_use]
    pub fn authenticated(mut self) -> Self {
        self.authenticated = true;
        self
    }

    /// As [`Self::authenticated`], beside another such server over the same database.
    #[must_use]
    pub fn joining(mut self) -> Self {
        self.joins = true;
        self.authenticated()
    }

    /// On another database than SQLite in the data folder.
    #[must_use]
    pub fn database(mut self, database: &Database) -> Self {
        self.database_url = Some(database.url().to_owned());
        self
    }

    /// With a setting, e.g. `ASSAY_SWEEP_INTERVAL`, `1`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// With lines of a configuration file.
    #[must_use]
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self
    }

    /// Listening there, e.g. `192.0.2.10:0`, and not on the loopback address.
    #[must_use]
    pub fn listen(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// With this kernel and initramfs for machines.
    #[must_use]
    pub fn boot(mut self, kernel: &Path, initramfs: &Path) -> Self {
        self.boot = Some((kernel.to_owned(), initramfs.to_owned()));
        self
    }

    /// With an authority (a PEM file) that is named to the agent.
    #[must_use]
    pub fn ca_file(mut self, file: &Path) -> Self {
        self.ca_file = Some(file.to_owned());
        self
    }

    /// Over HTTPS: the client trusts this certificate (a PEM file) alone.
    #[must_use]
    pub fn trusting(mut self, certificate: &Path) -> Self {
        self.certificate = Some(certificate.to_owned());
        self
    }

    /// The folder of database, key and logs.
    pub fn data(&self) -> &Path {
        self.data.path()
    }

    /// `assay SUBCOMMAND` with this server's data folder, database and settings.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(folder::assay());
        command
            .args(arguments)
            .arg("--data-dir")
            .arg(self.data.path());
        if let Some(url) = &self.database_url {
            command.arg("--database-url").arg(url);
        }
        // Settings of the person who runs the tests must not reach the server.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("ASSAY_") {
                command.env_remove(name);
            }
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs `assay SUBCOMMAND` to its end and gives its standard output.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.command(arguments);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(input.as_bytes())
            .unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success(),
            "assay {arguments:?}: {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Adds a user before or while the server runs.
    pub fn add_user(&self, name: &str, role: &str, password: &str) {
        let arguments = ["user", "add", name, "--role", role, "--password-stdin"];
        self.run(&arguments, &format!("{password}\n"));
    }

    /// Starts the server and waits until it listens.
    pub async fn start(self) -> Server {
        let authenticated = self.authenticated;
        if authenticated && !self.joins {
            self.add_user("admin", "admin", ADMIN_PASSWORD);
        }
        let (child, base) = self.spawn();
        let client = match &self.certificate {
            Some(certificate) => Client::trusting(&base, certificate),
            None => Client::new(&base),
        };
        let mut server = Server {
            client,
            setup: self,
            child,
        };
        if authenticated {
            let token = login(&server.client, "admin", ADMIN_PASSWORD).await;
            server.client = server.client.with_token(&token);
        }
        server
    }

    /// The configuration file. Without [`Self::boot`] its kernel and initramfs are small files,
    /// which is enough for machines that do not run what they load.
    fn write_config(&self) -> PathBuf {
        let path = self.data.path().join("assay.toml");
        let (kernel, initramfs) = self.boot.clone().unwrap_or_else(|| {
            let small = ["kernel", "initramfs"].map(|name| self.data.path().join(name));
            for file in &small {
                std::fs::write(file, "not a real one").unwrap();
            }
            let [kernel, initramfs] = small;
            (kernel, initramfs)
        });
        let (kernel, initramfs) = (kernel.display(), initramfs.display());
        let mut boot = format!("[boot]\nkernel = '{kernel}'\ninitramfs = '{initramfs}'\n");
        if let Some(file) = &self.ca_file {
            writeln!(boot, "ca_file = '{}'", file.display()).unwrap();
        }
        std::fs::write(&path, format!("{}\n{boot}", self.config)).unwrap();
        path
    }

    fn spawn(&self) -> (Child, String) {
        let mut command = self.command(&["serve", "--listen", &self.listen]);
        command.arg("--config").arg(self.write_config());
        if !self.authenticated {
            command.args(["--auth", "none"]);
        }
        let log = self.data.path().join("serve.log");
        let (mut child, lines) = listening::spawn(&mut command, &log);
        match listening::base(&lines) {
            Ok(base) => (child, base),
            Err(error) => {
                let _ = child.kill();
                let status = child.wait();
                panic!("assay does not listen: {error}, {status:?}\n{}", self.log());
            }
        }
    }

    fn log(&self) -> String {
        let log = self.data.path().join("serve.log");
        std::fs::read_to_string(log).unwrap_or_default()
    }
}

/// The password of the harness's own admin, in servers with users.
pub const ADMIN_PASSWORD: &str = "correct horse battery staple";

/// Gets a token in Keystone's way.
pub async fn login(client: &Client, user: &str, password: &str) -> String {
    let reply = client
        .without_token()
        .post("/v3/auth/tokens", &login_body(user, password))
        .await;
    let reply = reply.expect(201);
    reply.header("X-Subject-Token").unwrap().to_owned()
}

/// The body that asks Keystone for an unscoped token.
pub fn login_body(user: &str, password: &str) -> serde_json::Value {
    json!({"auth": {"identity": {
        "methods": ["password"],
        "password": {"user": {
            "name": user, "domain": {"id": "default"}, "password": password
        }}
    }}})
}

/// A running server; ends with its owner.
pub struct Server {
    setup: Setup,
    child: Child,
    client: Client,
}

impl Server {
    /// A client that may do everything.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The address without a path.
    pub fn base(&self) -> &str {
        self.client.base()
    }

    /// How it was set up.
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Everything that the server has logged so far.
    pub fn log(&self) -> String {
        self.setup.log()
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port, after [`Self::kill`].
    pub fn start_again(&mut self) {
        let address = self.base().split_once("://").unwrap().1.to_owned();
        self.setup.listen = address;
        let (child, base) = self.setup.spawn();
        assert_eq!(base, self.base());
        self.child = child;
    }

    /// Asks it to end and waits; gives whether it ended with exit code 0.
    pub async fn stop(&mut self, limit: Duration) -> bool {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let child = &mut self.child;
        let status =
            crate::wait::until("the server ends", limit, async || child.try_wait().unwrap()).await;
        status.success()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.setup.log();
            let skipped = log.lines().count().saturating_sub(60);
            let tail: Vec<&str> = log.lines().skip(skipped).collect();
            eprintln!("--- the end of the server's log\n{}", tail.join("\n"));
        }
    }
}

//! A real OpenStack Keystone with SQLite and fernet tokens, served on the loopback address.

use std::path::Path;
use std::process::{Child, Command};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::client::Client;
use crate::{Reply, folder, listening};

/// The password of every user, the first admin among them.
pub const PASSWORD: &str = "canary-of-keystones-users-31c9";

/// A running Keystone; ends with its owner.
pub struct Keystone {
    folder: TempDir,
    child: Child,
    client: Client,
}

/// What a token is asked for.
pub fn project(name: &str) -> Value {
    json!({"project": {"name": name, "domain": {"id": "default"}}})
}

impl Keystone {
    /// Makes the database, the keys, and the first admin, and starts it.
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write_config(folder.path());
        let user = said_by("id", &["-un"]);
        let group = said_by("id", &["-gn"]);
        manage(folder.path(), &["db_sync"]);
        let owner = ["--keystone-user", &user, "--keystone-group", &group];
        manage(folder.path(), &[&["fernet_setup"][..], &owner].concat());
        let first = ["bootstrap", "--bootstrap-password", PASSWORD];
        manage(folder.path(), &first);
        let (child, base) = serve(folder.path(), "0");
        let anybody = Client::new(&base);
        let mut keystone = Self {
            folder,
            child,
            client: anybody,
        };
        let token = keystone.token("admin", &project("admin")).await;
        keystone.client = keystone.client.with_token(&token);
        keystone
    }

    /// A client of the first admin.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The address of the identity API.
    pub fn url(&self) -> String {
        format!("{}/v3", self.client.base())
    }

    /// kill -9.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again, on the same port, after [`Self::kill`].
    pub fn start_again(&mut self) {
        let port = self.client.base().rsplit_once(':').unwrap().1.to_owned();
        let (child, base) = serve(self.folder.path(), &port);
        assert_eq!(base, self.client.base());
        self.child = child;
    }

    /// Asks for a token of a user.
    pub async fn ask_for_token(&self, user: &str, scope: &Value) -> Reply {
        let user = json!({"name": user, "domain": {"id": "default"}, "password": PASSWORD});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": scope}});
        self.client
            .without_token()
            .post("/v3/auth/tokens", &body)
            .await
    }

    /// A token of a user, in a scope.
    pub async fn token(&self, user: &str, scope: &Value) -> String {
        let reply = self.ask_for_token(user, scope).await.expect(201);
        reply.header("X-Subject-Token").unwrap().to_owned()
    }

    /// Ends a token.
    pub async fn revoke(&self, token: &str) {
        let request = self
            .client
            .request(reqwest::Method::DELETE, "/v3/auth/tokens")
            .header("X-Subject-Token", token);
        let _ = crate::client::send(request).await.expect(204);
    }

    /// Creates a project; gives its id.
    pub async fn add_project(&self, name: &str) -> String {
        let body = json!({"name": name, "domain_id": "default"});
        self.create("project", "/v3/projects", &body).await
    }

    /// Creates a user with a role in a project; gives the user's id.
    pub async fn add_user(&self, name: &str, role: &str, project_id: &str) -> String {
        let body = json!({"name": name, "domain_id": "default", "password": PASSWORD});
        let user = self.create("user", "/v3/users", &body).await;
        let role = self.role(role).await;
        let path = format!("/v3/projects/{project_id}/users/{user}/roles/{role}");
        let _ = self.client.put(&path, &json!({})).await.expect(204);
        user
    }

    /// Gives a user a role in the whole system.
    pub async fn grant_system(&self, user_id: &str, role: &str) {
        let role = self.role(role).await;
        let path = format!("/v3/system/users/{user_id}/roles/{role}");
        let _ = self.client.put(&path, &json!({})).await.expect(204);
    }

    /// Writes a service with a public endpoint into the catalog.
    pub async fn add_service(&self, kind: &str, url: &str) {
        let body = json!({"type": kind, "name": kind});
        let service = self.create("service", "/v3/services", &body).await;
        let body = json!({"interface": "public", "url": url, "service_id": service});
        self.create("endpoint", "/v3/endpoints", &body).await;
    }

    /// Creates a thing; gives its id.
    pub async fn create(&self, kind: &str, path: &str, body: &Value) -> String {
        let reply = self.client.post(path, &json!({ kind: body })).await;
        let made = reply.expect(201).json();
        made[kind]["id"].as_str().unwrap().to_owned()
    }

    /// The id of a role, which is created when there is none of that name.
    async fn role(&self, name: &str) -> String {
        let found = self.client.get(&format!("/v3/roles?name={name}")).await;
        if let Some(id) = found.expect(200).json()["roles"][0]["id"].as_str() {
            id.to_owned()
        } else {
            let body = json!({ "name": name });
            self.create("role", "/v3/roles", &body).await
        }
    }
}

impl Drop for Keystone {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = self.folder.path().join("keystone.log");
            let log = std::fs::read_to_string(log).unwrap_or_default();
            let skipped = log.lines().count().saturating_sub(20);
            let tail: Vec<&str> = log.lines().skip(skipped).collect();
            eprintln!("--- the end of Keystone's log\n{}", tail.join("\n"));
        }
    }
}

/// The least rounds of bcrypt: what is tested is not how well Keystone hashes. Without a cache each
/// look-up takes it a second.
fn write_config(folder: &Path) {
    let place = folder.display();
    let config = format!(
        "[database]\nconnection = sqlite:///{place}/keystone.db\n\
         [fernet_tokens]\nkey_repository = {place}/fernet\n\
         [fernet_receipts]\nkey_repository = {place}/fernet\n\
         [token]\nprovider = fernet\n\
         [cache]\nenabled = true\nbackend = oslo_cache.dict\n\
         [identity]\npassword_hash_rounds = 4\n"
    );
    std::fs::write(folder.join("keystone.conf"), config).unwrap();
}

/// A Python program without anybody's own settings of OpenStack.
fn python_tool(name: &str, folder: &Path) -> Command {
    let mut command = Command::new(folder::python_tool(name));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("OS_") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C.UTF-8").current_dir(folder);
    command
}

fn manage(folder: &Path, arguments: &[&str]) {
    let output = python_tool("keystone-manage", folder)
        .args(["--config-file", "keystone.conf"])
        .args(arguments)
        .output()
        .unwrap();
    let log = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {log}", arguments[0]);
}

fn serve(folder: &Path, port: &str) -> (Child, String) {
    let log = folder.join("keystone.log");
    let program = folder::root().join("tests/clients/keystone_server.py");
    let mut command = python_tool("python", folder);
    command.arg(program).arg(folder).arg(port);
    let (mut child, lines) = listening::spawn(&mut command, &log);
    match listening::base(&lines) {
        Ok(base) => (child, base),
        Err(error) => {
            let _ = child.kill();
            let log = std::fs::read_to_string(log).unwrap_or_default();
            panic!(
                "Keystone does not listen: {error}, {:?}\n{log}",
                child.wait()
            );
        }
    }
}

fn said_by(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

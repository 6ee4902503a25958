//! A server without a listener, in its own folder, with one user of each role.

use std::sync::Arc;
use std::time::Duration;

use assay_api::{ServerConfig, rocket};
use assay_app::{App, Clock, Proof, ScopeWanted, Settings};
use assay_domain::{Actor, Role, Secret};
use assay_drivers::Drivers;
use assay_hooks::Pipeline;
use assay_queue::EmbeddedQueue;
use assay_store::{Store, StoreConfig};
use rocket::http::uri::Host;
use rocket::http::{Header, Method, Status};
use rocket::local::asynchronous::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const PASSWORD: &str = "a long password";
/// The version of the API that a request asks for.
pub(crate) const VERSION: &str = "X-OpenStack-Ironic-Inspector-API-Version";

/// A server and one of its users.
pub(crate) struct Server {
    client: Client,
    pub(crate) app: App,
    token: Option<String>,
    _folder: TempDir,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|problem| panic!("{problem}: {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value.as_str()))
    }

    /// The message of an error, wherever its dialect puts it.
    pub(crate) fn message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .unwrap_or_else(|| panic!("no message: {self:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}

/// A server with an admin, asked by the admin.
pub(crate) async fn server() -> Server {
    server_with(|_| ()).await
}

/// The same with other settings.
pub(crate) async fn server_with(change: impl FnOnce(&mut Settings)) -> Server {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    change(&mut settings);
    let store = Store::open(&StoreConfig {
        url: format!("sqlite:{}", folder.path().join("assay.db").display()),
        readers: 4,
        key_file: folder.path().join("key"),
        wait: Duration::from_secs(5),
    })
    .await
    .unwrap();
    store.migrate().await.unwrap();
    let app = App::new(
        store.clone(),
        Arc::new(EmbeddedQueue::new(store.clone())),
        Drivers::standard(),
        Pipeline::new(settings.hooks.clone()).unwrap(),
        settings,
        Clock,
    );
    let password = Secret::new(PASSWORD);
    let (system, users) = (Actor::system(), app.identity());
    for role in [Role::Admin, Role::Observer] {
        users
            .create_user(&system, role.as_str(), role, &password)
            .await
            .unwrap();
    }
    let token = if app.settings().identity.local_users {
        Some(token_of(&app, "admin").await)
    } else {
        None
    };
    let config = ServerConfig {
        address: [127, 0, 0, 1].into(),
        port: 0,
        tls: None,
        metrics: None,
    };
    let client = Client::untracked(rocket(app.clone(), config))
        .await
        .unwrap();
    Server {
        client,
        app,
        token,
        _folder: folder,
    }
}

async fn token_of(app: &App, name: &str) -> String {
    let proof = Proof::Password {
        user: name.to_owned(),
        domain: None,
        password: Secret::new(PASSWORD),
    };
    let login = app.identity().login(proof, &ScopeWanted::Usual).await;
    login.unwrap().token.expose().to_owned()
}

impl Server {
    /// The same server, asked without a token.
    pub(crate) fn anonymous(mut self) -> Self {
        self.token = None;
        self
    }

    /// The same server, asked by an observer.
    pub(crate) async fn observer(mut self) -> Self {
        self.token = Some(token_of(&self.app, "observer").await);
        self
    }

    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The token of every request.
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(crate) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Reply {
        let own = self
            .token
            .as_ref()
            .map(|token| ("X-Auth-Token", token.as_str()));
        let headers: Vec<_> = own.into_iter().chain(headers.iter().copied()).collect();
        self.ask_as_is(method, path, &headers, body).await
    }

    /// As [`Self::ask`] with no other headers than these.
    pub(crate) async fn ask_as_is(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Vec<u8>>,
    ) -> Reply {
        let mut request = self.client.req(method, path.to_owned());
        request
            .inner_mut()
            .set_host(Host::parse("assay.test:5050").unwrap());
        for (name, value) in headers {
            request.add_header(Header::new((*name).to_owned(), (*value).to_owned()));
        }
        if let Some(body) = body {
            request.set_body(body);
        }
        let response = request.dispatch().await;
        let headers = response
            .headers()
            .iter()
            .map(|header| (header.name.to_string(), header.value.to_string()))
            .collect();
        let Status { code } = response.status();
        Reply {
            status: code,
            headers,
            text: response.into_string().await.unwrap_or_default(),
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.ask(Method::Get, path, &[], None).await
    }

    pub(crate) async fn get_at(&self, path: &str, version: &str) -> Reply {
        self.ask(Method::Get, path, &[(VERSION, version)], None)
            .await
    }

    pub(crate) async fn delete(&self, path: &str) -> Reply {
        self.ask(Method::Delete, path, &[], None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        self.ask(Method::Post, path, &[], Some(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Reply {
        let body = serde_json::to_vec(body).unwrap();
        self.ask(Method::Put, path, &[], Some(body)).await
    }

    pub(crate) async fn post_empty(&self, path: &str) -> Reply {
        let headers = [("Content-Length", "0")];
        self.ask(Method::Post, path, &headers, Some(Vec::new()))
            .await
    }

    /// Enrols a node and gives it as CloudManager shows it.
    pub(crate) async fn enrol(&self, name: &str, mac: &str) -> Value {
        let body = json!({"node": {"name": name, "mac_address": mac}});
        self.post("/v1/nodes/", &body).await.expect(200).json()["node"].clone()
    }

    /// Enrols a node whose report is awaited; gives its UUID.
    pub(crate) async fn waiting(&self, name: &str, mac: &str) -> String {
        let uuid = self.enrol(name, mac).await["uuid"]
            .as_str()
            .unwrap()
            .to_owned();
        self.post_empty(&format!("/v1/introspection/{uuid}?manage_boot=0"))
            .await
            .expect(202);
        uuid
    }
}

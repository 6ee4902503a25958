//! A simulated OpenStack cloud in the test's own process, and the unmodified command line client for it.

use assay_sim::OpenStackOptions;
use reqwest::Method;
use serde_json::{Value, json};

use crate::Setup;
use crate::programs::OpenStack as Client;

/// The password of the one user, `admin`.
pub const PASSWORD: &str = "canary-of-a-simulated-cloud-8d21";

/// A running cloud; ends with its owner.
pub struct Cloud {
    simulator: assay_sim::OpenStack,
}

impl Cloud {
    /// Starts one on a free port, as the options have it but for address and password.
    pub fn start(options: OpenStackOptions) -> Self {
        let usual = OpenStackOptions::default();
        let options = OpenStackOptions {
            listen: usual.listen,
            password: PASSWORD.to_owned(),
            ..options
        };
        let simulator = assay_sim::OpenStack::start(options).unwrap();
        Self { simulator }
    }

    /// The configuration of a server that knows the cloud.
    pub fn config(&self, setup: &Setup) -> String {
        let file = setup.data().join("cloud.password");
        std::fs::write(&file, PASSWORD).unwrap();
        format!(
            "[cloud]\nauth_url = '{}'\nusername = 'admin'\npassword_file = '{}'\npatience = 0.3\n",
            self.simulator.auth_url(),
            file.display()
        )
    }

    /// The simulator, to look into it and to have it fail.
    pub fn simulator(&self) -> &assay_sim::OpenStack {
        &self.simulator
    }

    /// The command line client of the admin, in the project `demo`.
    pub fn client(&self) -> Client {
        let project = ["--os-project-name", "demo", "--os-project-domain-id"];
        let scope = [&project[..], &["default"]].concat();
        Client::with_password(&self.simulator.auth_url(), "admin", PASSWORD, &scope)
    }
}

/// The services of a simulated cloud, asked past Assay by the admin, in the project `demo`.
pub struct Services {
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Services {
    /// Logs in.
    pub async fn new(cloud: &Cloud) -> Self {
        let client = reqwest::Client::new();
        let domain = json!({"id": "default"});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "domain": domain, "password": PASSWORD,
            }}},
            "scope": {"project": {"name": "demo", "domain": domain}},
        }});
        let url = format!("{}/auth/tokens", cloud.simulator().auth_url());
        let answer = client.post(url).json(&body).send().await.unwrap();
        let token = answer.headers()["X-Subject-Token"].to_str().unwrap();
        Self {
            base: cloud.simulator().url(),
            token: token.to_owned(),
            client,
        }
    }

    /// Sends a request, and gives status and body; null when there is none.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> (u16, Value) {
        let url = format!("{}{path}", self.base);
        let request = self.client.request(method, url);
        let mut request = request.header("X-Auth-Token", &self.token);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// What is there.
    pub async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// Has something made.
    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert!((200..300).contains(&status), "{path}: {answer}");
        answer
    }
}

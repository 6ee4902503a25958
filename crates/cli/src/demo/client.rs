//! The demo's own requests: it uses Assay only through its public API, as an operator would.

use assay_domain::Secret;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::machine::DemoBmc;
use crate::error::Error;

/// A logged-in caller.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    token: Secret,
}

/// Where an introspection stands.
#[derive(Debug, Deserialize)]
pub(crate) struct Status {
    pub(crate) introspection: Introspection,
    pub(crate) phases: Vec<PhaseLine>,
}

/// Whether and how it ended.
#[derive(Debug, Deserialize)]
pub(crate) struct Introspection {
    pub(crate) finished: bool,
    pub(crate) error: Option<String>,
}

/// A phase and when it was reached.
#[derive(Debug, Deserialize)]
pub(crate) struct PhaseLine {
    pub(crate) phase: String,
    pub(crate) at: String,
}

impl Client {
    /// Gets a token for a user.
    pub(crate) async fn log_in(base: &str, name: &str, password: &Secret) -> Result<Self, Error> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .map_err(|error| failed("client", &error))?;
        let body = json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {
            "name": name, "domain": {"id": "default"}, "password": password.expose()
        }}}}});
        let response = http
            .post(format!("{base}/v3/auth/tokens"))
            .json(&body)
            .send()
            .await
            .map_err(|error| failed("log in", &error))?;
        let token = response
            .headers()
            .get("x-subject-token")
            .and_then(|token| token.to_str().ok())
            .map(Secret::new)
            .ok_or_else(|| Error::Demo(format!("log in: {}", response.status())))?;
        Ok(Self {
            http,
            base: base.to_owned(),
            token,
        })
    }

    /// Records the BMC; gives its id.
    pub(crate) async fn create_power_control(&self, demo: &DemoBmc) -> Result<i64, Error> {
        let body = json!({"power_control": {
            "control_type": "Redfish",
            "protocol_type": "redfish",
            "host": demo.bmc.address().ip().to_string(),
            "port_number": demo.bmc.address().port(),
            "login": demo.login,
            "password": demo.password.expose(),
            "settings": {"tls": "plain"},
        }});
        let answer = self
            .call(Method::POST, "/v1/power-controls/", Some(body))
            .await?;
        number(&answer, "/power_control/id")
    }

    /// Enrols a node; gives its id and UUID.
    pub(crate) async fn create_node(&self, name: &str, mac: &str) -> Result<(i64, String), Error> {
        let body = json!({"node": {"name": name, "mac_address": mac}});
        let answer = self.call(Method::POST, "/v1/nodes/", Some(body)).await?;
        let uuid = answer.pointer("/node/uuid").and_then(Value::as_str);
        let uuid = uuid.ok_or_else(|| Error::Demo(format!("the node has no uuid: {answer}")))?;
        Ok((number(&answer, "/node/id")?, uuid.to_owned()))
    }

    /// Lets the BMC feed the node.
    pub(crate) async fn assign(&self, node: i64, control: i64) -> Result<(), Error> {
        let body = json!({
            "power_control_id": control, "power_control_port": "1", "is_default": true
        });
        let path = format!("/v1/nodes/{node}/power-controls/");
        self.call(Method::POST, &path, Some(body)).await.map(|_| ())
    }

    /// Starts the introspection.
    pub(crate) async fn start(&self, uuid: &str) -> Result<(), Error> {
        let path = format!("/v1/introspection/{uuid}");
        self.call(Method::POST, &path, None).await.map(|_| ())
    }

    /// Where the introspection stands, with its phases.
    pub(crate) async fn introspection(&self, uuid: &str) -> Result<Status, Error> {
        let path = format!("/assay/v1/nodes/{uuid}/introspection");
        let answer = self.call(Method::GET, &path, None).await?;
        serde_json::from_value(answer).map_err(|error| Error::Demo(format!("GET {path}: {error}")))
    }

    /// What the machine is made of.
    pub(crate) async fn data(&self, uuid: &str) -> Result<Value, Error> {
        let path = format!("/v1/introspection/{uuid}/data");
        self.call(Method::GET, &path, None).await
    }

    async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Result<Value, Error> {
        let what = format!("{method} {path}");
        let mut request = self
            .http
            .request(method, format!("{}{path}", self.base))
            .header("X-Auth-Token", self.token.expose());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request
            .send()
            .await
            .map_err(|error| failed(&what, &error))?;
        let status = response.status();
        let text = response
            .text()
            .await
            .map_err(|error| failed(&what, &error))?;
        if !status.is_success() {
            return Err(Error::Demo(format!("{what}: {status}: {text}")));
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }
}

fn number(answer: &Value, pointer: &str) -> Result<i64, Error> {
    answer
        .pointer(pointer)
        .and_then(Value::as_i64)
        .ok_or_else(|| Error::Demo(format!("the answer has no {pointer}: {answer}")))
}

fn failed(what: &str, error: &reqwest::Error) -> Error {
    Error::Demo(format!("{what}: {error}"))
}

//! A BMC before a machine that does nothing, and a client of it.

use std::sync::Arc;

use assay_sim::{Bmc, BmcOptions, IdleMachine, Machine, Power, fleet};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{client, eventually};

/// A BMC before a machine that does nothing.
pub(crate) struct Rig {
    pub(crate) bmc: Bmc,
    pub(crate) machine: Arc<IdleMachine>,
}

impl Default for Rig {
    fn default() -> Self {
        Self::new(BmcOptions::default())
    }
}

impl Rig {
    pub(crate) fn new(options: BmcOptions) -> Self {
        Self::with(Arc::new(IdleMachine::new(fleet(1, 1).remove(0))), options)
    }

    pub(crate) fn with(machine: Arc<IdleMachine>, options: BmcOptions) -> Self {
        let bmc = Bmc::start(Arc::clone(&machine) as Arc<dyn Machine>, options).unwrap();
        Self { bmc, machine }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.bmc.url())
    }

    pub(crate) fn power(&self) -> Power {
        self.machine.power()
    }

    pub(crate) async fn get(&self, path: &str) -> (u16, Value) {
        let request = client()
            .get(self.url(path))
            .basic_auth("admin", Some("simulated"));
        split(request.send().await.unwrap()).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let request = client()
            .request(method, self.url(path))
            .basic_auth("admin", Some("simulated"))
            .json(body);
        split(request.send().await.unwrap()).await
    }

    pub(crate) async fn reset(&self, kind: &str) -> u16 {
        let path = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
        self.send(Method::POST, path, &json!({ "ResetType": kind }))
            .await
            .0
    }

    /// The token and the path of a new session, or the status of the refusal.
    pub(crate) async fn log_in(&self) -> Result<(String, String), u16> {
        let login = json!({ "UserName": "admin", "Password": "simulated" });
        let request = client()
            .post(self.url("/redfish/v1/SessionService/Sessions"))
            .json(&login);
        let answer = request.send().await.unwrap();
        if answer.status() != 201 {
            return Err(answer.status().as_u16());
        }
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        Ok((header("x-auth-token"), header("location")))
    }

    pub(crate) async fn until(&self, power: Power) {
        self.eventually(async || self.machine.power() == power)
            .await;
    }

    pub(crate) async fn until_starts(&self, count: usize) {
        self.eventually(async || self.machine.starts().len() == count)
            .await;
    }

    pub(crate) async fn eventually(&self, is_so: impl AsyncFn() -> bool) {
        eventually(is_so).await;
    }
}

async fn split(answer: reqwest::Response) -> (u16, Value) {
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

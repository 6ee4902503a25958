//! Played machines behind simulated BMCs: many of them, and ones that misbehave.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Behaviour, Bmc, BmcOptions, Http, Posted, ScriptedMachine, SimMachine};
use serde_json::Value;

use crate::client::Client;
use crate::lab::{self, BMC_PASSWORD, Enrolled};

/// A played machine that is enrolled.
pub struct Member {
    /// The machine.
    pub machine: Arc<ScriptedMachine>,
    /// Its BMC.
    pub bmc: Bmc,
    /// The machine as a node.
    pub node: Enrolled,
}

/// Enrols a machine of this hardware that behaves so.
pub async fn enrol(client: &Client, hardware: SimMachine, behaviour: Behaviour) -> Member {
    let boot = format!("{}/assay/v1/boot/ipxe", client.base());
    let http = Http::new([]).unwrap();
    let machine = Arc::new(ScriptedMachine::new(hardware, boot, http, behaviour));
    let options = BmcOptions {
        password: BMC_PASSWORD.to_owned(),
        // A server that is killed cannot log out; real BMCs forget such sessions as well.
        session_timeout: Duration::from_secs(5),
        ..BmcOptions::default()
    };
    let bmc = Bmc::start(machine.clone(), options).unwrap();
    let node = lab::enrol(client, &bmc).await;
    Member { machine, bmc, node }
}

impl Member {
    /// Asks for an introspection; gives the status code.
    pub async fn start(&self, client: &Client) -> u16 {
        let path = format!("/v1/introspection/{}", self.node.uuid);
        client.post_empty(&path).await.status
    }

    /// How many of its reports were accepted so far.
    pub fn accepted(&self) -> usize {
        let posted = self.machine.posted().into_iter();
        posted.filter(|one| *one == Posted::Answered(200)).count()
    }

    /// Its current introspection with phases, as Assay's own API shows it.
    pub async fn detail(&self, client: &Client) -> Value {
        let path = format!("/assay/v1/nodes/{}/introspection", self.node.uuid);
        client.get(&path).await.expect(200).json()
    }
}

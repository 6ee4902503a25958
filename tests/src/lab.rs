//! Machines behind simulated BMCs, enrolled in a server.

use std::sync::Arc;

use assay_sim::{Bmc, BmcOptions, IpmiBmc, IpmiOptions, Machine, SimMachine};
use serde_json::{Value, json};

use crate::client::Client;
use crate::simulated::Listed;

/// The password of every simulated BMC: no text that a server writes may hold it.
pub const BMC_PASSWORD: &str = "canary-of-the-bmc-4d1f";

/// The password of every simulated BMC that speaks IPMI, which has at most 20 bytes.
pub const IPMI_PASSWORD: &str = "canary-of-ipmi-93ab";

/// A simulated BMC as the tests set it up.
pub fn bmc(machine: Arc<dyn Machine>) -> Bmc {
    let options = BmcOptions {
        password: BMC_PASSWORD.to_owned(),
        ..BmcOptions::default()
    };
    Bmc::start(machine, options).unwrap()
}

/// A simulated BMC that speaks IPMI, as the tests set it up.
pub fn ipmi_bmc(machine: Arc<dyn Machine>) -> IpmiBmc {
    let options = IpmiOptions {
        password: IPMI_PASSWORD.to_owned(),
        ..IpmiOptions::default()
    };
    IpmiBmc::start(machine, options).unwrap()
}

/// A node that was enrolled with a power control.
#[derive(Debug, Clone)]
pub struct Enrolled {
    /// CloudManager's key.
    pub id: i64,
    /// Inspector's name.
    pub uuid: String,
    /// The power control's key.
    pub control: i64,
}

/// Enrols the machine behind `bmc` with its ports and its power control.
pub async fn enrol(client: &Client, bmc: &Bmc) -> Enrolled {
    let machine = bmc.machine();
    let control = control_of(bmc, BMC_PASSWORD);
    enrol_node(client, node_of(machine.hardware()), control).await
}

/// Enrols the machine behind `bmc` with its power control.
pub async fn enrol_ipmi(client: &Client, bmc: &IpmiBmc) -> Enrolled {
    let control = json!({
        "control_type": "SupermicroRackDevice", "protocol_type": "ipmi",
        "host": bmc.address().ip().to_string(), "port_number": bmc.address().port(),
        "login": bmc.username(), "password": IPMI_PASSWORD,
    });
    enrol_node(client, node_of(bmc.machine().hardware()), control).await
}

/// Enrols a node of `assay simulate` with its power control.
pub async fn enrol_listed(client: &Client, bmc: &Listed) -> Enrolled {
    let node = json!({"name": bmc.name, "mac_address": bmc.mac});
    let control = json!({
        "control_type": bmc.control_type, "protocol_type": bmc.protocol,
        "host": bmc.address, "port_number": bmc.port,
        "login": bmc.login, "password": bmc.password, "settings": bmc.settings,
    });
    enrol_node(client, node, control).await
}

async fn enrol_node(client: &Client, node: Value, control: Value) -> Enrolled {
    let reply = client.post("/v1/nodes/", &json!({"node": node})).await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text());
    let node = reply.json()["node"].clone();
    let id = node["id"].as_i64().unwrap();
    let control = store_control(client, control).await;
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let reply = client
        .post(&format!("/v1/nodes/{id}/power-controls/"), &body)
        .await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text());
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    Enrolled { id, uuid, control }
}

fn node_of(hardware: &SimMachine) -> Value {
    let mac = hardware.boot_mac().map(|mac| mac.to_string());
    json!({"name": hardware.name, "mac_address": mac})
}

/// Makes a power control for a simulated BMC, with that password.
pub async fn create_control(client: &Client, bmc: &Bmc, password: &str) -> i64 {
    store_control(client, control_of(bmc, password)).await
}

fn control_of(bmc: &Bmc, password: &str) -> Value {
    json!({
        "control_type": "Redfish", "protocol_type": "redfish",
        "host": bmc.address().ip().to_string(), "port_number": bmc.address().port(),
        "login": "admin", "password": password, "settings": {"tls": "plain"},
    })
}

async fn store_control(client: &Client, control: Value) -> i64 {
    let reply = client
        .post("/v1/power-controls/", &json!({"power_control": control}))
        .await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text());
    reply.json()["power_control"]["id"].as_i64().unwrap()
}

/// A machine of ordinary hardware; different numbers make different machines.
pub fn hardware(number: usize) -> SimMachine {
    assay_sim::fleet(number + 1, 0xa55a_9000).pop().unwrap()
}

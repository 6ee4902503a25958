//! A look at the SNMP agent of a host, which shows that it answers.

use std::time::Duration;

use assay_domain::{DriverError, Secret, Target, TlsTrust};
use async_snmp::{Auth, Value, oid};
use serde_json::Map;

use super::wire::Wire;
use crate::peer::Peer;

/// The name that an agent gives its host (SNMPv2-MIB, RFC 3418: sysName), asked for by SNMP 2c.
///
/// # Errors
/// When it does not answer within `limit`, or has no name.
pub async fn name_of(
    address: &str,
    port: u16,
    community: &Secret,
    limit: Duration,
) -> Result<String, DriverError> {
    let target = Target {
        power_control_id: 0,
        control_type: String::new(),
        host: address.to_owned(),
        port,
        login: None,
        password: Some(community.clone()),
        ssh_key: None,
        trust: TlsTrust::System,
        output: String::new(),
        settings: Map::new(),
        request_timeout: limit,
    };
    let peer = Peer::of(&target);
    let auth = Auth::v2c(community.expose().as_bytes().to_vec());
    let wire = Wire::open(&target, auth, peer.clone()).await?;
    let name = wire.look(&oid!(1, 3, 6, 1, 2, 1, 1, 5, 0)).await;
    match name.map_err(|fault| fault.into_driver(&peer))? {
        Some(Value::OctetString(name)) => Ok(String::from_utf8_lossy(&name).into_owned()),
        _ => Err(peer.malformed("its SNMP agent has no name")),
    }
}

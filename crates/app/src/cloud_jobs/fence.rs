//! The nodes that hosts of the cloud are, and their power.

use std::collections::HashMap;

use assay_domain::cloud::Hypervisor;
use assay_domain::{Actor, Error, Node, PowerCommand, Result};

use crate::App;
use crate::cloud::is_on;

/// The nodes of these hosts, by the hosts' names. Hosts that are no known node are left out.
pub(super) async fn nodes_of(app: &App, hosts: &[String]) -> Result<HashMap<String, Node>> {
    let hypervisors = app.cloud()?.hosts().hypervisors().await?;
    let asked = hypervisors.iter().filter(|one| hosts.contains(&one.host));
    let asked: Vec<&Hypervisor> = asked.collect();
    let ids = asked.iter().flat_map(|one| [&one.id, &one.name, &one.host]);
    let ids: Vec<String> = ids.cloned().collect();
    let nodes = app.store().nodes_of_hypervisors(&ids).await?;
    let mut found = HashMap::new();
    for known in asked {
        let mut same = nodes.iter().filter(|node| is_on(known, node));
        match (same.next(), same.next()) {
            (Some(node), None) => {
                let _ = found.insert(known.host.clone(), node.clone());
            }
            (None, _) => {}
            (Some(one), Some(other)) => {
                return Err(Error::Conflict(format!(
                    "host {} may be node {} or node {}",
                    known.host, one.uuid, other.uuid
                )));
            }
        }
    }
    Ok(found)
}

/// Switches a host's machine, and returns when its BMC has shown that it is so.
///
/// # Errors
/// [`Error::Conflict`] for a host that is no known node; what its device fails with.
pub(super) async fn switch(app: &App, host: &str, command: PowerCommand) -> Result<()> {
    let hosts = [host.to_owned()];
    let nodes = nodes_of(app, &hosts).await?;
    let node = nodes.get(host).ok_or_else(|| {
        Error::Conflict(format!(
            "no node is known to be host {host}: set the node's hypervisor_id"
        ))
    })?;
    let power = app.power();
    power.carry_out(&Actor::system(), node.id, command).await
}

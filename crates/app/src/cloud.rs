//! The cloud whose hypervisors run on the nodes, if one is configured, and what it says of them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::cloud::{Capacity, Cloud, Hypervisor};
use assay_domain::{Actor, Error, Node, Result, Role};

use crate::App;

/// How long somebody who asks for nodes waits for what the cloud says of them.
const PATIENCE: Duration = Duration::from_secs(5);
/// Seconds after which a configuration may have changed.
const ASK_AGAIN: u64 = 60;

/// A node as its cloud sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeHypervisor {
    /// The hypervisor that runs on it.
    pub hypervisor: Hypervisor,
    /// What that can hold and holds; none when the cloud does not say.
    pub capacity: Option<Capacity>,
}

impl App {
    /// Names the cloud whose hypervisors run on the nodes; the first one stays.
    pub fn use_cloud(&self, cloud: Arc<dyn Cloud>) {
        let _ = self.inner.cloud.set(cloud);
    }

    /// The cloud.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when none is configured.
    pub fn cloud(&self) -> Result<&Arc<dyn Cloud>> {
        self.inner.cloud.get().ok_or_else(|| Error::Unavailable {
            message: "no cloud is configured".to_owned(),
            retry_after: ASK_AGAIN,
        })
    }

    /// What the cloud says of the hypervisors on these nodes, by the nodes' keys. A node is the one
    /// whose `hypervisor_id` is the hypervisor's id or name, or whose name is the hypervisor's or
    /// its service's.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no cloud is configured, or it does not answer in time; what it
    /// refuses with.
    pub async fn node_hypervisors(
        &self,
        actor: &Actor,
        nodes: &[Node],
    ) -> Result<HashMap<i64, NodeHypervisor>> {
        actor.require(Role::Observer)?;
        let cloud = self.cloud()?;
        let asked = tokio::time::timeout(PATIENCE, hypervisors_on(&**cloud, nodes));
        asked.await.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                message: "the cloud did not answer in time".to_owned(),
                retry_after: PATIENCE.as_secs(),
            })
        })
    }
}

async fn hypervisors_on(cloud: &dyn Cloud, nodes: &[Node]) -> Result<HashMap<i64, NodeHypervisor>> {
    let all = cloud.hosts().hypervisors().await?;
    let found: Vec<(i64, &Hypervisor)> = nodes
        .iter()
        .filter_map(|node| Some((node.id, all.iter().find(|known| is_on(known, node))?)))
        .collect();
    let names: Vec<String> = found.iter().map(|(_, known)| known.name.clone()).collect();
    let capacities = match names.as_slice() {
        [] => Vec::new(),
        names => cloud.hosts().capacities(Some(names)).await?,
    };
    let of = |name: &str| capacities.iter().find(|known| known.hypervisor == name);
    let described = found.into_iter().map(|(node_id, known)| {
        let described = NodeHypervisor {
            hypervisor: known.clone(),
            capacity: of(&known.name).cloned(),
        };
        (node_id, described)
    });
    Ok(described.collect())
}

/// Whether a hypervisor runs on a node; what the node's record says of it comes before its name.
pub(crate) fn is_on(known: &Hypervisor, node: &Node) -> bool {
    match (&node.hypervisor_id, &node.name) {
        (Some(id), _) => [&known.id, &known.name].contains(&id),
        (None, Some(name)) => [&known.name, &known.host].contains(&name),
        (None, None) => false,
    }
}

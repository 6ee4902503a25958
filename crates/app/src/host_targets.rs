//! Use cases of iSCSI targets on nodes' operating systems.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::host::HostAction;
use assay_domain::iscsi::{Portal, Targets, check_target_name};
use assay_domain::{Actor, Error, Result, Role};

use crate::hosts::Hosts;
use crate::protection::Protection;
use crate::tasks::Waited;

/// The most portals that are asked in one request.
const MOST_PORTALS: usize = 16;
/// The most targets of one request.
const MOST_TARGETS: usize = 100;
/// The longest name of a vendor or a product, in characters.
const LONGEST_LABEL: usize = 64;

/// What storage offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discovered {
    /// These targets.
    Targets(Targets),
    /// The task with this UUID still asks.
    UnderWay(String),
}

/// Targets that a node is to be attached to, as they were given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Names of targets, by portal.
    pub targets: BTreeMap<String, Vec<String>>,
    /// Who made the storage.
    pub vendor: Option<String>,
    /// The storage's model.
    pub product: Option<String>,
}

impl Hosts<'_> {
    /// Asks storage for its iSCSI targets, from a node's operating system. The storage is a node; its
    /// addresses are the portals.
    ///
    /// # Errors
    /// [`Error::NotFound`] for either node; [`Error::Conflict`] for storage without an address, and as
    /// of [`Hosts::act`].
    pub async fn discover(
        &self,
        actor: &Actor,
        node_id: i64,
        storage_id: i64,
    ) -> Result<Discovered> {
        actor.require(Role::Operator)?;
        let storage = self.app().nodes().by_id(storage_id).await?;
        let addresses = storage
            .ip_addresses
            .iter()
            .filter_map(|text| text.parse().ok());
        let portals: BTreeSet<Portal> = addresses.take(MOST_PORTALS).collect();
        if portals.is_empty() {
            let name = storage.name.as_deref().unwrap_or(&storage.uuid);
            return Err(Error::conflict(format!(
                "the storage {name} has no address: set its ip_addresses"
            )));
        }
        let action = HostAction::DiscoverTargets(portals);
        match self
            .act(actor, node_id, action, Protection::default())
            .await?
        {
            Waited::Done(mut result) => serde_json::from_value(result["targets"].take())
                .map(Discovered::Targets)
                .map_err(Error::internal),
            Waited::UnderWay(task) => Ok(Discovered::UnderWay(task)),
        }
    }

    /// Logs in to iSCSI targets on a node's operating system, now and whenever it starts.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an address, a name or a number of targets that cannot be; as of
    /// [`Hosts::act`].
    pub async fn attach(&self, actor: &Actor, node_id: i64, wanted: Attachment) -> Result<Waited> {
        actor.require(Role::Operator)?;
        let mut targets = Targets::new();
        for (portal, names) in wanted.targets {
            let portal: Portal = portal.parse().map_err(named)?;
            targets.entry(portal).or_default().extend(names);
        }
        let action = HostAction::AttachTargets {
            targets,
            vendor: wanted.vendor,
            product: wanted.product,
        };
        self.act(actor, node_id, action, Protection::default())
            .await
    }

    /// The targets that a node had sessions with when it was looked last: by the name of the node that
    /// has the portal's address, or else by the portal. None when it was never looked.
    pub async fn attached(
        &self,
        actor: &Actor,
        node_id: i64,
    ) -> Result<Option<BTreeMap<String, BTreeSet<String>>>> {
        actor.require(Role::Observer)?;
        let store = self.app().store();
        let Some(sessions) = store.host_sessions(node_id).await? else {
            return Ok(None);
        };
        let mut attached: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (portal, names) in sessions.targets {
            let name = store.node_name_at(portal.address).await?;
            let host = name.unwrap_or_else(|| portal.to_string());
            attached.entry(host).or_default().extend(names);
        }
        Ok(Some(attached))
    }
}

/// Checks what a node is to be attached to.
pub(crate) fn check_targets(
    targets: &Targets,
    vendor: Option<&str>,
    product: Option<&str>,
) -> Result<()> {
    for (field, label) in [("vendor", vendor), ("product", product)] {
        let is_right = |label: &str| {
            let length = label.chars().count();
            (1..=LONGEST_LABEL).contains(&length) && !label.chars().any(char::is_control)
        };
        if label.is_some_and(|label| !is_right(label)) {
            return Err(Error::invalid(format!(
                "{field}: 1 to {LONGEST_LABEL} printable characters"
            )));
        }
    }
    let count: usize = targets.values().map(BTreeSet::len).sum();
    if targets.len() > MOST_PORTALS || !(1..=MOST_TARGETS).contains(&count) {
        return Err(Error::invalid(format!(
            "targets: 1 to {MOST_TARGETS} targets at no more than {MOST_PORTALS} addresses"
        )));
    }
    if let Some(portal) = targets.iter().find(|(_, names)| names.is_empty()) {
        return Err(Error::invalid(format!(
            "targets: {} has no names",
            portal.0
        )));
    }
    let mut names = targets.values().flatten();
    names.try_for_each(|name| check_target_name(name).map_err(named))
}

fn named(error: Error) -> Error {
    Error::invalid(format!("targets: {error}"))
}

//! Use cases of nodes: one record per machine, whichever dialect writes it.

use std::collections::HashMap;

use assay_domain::node::NodeField;
use assay_domain::node_class::{NodeClass, NodeImage, NodeType};
use assay_domain::{
    Actor, AvailabilityStorage, Error, Filter, NewNode, Node, NodePatch, NodePowerControl, Page,
    Port, PowerControl, ReportKind, Result, Role, Timestamp,
};
use assay_inventory::normalize_mac;
use uuid::Uuid;

use crate::App;
use crate::power::{UnderWay, changed_by};
use crate::protection::Protection;

/// A node with what hangs on it.
#[derive(Clone)]
pub struct NodeDetail {
    /// The record.
    pub node: Node,
    /// Its class.
    pub class: Option<NodeClass>,
    /// Its type within the class.
    pub node_type: Option<NodeType>,
    /// Its boot image.
    pub image: Option<NodeImage>,
    /// The power controls that feed it.
    pub controls: Vec<(NodePowerControl, PowerControl)>,
    /// Its network ports.
    pub ports: Vec<Port>,
    /// The availability storages that it can reach.
    pub storages: Vec<AvailabilityStorage>,
    /// What a power command is changing now.
    pub under_way: Option<UnderWay>,
    /// When its power was read last.
    pub power_observed_at: Option<Timestamp>,
}

/// Nodes.
pub struct Nodes<'a> {
    app: &'a App,
}

impl<'a> Nodes<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Enrols a node. A `mac_address` becomes a port that the node boots from.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value out of range, [`Error::Conflict`] for a taken name or UUID.
    pub async fn create(&self, actor: &Actor, mut new: NewNode) -> Result<NodeDetail> {
        actor.require(Role::Operator)?;
        self.check(&mut new.fields).await?;
        let uuid = match new.uuid.take() {
            Some(uuid) => canonical_uuid(&uuid)?,
            None => Uuid::new_v4().to_string(),
        };
        new.uuid = Some(uuid);
        if let Some(Some(mac)) = &new.fields.mac_address
            && !new.ports.iter().any(|(address, _)| address == mac)
        {
            new.ports.push((mac.clone(), true));
        }
        for (address, _) in &mut new.ports {
            *address = canonical_mac(address)?;
        }
        let node = self
            .app
            .store()
            .create_node(new, self.app.clock().now())
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "node enrolled");
        self.detail_one(node).await
    }

    /// Changes a node's record.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a value out of range; [`Error::Conflict`] for a taken name, and for
    /// another boot image of a protected node.
    pub async fn update(
        &self,
        actor: &Actor,
        id: i64,
        mut patch: NodePatch,
        protection: Protection,
    ) -> Result<NodeDetail> {
        actor.require(Role::Operator)?;
        if let Some(image) = patch.image_id {
            let node = self.by_id(id).await?;
            if node.image_id != image {
                protection.check(actor, &node)?;
            }
        }
        self.check(&mut patch).await?;
        let node = self
            .app
            .store()
            .update_node(id, patch, self.app.clock().now())
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "node changed");
        self.detail_one(node).await
    }

    /// Deletes a node with all that is known of it.
    ///
    /// # Errors
    /// [`Error::Conflict`] while it is being introspected or held by a task.
    pub async fn delete(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        let now = self.app.clock().now();
        self.app.store().delete_node(id, now).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = id, "node deleted");
        Ok(())
    }

    /// One node by its key.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<NodeDetail> {
        actor.require(Role::Observer)?;
        let node = self.by_id(id).await?;
        self.detail_one(node).await
    }

    /// One node by UUID or name.
    pub async fn get_by_ref(&self, actor: &Actor, reference: &str) -> Result<NodeDetail> {
        actor.require(Role::Observer)?;
        let node = self.by_ref(reference).await?;
        self.detail_one(node).await
    }

    /// A page of the nodes that pass all filters, in the order of their keys.
    pub async fn list(
        &self,
        actor: &Actor,
        filters: Vec<Filter<NodeField>>,
        page: Page,
    ) -> Result<Vec<NodeDetail>> {
        actor.require(Role::Observer)?;
        let nodes = self.app.store().list_nodes(filters, page).await?;
        self.detail(nodes).await
    }

    /// How many nodes pass all filters.
    pub async fn count(&self, actor: &Actor, filters: Vec<Filter<NodeField>>) -> Result<i64> {
        actor.require(Role::Observer)?;
        self.app.store().count_nodes(filters).await
    }

    /// A node's network ports.
    pub async fn ports(&self, actor: &Actor, id: i64) -> Result<Vec<Port>> {
        actor.require(Role::Observer)?;
        self.by_id(id).await?;
        self.app.store().ports(id).await
    }

    /// The node's last processed report as JSON text, if it was ever introspected.
    pub async fn inventory(&self, actor: &Actor, id: i64) -> Result<Option<Vec<u8>>> {
        actor.require(Role::Observer)?;
        self.app
            .store()
            .latest_report_bytes(id, ReportKind::Processed)
            .await
    }

    pub(crate) async fn by_id(&self, id: i64) -> Result<Node> {
        self.app
            .store()
            .node(id)
            .await?
            .ok_or_else(|| Error::not_found("Node", id))
    }

    pub(crate) async fn by_ref(&self, reference: &str) -> Result<Node> {
        let store = self.app.store();
        let found = match canonical_uuid(reference) {
            Ok(uuid) => store.node_by_uuid(&uuid).await?,
            Err(_) => None,
        };
        match found {
            Some(node) => Ok(node),
            None => store
                .node_by_name(reference)
                .await?
                .ok_or_else(|| Error::not_found("Node", reference)),
        }
    }

    /// Adds to nodes what hangs on them, with one query per kind for the whole list.
    pub(crate) async fn detail(&self, nodes: Vec<Node>) -> Result<Vec<NodeDetail>> {
        let ids: Vec<i64> = nodes.iter().map(|node| node.id).collect();
        let around = self.app.store().node_surroundings(&ids).await?;
        let (classes, images, states) = (around.classes, around.images, around.power_states);
        let mut controls = controls_by_node(around.assignments, around.controls);
        let mut ports = by_node(around.ports, |port: &Port| port.node_id);
        let mut storages = around.storages;
        let mut under_way = changed_by(around.open_actions);
        let observed = around.observations.into_iter();
        let observed: HashMap<i64, Option<Timestamp>> = observed
            .map(|known| (known.node_id, known.observed_at))
            .collect();
        let detail = |mut node: Node| {
            // Newer than in the record: it was read after the actions.
            node.power_state = states.get(&node.id).copied();
            let class = |class: &&NodeClass| Some(class.id) == node.node_class_id;
            let image = |image: &&NodeImage| Some(image.id) == node.image_id;
            let types = classes.iter().flat_map(|class| &class.types);
            let mut types = types.filter(|kind| Some(kind.id) == node.node_type_id);
            NodeDetail {
                class: classes.iter().find(class).cloned(),
                node_type: types.next().cloned(),
                image: images.iter().find(image).cloned(),
                controls: controls.remove(&node.id).unwrap_or_default(),
                ports: ports.remove(&node.id).unwrap_or_default(),
                storages: storages.remove(&node.id).unwrap_or_default(),
                under_way: under_way.remove(&node.id),
                power_observed_at: observed.get(&node.id).copied().flatten(),
                node,
            }
        };
        Ok(nodes.into_iter().map(detail).collect())
    }

    async fn detail_one(&self, node: Node) -> Result<NodeDetail> {
        let mut details = self.detail(vec![node]).await?;
        details
            .pop()
            .ok_or_else(|| Error::internal("a node lost its detail"))
    }

    /// Brings a patch into canonical form and checks ranges and references.
    async fn check(&self, patch: &mut NodePatch) -> Result<()> {
        if let Some(Some(name)) = &patch.name {
            check_name(name)?;
        }
        if let Some(Some(mac)) = &mut patch.mac_address {
            *mac = canonical_mac(mac)?;
        }
        for (what, place) in [
            ("dtc_number", patch.dtc_number),
            ("row_number", patch.row_number),
            ("rack_number", patch.rack_number),
            ("unit_number", patch.unit_number),
        ] {
            in_range(what, place.flatten(), 1, 99)?;
        }
        in_range("condition", patch.condition, 0, 4)?;
        in_range("ram_mb", patch.ram_mb.flatten(), 0, i64::MAX)?;
        in_range("hdd_gb", patch.hdd_gb.flatten(), 0, i64::MAX)?;
        if let Some(addresses) = &patch.ip_addresses
            && let Some(bad) = addresses
                .iter()
                .find(|address| address.parse::<std::net::IpAddr>().is_err())
        {
            return Err(Error::invalid(format!(
                "ip_addresses: '{bad}' is not an IP address"
            )));
        }
        if let Some(Some(uuid)) = &mut patch.system_uuid {
            *uuid = canonical_uuid(uuid)?;
        }
        self.check_references(patch).await
    }

    async fn check_references(&self, patch: &NodePatch) -> Result<()> {
        let store = self.app.store();
        if let Some(Some(id)) = patch.image_id
            && !store
                .node_images()
                .await?
                .iter()
                .any(|image| image.id == id)
        {
            return Err(Error::invalid(format!("image_id: there is no image {id}")));
        }
        if patch.node_class_id.is_none() && patch.node_type_id.is_none() {
            return Ok(());
        }
        let classes = store.node_classes().await?;
        if let Some(Some(id)) = patch.node_class_id
            && !classes.iter().any(|class| class.id == id)
        {
            return Err(Error::invalid(format!(
                "node_class_id: there is no class {id}"
            )));
        }
        if let Some(Some(id)) = patch.node_type_id {
            let owner = classes
                .iter()
                .find(|class| class.types.iter().any(|kind| kind.id == id))
                .ok_or_else(|| Error::invalid(format!("node_type_id: there is no type {id}")))?;
            if let Some(Some(class_id)) = patch.node_class_id
                && owner.id != class_id
            {
                return Err(Error::invalid(format!(
                    "node_type_id: type {id} is not of class {class_id}"
                )));
            }
        }
        Ok(())
    }
}

fn in_range<T: PartialOrd + std::fmt::Display>(
    what: &str,
    value: Option<T>,
    least: T,
    most: T,
) -> Result<()> {
    match value {
        Some(value) if value < least || value > most => Err(Error::invalid(format!(
            "{what}: {value} is not within {least} to {most}"
        ))),
        _ => Ok(()),
    }
}

/// Names that are also literal segments of some dialect's paths.
const RESERVED: [&str; 6] = [
    "count",
    "actions",
    "inventory",
    "status",
    "export",
    "import",
];

fn check_name(name: &str) -> Result<()> {
    let fine = (1..=255).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._~-".contains(&byte))
        && !name.starts_with('_')
        && !RESERVED.contains(&name)
        && Uuid::try_parse(name).is_err();
    if fine {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "name: '{name}' cannot be a node's name: 1 to 255 of the characters a-z, A-Z, 0-9, '.', '_', '~', '-', not beginning with '_', not a UUID and not a reserved word"
    )))
}

fn canonical_mac(text: &str) -> Result<String> {
    normalize_mac(text).ok_or_else(|| Error::invalid(format!("'{text}' is not a MAC address")))
}

fn canonical_uuid(text: &str) -> Result<String> {
    Uuid::try_parse(text)
        .map(|uuid| uuid.hyphenated().to_string())
        .map_err(|_| Error::invalid(format!("'{text}' is not a UUID")))
}

fn by_node<T>(all: Vec<T>, node_of: impl Fn(&T) -> i64) -> HashMap<i64, Vec<T>> {
    let mut by_node: HashMap<i64, Vec<T>> = HashMap::new();
    for one in all {
        by_node.entry(node_of(&one)).or_default().push(one);
    }
    by_node
}

fn controls_by_node(
    assignments: Vec<NodePowerControl>,
    controls: Vec<PowerControl>,
) -> HashMap<i64, Vec<(NodePowerControl, PowerControl)>> {
    let controls = controls.into_iter().map(|control| (control.id, control));
    let controls: HashMap<i64, PowerControl> = controls.collect();
    let fed = assignments.into_iter().filter_map(|assignment| {
        let control = controls.get(&assignment.power_control_id)?.clone();
        Some((assignment, control))
    });
    by_node(fed.collect(), |(assignment, _)| assignment.node_id)
}

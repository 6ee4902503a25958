//! Nodes: list, count, get, create, update, delete.

use std::collections::HashMap;

use assay_app::{App, NodeDetail};
use assay_domain::{Actor, Error, NewNode, Result};
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::IntoParams;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Answer, Nothing, Reply};

use super::filter::node_filters;
use super::node_input::NodeBody;
use super::node_wire::{Count, NodeList, NodeWire, OneNode};
use super::os_hypervisor;
use super::page::{self, page};

/// Parameters that extend nodes.
const EXTENSIONS: [&str; 2] = ["with_os_object", "with_hwinfo"];
/// The parameter that has a node's power read now.
const REFRESH: &str = "refresh";
/// The class whose nodes can be extended.
const HYPERVISOR: &str = "hypervisor";

/// Filters of nodes. Each takes `value` or `op:value` with the operators eq, ne, gt, ge, lt, le,
/// like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct NodeFilters {
    /// Key
    id: Option<String>,
    /// Boot image
    image_id: Option<String>,
    /// Class
    node_class_id: Option<String>,
    /// Type
    node_type_id: Option<String>,
    /// Id of the hypervisor in the cloud
    hypervisor_id: Option<String>,
    /// Host name
    name: Option<String>,
    /// Virtual controller
    controller_id: Option<String>,
    /// Kind of virtual controller
    controller_type: Option<String>,
    /// Free text
    description: Option<String>,
    /// Data centre, 1 to 99
    dtc_number: Option<String>,
    /// Unit in the rack, 1 to 99
    unit_number: Option<String>,
    /// Rack, 1 to 99
    rack_number: Option<String>,
    /// Row, 1 to 99
    row_number: Option<String>,
    /// Logical CPUs, 1 to 99
    cpu_amount: Option<String>,
    /// Memory in MiB
    ram_mb: Option<String>,
    /// Root disk in GiB
    hdd_gb: Option<String>,
    /// Main MAC address
    mac_address: Option<String>,
    /// Label
    title: Option<String>,
    /// Whether it is reserved
    is_reserved: Option<String>,
    /// Whether it is a controller
    is_controller: Option<String>,
    /// Inventory code
    inventory_code: Option<String>,
    /// power_on or power_off
    power_state: Option<String>,
    /// Owner
    owner: Option<String>,
    /// Whether it is in use
    active: Option<String>,
    /// 0 to 4
    condition: Option<String>,
}

/// Lists nodes, by key.
#[utoipa::path(
    tag = "nodes",
    params(
        NodeFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
        ("with_os_object" = Option<bool>, Query, description = "Extends nodes of class hypervisor by os_hypervisor and the allocation ratios, as the cloud has them now; without a cloud, and while it does not answer, they are absent and null"),
        ("with_hwinfo" = Option<bool>, Query, description = "Extends nodes of class hypervisor by the inventory of their last introspection"),
    ),
    responses((status = 200, description = "The nodes", body = NodeList)),
)]
#[get("/v1/nodes")]
pub(crate) async fn list_nodes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<NodeList> {
    let filters = node_filters(&query, &[&page::NAMES[..], &EXTENSIONS[..]].concat())?;
    let extension = Extension::wanted(&query)?;
    let found = app.nodes().list(&caller.0, filters, page(&query)?).await?;
    let nodes = wire(app, &caller.0, found, extension).await?;
    Ok(Json(NodeList { nodes }))
}

/// Counts nodes.
#[utoipa::path(
    tag = "nodes",
    params(NodeFilters),
    responses((status = 200, description = "How many pass the filters", body = Count)),
)]
#[get("/v1/nodes/count")]
pub(crate) async fn count_nodes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Count> {
    let filters = node_filters(&query, &[])?;
    let count = app.nodes().count(&caller.0, filters).await?;
    Ok(Json(Count { count }))
}

/// Shows a node.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("with_os_object" = Option<bool>, Query, description = "Extends a node of class hypervisor by os_hypervisor and the allocation ratios, as the cloud has them now; without a cloud, and while it does not answer, they are absent and null"),
        ("with_hwinfo" = Option<bool>, Query, description = "Extends a node of class hypervisor by the inventory of its last introspection"),
        ("refresh" = Option<bool>, Query, description = "Has the node's power read now; when its devices do not answer, the last state and its age are shown"),
    ),
    responses(
        (status = 200, description = "The node", body = OneNode),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>")]
pub(crate) async fn get_node(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Answer<OneNode> {
    query.only(&[&EXTENSIONS[..], &[REFRESH]].concat())?;
    let extension = Extension::wanted(&query)?;
    if query.flag(REFRESH)?.unwrap_or(false) {
        app.power().refresh(&caller.0, node_id).await?;
    }
    let detail = app.nodes().get(&caller.0, node_id).await?;
    let mut nodes = wire(app, &caller.0, vec![detail], extension).await?;
    let mut node = nodes
        .pop()
        .ok_or_else(|| Error::internal("a node got lost"))?;
    node.nas = app.hosts().attached(&caller.0, node_id).await?;
    Ok(Json(OneNode { node }))
}

/// Creates a node. Everything is optional.
#[utoipa::path(
    tag = "nodes",
    request_body = NodeBody,
    responses(
        (status = 200, description = "The new node", body = OneNode),
        (status = 409, description = "The name or an address is taken"),
    ),
)]
#[post("/v1/nodes", data = "<body>")]
pub(crate) async fn create_node(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NodeBody>,
) -> Answer<OneNode> {
    let new = NewNode {
        fields: body.0.node.into_patch()?,
        ..NewNode::default()
    };
    let detail = app.nodes().create(&caller.0, new).await?;
    Ok(Json(OneNode {
        node: detail.into(),
    }))
}

/// Changes a node's record; what is not given stays.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("force" = Option<bool>, Query, description = "Whether a protected node gets another image all the same; for administrators (an addition of Assay)"),
    ),
    request_body = NodeBody,
    responses(
        (status = 200, description = "The changed node", body = OneNode),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The name or an address is taken, or a protected node would get another image"),
    ),
)]
#[put("/v1/nodes/<node_id>", data = "<body>")]
pub(crate) async fn update_node(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
    body: JsonBody<NodeBody>,
) -> Answer<OneNode> {
    let patch = body.0.node.into_patch()?;
    let protection = protection(&query)?;
    let nodes = app.nodes();
    let detail = nodes.update(&caller.0, node_id, patch, protection).await?;
    Ok(Json(OneNode {
        node: detail.into(),
    }))
}

/// Deletes a node.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is being introspected or held by a task"),
    ),
)]
#[delete("/v1/nodes/<node_id>")]
pub(crate) async fn delete_node(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Nothing> {
    app.nodes().delete(&caller.0, node_id).await?;
    Ok(Nothing)
}

/// By what nodes of class hypervisor are to be extended.
#[derive(Clone, Copy)]
struct Extension {
    os_object: bool,
    hwinfo: bool,
}

impl Extension {
    fn wanted(query: &Query<'_>) -> Result<Self> {
        let is_wanted = |name| Ok::<_, Error>(query.flag(name)?.unwrap_or(false));
        Ok(Self {
            os_object: is_wanted(EXTENSIONS[0])?,
            hwinfo: is_wanted(EXTENSIONS[1])?,
        })
    }
}

pub(super) fn is_hypervisor(detail: &NodeDetail) -> bool {
    let class = detail.class.as_ref();
    class.is_some_and(|class| class.name == HYPERVISOR)
}

async fn wire(
    app: &App,
    actor: &Actor,
    details: Vec<NodeDetail>,
    extension: Extension,
) -> Result<Vec<NodeWire>> {
    let mut described = if extension.os_object {
        os_hypervisor::of_nodes(app, actor, &details).await
    } else {
        HashMap::new()
    };
    let mut nodes = Vec::with_capacity(details.len());
    for detail in details {
        let (id, is_hypervisor) = (detail.node.id, is_hypervisor(&detail));
        let mut node = NodeWire::from(detail);
        if let Some(known) = described.remove(&id) {
            node.describe(known);
        }
        if extension.hwinfo && is_hypervisor {
            node.hwinfo = app
                .nodes()
                .inventory(actor, id)
                .await?
                .map(|report| inventory_of(&report))
                .transpose()?
                .flatten();
        }
        nodes.push(node);
    }
    Ok(nodes)
}

fn inventory_of(report: &[u8]) -> Result<Option<Box<RawValue>>> {
    #[derive(Deserialize)]
    struct Report {
        inventory: Option<Box<RawValue>>,
    }
    let report: Report = serde_json::from_slice(report).map_err(Error::internal)?;
    Ok(report.inventory)
}

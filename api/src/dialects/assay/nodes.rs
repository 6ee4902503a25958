//! What introspection has found out about a node, and what steers its introspection.

use std::collections::{BTreeMap, BTreeSet};

use assay_app::{App, NodeDetail, Protection};
use assay_domain::{NodePatch, Port, PowerState};
use rocket::serde::json::Json;
use rocket::{State, get, put};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::Answer;

/// A network port of a node.
#[derive(Serialize, ToSchema)]
#[schema(as = Port)]
pub(super) struct PortWire {
    /// UUID.
    uuid: String,
    /// MAC address.
    #[schema(example = "52:54:00:00:00:01")]
    address: String,
    /// Whether the machine boots from it.
    pxe_enabled: bool,
    /// Switch and port as LLDP told.
    #[schema(value_type = Object)]
    local_link_connection: Map<String, Value>,
    /// Free data.
    #[schema(value_type = Object)]
    extra: Map<String, Value>,
}

impl From<Port> for PortWire {
    fn from(port: Port) -> Self {
        let Port {
            id: _,
            uuid,
            node_id: _,
            address,
            pxe_enabled,
            local_link_connection,
            extra,
        } = port;
        Self {
            uuid,
            address,
            pxe_enabled,
            local_link_connection,
            extra,
        }
    }
}

/// A node as introspection sees it.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeDetails {
    /// Key in CloudManager's API.
    #[schema(example = 1)]
    id: i64,
    /// UUID.
    #[schema(example = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b")]
    uuid: String,
    /// Host name.
    name: Option<String>,
    /// Last known power state: on, off or null.
    #[schema(value_type = Option<String>, example = "off")]
    power_state: Option<&'static str>,
    /// Logical CPUs.
    cpus: Option<i32>,
    /// CPU architecture.
    #[schema(example = "x86_64")]
    cpu_arch: Option<String>,
    /// Memory in MiB.
    memory_mb: Option<i64>,
    /// Root disk in GiB.
    local_gb: Option<i64>,
    /// System UUID.
    system_uuid: Option<String>,
    /// Serial number.
    serial_number: Option<String>,
    /// Address of the BMC.
    bmc_address: Option<String>,
    /// Further properties, e.g. root_device, inspection_scope.
    #[schema(value_type = Object)]
    properties: Map<String, Value>,
    /// Capabilities.
    capabilities: BTreeMap<String, String>,
    /// Traits.
    traits: BTreeSet<String>,
    /// Free data of rules and hooks.
    #[schema(value_type = Object)]
    extra: Map<String, Value>,
    /// Network ports.
    ports: Vec<PortWire>,
}

impl From<NodeDetail> for NodeDetails {
    fn from(detail: NodeDetail) -> Self {
        let NodeDetail { node, ports, .. } = detail;
        Self {
            id: node.id,
            uuid: node.uuid,
            name: node.name,
            power_state: node.power_state.map(PowerState::as_str),
            cpus: node.cpu_amount,
            cpu_arch: node.cpu_arch,
            memory_mb: node.ram_mb,
            local_gb: node.hdd_gb,
            system_uuid: node.system_uuid,
            serial_number: node.serial_number,
            bmc_address: node.bmc_address,
            properties: node.properties,
            capabilities: node.capabilities,
            traits: node.traits,
            extra: node.extra,
            ports: ports.into_iter().map(PortWire::from).collect(),
        }
    }
}

/// What steers a node's introspection; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeChange {
    /// All further properties: `root_device` holds hints for the root disk, `inspection_scope`
    /// chooses rules.
    #[schema(value_type = Option<Object>, example = json!({"inspection_scope": "rack3", "root_device": {"size": ">= 100"}}))]
    properties: Option<Map<String, Value>>,
    /// All capabilities.
    capabilities: Option<BTreeMap<String, String>>,
    /// All traits.
    traits: Option<BTreeSet<String>>,
    /// All free data.
    #[schema(value_type = Option<Object>)]
    extra: Option<Map<String, Value>>,
    /// System UUID, for lookup.
    system_uuid: Option<String>,
    /// Serial number, for lookup.
    serial_number: Option<String>,
    /// Address of the BMC, for lookup.
    bmc_address: Option<String>,
}

/// Shows a node as introspection sees it: identity, properties, capabilities, traits, ports.
#[utoipa::path(
    tag = "nodes",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "The node", body = NodeDetails),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>")]
pub(crate) async fn show_node_details(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Answer<NodeDetails> {
    let detail = app.nodes().get_by_ref(&caller.0, node).await?;
    Ok(Json(detail.into()))
}

/// Changes what steers a node's introspection; what is not given stays.
#[utoipa::path(
    tag = "nodes",
    params(("node" = String, Path, description = "UUID or name of the node")),
    request_body = NodeChange,
    responses(
        (status = 200, description = "The changed node", body = NodeDetails),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[put("/assay/v1/nodes/<node>", data = "<body>")]
pub(crate) async fn update_node_details(
    app: &State<App>,
    caller: Caller,
    node: &str,
    body: JsonBody<NodeChange>,
) -> Answer<NodeDetails> {
    let NodeChange {
        properties,
        capabilities,
        traits,
        extra,
        system_uuid,
        serial_number,
        bmc_address,
    } = body.0;
    let patch = NodePatch {
        properties,
        capabilities,
        traits,
        extra,
        system_uuid: system_uuid.map(Some),
        serial_number: serial_number.map(Some),
        bmc_address: bmc_address.map(Some),
        ..NodePatch::default()
    };
    let found = app.nodes().get_by_ref(&caller.0, node).await?;
    let detail = app
        .nodes()
        .update(&caller.0, found.node.id, patch, Protection::Respected)
        .await?;
    Ok(Json(detail.into()))
}

//! How nodes' operating systems are reached over SSH, and what is kept on them.

use assay_app::App;
use assay_domain::host::{HostAccess, HostSetting, KeptSettings};
use assay_domain::{Error, Result};
use rocket::serde::json::Json;
use rocket::{State, delete, get, put};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::{Answer, Nothing, Reply};

use super::iso;

/// How one node's operating system is reached.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HostAccess)]
pub(super) struct HostAccessWire {
    /// Its address or name; null takes the first of the node's addresses.
    #[schema(example = "10.35.22.11")]
    address: Option<String>,
    /// The SSH server's port; null takes the configured one.
    #[schema(example = 22)]
    port: Option<u16>,
    /// The SNMP agent's port; null takes 161.
    snmp_port: Option<u16>,
    /// The one host key that is believed, as `ssh-keyscan` shows it, without the name before it.
    #[schema(
        example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDguQ0kef9ruOLOF57spILmFAHORO16nCphEY60zLK5S"
    )]
    host_key: String,
}

impl From<HostAccess> for HostAccessWire {
    fn from(access: HostAccess) -> Self {
        Self {
            address: access.address,
            port: access.port,
            snmp_port: access.snmp_port,
            host_key: access.host_key,
        }
    }
}

/// What is kept on a node's operating system.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptSettings)]
pub(super) struct KeptWire {
    /// Whether it is set again when the host has changed it (dynamic component configuration).
    is_kept: bool,
    /// What was set, the oldest first.
    #[schema(value_type = Vec<Object>, example = json!([{"snmp": true}, {"log_redirection": "10.10.10.10"}]))]
    settings: Vec<Value>,
    /// When it was looked at last, UTC.
    kept_at: Option<String>,
}

impl TryFrom<KeptSettings> for KeptWire {
    type Error = Error;

    fn try_from(kept: KeptSettings) -> Result<Self> {
        let shown = |setting: &HostSetting| serde_json::to_value(setting).map_err(Error::internal);
        Ok(Self {
            is_kept: kept.is_kept,
            settings: kept.settings.iter().map(shown).collect::<Result<_>>()?,
            kept_at: kept.kept_at.map(iso),
        })
    }
}

/// Shows how a node's operating system is reached.
#[utoipa::path(
    tag = "hosts",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "How it is reached", body = HostAccessWire),
        (status = 404, description = "The node cannot be found, or nothing was said of it"),
    ),
)]
#[get("/assay/v1/nodes/<node>/host-access")]
pub(crate) async fn show_host_access(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Answer<HostAccessWire> {
    let access = app.hosts().access(&caller.0, node).await?;
    Ok(Json(access.into()))
}

/// Says how a node's operating system is reached, and pins its host key.
#[utoipa::path(
    tag = "hosts",
    params(("node" = String, Path, description = "UUID or name of the node")),
    request_body = HostAccessWire,
    responses(
        (status = 200, description = "How it is reached from now on", body = HostAccessWire),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[put("/assay/v1/nodes/<node>/host-access", data = "<body>")]
pub(crate) async fn set_host_access(
    app: &State<App>,
    caller: Caller,
    node: &str,
    body: JsonBody<HostAccessWire>,
) -> Answer<HostAccessWire> {
    let wanted = body.0;
    let access = move |node_id| HostAccess {
        node_id,
        address: wanted.address,
        port: wanted.port,
        snmp_port: wanted.snmp_port,
        host_key: wanted.host_key,
    };
    let access = app.hosts().set_access(&caller.0, node, access).await?;
    Ok(Json(access.into()))
}

/// Forgets how a node's operating system is reached, and its host key.
#[utoipa::path(
    tag = "hosts",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 204, description = "Forgotten"),
        (status = 404, description = "The node cannot be found, or nothing was said of it"),
    ),
)]
#[delete("/assay/v1/nodes/<node>/host-access")]
pub(crate) async fn forget_host_access(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Reply<Nothing> {
    app.hosts().forget_access(&caller.0, node).await?;
    Ok(Nothing)
}

/// Shows what was set on a node's operating system, and whether it is kept so.
#[utoipa::path(
    tag = "hosts",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "What was set", body = KeptWire),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/host-settings")]
pub(crate) async fn show_host_settings(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Answer<KeptWire> {
    let kept = app.hosts().kept(&caller.0, node).await?;
    Ok(Json(kept.try_into()?))
}

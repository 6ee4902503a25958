//! What nodes' operating systems have to do with shared storage: iSCSI targets and the locks of volumes.
//! As with other actions on hosts, a request waits a while for the end of its task.

use std::collections::{BTreeMap, BTreeSet};

use assay_app::{App, Attachment, Discovered, Protection};
use assay_domain::host::HostAction;
use rocket::http::{Header, Status};
use rocket::response::{self, Responder};
use rocket::serde::json::Json;
use rocket::{Request, Response, State, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::Reply;

use super::host_actions::{Acted, act};

/// Storage to be asked.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StorageReference {
    /// Key of a node; its `ip_addresses` are where its targets are reached.
    #[schema(example = 50)]
    storage_id: i64,
}

/// Targets of storage.
#[derive(Serialize, ToSchema)]
pub(super) struct FoundTargets {
    /// Names of targets by the address at which they are reached; an address with another port than
    /// 3260 has it behind a colon.
    #[schema(
        value_type = BTreeMap<String, Vec<String>>,
        example = json!({"10.40.38.2": ["iqn.2010-10.org.openstack:volume-887880f7-9e54-4f81-8d32-3e0b7a9b1c5c"]})
    )]
    targets: BTreeMap<String, BTreeSet<String>>,
}

/// Targets to be attached.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedTargets {
    /// Names of targets by the address at which they are reached, as discovery gives them. A name is an
    /// iSCSI name (`iqn.`, `eui.` or `naa.`), or `volume-…`, the end of exactly one name that the address
    /// offers.
    #[schema(example = json!({"10.40.38.2": ["volume-887880f7-9e54-4f81-8d32-3e0b7a9b1c5c"]}))]
    targets: BTreeMap<String, Vec<String>>,
    /// Who made the storage; kept with the task, for people.
    #[schema(max_length = 64)]
    vendor: Option<String>,
    /// The storage's model; kept with the task, for people.
    #[schema(max_length = 64)]
    product: Option<String>,
}

/// The targets, or 202 with the task that still asks.
pub(crate) enum Polled {
    /// What was found.
    Found(FoundTargets),
    /// The task's UUID.
    UnderWay(String),
}

impl<'r> Responder<'r, 'static> for Polled {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        match self {
            Self::Found(found) => Json(found).respond_to(request),
            Self::UnderWay(task) => Response::build()
                .status(Status::Accepted)
                .header(Header::new("Assay-Task", task))
                .ok(),
        }
    }
}

/// Asks storage for its iSCSI targets, from the node's host. `storage_id` is a node of any class, in
/// practice one of class "Storage host"; each of its `ip_addresses` is asked (SendTargets, port 3260).
/// Nothing is kept on the host. The host's open sessions are read as well and shown as the node's `nas`.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = StorageReference,
    responses(
        (status = 200, description = "The targets that the storage offers", body = FoundTargets),
        (status = 202, description = "Not known yet: the task of the header Assay-Task goes on, and its result has them"),
        (status = 404, description = "The node or the storage cannot be found"),
        (status = 409, description = "The storage has no address or does not answer, or the host cannot be reached as configured"),
        (status = 422, description = "The host has no open-iscsi"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/discovery-nas", data = "<body>")]
pub(crate) async fn discover_targets(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<StorageReference>,
) -> Reply<Polled> {
    let hosts = app.hosts();
    let found = hosts
        .discover(&caller.0, node_id, body.0.storage_id)
        .await?;
    Ok(match found {
        Discovered::Targets(targets) => Polled::Found(FoundTargets {
            targets: targets
                .into_iter()
                .map(|(portal, names)| (portal.to_string(), names))
                .collect(),
        }),
        Discovered::UnderWay(task) => Polled::UnderWay(task),
    })
}

/// Logs in to iSCSI targets on the node's host, and has the host do so whenever it starts. A target that
/// the host has a session with stays as it is. Afterwards the host's sessions are read: it is done when
/// all targets are among them, and they are shown as the node's `nas`.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = WantedTargets,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "There is no session with one of the targets, or the host cannot be reached as configured"),
        (status = 422, description = "The host has no open-iscsi"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/attach-targets", data = "<body>")]
pub(crate) async fn attach_targets(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<WantedTargets>,
) -> Reply<Acted> {
    let wanted = Attachment {
        targets: body.0.targets,
        vendor: body.0.vendor,
        product: body.0.product,
    };
    let waited = app.hosts().attach(&caller.0, node_id, wanted).await?;
    Ok(Acted(waited))
}

/// Releases leases that dead hosts hold in the sanlock lockspaces which the node's host has joined. A host
/// is dead when sanlock on this host says so; leases that anybody else holds, too, are left alone. Each is
/// taken and given back by sanlock itself, which refuses when the holder lives after all. Lockspaces that
/// lvmlockd has left of volume groups whose storage is gone are dropped when no volume of theirs is
/// active. What was released is in the task.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "sanlock did not release a lease, or the host cannot be reached as configured"),
        (status = 422, description = "Neither sanlock nor lvmlockd runs on the host"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/repair-locks")]
pub(crate) async fn repair_locks(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Acted> {
    let action = HostAction::RepairLocks;
    act(app, &caller, node_id, action, Protection::default()).await
}

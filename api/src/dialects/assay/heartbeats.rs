//! Signs of life that nodes' hosts write to their availability storages.

use assay_app::App;
use assay_domain::{StorageBeat, WatchedHost};
use rocket::serde::json::Json;
use rocket::{State, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Reply};

use super::iso;
use super::page::page;
use super::told::{OngoingTask, Told, told};

/// What one storage tells of a host.
#[derive(Serialize, ToSchema)]
#[schema(as = StorageBeat)]
pub(super) struct StorageBeatWire {
    /// Key of the availability storage.
    storage_id: i64,
    /// Its name.
    storage: String,
    /// waiting (it has not been looked at for long enough), beating, silent, or unreadable (which says nothing
    /// of the host).
    #[schema(value_type = String, example = "beating")]
    state: &'static str,
    /// Since when, UTC; of silence, when the last sign was seen.
    since: String,
    /// Why it cannot be read.
    detail: Option<String>,
}

impl From<StorageBeat> for StorageBeatWire {
    fn from(beat: StorageBeat) -> Self {
        Self {
            storage_id: beat.storage_id,
            storage: beat.storage,
            state: beat.state.as_str(),
            since: iso(beat.since),
            detail: beat.detail,
        }
    }
}

/// What is known of a host's signs of life.
#[derive(Serialize, ToSchema)]
#[schema(as = HostHeartbeat)]
pub(super) struct HeartbeatWire {
    /// UUID of the node.
    node: String,
    /// The node's name.
    name: Option<String>,
    /// Whether it is silent on all its storages.
    silent: bool,
    /// What is made of its silence.
    #[schema(example = "its compute service reports in")]
    verdict: Option<String>,
    /// The task that evacuates it because of this silence.
    task: Option<String>,
    /// Its storages, as they were looked at last; empty until they were.
    storages: Vec<StorageBeatWire>,
}

impl From<WatchedHost> for HeartbeatWire {
    fn from(host: WatchedHost) -> Self {
        let silent = host.heartbeat.is_silent();
        let beats = host.heartbeat.beats.into_iter();
        Self {
            node: host.uuid,
            name: host.name,
            silent,
            verdict: host.heartbeat.verdict,
            task: host.heartbeat.task,
            storages: beats.map(Into::into).collect(),
        }
    }
}

/// A page of hosts.
#[derive(Serialize, ToSchema)]
pub(super) struct HeartbeatPage {
    /// The process that watches; null when nobody does, and what is shown is of before.
    watcher: Option<String>,
    /// The hosts whose signs of life are watched, in the order of their nodes' keys.
    hosts: Vec<HeartbeatWire>,
}

/// Whether signs of life are watched, and who has the host write them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedHeartbeat {
    /// Whether they are watched.
    enabled: bool,
    /// Whether Assay has the host write them, or stop it, over SSH; with false the host is left as it is, and
    /// somebody else has it write.
    #[serde(default = "yes")]
    #[schema(default = true)]
    install: bool,
}

fn yes() -> bool {
    true
}

/// Lists the hosts that write signs of life to their availability storages, and what is made of their silence.
#[utoipa::path(
    tag = "hosts",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of hosts", body = HeartbeatPage)),
)]
#[get("/assay/v1/heartbeats")]
pub(crate) async fn list_heartbeats(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<HeartbeatPage> {
    let page = page(&query, app.settings().api_max_limit)?;
    let hosts = app.heartbeats().list(&caller.0, page).await?;
    Ok(Json(HeartbeatPage {
        watcher: app.heartbeats().watcher(&caller.0).await?,
        hosts: hosts.into_iter().map(Into::into).collect(),
    }))
}

/// Has a node's host write signs of life to the node's availability storages, and watches them; or neither any
/// more. The host is kept so as with other settings, also when the node's storages change. Who has hosts write
/// in another way (`install` false) has them put what changes at least every `heartbeats.interval`, up to 64
/// bytes, into the file `.assay-heartbeats/{UUID of the node}` of each storage.
#[utoipa::path(
    tag = "hosts",
    params(("node" = String, Path, description = "UUID or name of the node")),
    request_body = WantedHeartbeat,
    responses(
        (status = 202, description = "Its task goes on", body = OngoingTask),
        (status = 204, description = "Done, and the signs were seen by the host"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node has no storage, or its host cannot be reached as configured"),
        (status = 422, description = "The host lacks what this needs, e.g. a storage at its path"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[put("/assay/v1/nodes/<node>/heartbeat", data = "<body>")]
pub(crate) async fn set_heartbeat(
    app: &State<App>,
    caller: Caller,
    node: &str,
    body: JsonBody<WantedHeartbeat>,
) -> Reply<Told> {
    let WantedHeartbeat { enabled, install } = body.0;
    let heartbeats = app.heartbeats();
    let waited = heartbeats.set(&caller.0, node, enabled, install);
    Ok(told(waited.await?))
}

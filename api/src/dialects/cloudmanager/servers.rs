//! Instances of the cloud: woken up, reset, repaired, moved, cloned. Each action is a task.

use assay_app::{App, ServerAction};
use assay_domain::Error;
use rocket::serde::json::Json;
use rocket::{State, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, RawBody};
use crate::reply::{Answer, Reply};

use super::host_actions::Acted;

/// The task that does it.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskStarted {
    /// UUID of the task.
    #[schema(example = "7c8fbc6c-468d-4afb-a292-e70a3d475edc")]
    pub(super) task_id: String,
}

/// How an instance is reset.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ResetOptions {
    /// Whether it is restarted after the cloud was told to believe it active.
    reboot: bool,
}

/// How an instance is cloned.
#[derive(Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct CloneOptions {
    /// How many clones are made, 1 to 50.
    #[schema(example = 2, minimum = 1, maximum = 50)]
    count: u32,
}

impl Default for CloneOptions {
    fn default() -> Self {
        Self { count: 1 }
    }
}

/// What a body says, or the defaults when there is none.
fn options<T: DeserializeOwned + Default>(body: &[u8]) -> Result<T, Error> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the body is not what is expected: {error}")))
}

/// Has an instance run again: resumes a suspended one, unpauses a paused one, starts one that is off.
/// One that runs is left alone.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    responses(
        (status = 204, description = "It runs; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The cloud has no such instance"),
        (status = 409, description = "It is in another state, or the cloud refused"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/wakeup")]
pub(crate) async fn wake_up_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
) -> Reply<Acted> {
    act(app, &caller, server_id, ServerAction::Wakeup).await
}

/// Has the cloud believe an instance active, and restarts it (a reset of the machine) when `reboot` is
/// true.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    request_body = Option<ResetOptions>,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The cloud has no such instance"),
        (status = 409, description = "It does not run afterwards, or the cloud refused"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/reset-reboot", data = "<body>")]
pub(crate) async fn reset_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
    body: RawBody,
) -> Reply<Acted> {
    let action = if options::<ResetOptions>(&body.0)?.reboot {
        ServerAction::ResetReboot
    } else {
        ServerAction::Reset
    };
    act(app, &caller, server_id, action).await
}

/// Moves an instance, while it runs, to the first host by name that has room for it: another one of its
/// zone that is enabled and up, and that its server groups allow. Up to five are tried, one at a time,
/// each checked by the cloud's scheduler.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    responses(
        (status = 204, description = "Moved; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The cloud has no such instance"),
        (status = 409, description = "It does not run, or no host takes it"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/balance")]
pub(crate) async fn balance_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
) -> Reply<Acted> {
    act(app, &caller, server_id, ServerAction::Balance).await
}

/// Restarts an instance (a reset of the machine, which the cloud does in any state) and waits until it is
/// active. Its task is told at once.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    responses(
        (status = 200, description = "Its task", body = TaskStarted),
        (status = 404, description = "The cloud has no such instance"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/repair")]
pub(crate) async fn repair_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
) -> Answer<TaskStarted> {
    begin(app, &caller, server_id, ServerAction::Repair).await
}

/// Has the cloud believe an instance active, restarts it as `repair` does, and waits until it is active.
/// Its task is told at once.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    responses(
        (status = 200, description = "Its task", body = TaskStarted),
        (status = 404, description = "The cloud has no such instance"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/recover")]
pub(crate) async fn recover_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
) -> Answer<TaskStarted> {
    begin(app, &caller, server_id, ServerAction::Recover).await
}

/// Makes clones of an instance, one after the other, each with copies of all of its volumes (made by the
/// cloud's block storage of what is on them at that moment) in the order of its devices, and with its
/// flavor, networks, metadata, security groups, key pair and availability zone. An instance that boots
/// from an image has a new root disk of that image; addresses, user data and server groups are not
/// cloned. A key pair is given when Assay's user of the cloud has one of that name; without it an
/// instance that boots from an image is not cloned, and one that boots from a volume is, without a key
/// pair.
///
/// Clones are named NAME-clone-1 and so on, by the first numbers that are free, and their volumes
/// NAME-clone-1-1 and so on; both carry the metadata `assay.task`. The result of the task lists each clone
/// with its id and its volumes. What is made of a clone that fails is removed, and what cannot be removed
/// is named. A task that is revoked removes the clone that it is at work on, makes no other, and leaves
/// those that are done.
#[utoipa::path(
    tag = "servers",
    params(("server_id" = String, Path, description = "UUID of the instance")),
    request_body = Option<CloneOptions>,
    responses(
        (status = 200, description = "Its task", body = TaskStarted),
        (status = 400, description = "The count is not within 1 to 50"),
        (status = 404, description = "The cloud has no such instance"),
        (status = 409, description = "It cannot be cloned"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/servers/<server_id>/actions/clone", data = "<body>")]
pub(crate) async fn clone_server(
    app: &State<App>,
    caller: Caller,
    server_id: &str,
    body: RawBody,
) -> Answer<TaskStarted> {
    let CloneOptions { count } = options(&body.0)?;
    let servers = app.servers();
    let task_id = servers.begin_clones(&caller.0, server_id, count).await?;
    Ok(Json(TaskStarted { task_id }))
}

async fn act(app: &App, caller: &Caller, server: &str, action: ServerAction) -> Reply<Acted> {
    let waited = app.servers().act(&caller.0, server, action).await?;
    Ok(Acted(waited))
}

async fn begin(
    app: &App,
    caller: &Caller,
    server: &str,
    action: ServerAction,
) -> Answer<TaskStarted> {
    let task_id = app.servers().begin(&caller.0, server, action).await?;
    Ok(Json(TaskStarted { task_id }))
}

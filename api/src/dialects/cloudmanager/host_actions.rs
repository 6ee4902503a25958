//! What is done on nodes' operating systems. Each action is a task; a request waits a while for its
//! end, and the header `Assay-Task` names one that goes on.

use assay_app::{App, Protection, Waited};
use assay_domain::host::{CpuMode, HostAction, HostSetting};
use assay_domain::{Error, Result};
use rocket::http::{Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response, State, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Nothing, Reply};

/// 204, with the task that goes on, if one does.
pub(crate) struct Acted(pub(super) Waited);

impl<'r> Responder<'r, 'static> for Acted {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        let mut response = Response::build().status(Status::NoContent).finalize();
        if let Waited::UnderWay(task) = self.0 {
            response.set_header(Header::new("Assay-Task", task));
        }
        Ok(response)
    }
}

/// How guests are to see the processor.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedCpuMode {
    /// host-passthrough, host-model, custom, or null for nova's own choice.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, example = "host-passthrough")]
    cpu_emulation_mode: Option<String>,
    /// The model, for custom only.
    #[schema(example = "Nehalem")]
    cpu_model: Option<String>,
}

impl WantedCpuMode {
    fn wanted(self) -> Result<Option<CpuMode>> {
        match (self.cpu_emulation_mode.as_deref(), self.cpu_model) {
            (None, None) => Ok(None),
            (Some("host-passthrough"), None) => Ok(Some(CpuMode::HostPassthrough)),
            (Some("host-model"), None) => Ok(Some(CpuMode::HostModel)),
            (Some("custom"), Some(model)) => Ok(Some(CpuMode::Custom(model))),
            (Some("custom"), None) => Err(Error::invalid("cpu_model: custom needs one")),
            (None | Some("host-passthrough" | "host-model"), Some(_)) => {
                Err(Error::invalid("cpu_model: only custom has one"))
            }
            (Some(other), _) => Err(Error::invalid(format!(
                "cpu_emulation_mode: '{other}' is not one of null, host-passthrough, host-model and custom"
            ))),
        }
    }
}

/// Where the log is to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogTarget {
    /// Domain name or IP address.
    #[schema(example = "10.10.10.10")]
    log_redirection_hostname: String,
}

/// Configures the host's SNMP agent as `hosts.snmp` has it, starts it, and has it start with the
/// host. The former configuration is kept beside it.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/enable-snmp")]
pub(crate) async fn enable_snmp(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostSetting::Snmp(true).into(),
        Protection::default(),
    )
    .await
}

/// Stops the host's SNMP agent, and keeps it from starting with the host.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/disable-snmp")]
pub(crate) async fn disable_snmp(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostSetting::Snmp(false).into(),
        Protection::default(),
    )
    .await
}

/// Lets everybody log in over SSH whom the host's own configuration lets in.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/enable-ssh")]
pub(crate) async fn enable_ssh(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostSetting::Ssh(true).into(),
        Protection::default(),
    )
    .await
}

/// Lets nobody but Assay log in over SSH, with its own key, so that it can be undone. It takes itself
/// back after two minutes unless Assay has come in again by then. Open sessions stay.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/disable-ssh")]
pub(crate) async fn disable_ssh(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostSetting::Ssh(false).into(),
        Protection::default(),
    )
    .await
}

/// Sets `cpu_mode` and `cpu_models` of nova-compute's libvirt driver and restarts the service. The
/// former configuration is kept beside it.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = WantedCpuMode,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/set-cpu-mode", data = "<body>")]
pub(crate) async fn set_cpu_mode(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<WantedCpuMode>,
) -> Reply<Acted> {
    let action = HostSetting::CpuMode(body.0.wanted()?).into();
    act(app, &caller, node_id, action, Protection::default()).await
}

/// Sends the host's log to another host, by a rule of rsyslog's which its own checker has passed.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = LogTarget,
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/setup-log-redirection", data = "<body>")]
pub(crate) async fn setup_log_redirection(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<LogTarget>,
) -> Reply<Acted> {
    let action = HostSetting::LogRedirection(Some(body.0.log_redirection_hostname)).into();
    act(app, &caller, node_id, action, Protection::default()).await
}

/// Ends the sending of the host's log to another host.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The host cannot be reached as configured, or it refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/disable-log-redirection")]
pub(crate) async fn disable_log_redirection(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostSetting::LogRedirection(None).into(),
        Protection::default(),
    )
    .await
}

/// Installs all updates of the host's distribution. What has changed is in the task.
#[utoipa::path(
    tag = "hosts",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)"),
    ),
    responses(
        (status = 204, description = "Done; with the header Assay-Task: its task goes on"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is protected, or the host cannot be reached as configured, or refused"),
        (status = 422, description = "The host lacks what this needs"),
        (status = 502, description = "The host failed, or is not who it should be"),
        (status = 503, description = "Not now"),
        (status = 504, description = "The host did not answer in time"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/update-system")]
pub(crate) async fn update_system(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Reply<Acted> {
    act(
        app,
        &caller,
        node_id,
        HostAction::UpdateSystem,
        protection(&query)?,
    )
    .await
}

/// Has what Assay set on the node's host (SNMP, SSH, log redirection, CPU mode) set again whenever the
/// host has changed it or comes back without it (dynamic component configuration). A new node has it on.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "On"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/enable-dcc")]
pub(crate) async fn enable_dcc(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Nothing> {
    app.hosts().keep(&caller.0, node_id, true).await?;
    Ok(Nothing)
}

/// Leaves what was set on the node's host to the host.
#[utoipa::path(
    tag = "hosts",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Off"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/disable-dcc")]
pub(crate) async fn disable_dcc(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Nothing> {
    app.hosts().keep(&caller.0, node_id, false).await?;
    Ok(Nothing)
}

/// Has an action carried out, and waits a while for its end.
pub(super) async fn act(
    app: &App,
    caller: &Caller,
    node_id: i64,
    action: HostAction,
    protection: Protection,
) -> Reply<Acted> {
    let hosts = app.hosts();
    let waited = hosts.act(&caller.0, node_id, action, protection).await?;
    Ok(Acted(waited))
}

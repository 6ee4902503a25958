//! What is made of hosts that are silent on all their storages: those that cannot be reached in any other way
//! are candidates for evacuation.

use std::io::ErrorKind;
use std::time::Duration;

use assay_domain::cloud::{ComputeHost, Hypervisor};
use assay_domain::{
    Actor, AlarmKind, Error, Heartbeat, NewAlarm, Node, Result, Task, TaskStatus, WatchedHost,
};
use futures::{StreamExt, stream};
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::watch::keep;
use crate::cloud::is_on;
use crate::work::error_text;
use crate::{App, HostOrder, HostWork, Protection, Ways};

/// How many hosts are asked at a time.
const SIDE_BY_SIDE: usize = 16;

/// What becomes of a candidate.
const ORDER: HostOrder = HostOrder {
    work: HostWork::Evacuate,
    ways: Ways {
        live: true,
        cold: false,
        evacuate: true,
    },
    in_sequence: false,
};

/// The cloud's hosts, at one moment.
struct CloudView {
    services: Vec<ComputeHost>,
    hypervisors: Vec<Hypervisor>,
}

/// Says of each silent host what is made of it, and evacuates candidates when that is wanted.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn judge(app: &App, silent: Vec<(WatchedHost, Heartbeat)>) -> Result<()> {
    if silent.is_empty() {
        return Ok(());
    }
    let view = view(app).await;
    let judged = stream::iter(silent).map(|(host, heartbeat)| async {
        let judged = match task_of(app, &heartbeat).await? {
            Some(task) => Err(end_of(&task)),
            None => candidate(app, &host, &view).await,
        };
        Ok::<_, Error>((host, heartbeat, judged))
    });
    let judged: Vec<_> = judged.buffered(SIDE_BY_SIDE).collect().await;
    // One after the other: each that is begun is kept before the next is counted.
    for one in judged {
        let (host, mut heartbeat, judged) = one?;
        match judged {
            Err(why) => heartbeat.verdict = Some(why),
            Ok(name) => act(app, &host, &mut heartbeat, &name).await?,
        }
        keep(app, &host, heartbeat).await?;
    }
    Ok(())
}

async fn view(app: &App) -> Result<CloudView> {
    let hosts = app.cloud()?.hosts();
    Ok(CloudView {
        services: hosts.hosts().await?,
        hypervisors: hosts.hypervisors().await?,
    })
}

/// The evacuation that this silence has led to.
async fn task_of(app: &App, heartbeat: &Heartbeat) -> Result<Option<Task>> {
    match &heartbeat.task {
        Some(uuid) => app.store().task(uuid).await,
        None => Ok(None),
    }
}

fn end_of(task: &Task) -> String {
    match task.status {
        TaskStatus::Success => "it was evacuated".to_owned(),
        TaskStatus::Failure | TaskStatus::Revoked => {
            "its evacuation has not come to its end; it is not begun again during this silence"
                .to_owned()
        }
        TaskStatus::Pending | TaskStatus::Started | TaskStatus::Retry => {
            "it is being evacuated".to_owned()
        }
    }
}

/// The cloud's name of a host that cannot be reached and has instances, or why it is left alone.
async fn candidate(
    app: &App,
    host: &WatchedHost,
    view: &Result<CloudView>,
) -> Result<String, String> {
    let node = app.nodes().by_id(host.node_id).await;
    let node = node.map_err(|error| unknown(&error))?;
    if node.is_reserved {
        return Err("its node is reserved".to_owned());
    }
    let view = view.as_ref().map_err(unknown)?;
    let mut hypervisors = view.hypervisors.iter();
    let known = hypervisors.find(|known| is_on(known, &node));
    let known = known.ok_or("the cloud knows no hypervisor on it")?;
    let mut services = view.services.iter();
    let service = services.find(|service| service.name == known.host);
    let service = service.ok_or("the cloud knows no compute service on it")?;
    if service.is_up {
        return Err("its compute service reports in".to_owned());
    }
    if let Some(answer) = answer(app, &node).await.map_err(|error| unknown(&error))? {
        return Err(answer.to_owned());
    }
    let (actor, hosts) = (Actor::system(), [known.host.clone()]);
    let plans = app.cloud_hosts().plan(&actor, &hosts, &ORDER).await;
    let plans = plans.map_err(|error| unknown(&error))?;
    if plans.iter().all(|plan| plan.moves.is_empty()) {
        return Err("it has no instances".to_owned());
    }
    Ok(known.host.clone())
}

fn unknown(error: &Error) -> String {
    format!(
        "it is not known whether it can be reached: {}",
        error_text(error)
    )
}

/// How a host's SSH server answers, if it does. A system that refuses connections runs.
async fn answer(app: &App, node: &Node) -> Result<Option<&'static str>> {
    let address = app.hosts().ssh_address(node).await?;
    let limit = app.settings().hosts.connect_limit;
    Ok(match greeting(address, limit).await {
        Ok(()) => Some("its SSH server answers"),
        Err(ErrorKind::ConnectionRefused) => Some("its system refuses SSH connections, so it runs"),
        Err(_) => None,
    })
}

async fn greeting(address: (String, u16), limit: Duration) -> Result<(), ErrorKind> {
    let greeted = async {
        let mut stream = TcpStream::connect(address).await?;
        let _ = stream.read_u8().await?;
        Ok(())
    };
    match tokio::time::timeout(limit, greeted).await {
        Ok(greeted) => greeted.map_err(|error: std::io::Error| error.kind()),
        Err(_) => Err(ErrorKind::TimedOut),
    }
}

/// Sees to a candidate: evacuates it if that is wanted and it is its turn, and tells people.
async fn act(app: &App, host: &WatchedHost, heartbeat: &mut Heartbeat, name: &str) -> Result<()> {
    let settings = &app.settings().heartbeats;
    let verdict = if !settings.evacuate {
        "it is a candidate for evacuation; heartbeats.evacuate is off".to_owned()
    } else if evacuations(app).await? >= settings.at_once {
        "it is a candidate for evacuation; as many hosts as heartbeats.at_once allows are being \
         evacuated"
            .to_owned()
    } else {
        let (actor, hosts) = (Actor::system(), [name.to_owned()]);
        let orders = app.cloud_hosts();
        let begun = orders.begin(&actor, &hosts, &ORDER, Protection::default());
        match begun.await {
            Ok(task) => {
                heartbeat.task = Some(task);
                "it is being evacuated".to_owned()
            }
            Err(error) => format!(
                "it is a candidate for evacuation, which was refused: {}",
                error_text(&error)
            ),
        }
    };
    heartbeat.verdict = Some(verdict.clone());
    if *heartbeat != host.heartbeat {
        let alarm = NewAlarm {
            kind: AlarmKind::HostSilent,
            subject: host.uuid.clone(),
            node_id: Some(host.node_id),
            text: format!(
                "host {name} writes to none of its storages, does not answer, and its compute \
                 service does not report in: {verdict}"
            ),
            evidence: json!({
                "storages": heartbeat.beats, "task": heartbeat.task,
            }),
        };
        app.alarms().raise(alarm).await;
    }
    Ok(())
}

/// How many hosts are being evacuated for their silence.
async fn evacuations(app: &App) -> Result<usize> {
    let count = app.store().count_heartbeat_evacuations().await?;
    usize::try_from(count).map_err(Error::internal)
}

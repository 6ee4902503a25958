//! Everything that a conclusion is drawn from, gathered at one time.

use assay_domain::capability::BootOverride;
use assay_domain::fleet::{Reservation, Waiter};
use assay_domain::{
    DriverError, Evidence, Introspection, IntrospectionState, Phase, PowerState, Result, Task,
    Timestamp,
};

use super::console::{self, ConsoleLog};
use crate::App;
use crate::target;

/// What a BMC said when it was asked once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Probe {
    /// The machine's power, or why it is not known; none when there was no answer within the limit.
    pub(crate) power: Option<Result<PowerState, DriverError>>,
    /// The boot override, when it was asked for and told.
    pub(crate) boot: Option<BootOverride>,
}

/// The task that has to bring an introspection further.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// The task.
    pub(crate) task: Task,
    /// Its last word.
    pub(crate) said: Option<String>,
    /// Whether a process that works on tasks lives.
    pub(crate) has_workers: bool,
    /// How many tasks of its class workers hold now.
    pub(crate) running: i64,
    /// How many tasks of a class all live workers work on at a time.
    pub(crate) slots: i64,
    /// The node's holder and those who wait for it.
    pub(crate) hold: (Option<Reservation>, Vec<Waiter>),
}

/// All that is known of an introspection whose phase does not come.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    /// The introspection.
    pub(crate) introspection: Introspection,
    /// The phase that does not come.
    pub(crate) phase: Phase,
    /// Since when it is waited for.
    pub(crate) since: Timestamp,
    /// When this was gathered.
    pub(crate) now: Timestamp,
    /// What was seen of it.
    pub(crate) own: Vec<Evidence>,
    /// What was seen of strangers since then.
    pub(crate) strangers: Vec<Evidence>,
    /// The task that has to bring it further, in phases that are a task's work.
    pub(crate) owner: Option<Owner>,
    /// MAC addresses of the node.
    pub(crate) macs: Vec<String>,
    /// How many introspections wait for a machine that has asked for nothing.
    pub(crate) awaiting: i64,
    /// What the BMC said, when it was asked.
    pub(crate) probe: Option<Probe>,
    /// What the serial log says, if there is one.
    pub(crate) console: Option<ConsoleLog>,
}

/// Gathers all that is stored; the BMC is not asked.
pub(crate) async fn gather(
    app: &App,
    introspection: &Introspection,
    (phase, since): (Phase, Timestamp),
) -> Result<Facts> {
    app.evidence().flush().await;
    let store = app.store();
    let own = store.evidence(introspection.id).await?;
    Ok(Facts {
        now: app.clock().now(),
        strangers: store.stray_evidence(since).await?,
        owner: owner(app, introspection, phase).await?,
        macs: store.macs_of_node(introspection.node_id).await?,
        awaiting: match phase {
            Phase::BootScript => store.count_awaiting_script().await?,
            _ => 0,
        },
        probe: None,
        console: read_console(app, introspection, &own).await?,
        own,
        introspection: introspection.clone(),
        phase,
        since,
    })
}

/// The owner in phases that are a task's work; elsewhere the machine is waited for.
async fn owner(app: &App, introspection: &Introspection, phase: Phase) -> Result<Option<Owner>> {
    let works = matches!(phase, Phase::Power | Phase::Hooks | Phase::Rules)
        || introspection.state == IntrospectionState::Starting;
    if !works {
        return Ok(None);
    }
    let store = app.store();
    let Some(task) = store.owner_of_introspection(introspection.id).await? else {
        return Ok(None);
    };
    let now = app.clock().now();
    let said = store.task_messages(task.id).await?.pop();
    let slots = app.fleet().live_slots().await?;
    Ok(Some(Owner {
        said: said.map(|message| message.text),
        has_workers: slots > 0,
        slots,
        running: store.running_tasks(task.kind.queue(), now).await?,
        hold: store.reservation(introspection.node_id, now).await?,
        task,
    }))
}

async fn read_console(
    app: &App,
    introspection: &Introspection,
    own: &[Evidence],
) -> Result<Option<ConsoleLog>> {
    let Some(folder) = app.settings().diagnosis.console_dir.clone() else {
        return Ok(None);
    };
    let node = app.nodes().by_id(introspection.node_id).await?;
    let start = console::start(own);
    let read = tokio::task::spawn_blocking(move || {
        let path = console::path_of(&folder, &node)?;
        match console::read(&path, start) {
            Ok(log) => Some(log),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "a serial log was not read");
                None
            }
        }
    });
    Ok(read.await.ok().flatten())
}

/// Asks the BMC once: for the power, and for the boot override while the machine has asked for
/// nothing. None when there is no BMC to ask.
pub(crate) async fn probe(app: &App, introspection: &Introspection, phase: Phase) -> Option<Probe> {
    if !introspection.manage_boot || phase > Phase::Callback {
        return None;
    }
    let node = target::of_node(app, introspection.node_id).await.ok()?;
    let limit = app.settings().diagnosis.probe_limit;
    let (target, protocol) = (&node.target, node.protocol.as_str());
    let mut probe = Probe::default();
    let asked = tokio::time::timeout(limit, async {
        probe.power = Some(app.power().read(&node).await);
        if phase == Phase::BootScript && matches!(probe.power, Some(Ok(_))) {
            probe.boot = app.gate().boot(target, protocol).await.ok();
        }
    });
    // Whatever was told within the limit counts.
    let _ = asked.await;
    Some(probe)
}

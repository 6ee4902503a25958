//! Use cases of the fleet: processes show that they live, singletons are leased, and an operator
//! sees who is alive, what they hold and since when.

use std::time::Duration;

use assay_domain::fleet::{HeldTask, Lease, Process, Reservation, Waiter};
use assay_domain::{Actor, Page, Result, Role, TaskStatus, Timestamp};
use assay_queue::QueueState;
use chrono::TimeDelta;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::App;

/// How often a process says that it lives.
const BEAT: Duration = Duration::from_secs(5);
/// A process that has not been seen for this long counts as dead.
const ALIVE: TimeDelta = TimeDelta::seconds(15);
/// A dead process is shown this long.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);
/// How long a lease counts without being renewed: a singleton whose holder died is taken over
/// within this, and half of that time again.
const LEASE: Duration = Duration::from_secs(10);

/// The role of a process that does not work on tasks.
const API: &str = "api";

/// A process as its fleet sees it.
#[derive(Debug, Clone)]
pub struct Member {
    /// The process.
    pub process: Process,
    /// Whether it was seen lately.
    pub alive: bool,
}

/// Who is alive, and what is held.
#[derive(Debug, Clone)]
pub struct FleetStatus {
    /// Of when this is.
    pub at: Timestamp,
    /// Processes in order of their start; the dead ones for an hour.
    pub processes: Vec<Member>,
    /// What only one process does at a time.
    pub leases: Vec<Lease>,
    /// A page of the tasks that are being worked on.
    pub tasks: Vec<HeldTask>,
    /// A page of the nodes that tasks hold.
    pub reservations: Vec<Reservation>,
    /// A page of the tasks that wait for a node.
    pub waiters: Vec<Waiter>,
    /// How the queue is, as this process sees it.
    pub queue: QueueState,
    /// How many tasks are in each status.
    pub counts: Vec<(TaskStatus, i64)>,
}

/// What a process shows of itself.
#[derive(Debug, Clone)]
pub struct Presence {
    /// `server` (API and worker), `api` or `worker`.
    pub role: &'static str,
    /// Version of Assay.
    pub version: &'static str,
    /// Where it listens, if it does.
    pub url: Option<String>,
}

/// The fleet.
pub struct Fleet<'a> {
    app: &'a App,
}

/// A name for this process that no other one has.
pub(crate) fn new_process_id() -> String {
    let random = Uuid::new_v4().simple().to_string();
    format!("{}-{}-{}", host(), std::process::id(), &random[..8])
}

fn host() -> String {
    let name = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    if name.is_empty() {
        "localhost".to_owned()
    } else {
        name
    }
}

impl<'a> Fleet<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Shows this process to the fleet until `stop` is cancelled; then it leaves. A database that
    /// does not answer is asked again.
    pub async fn stay_present(&self, presence: Presence, stop: CancellationToken) {
        let engine = self.app.queue().state().await.engine;
        let mut process = self.process(presence, engine);
        let mut beats = tokio::time::interval(BEAT);
        beats.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = beats.tick() => {}
                () = stop.cancelled() => break,
            }
            process.seen_at = self.app.clock().now();
            process.admission = self.app.admission().summary();
            if let Err(error) = self.app.store().present_process(process.clone()).await {
                tracing::warn!(%error, "this process could not show that it lives");
            }
        }
        if let Err(error) = self.app.store().leave_process(&process.name).await {
            tracing::warn!(%error, "this process could not leave the fleet");
        }
    }

    fn process(&self, presence: Presence, queue: &str) -> Process {
        let Presence { role, version, url } = presence;
        let slots = i64::try_from(self.app.settings().worker_slots).unwrap_or(i64::MAX);
        let now = self.app.clock().now();
        Process {
            name: self.app.process_id().to_owned(),
            role: role.to_owned(),
            host: host(),
            pid: i64::from(std::process::id()),
            version: version.to_owned(),
            url,
            queue: queue.to_owned(),
            slots: if role == API { 0 } else { slots },
            admission: None,
            started_at: now,
            seen_at: now,
        }
    }

    /// Who is alive, and what is held; `page` is of each list that can be long.
    pub async fn status(&self, actor: &Actor, page: Page) -> Result<FleetStatus> {
        actor.require(Role::Observer)?;
        let store = self.app.store();
        let at = self.app.clock().now();
        let member = |process: Process| Member {
            alive: at - process.seen_at < ALIVE,
            process,
        };
        Ok(FleetStatus {
            at,
            processes: store.processes().await?.into_iter().map(member).collect(),
            leases: store.leases().await?,
            tasks: store.held_tasks(page).await?,
            reservations: store.reservations(at, page).await?,
            waiters: store.waiters(page).await?,
            queue: self.app.queue().state().await,
            counts: store.count_tasks_by_status().await?,
        })
    }

    /// Whether any process that works on tasks is alive.
    pub async fn any_worker(&self) -> Result<bool> {
        let now = self.app.clock().now();
        let processes = self.app.store().processes().await?;
        Ok(processes
            .iter()
            .any(|process| process.slots > 0 && now - process.seen_at < ALIVE))
    }

    /// How many tasks of one class all live workers together work on at a time.
    pub(crate) async fn live_slots(&self) -> Result<i64> {
        let now = self.app.clock().now();
        let processes = self.app.store().processes().await?;
        let alive = processes.iter().filter(|it| now - it.seen_at < ALIVE);
        Ok(alive.map(|process| process.slots).sum())
    }

    /// Takes or renews, for this process, what only one process may do at a time; false while
    /// another one has it. It has to be renewed every third of [`Self::lease_time`].
    pub async fn hold(&self, name: &str) -> Result<bool> {
        let now = self.app.clock().now();
        let until = self.app.clock().later(LEASE);
        self.app
            .store()
            .hold_lease(name, self.app.process_id(), now, until)
            .await
    }

    /// Gives up what this process holds by [`Self::hold`].
    pub async fn give_up(&self, name: &str) -> Result<()> {
        self.app
            .store()
            .release_lease(name, self.app.process_id())
            .await
    }

    /// How long a lease counts without being renewed.
    pub fn lease_time(&self) -> Duration {
        LEASE
    }

    /// Forgets processes that died long ago, and those who wait for a node and have ended.
    pub async fn tidy(&self) -> Result<()> {
        let store = self.app.store();
        let before = self.app.clock().now() - REMEMBERED;
        store.forget_processes(before).await?;
        store.forget_waiters().await?;
        Ok(())
    }

    /// Who holds a node now, and who waits for it, first come first.
    pub async fn reservation(
        &self,
        actor: &Actor,
        node_ref: &str,
    ) -> Result<(Option<Reservation>, Vec<Waiter>)> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let now = self.app.clock().now();
        self.app.store().reservation(node.id, now).await
    }
}

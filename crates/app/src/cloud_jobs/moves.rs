//! Moves instances as they are recorded: tells the cloud once, and finds out what has become of it.

use std::time::Duration;

use assay_domain::cloud::{
    Cloud, CloudError, Instance, InstanceMove, InstanceStatus, Method, Migration, MigrationFilter,
    MigrationStatus, MoveState, Settlement,
};
use assay_domain::{Result, Task};
use chrono::TimeDelta;

use crate::App;
use crate::work::insist;

/// How many instances leave or enter at a time; nova itself lets one live migration out of a host at a
/// time (`max_concurrent_live_migrations`) and queues the others.
const AT_A_TIME: usize = 4;

/// How often the cloud is told in one way before the next one is tried.
const ATTEMPTS: i32 = 2;

/// How long the cloud may take to show a migration that it was told to make.
const SHOWS_WITHIN: TimeDelta = TimeDelta::seconds(60);

/// How many moves ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MoveEnds {
    /// The instance is elsewhere, or gone.
    pub(crate) left: usize,
    /// It is where it was.
    pub(crate) stayed: usize,
    /// It can only be evacuated, for which its host has to be off.
    pub(crate) waiting: usize,
}

/// Moves instances for a task.
pub(crate) struct Mover<'a> {
    app: &'a App,
    task: &'a Task,
    cloud: &'a dyn Cloud,
    /// Whether the host that is left is known to be off.
    host_is_off: bool,
}

impl<'a> Mover<'a> {
    pub(crate) fn new(app: &'a App, task: &'a Task, host_is_off: bool) -> Result<Self> {
        Ok(Self {
            app,
            task,
            cloud: &**app.cloud()?,
            host_is_off,
        })
    }

    /// Makes the moves of a host, in their order, until all have ended, or wait for the host to be off.
    /// What is recorded is read anew each time: somebody may have cancelled them.
    ///
    /// # Errors
    /// When the cloud or the database cannot be asked: the moves go on, and whoever comes next finds
    /// out what has become of them.
    pub(crate) async fn make(&self, source: &str) -> Result<MoveEnds> {
        let pause = self.app.settings().cloud_pace();
        loop {
            let mut ends = MoveEnds::default();
            let moves = moves_from(self.app, self.task, source).await?;
            let sent = |one: &&InstanceMove| one.state == MoveState::Sent;
            let mut at_work = moves.iter().filter(sent).count();
            let mut is_open = false;
            for one in moves {
                let begins = one.state == MoveState::Planned;
                if !self.is_open(&mut ends, &one) {
                    continue;
                }
                is_open = true;
                if begins && at_work >= AT_A_TIME {
                    continue;
                }
                let next = self.step(one).await?;
                at_work += usize::from(begins && next.state == MoveState::Sent);
            }
            if !is_open {
                return Ok(ends);
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Makes one move, which is its task's only one at a time.
    ///
    /// # Errors
    /// As of [`Self::make`].
    pub(crate) async fn make_one(&self, position: i32) -> Result<()> {
        let pause = self.app.settings().cloud_pace();
        loop {
            let moves = self.app.store().instance_moves(&self.task.uuid).await?;
            let one = moves.into_iter().find(|one| one.position == position);
            match one {
                Some(one) if !one.state.is_final() => {
                    if self.step(one).await?.state.is_final() {
                        return Ok(());
                    }
                }
                _ => return Ok(()),
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Ends a move that is not possible any more.
    pub(crate) async fn leave(&self, one: InstanceMove, why: &str) -> Result<()> {
        self.record(one, MoveState::Stayed, why).await.map(drop)
    }

    /// Whether there is something to do about a move; if not, it is counted.
    fn is_open(&self, ends: &mut MoveEnds, one: &InstanceMove) -> bool {
        let waits = !self.host_is_off && one.methods.first() == Some(&Method::Evacuate);
        match one.state {
            MoveState::Moved | MoveState::Gone => ends.left += 1,
            MoveState::Stayed => ends.stayed += 1,
            MoveState::Planned if waits => ends.waiting += 1,
            MoveState::Planned | MoveState::Sent => return true,
        }
        false
    }

    /// One look at a move, and at most one command to the cloud.
    async fn step(&self, one: InstanceMove) -> Result<InstanceMove> {
        let instance = match self.cloud.instances().get(&one.instance_uuid).await {
            Ok(instance) => instance,
            Err(CloudError::NotFound { .. }) => {
                return self.record(one, MoveState::Gone, "it was deleted").await;
            }
            Err(error) => return Err(error.into()),
        };
        match one.state {
            MoveState::Planned => self.tell(one, &instance).await,
            MoveState::Sent => self.look(one, &instance).await,
            MoveState::Moved | MoveState::Stayed | MoveState::Gone => Ok(one),
        }
    }

    async fn tell(&self, mut one: InstanceMove, instance: &Instance) -> Result<InstanceMove> {
        if let Some(host) = elsewhere(&one, instance) {
            let text = format!("it is on {host}");
            return self.record(one, MoveState::Moved, &text).await;
        }
        if let Some(doing) = &instance.task_state {
            return self.wait_for(one, doing).await;
        }
        let Some(&method) = one.methods.first() else {
            let why = one.detail.clone();
            let why = why.unwrap_or_else(|| "nothing that is allowed moves it".to_owned());
            return self.record(one, MoveState::Stayed, &why).await;
        };
        one.after_migration = self.newest_migration(&one).await?.map_or(0, |last| last.id);
        one.attempts += 1;
        let text = format!(
            "{} is told to leave ({})",
            one.instance_name,
            method.as_str()
        );
        let mut one = self.record(one, MoveState::Sent, &text).await?;
        if one.state != MoveState::Sent {
            return Ok(one);
        }
        let (moves, uuid, target) = (
            self.cloud.moves(),
            one.instance_uuid.as_str(),
            one.target.as_deref(),
        );
        let told = match method {
            Method::Live => moves.live_migrate(uuid, target).await,
            Method::Cold => moves.cold_migrate(uuid, target).await,
            Method::Evacuate => moves.evacuate(uuid, target).await,
        };
        match told {
            Ok(()) | Err(CloudError::OutcomeUnknown { .. }) => Ok(one),
            Err(error) if error.is_passing() => {
                one.attempts -= 1;
                self.record(one, MoveState::Planned, &error.to_string())
                    .await?;
                Err(error.into())
            }
            Err(error) => self.failed(one, &error.to_string(), true).await,
        }
    }

    /// Leaves an instance alone that is busy, and gives it up when it stays so.
    async fn wait_for(&self, one: InstanceMove, doing: &str) -> Result<InstanceMove> {
        let text = format!("it is busy: {doing}");
        if one.detail.as_ref() != Some(&text) {
            return self.record(one, MoveState::Planned, &text).await;
        }
        if self.is_overdue(&one) {
            return self.record(one, MoveState::Stayed, &text).await;
        }
        Ok(one)
    }

    /// What has become of a move that the cloud was told to make, or may have been told.
    async fn look(&self, one: InstanceMove, instance: &Instance) -> Result<InstanceMove> {
        let newest = self.newest_migration(&one).await?;
        let Some(ours) = newest.filter(|last| last.id > one.after_migration) else {
            return self.without_migration(one, instance).await;
        };
        if instance.status == InstanceStatus::VerifyResize {
            if instance.task_state.is_none() {
                let settled = self
                    .cloud
                    .moves()
                    .settle(&one.instance_uuid, Settlement::Confirm);
                match settled.await {
                    Ok(()) | Err(CloudError::OutcomeUnknown { .. } | CloudError::Conflict(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            return Ok(one);
        }
        if !ours.status.is_over() || instance.task_state.is_some() {
            if self.is_overdue(&one) {
                return self.abandon(one, &ours).await;
            }
            return Ok(one);
        }
        if ours.status.has_failed() {
            let why = instance.fault.clone();
            let why = why.unwrap_or_else(|| format!("its migration ended: {}", ours.status));
            return self.failed(one, &why, false).await;
        }
        match (elsewhere(&one, instance), &ours.status) {
            (Some(host), _) => {
                let text = format!("it is on {host}");
                self.record(one, MoveState::Moved, &text).await
            }
            // It is about to be settled, or to show its new host.
            (None, MigrationStatus::Finished) => Ok(one),
            (None, _) if !self.is_late(&one) => Ok(one),
            (None, status) => {
                let why = format!("its migration is {status}, and it is where it was");
                self.failed(one, &why, false).await
            }
        }
    }

    /// The cloud shows no migration: it has not made one yet, or was never told.
    async fn without_migration(
        &self,
        one: InstanceMove,
        instance: &Instance,
    ) -> Result<InstanceMove> {
        if let Some(host) = elsewhere(&one, instance) {
            let text = format!("it is on {host}");
            return self.record(one, MoveState::Moved, &text).await;
        }
        if instance.task_state.is_some() || !self.is_late(&one) {
            return Ok(one);
        }
        let why = instance.fault.clone();
        let why = why.unwrap_or_else(|| "the cloud has made no migration of it".to_owned());
        self.failed(one, &why, false).await
    }

    /// Ends a move that takes too long: a live migration is aborted, of which the next look tells the end;
    /// anything else cannot be, and is reported as it is.
    async fn abandon(&self, one: InstanceMove, ours: &Migration) -> Result<InstanceMove> {
        let why = format!("its migration is {} and takes too long", ours.status);
        if one.methods.first() != Some(&Method::Live) {
            return self.record(one, MoveState::Stayed, &why).await;
        }
        let moves = self.cloud.moves();
        match moves.abort_live(&one.instance_uuid, ours.id).await {
            Ok(()) | Err(CloudError::OutcomeUnknown { .. }) => Ok(one),
            Err(error) if error.is_passing() => Err(error.into()),
            Err(_) => self.record(one, MoveState::Stayed, &why).await,
        }
    }

    fn is_overdue(&self, one: &InstanceMove) -> bool {
        let settings = self.app.settings().cloud.clone().unwrap_or_default();
        let age = (self.app.clock().now() - one.changed_at).to_std();
        age.is_ok_and(|age| age > settings.move_limit)
    }

    fn is_late(&self, one: &InstanceMove) -> bool {
        self.app.clock().now() - one.changed_at > SHOWS_WITHIN
    }

    /// Tries again, in the same way or in the next one, or gives the instance up.
    async fn failed(
        &self,
        mut one: InstanceMove,
        why: &str,
        is_refused: bool,
    ) -> Result<InstanceMove> {
        if is_refused || one.attempts >= ATTEMPTS {
            if !one.methods.is_empty() {
                let _ = one.methods.remove(0);
            }
            one.attempts = 0;
        }
        let state = if one.methods.is_empty() {
            MoveState::Stayed
        } else {
            MoveState::Planned
        };
        self.record(one, state, why).await
    }

    async fn record(
        &self,
        mut one: InstanceMove,
        state: MoveState,
        text: &str,
    ) -> Result<InstanceMove> {
        one.state = state;
        one.detail = Some(text.to_owned());
        one.changed_at = self.app.clock().now();
        let store = self.app.store();
        if !insist(self.app, || store.record_move(one.clone())).await? {
            // Somebody has cancelled it.
            one.state = MoveState::Stayed;
            return Ok(one);
        }
        let line = format!("{}: {}: {text}", one.instance_name, state.as_str());
        self.app.tasks().message(self.task, &line).await?;
        Ok(one)
    }

    async fn newest_migration(&self, one: &InstanceMove) -> Result<Option<Migration>> {
        let filter = MigrationFilter {
            instance_uuid: Some(one.instance_uuid.clone()),
            ..MigrationFilter::default()
        };
        let all = self.cloud.moves().migrations(&filter).await?;
        Ok(all.into_iter().max_by_key(|migration| migration.id))
    }
}

/// The moves of a task away from a host.
pub(super) async fn moves_from(app: &App, task: &Task, source: &str) -> Result<Vec<InstanceMove>> {
    let mut moves = app.store().instance_moves(&task.uuid).await?;
    moves.retain(|one| one.source == source);
    Ok(moves)
}

/// The host that an instance is on when it has left the one that it was to leave. One that waits to be
/// settled may go back.
fn elsewhere<'i>(one: &InstanceMove, instance: &'i Instance) -> Option<&'i str> {
    let host = instance.host.as_deref()?;
    let is_settled =
        instance.status != InstanceStatus::VerifyResize && instance.task_state.is_none();
    (host != one.source && is_settled).then_some(host)
}

impl crate::Settings {
    /// How long is waited between two looks at the cloud.
    pub(crate) fn cloud_pace(&self) -> Duration {
        let settings = self.cloud.as_ref();
        settings.map_or(Duration::from_secs(2), |cloud| cloud.poll_interval)
    }
}

//! What becomes of one host, stage by stage. A stage is recorded when it is reached; what a stage does
//! may be done again.

use std::time::Instant;

use assay_domain::cloud::{
    ComputeHost, HostProgress, HostStage, InstanceMove, MoveState, ServiceChange,
};
use assay_domain::{Error, PowerCommand, Result, Task};
use assay_moves::{Board, Emptying, PlannedMove, Ways, empty};

use crate::App;
use crate::work::insist;

use super::moves::moves_from;
use super::{HostOrder, HostWork, Mover, fence, read_cloud};

/// The state of a host, by whether its compute service reports in.
pub(super) fn state(is_up: bool) -> Emptying {
    if is_up {
        Emptying::Alive
    } else {
        Emptying::Dead
    }
}

/// Goes on with a host until it is done or given up.
///
/// # Errors
/// What passes: the task is tried again, and goes on from the recorded stage.
pub(super) async fn run(
    app: &App,
    task: &Task,
    order: &HostOrder,
    row: HostProgress,
) -> Result<HostProgress> {
    let mut job = HostJob {
        app,
        task,
        order,
        row,
    };
    while !job.row.stage.is_final() {
        let next = match job.cancelled_by().await? {
            // What was begun of the moves is followed to its end.
            Some(user) if job.row.stage != HostStage::Moving => {
                Err(Error::Conflict(format!("cancelled by {user}")))
            }
            _ => job.next().await,
        };
        match next {
            Ok(()) => {}
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => {
                job.reach(HostStage::Failed, Some(&error.to_string()))
                    .await?;
            }
        }
    }
    Ok(job.row)
}

/// How many instances of one host a task can move: more than any host has.
const PLACES: i32 = 1_000_000;

struct HostJob<'a> {
    app: &'a App,
    task: &'a Task,
    order: &'a HostOrder,
    row: HostProgress,
}

impl HostJob<'_> {
    /// Does what the present stage asks for.
    async fn next(&mut self) -> Result<()> {
        match self.row.stage {
            HostStage::Waiting => self.close().await,
            HostStage::Moving => self.empty().await,
            HostStage::Emptied if self.order.work == HostWork::Evacuate => {
                self.reach(HostStage::Done, None).await
            }
            HostStage::Emptied => self.reach(HostStage::SwitchingOff, None).await,
            HostStage::SwitchingOff => {
                fence::switch(self.app, &self.row.host, PowerCommand::Off).await?;
                self.reach(HostStage::Off, None).await
            }
            HostStage::Off if self.order.work == HostWork::Restart => {
                self.reach(HostStage::SwitchingOn, None).await
            }
            HostStage::Off => self.reach(HostStage::Done, None).await,
            HostStage::SwitchingOn => self.come_back().await,
            HostStage::Done | HostStage::Failed => Ok(()),
        }
    }

    /// Keeps the scheduler from giving the host more, and plans the moves.
    async fn close(&mut self) -> Result<()> {
        let service = self.service().await?;
        if service.is_enabled {
            let reason = format!(
                "Assay: {} asked for by {}, task {}",
                self.order.work.as_str(),
                self.task.requested_by,
                self.task.uuid
            );
            self.change(&service, ServiceChange::Disable { reason })
                .await?;
        }
        self.reach(HostStage::Moving, None).await
    }

    /// Has all instances leave, those that come late as well: the scheduler may have chosen this host
    /// for them before it was disabled. A host that keeps instances is not switched off.
    async fn empty(&mut self) -> Result<()> {
        loop {
            let planned = self.plan().await?;
            let host = &self.row.host;
            let mut ends = Mover::new(self.app, self.task, false)?.make(host).await?;
            if ends.waiting > 0 {
                self.fence().await?;
                ends = Mover::new(self.app, self.task, true)?.make(host).await?;
            }
            if ends.stayed > 0 {
                let text = format!(
                    "it is not empty: {} instances have left it, {} could not",
                    ends.left, ends.stayed
                );
                return self.reach(HostStage::Failed, Some(&text)).await;
            }
            if planned == 0 {
                return self.reach(HostStage::Emptied, None).await;
            }
        }
    }

    /// Records the moves of instances that are on the host and have none yet; gives how many.
    async fn plan(&self) -> Result<usize> {
        if self.cancelled_by().await?.is_some() {
            return Ok(0);
        }
        let known = moves_from(self.app, self.task, &self.row.host).await?;
        let mut board = Board::new(read_cloud(self.app).await?);
        let service = board.service(&self.row.host);
        let service = service.ok_or_else(|| Error::not_found("Host", &self.row.host))?;
        let is_up = service.is_up && !service.is_forced_down;
        let plan = empty(&mut board, &self.row.host, state(is_up), self.ways(is_up));
        let mut plan = plan.map_err(|obstacle| Error::Conflict(obstacle.to_string()))?;
        plan.retain(|one| {
            let same = |other: &InstanceMove| other.instance_uuid == one.instance_uuid;
            !known.iter().any(same)
        });
        let count = plan.len();
        if count > 0 {
            let moves = self.rows(plan, known.len())?;
            self.say(&format!("{count} instances are to leave")).await?;
            let store = self.app.store();
            insist(self.app, || store.plan_moves(moves.clone())).await?;
        }
        Ok(count)
    }

    /// From a dead host instances can only be evacuated; that is what whoever asks for it wants.
    fn ways(&self, is_up: bool) -> Ways {
        Ways {
            evacuate: self.order.ways.evacuate || (!is_up && self.order.work == HostWork::Evacuate),
            ..self.order.ways
        }
    }

    /// Switches the host off before anything is evacuated from it, so that no instance ever runs twice;
    /// only then is the cloud told that it is down.
    async fn fence(&self) -> Result<()> {
        self.say("it is switched off before instances are built again elsewhere")
            .await?;
        fence::switch(self.app, &self.row.host, PowerCommand::Off).await?;
        self.say("its BMC shows that it is off").await?;
        let service = self.service().await?;
        if !service.is_forced_down {
            self.change(&service, ServiceChange::ForceDown(true))
                .await?;
        }
        Ok(())
    }

    fn rows(&self, plan: Vec<PlannedMove>, known: usize) -> Result<Vec<InstanceMove>> {
        let now = self.app.clock().now();
        let row = |(offset, one): (usize, PlannedMove)| {
            let place = i32::try_from(known + offset).map_err(Error::internal)?;
            Ok(InstanceMove {
                task_uuid: self.task.uuid.clone(),
                // Hosts that are emptied side by side have places of their own.
                position: self.row.position * PLACES + place,
                instance_uuid: one.instance_uuid,
                instance_name: one.instance_name,
                source: self.row.host.clone(),
                target: None,
                methods: one.methods,
                state: MoveState::Planned,
                after_migration: 0,
                attempts: 0,
                detail: one.obstacle,
                changed_at: now,
            })
        };
        plan.into_iter().enumerate().map(row).collect()
    }

    /// Switches the host on, waits for its compute service, and has it get instances again if it did
    /// before.
    async fn come_back(&mut self) -> Result<()> {
        fence::switch(self.app, &self.row.host, PowerCommand::On).await?;
        let settings = self.app.settings();
        let limit = settings.cloud.clone().unwrap_or_default().instance_limit;
        let give_up = Instant::now() + limit;
        let service = loop {
            let service = self.service().await?;
            if service.is_forced_down {
                self.change(&service, ServiceChange::ForceDown(false))
                    .await?;
            } else if service.is_up {
                break service;
            }
            if Instant::now() > give_up {
                return Err(Error::Conflict(format!(
                    "it is on, and its compute service has not come back within {} s",
                    limit.as_secs()
                )));
            }
            tokio::time::sleep(settings.cloud_pace()).await;
        };
        if self.row.was_enabled && !service.is_enabled {
            self.change(&service, ServiceChange::Enable).await?;
        }
        self.reach(HostStage::Done, None).await
    }

    async fn cancelled_by(&self) -> Result<Option<String>> {
        let hosts = self.app.store().job_hosts(&self.task.uuid).await?;
        let mut hosts = hosts.into_iter();
        let row = hosts.find(|row| row.position == self.row.position);
        Ok(row.and_then(|row| row.cancelled_by))
    }

    async fn service(&self) -> Result<ComputeHost> {
        let services = self.app.cloud()?.hosts().hosts().await?;
        let mut services = services.into_iter();
        let service = services.find(|service| service.name == self.row.host);
        service.ok_or_else(|| Error::not_found("Host", &self.row.host))
    }

    async fn change(&self, service: &ComputeHost, change: ServiceChange) -> Result<()> {
        let hosts = self.app.cloud()?.hosts();
        Ok(hosts.change(&service.service_id, &change).await?)
    }

    async fn reach(&mut self, stage: HostStage, detail: Option<&str>) -> Result<()> {
        self.row.stage = stage;
        self.row.detail = detail.map(str::to_owned);
        self.row.changed_at = self.app.clock().now();
        let (store, row) = (self.app.store(), &self.row);
        insist(self.app, || store.advance_host(row.clone())).await?;
        let stage = stage.as_str();
        let text = detail.map_or_else(|| stage.to_owned(), |why| format!("{stage}: {why}"));
        self.say(&text).await
    }

    async fn say(&self, text: &str) -> Result<()> {
        let line = format!("{}: {text}", self.row.host);
        self.app.tasks().message(self.task, &line).await
    }
}

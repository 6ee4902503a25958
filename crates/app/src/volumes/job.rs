//! A task's work on one volume. LVM does it by itself once it was begun: the task follows, and whoever
//! takes it over looks first. What it has begun stands in its progress.

use std::time::Duration;

use assay_domain::volume::{ExtentMove, LogicalVolume, VolumeAction, VolumeGroup};
use assay_domain::{DriverError, Error, Node, Result, Task, TaskMessage};
use assay_hosts::Lvm;
use chrono::TimeDelta;
use serde_json::json;

use super::{Order, VolumeBackend};
use crate::App;
use crate::node_guard::NodeGuard;
use crate::work::{Outcome, payload};

/// What stands in the progress of a task that was told to stop, before the user's name.
pub(super) const STOPPED_BY: &str = "told to stop by ";
/// What stands there once LVM has begun.
const BEGUN: &str = "LVM has begun ";
/// What stands there before it was told to.
const ASKED: &str = "LVM is asked ";

/// How long it is waited between two looks: first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));
/// How often a move is seen that has copied all before LVM is told to end it.
const SEEN_WHOLE: u32 = 5;
/// How long a host may be away while it copies.
const AWAY: TimeDelta = TimeDelta::minutes(15);
/// How often it is looked whether it is back.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// What is said meanwhile.
const WAITING: &str = "the host does not answer; what LVM has begun goes on there";

/// Whether a task has told LVM to do something, as its progress tells.
pub(super) fn has_begun(said: &[TaskMessage]) -> bool {
    let mut said = said.iter();
    said.any(|line| line.text.starts_with(BEGUN) || line.text.starts_with(ASKED))
}

/// Runs one attempt.
pub(super) async fn run(app: &App, task: &Task) -> Result<Outcome> {
    let order: Order = payload(task, "order")?;
    let mut backends = app.settings().volume_backends.iter();
    let backend = backends.find(|backend| backend.name == order.backend);
    let backend = backend.ok_or_else(|| {
        Error::conflict(format!(
            "volume backend {} is not configured any more",
            order.backend
        ))
    })?;
    let host = app.volumes().host_of(backend).await?;
    let attempt = attempt(app, task, &order, backend, &host).await;
    let Err(error) = attempt else {
        return attempt;
    };
    let said = app.store().task_messages(task.id).await?;
    if !is_away(&error) || !has_begun(&said) {
        return Err(error);
    }
    let last = said.last().map_or(task.created_at, |line| line.at);
    if app.clock().now() - last > AWAY {
        return Err(Error::conflict(format!(
            "outcome unknown: the host was away for {} minutes, and what LVM has begun may go on there: {error}",
            AWAY.num_minutes()
        )));
    }
    Ok(Outcome::Postponed(LOOK_AGAIN, WAITING.to_owned()))
}

fn is_away(error: &Error) -> bool {
    matches!(
        error,
        Error::Device(
            DriverError::Unreachable { .. }
                | DriverError::TimedOut { .. }
                | DriverError::Failed { .. }
        )
    )
}

async fn attempt(
    app: &App,
    task: &Task,
    order: &Order,
    backend: &VolumeBackend,
    host: &Node,
) -> Result<Outcome> {
    let shell = app.volumes().open(host).await?;
    let job = Job {
        app,
        task,
        order,
        group: &backend.vg_name,
        lvm: Lvm::new(shell.as_ref()),
    };
    let done = job.go(host.id).await;
    shell.close().await;
    done
}

struct Job<'a> {
    app: &'a App,
    task: &'a Task,
    order: &'a Order,
    /// The name of the volume group.
    group: &'a str,
    lvm: Lvm<'a>,
}

/// What is still to be done when LVM was told.
enum Begun {
    /// Nothing; whether it was changed.
    Done(bool),
    /// It is to be followed.
    Follow,
}

impl Job<'_> {
    /// The node is held while LVM is told, and free while it copies: that lasts, and outlasts a restart.
    async fn go(&self, node_id: i64) -> Result<Outcome> {
        let guard = NodeGuard::take(self.app, node_id, self.task, "action on a volume").await?;
        let begun = self.begin().await;
        guard.release().await?;
        match begun? {
            Begun::Done(changed) => Ok(done(changed)),
            Begun::Follow => self.follow().await,
        }
    }

    async fn begin(&self) -> Result<Begun> {
        let (group, volume) = self.look().await?;
        match &self.order.action {
            VolumeAction::Mirror(mirrors) => self.begin_mirror(&volume, *mirrors).await,
            VolumeAction::Migrate {
                source,
                destination,
            } => {
                let destination = destination.as_deref();
                self.begin_move(&group, &volume, source, destination).await
            }
        }
    }

    async fn begin_mirror(&self, volume: &LogicalVolume, mirrors: u32) -> Result<Begun> {
        let has_begun = self.has_begun().await?;
        if volume.copies == mirrors + 1 {
            return Ok(if is_whole(volume) {
                Begun::Done(has_begun)
            } else {
                Begun::Follow
            });
        }
        let (before, name) = (volume.copies - 1, &volume.name);
        self.say(&format!(
            "{ASKED}for {mirrors} mirrors of {name}, which has {before}"
        ))
        .await?;
        let has_some = before > 0;
        self.lvm.mirror(self.group, name, mirrors, has_some).await?;
        self.say(&format!("{BEGUN}to have {mirrors} mirrors"))
            .await?;
        Ok(Begun::Follow)
    }

    async fn begin_move(
        &self,
        group: &VolumeGroup,
        volume: &LogicalVolume,
        source: &str,
        destination: Option<&str>,
    ) -> Result<Begun> {
        let name = &volume.name;
        if let Some(pool) = &volume.pool {
            return Err(Error::conflict(format!(
                "{name} is thin: what it holds lies in {pool}, with that of other volumes"
            )));
        }
        if let Some(other) = carrier(group, volume) {
            if other.source != source {
                let from = &other.source;
                return Err(Error::conflict(format!(
                    "{name} is being moved from {from}"
                )));
            }
            self.say(&format!(
                "{BEGUN}before, and still moves {name} from {source}"
            ))
            .await?;
            self.lvm.resume_move(name, source, destination).await?;
            return Ok(Begun::Follow);
        }
        if !volume.on.contains(source) {
            return self.end_of_move(volume, source, destination).await;
        }
        if self.is_stopped().await? {
            return Ok(Begun::Follow);
        }
        if group.move_from(source).is_some() {
            let text = format!("LVM moves another volume from {source}, and one at a time");
            return Err(Error::conflict(text));
        }
        if self.has_said(BEGUN).await? {
            return Err(broken_off(name, source));
        }
        let to = destination.map_or_else(String::new, |pv| format!(" to {pv}"));
        self.say(&format!("{ASKED}to move {name} from {source}{to}"))
            .await?;
        self.lvm.begin_move(name, source, destination).await?;
        self.say(&format!("{BEGUN}to move {name}")).await?;
        Ok(Begun::Follow)
    }

    /// What has become of a volume that has nothing on the disk that it was to leave.
    async fn end_of_move(
        &self,
        volume: &LogicalVolume,
        source: &str,
        destination: Option<&str>,
    ) -> Result<Begun> {
        match destination.filter(|pv| !volume.on.contains(*pv)) {
            None => Ok(Begun::Done(self.has_begun().await?)),
            Some(pv) => Err(Error::conflict(format!(
                "{} has nothing on {source}, and nothing on {pv}",
                volume.name
            ))),
        }
    }

    /// Looks again and again until LVM is done, and says how far it is.
    async fn follow(&self) -> Result<Outcome> {
        let (mut pause, longest) = PAUSES;
        let (mut told, mut whole) = (None, 0);
        loop {
            if let Some(stopped) = self.stop_if_told().await? {
                return Ok(stopped);
            }
            let (group, volume) = self.look().await?;
            let percent = match &self.order.action {
                VolumeAction::Mirror(mirrors) => match mirrored(&volume, *mirrors)? {
                    None => return Ok(done(true)),
                    Some(percent) => Some(percent),
                },
                VolumeAction::Migrate {
                    source,
                    destination,
                } => {
                    let Some(carrier) = carrier(&group, &volume) else {
                        return self
                            .after_move(&volume, source, destination.as_deref())
                            .await;
                    };
                    if carrier.percent.is_some_and(|percent| percent >= 100.0) {
                        whole += 1;
                        if whole % SEEN_WHOLE == 0 {
                            let destination = destination.as_deref();
                            let name = &volume.name;
                            self.lvm.resume_move(name, source, destination).await?;
                        }
                    }
                    carrier.percent
                }
            };
            let percent = percent.map(|percent| format!("{percent:.0} % is copied"));
            if let Some(text) = percent.filter(|text| told.as_ref() != Some(text)) {
                self.say(&text).await?;
                told = Some(text);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(longest);
        }
    }

    async fn after_move(
        &self,
        volume: &LogicalVolume,
        source: &str,
        destination: Option<&str>,
    ) -> Result<Outcome> {
        if volume.on.contains(source) {
            return Err(broken_off(&volume.name, source));
        }
        self.end_of_move(volume, source, destination).await?;
        Ok(done(true))
    }

    /// Breaks a move off that somebody has told to stop. One that has come to its end stays done.
    async fn stop_if_told(&self) -> Result<Option<Outcome>> {
        let VolumeAction::Migrate { source, .. } = &self.order.action else {
            return Ok(None);
        };
        if !self.is_stopped().await? {
            return Ok(None);
        }
        let (group, volume) = self.look().await?;
        if carrier(&group, &volume).is_some() {
            self.lvm.abort_move(source).await?;
        }
        let (_, volume) = self.look().await?;
        if !volume.on.contains(source) {
            self.say("it was done before it could be stopped").await?;
            return Ok(None);
        }
        self.say(&format!("{} stays on {source}", volume.name))
            .await?;
        Ok(Some(Outcome::Cancelled(json!({ "changed": false }))))
    }

    async fn look(&self) -> Result<(VolumeGroup, LogicalVolume)> {
        let group = self.lvm.group(self.group).await?;
        let volume = group.volume(&self.order.uuid).cloned();
        let volume = volume.ok_or_else(|| {
            Error::conflict(format!("{} is not there any more", self.order.volume))
        })?;
        Ok((group, volume))
    }

    async fn say(&self, text: &str) -> Result<()> {
        self.app.tasks().message(self.task, text).await
    }

    async fn has_said(&self, beginning: &str) -> Result<bool> {
        let said = self.app.store().task_messages(self.task.id).await?;
        Ok(said.iter().any(|line| line.text.starts_with(beginning)))
    }

    async fn has_begun(&self) -> Result<bool> {
        self.has_said(ASKED).await
    }

    async fn is_stopped(&self) -> Result<bool> {
        self.has_said(STOPPED_BY).await
    }
}

fn done(changed: bool) -> Outcome {
    Outcome::Done(json!({ "changed": changed }))
}

fn broken_off(name: &str, source: &str) -> Error {
    Error::conflict(format!(
        "the move was broken off on the host: {name} is still on {source}"
    ))
}

/// The move that carries a volume.
fn carrier<'a>(group: &'a VolumeGroup, volume: &LogicalVolume) -> Option<&'a ExtentMove> {
    let mut moves = group.moves.iter();
    moves.find(|one| one.volumes.contains(&volume.uuid))
}

fn is_whole(volume: &LogicalVolume) -> bool {
    volume.synced.is_none_or(|percent| percent >= 100.0)
}

/// How much is copied to a volume's mirrors; none when all is.
fn mirrored(volume: &LogicalVolume, mirrors: u32) -> Result<Option<f64>> {
    let name = &volume.name;
    if volume.copies != mirrors + 1 {
        let has = volume.copies - 1;
        return Err(Error::conflict(format!(
            "{name} has {has} mirrors: something else was done with it meanwhile"
        )));
    }
    if let Some(trouble) = &volume.trouble {
        return Err(Error::conflict(format!(
            "{name} has {mirrors} mirrors, and LVM says: {trouble}"
        )));
    }
    Ok(volume.synced.filter(|_| !is_whole(volume)))
}

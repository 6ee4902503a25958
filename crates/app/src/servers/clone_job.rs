//! One copy of an instance, stage by stage. What the cloud is told to make is recorded before it is
//! told, and carries a mark by which it is found again when the answer or the worker is lost.

use std::collections::BTreeMap;

use assay_domain::cloud::{
    CloneProgress, CloneStage, Cloud, CloudError, InstanceStatus, InstanceVolume, Making,
    NewInstance, NewVolume, VolumeStatus, Volumes,
};
use assay_domain::{Error, Result, Task, Timestamp};

use crate::App;
use crate::cloud_settings::CloudSettings;
use crate::work::insist;

/// The note that tells by which task, and as which of its copies, something was made.
pub(super) const MARK: &str = "assay.task";

/// A task's work on one copy.
pub(super) struct CloneJob<'a> {
    pub(super) app: &'a App,
    pub(super) cloud: &'a dyn Cloud,
    pub(super) task: &'a Task,
    pub(super) template: &'a NewInstance,
    pub(super) settings: &'a CloudSettings,
    pub(super) row: CloneProgress,
}

impl<'a> CloneJob<'a> {
    /// Goes on with the copy until it runs or is given up.
    ///
    /// # Errors
    /// What passes: the task is tried again, and goes on from what is recorded.
    pub(super) async fn run(mut self) -> Result<()> {
        while !self.row.stage.is_final() {
            let next = match self.row.stage {
                CloneStage::Waiting => self.begin().await,
                CloneStage::Copying => self.copy_volumes().await,
                CloneStage::Building => self.build().await,
                CloneStage::Removing => self.remove().await,
                CloneStage::Done | CloneStage::Failed => Ok(()),
            };
            match next {
                Ok(()) => {}
                Err(error) if error.is_passing() && !self.is_late() => return Err(error),
                Err(error) => self.give_up(&error).await?,
            }
        }
        Ok(())
    }

    async fn begin(&mut self) -> Result<()> {
        self.check_wanted().await?;
        if let Some(key) = self.template.key.as_ref().filter(|key| !key.is_own) {
            let text = format!("it gets no key pair: {} belongs to another user", key.name);
            self.say(&text).await?;
        }
        self.reach(CloneStage::Copying, None).await
    }

    /// Has all volumes copied, side by side.
    async fn copy_volumes(&mut self) -> Result<()> {
        for place in 0..self.row.volumes.len() {
            self.ask_for_volume(place).await?;
        }
        for place in 0..self.row.volumes.len() {
            self.await_volume(place).await?;
        }
        self.reach(CloneStage::Building, None).await
    }

    async fn ask_for_volume(&mut self, place: usize) -> Result<()> {
        let volumes = self.volumes()?;
        loop {
            let volume = &self.row.volumes[place];
            if volume.making.id.is_some() {
                return Ok(());
            }
            if let Some(id) = self.find_volume(place).await? {
                return self.volume_is(place, id).await;
            }
            self.check_wanted().await?;
            if self.may_still_come(&volume.making) {
                self.pause().await;
                continue;
            }
            let source = volumes.get(&volume.copy_of).await?;
            let new = NewVolume {
                name: volume.name.clone(),
                project_id: self.template.project_id.clone(),
                copy_of: volume.copy_of.clone(),
                size_gb: source.size_gb,
                notes: [(MARK.to_owned(), mark(&self.row))].into(),
            };
            self.row.volumes[place].making.asked_at = Some(self.now());
            self.record().await?;
            match volumes.copy(&new).await {
                Ok(made) => return self.volume_is(place, made.id).await,
                Err(error @ CloudError::OutcomeUnknown { .. }) => {
                    self.say(&error.to_string()).await?;
                }
                Err(error) => {
                    self.row.volumes[place].making.asked_at = None;
                    self.record().await?;
                    return Err(error.into());
                }
            }
        }
    }

    async fn volume_is(&mut self, place: usize, id: String) -> Result<()> {
        let copy_of = &self.row.volumes[place].copy_of;
        let text = format!("volume {copy_of} is copied as volume {id}");
        self.row.volumes[place].making.id = Some(id);
        self.record().await?;
        self.say(&text).await
    }

    async fn await_volume(&self, place: usize) -> Result<()> {
        let volume = &self.row.volumes[place];
        let Some(id) = &volume.making.id else {
            return Err(Error::internal("a copy of a volume has no id"));
        };
        loop {
            let status = self.volumes()?.get(id).await?.status;
            match status {
                VolumeStatus::Available => return Ok(()),
                VolumeStatus::Error => {
                    return Err(Error::conflict(format!(
                        "volume {id}, the copy of volume {}, has ended in error",
                        volume.copy_of
                    )));
                }
                _ => {}
            }
            self.check_wanted().await?;
            if self.is_late() {
                return Err(self.took_too_long(&format!("volume {id} is still {status}")));
            }
            self.pause().await;
        }
    }

    /// Has the instance built, and waits until it runs.
    async fn build(&mut self) -> Result<()> {
        self.ask_for_server().await?;
        let Some(id) = self.row.server.id.clone() else {
            return Err(Error::internal("a copy of an instance has no id"));
        };
        loop {
            let instance = self.cloud.instances().get(&id).await?;
            match instance.status {
                InstanceStatus::Active if instance.task_state.is_none() => {
                    return self.reach(CloneStage::Done, None).await;
                }
                InstanceStatus::Error | InstanceStatus::Deleted => {
                    let why = instance
                        .fault
                        .map_or_else(String::new, |why| format!(": {why}"));
                    return Err(Error::conflict(format!(
                        "instance {id} is {}{why}",
                        instance.status
                    )));
                }
                _ => {}
            }
            self.check_wanted().await?;
            if self.is_late() {
                let text = format!("instance {id} is still {}", instance.status);
                return Err(self.took_too_long(&text));
            }
            self.pause().await;
        }
    }

    async fn ask_for_server(&mut self) -> Result<()> {
        loop {
            if self.row.server.id.is_some() {
                return Ok(());
            }
            if let Some(id) = self.find_servers().await?.into_iter().next() {
                return self.server_is(id).await;
            }
            self.check_wanted().await?;
            if self.may_still_come(&self.row.server) {
                self.pause().await;
                continue;
            }
            let new = self.new_server();
            self.row.server.asked_at = Some(self.now());
            self.record().await?;
            match self.cloud.instances().create(&new).await {
                Ok(id) => return self.server_is(id).await,
                Err(error @ CloudError::OutcomeUnknown { .. }) => {
                    self.say(&error.to_string()).await?;
                }
                Err(error) => {
                    self.row.server.asked_at = None;
                    self.record().await?;
                    return Err(error.into());
                }
            }
        }
    }

    async fn server_is(&mut self, id: String) -> Result<()> {
        let text = format!("it is built as instance {id}");
        self.row.server.id = Some(id);
        self.record().await?;
        self.say(&text).await
    }

    /// The original with copies in place of its volumes.
    fn new_server(&self) -> NewInstance {
        let mut new = self.template.clone();
        new.name.clone_from(&self.row.name);
        new.metadata.insert(MARK.to_owned(), mark(&self.row));
        let of_original = |copy_of: &str| new.volumes.iter().find(|volume| volume.id == copy_of);
        let volumes = self.row.volumes.iter().map(|volume| InstanceVolume {
            id: volume.making.id.clone().unwrap_or_default(),
            is_deleted_with_instance: of_original(&volume.copy_of)
                .is_some_and(|original| original.is_deleted_with_instance),
        });
        new.volumes = volumes.collect();
        new
    }

    pub(super) async fn find_volume(&self, place: usize) -> Result<Option<String>> {
        let name = &self.row.volumes[place].name;
        let found = self.volumes()?.named(&self.template.project_id, name);
        let mut found = found.await?.into_iter();
        let made = found.find(|volume| self.is_marked(&volume.notes));
        Ok(made.map(|volume| volume.id))
    }

    pub(super) async fn find_servers(&self) -> Result<Vec<String>> {
        // What follows the original's own name has no character that means something in a pattern.
        let cut = self.row.name.rfind("-clone-").unwrap_or_default();
        let project = &self.template.project_id;
        let found = self.cloud.notes().named(project, &self.row.name[cut..]);
        let found = found.await?.into_iter();
        let made = found.filter(|it| it.name == self.row.name && self.is_marked(&it.notes));
        Ok(made.map(|instance| instance.uuid).collect())
    }

    fn is_marked(&self, notes: &BTreeMap<String, String>) -> bool {
        notes.get(MARK) == Some(&mark(&self.row))
    }

    /// Whether a request whose answer was lost may still be on its way: no longer than any request.
    pub(super) fn may_still_come(&self, making: &Making) -> bool {
        let age = making.asked_at.map(|at| (self.now() - at).to_std());
        age.is_some_and(|age| age.unwrap_or_default() < self.settings.timeout)
    }

    /// Whether the present stage has taken longer than it may.
    pub(super) fn is_late(&self) -> bool {
        let limit = match self.row.stage {
            CloneStage::Copying => self.settings.copy_limit,
            _ => self.settings.instance_limit,
        };
        let age = (self.now() - self.row.changed_at).to_std();
        age.is_ok_and(|age| age > limit)
    }

    pub(super) fn took_too_long(&self, what: &str) -> Error {
        let since = (self.now() - self.row.changed_at).num_seconds();
        Error::conflict(format!("{what} after {since} s"))
    }

    /// # Errors
    /// [`Error::Conflict`] when somebody has asked for the work to stop.
    async fn check_wanted(&self) -> Result<()> {
        let rows = self.app.store().clones(&self.task.uuid).await?;
        let mut rows = rows.into_iter();
        let row = rows.find(|row| row.position == self.row.position);
        match row.and_then(|row| row.cancelled_by) {
            Some(user) => Err(Error::conflict(format!("cancelled by {user}"))),
            None => Ok(()),
        }
    }

    pub(super) fn volumes(&self) -> Result<&'a dyn Volumes> {
        let none = || Error::Unsupported("the cloud has no volumes".to_owned());
        self.cloud.volumes().ok_or_else(none)
    }

    fn now(&self) -> Timestamp {
        self.app.clock().now()
    }

    pub(super) async fn pause(&self) {
        tokio::time::sleep(self.app.settings().cloud_pace()).await;
    }

    pub(super) async fn reach(&mut self, stage: CloneStage, detail: Option<String>) -> Result<()> {
        self.row.stage = stage;
        self.row.detail = detail;
        self.row.changed_at = self.now();
        self.record().await?;
        let (stage, detail) = (stage.as_str(), self.row.detail.as_deref());
        let text = detail.map_or_else(|| stage.to_owned(), |why| format!("{stage}: {why}"));
        self.say(&text).await
    }

    /// Writes down how far the copy is.
    pub(super) async fn record(&self) -> Result<()> {
        let (store, row) = (self.app.store(), &self.row);
        insist(self.app, || store.advance_clone(row.clone())).await
    }

    pub(super) async fn say(&self, text: &str) -> Result<()> {
        let line = format!("{}: {text}", self.row.name);
        self.app.tasks().message(self.task, &line).await
    }
}

/// What is noted on whatever is made for a copy.
pub(super) fn mark(row: &CloneProgress) -> String {
    format!("{}:{}", row.task_uuid, row.position)
}

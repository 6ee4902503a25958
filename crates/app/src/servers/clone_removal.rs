//! A copy of an instance that is given up: what was made of it goes, and what cannot go is named.

use assay_domain::cloud::{
    CloneProgress, CloneStage, CloudError, InstanceStatus, Making, VolumeStatus,
};
use assay_domain::{Error, Result};

use super::clone_job::{CloneJob, MARK, mark};

impl CloneJob<'_> {
    /// Removes what was made: the instance before its volumes, which cannot go while they are its.
    pub(super) async fn remove(&mut self) -> Result<()> {
        while self.may_have(&self.row.server).await? {
            let found = match self.row.server.id.clone() {
                Some(id) => vec![id],
                None => self.find_servers().await?,
            };
            for id in &found {
                self.remove_server(id).await?;
            }
            if !found.is_empty() || !self.may_still_come(&self.row.server) {
                self.row.server = Making::default();
            }
            self.record().await?;
        }
        for place in 0..self.row.volumes.len() {
            while self.may_have(&self.row.volumes[place].making).await? {
                let found = match self.row.volumes[place].making.id.clone() {
                    Some(id) => Some(id),
                    None => self.find_volume(place).await?,
                };
                if let Some(id) = &found {
                    self.remove_volume(id).await?;
                }
                let making = &self.row.volumes[place].making;
                if found.is_some() || !self.may_still_come(making) {
                    self.row.volumes[place].making = Making::default();
                }
                self.record().await?;
            }
        }
        self.reach(CloneStage::Failed, self.row.detail.clone())
            .await
    }

    /// Whether there may be something to remove; waits a moment where an answer was lost.
    async fn may_have(&self, making: &Making) -> Result<bool> {
        if making.id.is_none() && making.asked_at.is_some() {
            self.pause().await;
        }
        Ok(making.id.is_some() || making.asked_at.is_some())
    }

    async fn remove_server(&self, id: &str) -> Result<()> {
        let instances = self.cloud.instances();
        let mut is_told = false;
        loop {
            match instances.get(id).await {
                Err(CloudError::NotFound { .. }) => break,
                Ok(instance) if instance.status == InstanceStatus::Deleted => break,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            if !is_told {
                is_told = self.told(instances.delete(id).await).await?;
            }
            self.check_time(&format!("instance {id} does not go"))
                .await?;
        }
        self.say(&format!("instance {id} is removed")).await
    }

    async fn remove_volume(&self, id: &str) -> Result<()> {
        let volumes = self.volumes()?;
        loop {
            match volumes.get(id).await.map(|volume| volume.status) {
                Err(CloudError::NotFound { .. }) => break,
                // Cinder deletes what is made, and what has failed.
                Ok(VolumeStatus::Available | VolumeStatus::Error | VolumeStatus::ErrorDeleting) => {
                    self.told(volumes.delete(id).await).await?;
                }
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            self.check_time(&format!("volume {id} does not go")).await?;
        }
        self.say(&format!("volume {id} is removed")).await
    }

    /// Whether the cloud has taken a deletion; one of which nobody knows is looked after.
    async fn told(&self, answer: Result<(), CloudError>) -> Result<bool> {
        match answer {
            Ok(()) | Err(CloudError::NotFound { .. }) => Ok(true),
            Err(error) if error.is_passing() => Err(error.into()),
            Err(error) => {
                self.say(&error.to_string()).await?;
                Ok(false)
            }
        }
    }

    async fn check_time(&self, what: &str) -> Result<()> {
        if self.is_late() {
            return Err(self.took_too_long(what));
        }
        self.pause().await;
        Ok(())
    }

    /// Stops with this copy: what is made of it goes, and what cannot go is named.
    pub(super) async fn give_up(&mut self, error: &Error) -> Result<()> {
        match self.row.stage {
            CloneStage::Waiting => {
                self.reach(CloneStage::Failed, Some(error.to_string()))
                    .await
            }
            CloneStage::Removing => {
                let before = self.row.detail.clone().unwrap_or_default();
                let left = left(&self.row);
                let text = format!("{before}; removing it failed: {error}; left are {left}");
                self.reach(CloneStage::Failed, Some(text)).await
            }
            _ => {
                self.reach(CloneStage::Removing, Some(error.to_string()))
                    .await
            }
        }
    }
}

/// What is known to be left of a copy, by name.
pub(super) fn left(row: &CloneProgress) -> String {
    let server = row.server.id.iter().map(|id| format!("instance {id}"));
    let volumes = row.volumes.iter();
    let volumes =
        volumes.filter_map(|volume| Some(format!("volume {}", volume.making.id.as_ref()?)));
    let all: Vec<String> = server.chain(volumes).collect();
    if all.is_empty() {
        return format!("perhaps things that are noted as {MARK} {}", mark(row));
    }
    all.join(", ")
}

//! Copies of an instance with copies of its volumes: what is to be made, and the task that makes it.

use assay_domain::cloud::{CloneProgress, CloneStage, CloneVolume, Cloud, Making, NewInstance};
use assay_domain::{Actor, Error, Result, Role, Task, TaskKind};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::work::{Outcome, payload};

use super::Servers;
use super::clone_job::CloneJob;
use super::clone_removal::left;

/// The most copies that one task makes.
const MOST: u32 = 50;
/// What stands between the name of the original and the number of its copy.
const INFIX: &str = "-clone-";
/// The longest name that the cloud takes, in characters, and what its number may take of that.
const LONGEST_NAME: usize = 255;
const NUMBER_ROOM: usize = 20;

impl Servers<'_> {
    /// Has copies of an instance made, with copies of its volumes; gives the UUID of the task that
    /// makes them.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a count that is not within 1 to 50; [`Error::NotFound`] for an unknown
    /// instance; [`Error::Conflict`] for one that cannot be copied; [`Error::Unavailable`] when no cloud
    /// is configured, or it does not answer.
    pub async fn begin_clones(&self, actor: &Actor, uuid: &str, count: u32) -> Result<String> {
        actor.require(Role::Operator)?;
        let cloud = self.app.cloud()?;
        if !(1..=MOST).contains(&count) {
            return Err(Error::invalid(format!(
                "count: {count} is not within 1 to {MOST}"
            )));
        }
        let uuid = Uuid::parse_str(uuid).map_err(|_| Error::not_found("Instance", uuid))?;
        let uuid = uuid.to_string();
        let template = cloud.instances().template(&uuid).await?;
        check(&uuid, &template)?;
        let names = self.free_names(&**cloud, &template, count).await?;
        let kind = TaskKind::ServerClone;
        let payload = json!({ "server": uuid, "template": template });
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let (task_uuid, now) = (task.uuid.clone(), self.app.clock().now());
        let clones = names.into_iter().zip(1..).map(|(name, position)| {
            let volumes = template.volumes.iter().zip(1..);
            CloneProgress {
                task_uuid: task_uuid.clone(),
                position,
                volumes: volumes
                    .map(|(volume, number)| CloneVolume {
                        copy_of: volume.id.clone(),
                        name: format!("{name}-{number}"),
                        making: Making::default(),
                    })
                    .collect(),
                name,
                stage: CloneStage::Waiting,
                server: Making::default(),
                cancelled_by: None,
                detail: None,
                changed_at: now,
            }
        });
        let store = self.app.store();
        store.create_clone_job(task, clones.collect(), now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, instance = uuid, count, task = task_uuid, "copies of an instance accepted");
        Ok(task_uuid)
    }

    /// The first names that no instance of the project has or is about to get.
    async fn free_names(
        &self,
        cloud: &dyn Cloud,
        template: &NewInstance,
        count: u32,
    ) -> Result<Vec<String>> {
        let known = cloud.notes().named(&template.project_id, INFIX).await?;
        let planned = self.app.store().clone_names().await?;
        let room = LONGEST_NAME - INFIX.len() - NUMBER_ROOM;
        let base: String = template.name.chars().take(room).collect();
        let names = (1..).map(|number: u32| format!("{base}{INFIX}{number}"));
        let is_free = |name: &String| {
            !planned.contains(name) && !known.iter().any(|instance| instance.name == *name)
        };
        Ok(names.filter(is_free).take(count as usize).collect())
    }

    /// A worker's part of [`Self::begin_clones`]: one copy after the other. One that fails is removed,
    /// and the next one is made all the same.
    ///
    /// # Errors
    /// What passes: the task goes on later.
    pub async fn run_clones(&self, task: &Task) -> Result<Outcome> {
        let template: NewInstance = payload(task, "template")?;
        let source: String = payload(task, "server")?;
        let settings = self.settings();
        for row in self.app.store().clones(&task.uuid).await? {
            let job = CloneJob {
                app: self.app,
                cloud: &**self.app.cloud()?,
                task,
                template: &template,
                settings: &settings,
                row,
            };
            job.run().await?;
        }
        let rows = self.app.store().clones(&task.uuid).await?;
        let result = json!({
            "server": source,
            "clones": rows.iter().map(shown).collect::<Vec<_>>(),
        });
        let failed = |row: &&CloneProgress| row.stage == CloneStage::Failed;
        let Some(first) = rows.iter().find(failed) else {
            return Ok(Outcome::Done(result));
        };
        if first.cancelled_by.is_some() {
            return Ok(Outcome::Cancelled(result));
        }
        let error = Error::Conflict(format!(
            "{} of {} clones failed; {}: {}",
            rows.iter().filter(failed).count(),
            rows.len(),
            first.name,
            first.detail.as_deref().unwrap_or("it was given up")
        ));
        Ok(Outcome::Failed(error, result))
    }

    /// Says what is left of the copies of a task that was given up because its workers died.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn clones_given_up(&self, task: &Task) -> Result<()> {
        for row in self.app.store().clones(&task.uuid).await? {
            if row.stage.is_final() || row.stage == CloneStage::Waiting {
                continue;
            }
            let text = format!("{}: given up; left are {}", row.name, left(&row));
            self.app.tasks().message(task, &text).await?;
        }
        Ok(())
    }
}

fn check(uuid: &str, template: &NewInstance) -> Result<()> {
    if template.image_id.is_none() && template.volumes.is_empty() {
        return Err(Error::conflict(format!(
            "instance {uuid} has neither an image nor a volume to boot from"
        )));
    }
    match &template.key {
        Some(key) if !key.is_own && template.image_id.is_some() => Err(Error::conflict(format!(
            "instance {uuid} boots from an image with the key pair {}, which Assay's user of the cloud does not have: nobody could log in to a clone",
            key.name
        ))),
        _ => Ok(()),
    }
}

/// A copy as the task's result tells it.
fn shown(row: &CloneProgress) -> Value {
    let volumes = row.volumes.iter();
    let volumes: Vec<Value> = volumes
        .map(|volume| {
            json!({"id": volume.making.id, "name": volume.name, "copy_of": volume.copy_of})
        })
        .collect();
    json!({
        "name": row.name,
        "id": row.server.id,
        "volumes": volumes,
        "status": row.stage.as_str(),
        "detail": row.detail,
    })
}

//! Use cases of dead letters: seeing, redelivering and discarding what nobody could do.

use assay_domain::{
    Actor, DeadLetter, Error, Event, Introspection, IntrospectionState, Page, PowerActionState,
    Result, Role, Task, TaskKind, introspection,
};
use assay_store::Revival;

use crate::App;
use crate::work::payload_id;

/// Dead letters.
pub struct DeadLetters<'a> {
    app: &'a App,
}

impl<'a> DeadLetters<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of all dead letters, newest first.
    pub async fn list(&self, actor: &Actor, page: Page) -> Result<Vec<DeadLetter>> {
        actor.require(Role::Observer)?;
        self.app.store().list_dead_letters(page).await
    }

    /// One dead letter.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<DeadLetter> {
        actor.require(Role::Observer)?;
        self.by_id(id).await
    }

    /// Forgets a dead letter; its task stays as it is.
    pub async fn discard(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_dead_letter(id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, dead_letter = id, "dead letter discarded");
        Ok(())
    }

    /// Gives the task of a dead letter to the workers again, with all of its attempts. What ended
    /// with the task is opened again, so that it really is tried.
    ///
    /// # Errors
    /// [`Error::Conflict`] when there is no task behind it or it was redelivered before; when the
    /// node has had another introspection since, or an operator has cancelled this one; and when a
    /// power action may have been sent already and cannot be read back.
    pub async fn redeliver(&self, actor: &Actor, id: i64) -> Result<Task> {
        actor.require(Role::Operator)?;
        let letter = self.by_id(id).await?;
        if letter.redelivered_at.is_some() {
            return Err(refused(id, "it was redelivered already"));
        }
        let task = match letter.task_id {
            Some(task) => self.app.store().task_by_id(task).await?,
            None => None,
        };
        let task = task.ok_or_else(|| match letter.task {
            Some(uuid) => refused(id, &format!("its task {uuid} is not kept any more")),
            None => refused(id, "it is a message that names no task"),
        })?;
        let revival = self.revival(id, &task).await?;
        self.check_protection(id, &task, &revival).await?;
        let now = self.app.clock().now();
        let store = self.app.store();
        let task = store.redeliver_dead_letter(id, revival, now).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, dead_letter = id, task = task.uuid, "dead letter redelivered");
        self.app.announce(task.kind).await;
        Ok(task)
    }

    /// A worker's part: records that a task is given up, as a failure and as a dead letter. False
    /// when the worker does not hold the task any more.
    pub async fn give_up(&self, task: &Task, owner: &str, reason: &str) -> Result<bool> {
        let now = self.app.clock().now();
        let store = self.app.store();
        let given_up = store.give_up_task(task.id, owner, reason, now).await?;
        if given_up {
            tracing::error!(
                task = task.uuid,
                kind = task.kind.as_str(),
                request = task.request_id,
                reason,
                "task given up; it is among the dead letters"
            );
            metrics::counter!("assay_dead_letters_total").increment(1);
        }
        Ok(given_up)
    }

    /// How what the task works on becomes workable again.
    async fn revival(&self, id: i64, task: &Task) -> Result<Revival> {
        let event = match task.kind {
            TaskKind::IntrospectionStart => Event::Restart,
            TaskKind::IntrospectionProcess => Event::Resume,
            TaskKind::NodePower | TaskKind::OutputPower => {
                return self.power_revival(id, task).await;
            }
            _ => return Ok(Revival::Nothing),
        };
        let introspection = payload_id(task, "introspection_id")?;
        let introspection = self.app.store().introspection(introspection).await?;
        let introspection =
            introspection.ok_or_else(|| refused(id, "its introspection is not kept any more"))?;
        if was_cancelled(&introspection) {
            return Err(refused(id, "an operator has cancelled the introspection"));
        }
        let timeout = self.app.settings().introspection_timeout;
        Ok(Revival::Introspection {
            id: introspection.id,
            event,
            deadline: self.app.clock().later(timeout),
        })
    }

    /// Refuses what would interrupt a protected node.
    async fn check_protection(&self, id: i64, task: &Task, revival: &Revival) -> Result<()> {
        let interrupts = match revival {
            Revival::Nothing => false,
            Revival::Introspection { .. } => task.kind == TaskKind::IntrospectionStart,
            Revival::PowerAction { id } => {
                let action = self.app.store().power_action(*id).await?;
                action.is_some_and(|action| action.command.interrupts())
            }
        };
        let Some(node) = task.node_id.filter(|_| interrupts) else {
            return Ok(());
        };
        if self.app.store().protected_nodes(&[node]).await?.is_empty() {
            return Ok(());
        }
        Err(refused(id, "its node is protected (NodeSafe is enabled)"))
    }

    async fn power_revival(&self, id: i64, task: &Task) -> Result<Revival> {
        let action = payload_id(task, "power_action_id")?;
        let action = self.app.store().power_action(action).await?;
        let action = action.ok_or_else(|| refused(id, "its power action is not kept any more"))?;
        match action.state {
            PowerActionState::Unknown | PowerActionState::Sent
                if action.command.wanted_state().is_none() =>
            {
                Err(refused(
                    id,
                    "the reset may have been sent, its outcome is unknown, and a reset is never repeated",
                ))
            }
            PowerActionState::Done => Err(refused(id, "its power action is done")),
            _ => Ok(Revival::PowerAction { id: action.id }),
        }
    }

    async fn by_id(&self, id: i64) -> Result<DeadLetter> {
        self.app
            .store()
            .dead_letter(id)
            .await?
            .ok_or_else(|| Error::not_found("Dead letter", id))
    }
}

fn was_cancelled(introspection: &Introspection) -> bool {
    let text = introspection.error.as_deref().unwrap_or_default();
    introspection.state == IntrospectionState::Aborting || text.starts_with(introspection::CANCELED)
}

fn refused(id: i64, why: &str) -> Error {
    Error::conflict(format!("dead letter {id} cannot be redelivered: {why}"))
}

//! Use cases of alarms: raised by decisions, read and acknowledged by people.

use assay_domain::{Actor, Alarm, Error, NewAlarm, Page, Result, Role};

use crate::App;

/// Alarms.
pub struct Alarms<'a> {
    app: &'a App,
}

impl<'a> Alarms<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Raises an alarm, or counts the open one about the same up. What is being decided does not
    /// depend on it: when it cannot be kept, the log has it.
    pub(crate) async fn raise(&self, new: NewAlarm) {
        let (kind, text) = (new.kind.as_str(), new.text.clone());
        tracing::error!(kind, subject = new.subject, evidence = %new.evidence, "ALARM: {text}");
        metrics::counter!("assay_alarms_total", "kind" => kind).increment(1);
        let now = self.app.clock().now();
        if let Err(error) = self.app.store().raise_alarm(new, now).await {
            tracing::error!(kind, %error, "the alarm was not kept");
        }
    }

    /// A page of alarms, newest first: the open ones, the acknowledged ones, or all.
    pub async fn list(&self, actor: &Actor, open: Option<bool>, page: Page) -> Result<Vec<Alarm>> {
        actor.require(Role::Observer)?;
        self.app.store().list_alarms(open, page).await
    }

    /// One alarm.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<Alarm> {
        actor.require(Role::Observer)?;
        let found = self.app.store().alarm(id).await?;
        found.ok_or_else(|| Error::not_found("Alarm", id))
    }

    /// Says that an alarm was seen. The first one who says so is kept; the next time the same
    /// happens, a new alarm is raised.
    pub async fn acknowledge(&self, actor: &Actor, id: i64) -> Result<Alarm> {
        actor.require(Role::Operator)?;
        let now = self.app.clock().now();
        let store = self.app.store();
        let found = store.acknowledge_alarm(id, &actor.name, now).await?;
        let alarm = found.ok_or_else(|| Error::not_found("Alarm", id))?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, alarm = id, "alarm acknowledged");
        Ok(alarm)
    }

    /// Shows how many alarms are open in the gauge `assay_alarms_open`. The database knows what all
    /// processes raised, so it is read when somebody looks.
    pub async fn publish(&self) {
        match self.app.store().count_open_alarms().await {
            #[allow(clippy::cast_precision_loss, reason = "a gauge is a float")]
            Ok(open) => metrics::gauge!("assay_alarms_open").set(open as f64),
            Err(error) => tracing::warn!(%error, "open alarms were not counted"),
        }
    }

    /// Deletes alarms that were acknowledged longer ago than ended tasks are kept.
    pub async fn prune(&self) -> Result<i64> {
        let keep = self.app.settings().keep_tasks;
        let keep = chrono::TimeDelta::from_std(keep).map_err(Error::internal)?;
        let before = self.app.clock().now() - keep;
        self.app.store().prune_alarms(before).await
    }
}

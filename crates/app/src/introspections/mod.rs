//! Use cases of introspections: what operators ask for.

mod differences;
mod drive;
mod history;
mod process;
mod refusals;
mod sweep;

use assay_domain::{
    Actor, Diagnosis, Error, Event, Introspection, IntrospectionState, Node, Page, Phase,
    PhaseStamp, Report, ReportKind, Result, Role, TaskKind, introspection,
};
use assay_store::{Change, NewIntrospection};
use serde_json::json;

use crate::diagnosis::StuckPhase;
use crate::protection::Protection;
use crate::{App, target};

pub use differences::{DifferenceRequest, ReportDifferences};
pub use history::HistoryEntry;

/// How an introspection is to be done.
#[derive(Debug, Clone, Copy, Default)]
pub struct StartOptions {
    /// Whether Assay sets boot device and power; yes when absent. Otherwise an operator boots the
    /// machine.
    pub manage_boot: Option<bool>,
    /// Whether a protected node is introspected all the same.
    pub protection: Protection,
}

/// An introspection with its phases.
#[derive(Debug, Clone)]
pub struct IntrospectionDetail {
    /// The introspection.
    pub introspection: Introspection,
    /// The phases that it has reached.
    pub phases: Vec<PhaseStamp>,
    /// The first phase that has not come; none when all have.
    pub missing: Option<Phase>,
    /// Where it is stuck now, if it is.
    pub stuck: Option<StuckPhase>,
    /// The newest diagnosis: of now, or of when it was stuck or ended.
    pub diagnosis: Option<Diagnosis>,
}

/// Introspections.
pub struct Introspections<'a> {
    pub(crate) app: &'a App,
}

impl<'a> Introspections<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Accepts an introspection of a node, named by UUID or name.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::Invalid`] for a node without a power control when Assay is to
    /// boot it; [`Error::Conflict`] while one is running, and for a protected node.
    pub async fn start(
        &self,
        actor: &Actor,
        node_ref: &str,
        options: StartOptions,
    ) -> Result<Introspection> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        options.protection.check(actor, &node)?;
        let manage_boot = options.manage_boot.unwrap_or(true);
        let mut task = None;
        let mut state = IntrospectionState::Waiting;
        if manage_boot {
            target::of_node(self.app, node.id).await?;
            state = IntrospectionState::Starting;
            let kind = TaskKind::IntrospectionStart;
            task = Some(
                self.app
                    .tasks()
                    .new_task(actor, kind, Some(node.id), json!({})),
            );
        }
        let new = self.new_introspection(actor, &node, state, manage_boot);
        let now = self.app.clock().now();
        let introspection = self.app.store().start_introspection(new, task, now).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, manage_boot, "introspection accepted");
        if manage_boot {
            self.app.announce(TaskKind::IntrospectionStart).await;
        }
        Ok(introspection)
    }

    /// The current introspection of a node.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown node, or one that was never introspected.
    pub async fn status(&self, actor: &Actor, node_ref: &str) -> Result<Introspection> {
        actor.require(Role::Observer)?;
        if let Some(found) = self.app.store().current_by_node_uuid(node_ref).await? {
            return Ok(found);
        }
        let node = self.app.nodes().by_ref(node_ref).await?;
        self.current(&node).await
    }

    /// The current introspections of all nodes, newest first by start and node UUID.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unknown marker or a limit outside 1 to `api_max_limit`.
    pub async fn list(
        &self,
        actor: &Actor,
        marker: Option<String>,
        limit: i64,
    ) -> Result<Vec<Introspection>> {
        actor.require(Role::Observer)?;
        let most = self.app.settings().api_max_limit;
        if !(1..=most).contains(&limit) {
            return Err(Error::invalid(format!(
                "limit: {limit} is not within 1 to {most}"
            )));
        }
        self.app.store().list_current(marker, limit).await
    }

    /// Cancels a running introspection; its machine is put back before it ends.
    ///
    /// # Errors
    /// [`Error::Conflict`] when none is running or its report is being processed.
    pub async fn abort(&self, actor: &Actor, node_ref: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let current = self.current(&node).await?;
        let kind = TaskKind::IntrospectionLeave;
        let task = self.app.tasks().new_task(
            actor,
            kind,
            Some(node.id),
            json!({"introspection_id": current.id}),
        );
        let change = Change {
            task: Some(task),
            ..Change::default()
        };
        let now = self.app.clock().now();
        let store = self.app.store();
        store
            .apply_event(current.id, Event::Abort, change, now)
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "introspection aborted");
        self.app.announce(kind).await;
        Ok(())
    }

    /// Processes stored data of a node again, or data that came with the request.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no data; [`Error::Conflict`] while one is running.
    pub async fn reapply(
        &self,
        actor: &Actor,
        node_ref: &str,
        data: Option<Vec<u8>>,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        if let Some(data) = &data {
            crate::boot::parse_report(data, self.app.settings().json_depth)?;
        }
        let kind = TaskKind::IntrospectionProcess;
        let task = self
            .app
            .tasks()
            .new_task(actor, kind, Some(node.id), json!({}));
        let new = self.new_introspection(actor, &node, IntrospectionState::Reapplying, false);
        let now = self.app.clock().now();
        self.app
            .store()
            .start_reapply(node.id, data, new, task, now)
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "reapply accepted");
        self.app.announce(kind).await;
        Ok(())
    }

    /// The newest data of a node in one form, as JSON text.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is none in this form.
    pub async fn data(&self, actor: &Actor, node_ref: &str, kind: ReportKind) -> Result<Vec<u8>> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        self.app
            .store()
            .latest_report_bytes(node.id, kind)
            .await?
            .ok_or_else(|| Error::not_found("Introspection data of node", &node.uuid))
    }

    /// The current introspection of a node with its phases.
    pub async fn detail(&self, actor: &Actor, node_ref: &str) -> Result<IntrospectionDetail> {
        let introspection = self.status(actor, node_ref).await?;
        let phases = self.app.store().phases(introspection.id).await?;
        let diagnoses = self.app.diagnoses();
        Ok(IntrospectionDetail {
            stuck: diagnoses.now(&introspection, &phases).await?,
            diagnosis: self.app.store().diagnosis(introspection.id).await?,
            missing: Phase::first_missing(&reached(&introspection, &phases)),
            introspection,
            phases,
        })
    }

    /// A page of all stored reports of a node, newest first, without their data.
    pub async fn reports(&self, actor: &Actor, node_ref: &str, page: Page) -> Result<Vec<Report>> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        self.app.store().list_reports(node.id, page).await
    }

    /// One stored report of a node as JSON text.
    pub async fn report(
        &self,
        actor: &Actor,
        node_ref: &str,
        id: i64,
        kind: ReportKind,
    ) -> Result<Vec<u8>> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let missing = || Error::not_found("Report", id);
        let store = self.app.store();
        let report = store.report(id, kind).await?.ok_or_else(missing)?;
        if report.node_id != node.id {
            return Err(missing());
        }
        store.report_bytes(id, kind).await?.ok_or_else(missing)
    }

    async fn current(&self, node: &Node) -> Result<Introspection> {
        self.app
            .store()
            .current_introspection(node.id)
            .await?
            .ok_or_else(|| Error::not_found("Introspection of node", &node.uuid))
    }

    fn new_introspection(
        &self,
        actor: &Actor,
        node: &Node,
        state: IntrospectionState,
        manage_boot: bool,
    ) -> NewIntrospection {
        let settings = self.app.settings();
        NewIntrospection {
            node_id: node.id,
            node_uuid: node.uuid.clone(),
            state,
            deadline: self.app.clock().later(settings.introspection_timeout),
            manage_boot,
            keep_power: settings.keep_power,
            requested_by: actor.name.clone(),
        }
    }

    /// Ends an introspection with an error, and has its machine put back.
    pub(crate) async fn fail(
        &self,
        introspection: &Introspection,
        event: Event,
        error: String,
    ) -> Result<Introspection> {
        let kind = TaskKind::IntrospectionLeave;
        let task = introspection.manage_boot.then(|| {
            self.app.tasks().new_task(
                &Actor::system(),
                kind,
                Some(introspection.node_id),
                json!({"introspection_id": introspection.id}),
            )
        });
        let leaves = task.is_some();
        let change = Change {
            error: Some(error),
            task,
            ..Change::default()
        };
        let now = self.app.clock().now();
        let ended = self
            .app
            .store()
            .apply_event(introspection.id, event, change, now)
            .await?;
        tracing::warn!(
            node = ended.node_uuid,
            error = ended.error,
            "introspection failed"
        );
        metrics::counter!("assay_introspections_total", "end" => "error").increment(1);
        if leaves {
            self.app.announce(kind).await;
        }
        Ok(ended)
    }

    async fn by_id(&self, id: i64) -> Result<Introspection> {
        self.app
            .store()
            .introspection(id)
            .await?
            .ok_or_else(|| Error::not_found("Introspection", id))
    }
}

/// The phases that are behind an introspection. A machine that somebody else switches on has no
/// phase `power` to wait for, and a report that is processed again none before its hooks.
pub(crate) fn reached(introspection: &Introspection, stamps: &[PhaseStamp]) -> Vec<Phase> {
    let by_others = (!introspection.manage_boot).then_some(Phase::Power);
    let stored = (introspection.state == IntrospectionState::Reapplying).then_some(Phase::Callback);
    let stamped = stamps.iter().map(|stamp| stamp.phase);
    stamped.chain(by_others).chain(stored).collect()
}

/// The error text of an introspection that an operator has cancelled.
const CANCELED: &str = introspection::CANCELED;

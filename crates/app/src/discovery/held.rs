//! Use cases of held reports: what waits for a decision, and the decision.

use assay_domain::{Actor, Error, HeldReport, HeldState, Page, Result, Role, TaskKind};
use assay_store::{Enrolled, Enrolment, NewIntrospection};
use serde_json::json;

use super::verdict;
use crate::App;
use crate::lookup::{self, Machine};

/// What is to become of a held report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is of the node with this UUID or name, and is processed for it.
    Node(String),
    /// Its machine is a new node.
    Enroll {
        /// The node's name.
        name: Option<String>,
    },
    /// Nobody wants it.
    Discard,
}

/// Held reports.
pub struct HeldReports<'a> {
    app: &'a App,
}

impl<'a> HeldReports<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of held reports, newest first: those in one state, or all.
    pub async fn list(
        &self,
        actor: &Actor,
        state: Option<HeldState>,
        page: Page,
    ) -> Result<Vec<HeldReport>> {
        actor.require(Role::Observer)?;
        self.app.store().list_held_reports(state, page).await
    }

    /// One held report, without its data.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<HeldReport> {
        actor.require(Role::Observer)?;
        let found = self.app.store().held_report(uuid).await?;
        found.ok_or_else(|| missing(uuid))
    }

    /// The data of a held report as it arrived, as JSON text.
    pub async fn data(&self, actor: &Actor, uuid: &str) -> Result<Vec<u8>> {
        actor.require(Role::Observer)?;
        self.bytes(uuid).await
    }

    /// Decides what becomes of a held report, once.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the report or the node; [`Error::Conflict`] when it has been decided,
    /// the node's introspection is running, or the new node's name is taken; [`Error::Invalid`]
    /// when the hooks refuse the report of a machine that is to be enrolled.
    pub async fn decide(
        &self,
        actor: &Actor,
        uuid: &str,
        decision: Decision,
    ) -> Result<HeldReport> {
        actor.require(Role::Operator)?;
        let held = match &decision {
            Decision::Node(node) => self.assign(actor, uuid, node).await?,
            Decision::Enroll { name } => self.enroll(actor, uuid, name.clone()).await?,
            Decision::Discard => {
                let (store, now) = (self.app.store(), self.app.clock().now());
                store.discard_held_report(uuid, &actor.name, now).await?
            }
        };
        tracing::info!(user = actor.name, dialect = %actor.dialect, held = uuid, node = held.node_uuid,
            state = held.state.as_str(), "held report decided");
        Ok(held)
    }

    async fn assign(&self, actor: &Actor, uuid: &str, node: &str) -> Result<HeldReport> {
        let body = self.bytes(uuid).await?;
        let machine = self.machine(&body)?;
        let node = self.app.nodes().by_ref(node).await?;
        let kind = TaskKind::IntrospectionProcess;
        let settings = self.app.settings();
        let new = NewIntrospection {
            node_id: node.id,
            node_uuid: node.uuid,
            state: assay_domain::IntrospectionState::Reapplying,
            deadline: self.app.clock().later(settings.introspection_timeout),
            manage_boot: false,
            keep_power: settings.keep_power,
            requested_by: actor.name.clone(),
        };
        // The operator says that the machine is the node, so from now on it is known by this.
        let mut identity = verdict::identity(&machine.facts);
        identity.bmc_address = None;
        let task = self
            .app
            .tasks()
            .new_task(actor, kind, Some(node.id), json!({}));
        let now = self.app.clock().now();
        let held = self
            .app
            .store()
            .assign_held_report(uuid, &actor.name, body, identity, new, task, now)
            .await?;
        self.app.announce(kind).await;
        Ok(held)
    }

    async fn enroll(&self, actor: &Actor, uuid: &str, name: Option<String>) -> Result<HeldReport> {
        let body = self.bytes(uuid).await?;
        let machine = self.machine(&body)?;
        let before = lookup::find(self.app, &machine).await?;
        let (app, data, facts) = (self.app.clone(), body.clone(), machine.facts.clone());
        let new = move || verdict::of_operator(&app, &data, &facts, name);
        let (node, ports) = tokio::task::spawn_blocking(new)
            .await
            .map_err(Error::internal)?
            .map_err(Error::Invalid)?;
        let kind = TaskKind::IntrospectionProcess;
        let payload = json!({"auto_discovered": true});
        let enrolment = Enrolment {
            node,
            ports,
            machine: machine.facts.clone(),
            seen: None,
            requested_by: actor.name.clone(),
            deadline: self
                .app
                .clock()
                .later(self.app.settings().introspection_timeout),
            task: self.app.tasks().new_task(actor, kind, None, payload),
            boot: None,
            held: Some(uuid.to_owned()),
        };
        let now = self.app.clock().now();
        match self.app.store().enrol(enrolment, body, now).await? {
            Enrolled::Done(introspection) => {
                self.app.announce(kind).await;
                lookup::conflicts::raise(self.app, &introspection, &machine, before).await;
            }
            Enrolled::Changed => {
                return Err(Error::internal("an operator's decision depends on no node"));
            }
        }
        let found = self.app.store().held_report(uuid).await?;
        found.ok_or_else(|| missing(uuid))
    }

    fn machine(&self, body: &[u8]) -> Result<Machine> {
        let report = crate::boot::parse_report(body, self.app.settings().json_depth)?;
        Ok(lookup::of_report(&report))
    }

    async fn bytes(&self, uuid: &str) -> Result<Vec<u8>> {
        let found = self.app.store().held_report_bytes(uuid).await?;
        found.ok_or_else(|| missing(uuid))
    }
}

fn missing(uuid: &str) -> Error {
    Error::not_found("Held report", uuid)
}

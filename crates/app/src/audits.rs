//! Use cases of audits: how the load of an aggregate's hosts could be levelled, and levelling it.

use assay_domain::cloud::{Aggregate, AuditRecord, InstanceMove, Method, MoveState};
use assay_domain::{Actor, Error, Page, Result, Role, Task, TaskKind};
use assay_moves::{Audit, Board, Budget, level};
use serde_json::{Value, json};

use crate::App;
use crate::cloud_jobs::{Mover, read_cloud};
use crate::work::{Outcome, error_text, insist, payload, payload_id};

/// Audits of a cloud's aggregates.
pub struct Audits<'a> {
    app: &'a App,
}

impl<'a> Audits<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Has an aggregate audited, and with `apply` levelled by what is found.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown aggregate; [`Error::Unavailable`] when no cloud is configured,
    /// or it does not answer.
    pub async fn begin(&self, actor: &Actor, aggregate: i64, apply: bool) -> Result<AuditRecord> {
        actor.require(Role::Operator)?;
        self.aggregate(aggregate).await?;
        let kind = TaskKind::CloudAudit;
        let payload = json!({ "apply": apply });
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let now = self.app.clock().now();
        let audit = self.app.store().create_audit(aggregate, task, now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, aggregate, apply, audit = audit.id, "audit accepted");
        Ok(audit)
    }

    /// One audit of an aggregate.
    ///
    /// # Errors
    /// [`Error::NotFound`] when that aggregate has no such audit.
    pub async fn get(&self, actor: &Actor, aggregate: i64, id: i64) -> Result<AuditRecord> {
        actor.require(Role::Observer)?;
        self.find(aggregate, id).await
    }

    /// Audits of all aggregates with what they have found, newest first.
    pub async fn list(
        &self,
        actor: &Actor,
        page: Page,
    ) -> Result<Vec<(AuditRecord, Option<Audit>)>> {
        actor.require(Role::Observer)?;
        let audits = self.app.store().list_audits(page).await?;
        let with_found = |audit: AuditRecord| Ok((audit.clone(), found(&audit)?));
        audits.into_iter().map(with_found).collect()
    }

    /// One audit, what it has found, and what became of its moves once they are being made.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn show(
        &self,
        actor: &Actor,
        id: i64,
    ) -> Result<(AuditRecord, Option<Audit>, Vec<InstanceMove>)> {
        actor.require(Role::Observer)?;
        let audit = self.by_id(id).await?;
        let moves = self.app.store().instance_moves(&audit.task_uuid).await?;
        Ok((audit.clone(), found(&audit)?, moves))
    }

    /// Has the moves of an audit made, as far as they still hold.
    ///
    /// # Errors
    /// [`Error::NotFound`] when that aggregate has no such audit; [`Error::Conflict`] when it is not
    /// done, or its moves were made.
    pub async fn apply(&self, actor: &Actor, aggregate: i64, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        let audit = self.find(aggregate, id).await?;
        self.app.cloud()?;
        let kind = TaskKind::CloudAuditApply;
        let task = self.app.tasks().new_task(actor, kind, None, json!({}));
        let now = self.app.clock().now();
        if !self.app.store().apply_audit(id, task, now).await? {
            let status = audit.status.as_str();
            let text =
                format!("audit {id} is {status}: only one that is DONE can be applied, once");
            return Err(Error::Conflict(text));
        }
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, aggregate, audit = id, "moves of an audit accepted");
        Ok(())
    }

    /// A worker's part of [`Self::begin`].
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "audit_id")?;
        let apply: bool = payload(task, "apply")?;
        let audit = self.by_id(id).await?;
        match self.find_moves(&audit).await {
            Ok(found) => {
                let found = serde_json::to_value(found).map_err(Error::internal)?;
                let store = self.app.store();
                insist(self.app, || store.finish_audit(id, found.clone())).await?;
                if apply {
                    self.apply_found(task, &audit).await?;
                }
                Ok(Outcome::Done(found))
            }
            Err(error) => self.give_up(id, error).await,
        }
    }

    /// A worker's part of [`Self::apply`].
    pub async fn run_apply(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "audit_id")?;
        let audit = self.by_id(id).await?;
        match self.make_moves(task, &audit).await {
            Ok(result) => {
                let store = self.app.store();
                insist(self.app, || store.end_audit(id)).await?;
                Ok(Outcome::Done(result))
            }
            Err(error) => self.give_up(id, error).await,
        }
    }

    /// Records that the audit of a task that is given up has failed, because its worker died each time.
    pub async fn given_up(&self, task: &Task) -> Result<()> {
        let id = payload_id(task, "audit_id")?;
        let store = self.app.store();
        store.fail_audit(id, "its worker died each time").await
    }

    async fn give_up(&self, id: i64, error: Error) -> Result<Outcome> {
        if !error.is_passing() {
            let (store, text) = (self.app.store(), error_text(&error));
            insist(self.app, || store.fail_audit(id, &text)).await?;
        }
        Err(error)
    }

    async fn find_moves(&self, audit: &AuditRecord) -> Result<Audit> {
        let aggregate = self.aggregate(audit.aggregate_id).await?;
        let mut board = Board::new(read_cloud(self.app).await?);
        let settings = self.app.settings().cloud.clone().unwrap_or_default();
        let budget = Budget {
            moves: settings.audit_moves,
            tolerance: settings.audit_tolerance,
        };
        let found = tokio::task::spawn_blocking(move || {
            let known = |host: &String| board.service(host).is_some();
            let hosts: Vec<String> = aggregate.hosts.into_iter().filter(known).collect();
            level(&mut board, &hosts, budget)
        });
        let found = found.await.map_err(Error::internal)?;
        found.map_err(|obstacle| Error::Conflict(obstacle.to_string()))
    }

    /// Goes on with what an audit has found, for whoever asked for the audit.
    async fn apply_found(&self, task: &Task, audit: &AuditRecord) -> Result<()> {
        let kind = TaskKind::CloudAuditApply;
        let mut next = self
            .app
            .tasks()
            .new_task(&Actor::system(), kind, None, json!({}));
        next.requested_by.clone_from(&task.requested_by);
        next.dialect.clone_from(&task.dialect);
        next.request_id.clone_from(&task.request_id);
        let now = self.app.clock().now();
        // False when a worker that died here had done it before.
        self.app.store().apply_audit(audit.id, next, now).await?;
        self.app.announce(kind).await;
        Ok(())
    }

    /// Makes the moves one after the other: each is checked against the cloud as it is by then.
    async fn make_moves(&self, task: &Task, audit: &AuditRecord) -> Result<Value> {
        let nothing = || Error::internal(format!("audit {} has found nothing", audit.id));
        let found = found(audit)?.ok_or_else(nothing)?;
        let now = self.app.clock().now();
        let planned = found.moves.iter().enumerate().map(|(place, one)| {
            Ok(InstanceMove {
                task_uuid: task.uuid.clone(),
                position: i32::try_from(place).map_err(Error::internal)?,
                instance_uuid: one.instance_uuid.clone(),
                instance_name: one.instance_name.clone(),
                source: one.source.clone(),
                target: Some(one.target.clone()),
                methods: vec![Method::Live],
                state: MoveState::Planned,
                after_migration: 0,
                attempts: 0,
                detail: None,
                changed_at: now,
            })
        });
        let planned: Vec<InstanceMove> = planned.collect::<Result<_>>()?;
        let store = self.app.store();
        insist(self.app, || store.plan_moves(planned.clone())).await?;
        let mover = Mover::new(self.app, task, false)?;
        for one in store.instance_moves(&task.uuid).await? {
            if one.state == MoveState::Planned
                && let Err(obstacle) = self.still_holds(&one).await?
            {
                mover.leave(one, &obstacle).await?;
            } else {
                mover.make_one(one.position).await?;
            }
        }
        let moves = store.instance_moves(&task.uuid).await?;
        let moves: Vec<Value> = moves.iter().map(crate::cloud_jobs::shown_move).collect();
        Ok(json!({ "audit": audit.id, "instances": moves }))
    }

    /// Whether a move is still possible; if not, why.
    async fn still_holds(&self, one: &InstanceMove) -> Result<Result<(), String>> {
        let board = Board::new(read_cloud(self.app).await?);
        let target = one.target.as_deref().unwrap_or_default();
        let checked = board.check(&one.instance_uuid, &one.source, target);
        Ok(checked.map_err(|obstacle| obstacle.to_string()))
    }

    async fn aggregate(&self, id: i64) -> Result<Aggregate> {
        let aggregates = self.app.cloud()?.hosts().aggregates().await?;
        let found = aggregates.into_iter().find(|aggregate| aggregate.id == id);
        found.ok_or_else(|| Error::not_found("Aggregate", id))
    }

    async fn find(&self, aggregate: i64, id: i64) -> Result<AuditRecord> {
        let audit = self.by_id(id).await?;
        if audit.aggregate_id == aggregate {
            return Ok(audit);
        }
        Err(Error::not_found("Audit", id))
    }

    async fn by_id(&self, id: i64) -> Result<AuditRecord> {
        let audit = self.app.store().audit(id).await?;
        audit.ok_or_else(|| Error::not_found("Audit", id))
    }
}

/// What an audit has found, once it is done.
fn found(audit: &AuditRecord) -> Result<Option<Audit>> {
    let found = audit.found.clone().map(serde_json::from_value);
    found.transpose().map_err(Error::internal)
}

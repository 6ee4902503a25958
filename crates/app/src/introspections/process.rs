//! A worker's part of an introspection that reads the report: hooks, rules, end.

use assay_domain::{Error, Node};
use assay_domain::{
    Event, Facts, Introspection, IntrospectionState, NodePatch, Phase, Port, ReportKind, Result,
    Task,
};
use assay_hooks::Subject;
use assay_store::{Change, ProcessingOutcome};
use serde_json::{Value, json};

use super::{Introspections, refusals};
use crate::App;
use crate::lookup;
use crate::node_guard::NodeGuard;
use crate::work::{Outcome, error_text, payload_id};

impl Introspections<'_> {
    /// Runs hooks and rules over a report and ends its introspection. Safe to run again: what was
    /// applied once is not applied twice.
    pub async fn run_process(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "introspection_id")?;
        let introspection = self.by_id(id).await?;
        match introspection.state {
            IntrospectionState::Processing | IntrospectionState::Reapplying => {}
            other => return Ok(Outcome::Done(json!({"skipped": other.as_str()}))),
        }
        match self.process(task, &introspection).await {
            Ok(()) => {
                metrics::counter!("assay_introspections_total", "end" => "finished").increment(1);
                Ok(Outcome::Done(json!({"state": "finished"})))
            }
            Err(error) if error.is_passing() => Err(error),
            Err(error) => {
                self.app.diagnoses().last_word(&introspection).await;
                self.fail_unless_ended(&introspection, &error_text(&error))
                    .await?;
                Err(error)
            }
        }
    }

    async fn process(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let phases = self.app.store().phases(introspection.id).await?;
        let applied = phases.iter().any(|stamp| stamp.phase == Phase::Rules);
        if !applied {
            self.apply(task, introspection).await?;
        }
        if !introspection.manage_boot {
            return Ok(());
        }
        let purpose = "ending introspection";
        let guard = NodeGuard::take(self.app, introspection.node_id, task, purpose).await?;
        let left = self.leave_machine(task, introspection).await;
        guard.release().await?;
        left.map_err(|error| match error {
            passing if passing.is_passing() => passing,
            error => Error::conflict(format!(
                "The report was processed, but the machine was not put back: {}",
                error_text(&error)
            )),
        })?;
        let now = self.app.clock().now();
        self.app
            .store()
            .apply_event(introspection.id, Event::Finish, Change::default(), now)
            .await
            .map(|_| ())
    }

    async fn apply(&self, task: &Task, introspection: &Introspection) -> Result<()> {
        let store = self.app.store();
        let report_id = payload_id(task, "report_id")?;
        let raw = store
            .report_bytes(report_id, ReportKind::Raw)
            .await?
            .ok_or_else(|| Error::not_found("Report", report_id))?;
        let node = self.app.nodes().by_id(introspection.node_id).await?;
        let ports = store.ports(node.id).await?;
        let rules = self.app.current_rules().await?;
        let app = self.app.clone();
        let (before_node, before_ports) = (node.clone(), ports.clone());
        let id = introspection.id;
        let discovered = task.payload.get("auto_discovered") == Some(&Value::Bool(true));
        let work = move || {
            let machine = lookup::of_report(&crate::boot::parse_report(&raw, usize::MAX)?);
            let subject = run_hooks(&app, id, (node, ports), &raw, &rules, discovered)?;
            Ok::<_, Error>((machine, subject))
        };
        let (machine, subject) = tokio::task::spawn_blocking(work)
            .await
            .map_err(Error::internal)??;
        lookup::conflicts::watch(self.app, introspection, &machine).await?;
        let mut outcome = outcome(
            self.app,
            introspection,
            report_id,
            before_node,
            before_ports,
            subject,
        )?;
        outcome.machine = machine.facts;
        store
            .apply_processing(outcome, self.app.clock().now())
            .await
            .map(|_| ())
    }
}

fn run_hooks(
    app: &App,
    introspection_id: i64,
    (node, ports): (Node, Vec<Port>),
    raw: &[u8],
    rules: &assay_hooks::CompiledRules,
    discovered: bool,
) -> Result<Subject> {
    let mut data: Value = serde_json::from_slice(raw)
        .map_err(|error| Error::invalid(format!("the report is not JSON: {error}")))?;
    if discovered {
        crate::discovery::mark(&mut data);
    }
    let mut subject = Subject { node, ports, data };
    let refuse = |error: assay_hooks::HookError| {
        refusals::note(app, introspection_id, &error);
        Error::Conflict(error.to_string())
    };
    app.pipeline().hooks(&mut subject).map_err(refuse)?;
    app.pipeline().rules(rules, &mut subject).map_err(refuse)?;
    Ok(subject)
}

fn outcome(
    app: &App,
    introspection: &Introspection,
    report_id: i64,
    before_node: Node,
    before_ports: Vec<Port>,
    subject: Subject,
) -> Result<ProcessingOutcome> {
    let Subject { node, ports, data } = subject;
    let (add_ports, kept): (Vec<Port>, Vec<Port>) =
        ports.into_iter().partition(|port| port.id == 0);
    let delete_ports = before_ports
        .iter()
        .filter(|old| !kept.iter().any(|port| port.id == old.id))
        .map(|old| old.id)
        .collect();
    let update_ports = kept
        .into_iter()
        .filter(|port| !before_ports.contains(port))
        .collect();
    Ok(ProcessingOutcome {
        introspection_id: introspection.id,
        report_id,
        processed: serde_json::to_vec(&data).map_err(Error::internal)?,
        node_id: introspection.node_id,
        node: NodePatch::between(&before_node, &node),
        machine: Facts::new(),
        add_ports,
        update_ports,
        delete_ports,
        finish: !introspection.manage_boot,
        keep_reports: app.settings().keep_reports.max(1),
    })
}

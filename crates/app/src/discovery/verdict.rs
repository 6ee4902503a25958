//! What hooks and rules say of an unknown machine's report, before anything is stored.

use std::collections::BTreeMap;

use assay_domain::{FactKind, Facts, NewNode, Node, NodePatch, Port, Result, Timestamp};
use assay_hooks::{CompiledRules, ENROLL, Subject};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::App;

/// What is to become of an unknown machine.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Verdict {
    /// Enrol it: the node with what identifies it, and its ports.
    Enrol(Box<(NewNode, Vec<Port>)>),
    /// Hold its report, for this reason.
    Hold(String),
}

/// Puts a report to hooks and rules as if its machine were enrolled. Nothing is stored.
pub(super) async fn of_rules(app: &App, body: &[u8], machine: &Facts) -> Result<Verdict> {
    let rules = app.current_rules().await?;
    let (app, body, machine) = (app.clone(), body.to_vec(), machine.clone());
    tokio::task::spawn_blocking(move || try_rules(&app, &body, &machine, &rules))
        .await
        .map_err(assay_domain::Error::internal)
}

fn try_rules(app: &App, body: &[u8], machine: &Facts, rules: &CompiledRules) -> Verdict {
    let mut subject = match provisional(app, body, machine) {
        Ok(subject) => subject,
        Err(reason) => return Verdict::Hold(reason),
    };
    let trace = rules.trace(&mut subject);
    if let Some(failure) = trace.failure {
        return Verdict::Hold(failure.to_string());
    }
    let mut actions = trace.rules.iter().flat_map(|rule| &rule.actions);
    if !actions.any(|done| done.action == ENROLL) {
        return Verdict::Hold("no rule enrols this machine".to_owned());
    }
    Verdict::Enrol(Box::new(enrolment(subject, machine)))
}

/// A new node for an operator's decision: hooks say which ports it has, rules are not asked.
pub(super) fn of_operator(
    app: &App,
    body: &[u8],
    machine: &Facts,
    name: Option<String>,
) -> std::result::Result<(NewNode, Vec<Port>), String> {
    let mut subject = provisional(app, body, machine)?;
    subject.node.name = name;
    Ok(enrolment(subject, machine))
}

/// The report after the hooks, on a node that is not stored.
fn provisional(app: &App, body: &[u8], machine: &Facts) -> std::result::Result<Subject, String> {
    let mut data: Value =
        serde_json::from_slice(body).map_err(|error| format!("the report is not JSON: {error}"))?;
    mark(&mut data);
    let mut subject = Subject {
        node: blank(machine, app.clock().now()),
        ports: Vec::new(),
        data,
    };
    let hooks = app.pipeline().hooks(&mut subject);
    hooks.map_err(|error| error.to_string())?;
    Ok(subject)
}

/// Marks a report as the one that its node is enrolled from; rules can ask for that.
pub(crate) fn mark(data: &mut Value) {
    if let Some(report) = data.as_object_mut() {
        report.insert("auto_discovered".to_owned(), Value::Bool(true));
    }
}

fn first(machine: &Facts, kind: FactKind) -> Option<String> {
    let mut facts = machine.iter();
    let fact = facts.find(|fact| fact.kind == kind)?;
    Some(fact.value.clone())
}

/// What of a machine's identity is kept at its node.
pub(super) fn identity(machine: &Facts) -> NodePatch {
    let known = |kind| first(machine, kind).map(Some);
    NodePatch {
        system_uuid: known(FactKind::SystemUuid),
        serial_number: known(FactKind::SystemSerial),
        bmc_address: known(FactKind::BmcAddress),
        ..NodePatch::default()
    }
}

/// Name, identity and ports are stored at once; everything else comes from processing the report.
fn enrolment(subject: Subject, machine: &Facts) -> (NewNode, Vec<Port>) {
    let Subject { node, ports, .. } = subject;
    let fields = NodePatch {
        name: node.name.map(Some),
        ..identity(machine)
    };
    let new = NewNode {
        uuid: Some(Uuid::new_v4().to_string()),
        fields,
        ports: Vec::new(),
    };
    (new, ports)
}

fn blank(machine: &Facts, now: Timestamp) -> Node {
    Node {
        id: 0,
        uuid: Uuid::nil().to_string(),
        name: None,
        title: None,
        description: None,
        owner: None,
        active: true,
        condition: 0,
        is_reserved: false,
        is_protected: false,
        is_controller: false,
        power_state: None,
        image_id: None,
        node_class_id: None,
        node_type_id: None,
        ip_addresses: Vec::new(),
        mac_address: None,
        hypervisor_id: None,
        controller_id: None,
        controller_type: None,
        dtc_number: None,
        row_number: None,
        rack_number: None,
        unit_number: None,
        cpu_amount: None,
        cpu_arch: None,
        ram_mb: None,
        hdd_gb: None,
        inventory_code: None,
        system_uuid: first(machine, FactKind::SystemUuid),
        serial_number: first(machine, FactKind::SystemSerial),
        bmc_address: first(machine, FactKind::BmcAddress),
        metadata: Map::new(),
        properties: Map::new(),
        capabilities: BTreeMap::new(),
        traits: std::collections::BTreeSet::new(),
        extra: Map::new(),
        created_at: now,
        updated_at: None,
    }
}

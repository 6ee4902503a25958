//! Enrolment of a discovered machine: node, ports, fingerprint, introspection, report and task at once.

use assay_domain::{Event, HeldState, IntrospectionState, NewTask, Phase, Timestamp};

use super::{
    Conn, claims, fingerprints, held_reports, introspections, lock_discovery, lookup, nodes, ports,
    reports,
};
use crate::compression::Compressed;
use crate::fault::Outcome;
use crate::{Change, Enrolled, Enrolment, NewIntrospection};

/// Enrols a machine from its report, unless the nodes that it may be have changed since they were
/// looked at: then another request may just have enrolled it.
pub(crate) fn enrol(
    connection: &mut Conn,
    new: &Enrolment,
    raw: &Compressed,
    now: Timestamp,
) -> Outcome<Enrolled> {
    lock_discovery(connection)?;
    if let Some(seen) = &new.seen
        && lookup::holder_ids(connection, &new.machine)? != *seen
    {
        return Ok(Enrolled::Changed);
    }
    let node = nodes::create(connection, &new.node, now)?;
    ports::merge(connection, node.id, &new.ports)?;
    fingerprints::keep(connection, node.id, &new.machine, now)?;
    let introspection = NewIntrospection {
        node_id: node.id,
        node_uuid: node.uuid.clone(),
        state: IntrospectionState::Enrolling,
        deadline: new.deadline,
        manage_boot: false,
        keep_power: true,
        requested_by: new.requested_by.clone(),
    };
    let begun = introspections::begin(connection, &introspection, Event::Start, now)?;
    let change = Change::default();
    let mut row = introspections::advance(connection, begun.id, Event::Process, &change, now)?;
    let report_id = reports::insert(connection, row.id, node.id, raw, now)?;
    introspections::stamp(connection, row.id, Phase::Callback, now)?;
    let task = NewTask {
        node_id: Some(node.id),
        ..new.task.clone()
    };
    let facts = [("report_id", report_id)];
    introspections::own(connection, &mut row, &task, &facts, now)?;
    claims::settle(connection, new.boot, Some(&node.uuid), None)?;
    if let Some(held) = &new.held {
        let by = &new.requested_by;
        held_reports::decide(
            connection,
            held,
            HeldState::Enrolled,
            by,
            Some(&node.uuid),
            now,
        )?;
    }
    Ok(Enrolled::Done(Box::new(row.try_into()?)))
}

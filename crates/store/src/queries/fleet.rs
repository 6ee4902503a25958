//! The fleet: processes that say that they live, what they hold, and leases, by compare-and-set.

use assay_domain::fleet::{HeldTask, Lease, Process};
use assay_domain::{Page, TaskStatus, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Conn;
use crate::convert::{all, naive, parse, utc};
use crate::fault::Outcome;
use crate::rows::{LeaseRow, ProcessRow};
use crate::schema::{leases, nodes, processes, tasks};

/// Records that a process lives.
pub(crate) fn present(connection: &mut Conn, process: &Process) -> Outcome<()> {
    diesel::insert_into(processes::table)
        .values(ProcessRow::from(process))
        .on_conflict(processes::name)
        .do_update()
        .set((
            processes::seen_at.eq(naive(process.seen_at)),
            processes::admission.eq(&process.admission),
        ))
        .execute(connection)?;
    Ok(())
}

/// All processes, in order of their start.
pub(crate) fn processes(connection: &mut Conn) -> Outcome<Vec<Process>> {
    let rows: Vec<ProcessRow> = processes::table
        .select(ProcessRow::as_select())
        .order((processes::started_at, processes::id))
        .load(connection)?;
    all(rows)
}

/// Removes a process that ends.
pub(crate) fn leave(connection: &mut Conn, name: &str) -> Outcome<()> {
    diesel::delete(processes::table.filter(processes::name.eq(name))).execute(connection)?;
    Ok(())
}

/// Removes the processes that were seen last before that time; gives how many.
pub(crate) fn forget(connection: &mut Conn, before: Timestamp) -> Outcome<usize> {
    let gone = processes::table.filter(processes::seen_at.lt(naive(before)));
    Ok(diesel::delete(gone).execute(connection)?)
}

/// Takes a lease that is free, expired or the holder's own, until `expires`.
pub(crate) fn hold(
    connection: &mut Conn,
    name: &str,
    holder: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Outcome<bool> {
    let own = leases::table
        .filter(leases::name.eq(name))
        .filter(leases::holder.eq(holder));
    let renewed = diesel::update(own)
        .set(leases::expires_at.eq(naive(expires)))
        .execute(connection)?;
    if renewed == 1 {
        return Ok(true);
    }
    let times = (
        leases::holder.eq(holder),
        leases::acquired_at.eq(naive(now)),
        leases::expires_at.eq(naive(expires)),
    );
    let expired = leases::table
        .filter(leases::name.eq(name))
        .filter(leases::expires_at.le(naive(now)));
    let taken = diesel::update(expired).set(times).execute(connection)?;
    if taken == 1 {
        return Ok(true);
    }
    let made = diesel::insert_into(leases::table)
        .values((leases::name.eq(name), times))
        .on_conflict(leases::name)
        .do_nothing()
        .execute(connection)?;
    Ok(made == 1)
}

/// Gives a lease up, if the holder has it.
pub(crate) fn release(connection: &mut Conn, name: &str, holder: &str) -> Outcome<()> {
    let own = leases::table
        .filter(leases::name.eq(name))
        .filter(leases::holder.eq(holder));
    diesel::delete(own).execute(connection)?;
    Ok(())
}

/// All leases, by name.
pub(crate) fn leases(connection: &mut Conn) -> Outcome<Vec<Lease>> {
    let rows: Vec<LeaseRow> = leases::table
        .select(LeaseRow::as_select())
        .order(leases::name)
        .load(connection)?;
    all(rows)
}

/// A page of the tasks that are being worked on, oldest first.
pub(crate) fn held_tasks(connection: &mut Conn, page: Page) -> Outcome<Vec<HeldTask>> {
    type Row = (
        String,
        String,
        Option<String>,
        Option<String>,
        Option<NaiveDateTime>,
        Option<NaiveDateTime>,
    );
    let rows: Vec<Row> = tasks::table
        .left_join(nodes::table.on(tasks::node_id.eq(nodes::id.nullable())))
        .filter(tasks::lease_owner.is_not_null())
        .filter(tasks::status.eq(TaskStatus::Started.as_str()))
        .select((
            tasks::uuid,
            tasks::kind,
            nodes::uuid.nullable(),
            tasks::lease_owner,
            tasks::started_at,
            tasks::lease_expires,
        ))
        .order(tasks::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    rows.into_iter()
        .map(|(uuid, kind, node_uuid, holder, since, until)| {
            Ok(HeldTask {
                uuid,
                kind: parse(&kind)?,
                node_uuid,
                holder: holder.unwrap_or_default(),
                since: since.map(utc),
                until: until.map(utc),
            })
        })
        .collect()
}

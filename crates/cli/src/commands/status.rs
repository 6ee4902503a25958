//! `assay status`: who is alive, what they hold and since when.

use assay_app::{FleetStatus, QueueState};
use assay_domain::{Actor, Page, Timestamp};

use super::say;
use crate::args::Common;
use crate::assembly::build_app;
use crate::config::Config;
use crate::error::Error;

/// The longest list that is shown of tasks, reservations and waiters each.
const AT_MOST: i64 = 1000;

/// Prints the state of the fleet, with the rights of whoever can read the database and its key.
pub(crate) async fn run(common: &Common, as_json: bool) -> Result<(), Error> {
    let app = build_app(&Config::load(common)?).await?;
    let page = Page {
        offset: 0,
        limit: AT_MOST,
    };
    let status = app.fleet().status(&Actor::system(), page).await?;
    if as_json {
        let document = assay_api::fleet_document(&status).map_err(assay_domain::Error::internal)?;
        say(&format!("{document:#}"));
    } else {
        for line in lines(&status) {
            say(&line);
        }
    }
    Ok(())
}

fn lines(status: &FleetStatus) -> Vec<String> {
    let since = |time: Timestamp| ago(status.at, time);
    let mut lines = vec![format!("processes ({})", status.processes.len())];
    for member in &status.processes {
        let process = &member.process;
        let state = if member.alive { "alive" } else { "DEAD " };
        let slots = match process.slots {
            0 => String::new(),
            slots => format!(", {slots} slots per class"),
        };
        lines.push(format!(
            "  {state} {:<7} {}  version {}, queue {}{slots}, {}up {}, seen {} ago",
            process.role,
            process.name,
            process.version,
            process.queue,
            process
                .url
                .as_ref()
                .map_or_else(String::new, |url| format!("{url}, ")),
            since(process.started_at),
            since(process.seen_at),
        ));
        if let Some(admission) = &process.admission {
            lines.push(format!("        PXE admission: {admission}"));
        }
    }
    lines.push(format!("leases ({})", status.leases.len()));
    for lease in &status.leases {
        let held = since(lease.acquired_at);
        let over = if lease.expires_at <= status.at {
            ", expired"
        } else {
            ""
        };
        lines.push(format!(
            "  {} held by {} for {held}{over}",
            lease.name, lease.holder
        ));
    }
    lines.push(format!("tasks at work ({})", status.tasks.len()));
    for task in &status.tasks {
        lines.push(format!(
            "  {} {}{} by {} for {}",
            task.uuid,
            task.kind.as_str(),
            task.node_uuid
                .as_ref()
                .map_or_else(String::new, |node| format!(" on node {node}")),
            task.holder,
            task.since.map_or_else(|| "?".to_owned(), since),
        ));
    }
    lines.extend(nodes(status));
    lines.extend(queue(&status.queue, status.at));
    let counts = status.counts.iter();
    let counts: Vec<String> = counts
        .map(|(status, count)| format!("{} {count}", status.as_str()))
        .collect();
    lines.push(format!("all tasks: {}", counts.join(", ")));
    lines
}

fn nodes(status: &FleetStatus) -> Vec<String> {
    let mut lines = vec![format!("nodes held ({})", status.reservations.len())];
    for held in &status.reservations {
        lines.push(format!(
            "  {} by task {} for {} for {}",
            held.node_uuid,
            held.holder,
            held.purpose,
            ago(status.at, held.since)
        ));
    }
    lines.push(format!(
        "tasks that wait for a node ({})",
        status.waiters.len()
    ));
    for waiter in &status.waiters {
        lines.push(format!(
            "  {} for node {}, {}, for {}",
            waiter.task_uuid,
            waiter.node_id,
            waiter.purpose,
            ago(status.at, waiter.since)
        ));
    }
    lines
}

fn queue(queue: &QueueState, now: Timestamp) -> Vec<String> {
    let problem = queue.problem.as_deref().unwrap_or("connected");
    let mut lines = vec![format!(
        "queue {}: {problem}, for {}",
        queue.engine,
        ago(now, queue.since)
    )];
    for class in &queue.classes {
        let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let broker = match (class.messages, class.consumers) {
            (Some(messages), Some(consumers)) => {
                format!(", {messages} messages, {consumers} consumers")
            }
            _ => String::new(),
        };
        lines.push(format!(
            "  {}: {} waiting{}{broker}",
            class.class,
            number(class.waiting),
            class
                .since
                .map_or_else(String::new, |since| format!(" for {}", ago(now, since))),
        ));
    }
    lines
}

fn ago(now: Timestamp, then: Timestamp) -> String {
    let seconds = (now - then).num_seconds().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

//! Says what must not be, from what the simulators counted and what the database holds.
//!
//! *Lost* is an introspection that was promised with a 202 and is not there or has not ended.
//! *Twice* is a command to switch on a machine that a command had switched on already (likewise
//! off), more switchings on than introspections of that machine, a second report of one
//! introspection that was answered with 200, and a reset that reached a BMC more often than it was
//! asked for.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use assay_sim::{Counters, Machine, OverrideEnabled, Power, ResetType};
use assay_store::testing::postgres_rows;
use serde_json::Value;

use super::counts::{class_of, repeats, switched_on_too_often};
use super::deaths::Fates;
use super::load::Load;
use super::members::{Idler, SESSION};
use super::stage::Stage;
use super::{Figures, Report};

/// No node is in a transient state for longer than this after its owner's death.
const TAKEOVER: Duration = Duration::from_secs(30);
/// How long the last tasks may take once every introspection has ended.
const LAST_TASKS: Duration = Duration::from_mins(1);
/// At least so many introspections end well, in percent: faults are to be survived, not only told.
const WELL: usize = 80;

struct Judge<'a> {
    stage: &'a Stage,
    figures: Figures,
    violations: Vec<String>,
}

/// Judges a run in which all introspections have ended, or should have.
pub(super) async fn judge(
    stage: &Stage,
    load: &Load,
    ended: bool,
    fates: Fates,
    figures: Figures,
) -> Report {
    let mut judge = Judge {
        stage,
        figures,
        violations: load.surprises.clone(),
    };
    judge.forbid(!ended, || "introspections are still running".to_owned());
    judge.tasks().await;
    // What a killed worker left open at a BMC goes with its time.
    tokio::time::sleep(SESSION).await;
    judge.introspections(load);
    judge.machines();
    judge.resets();
    judge.power_actions();
    judge.reservations();
    judge.dead_letters();
    judge.takeovers(&fates);
    judge.processes();
    Report {
        seed: stage.seed,
        figures: judge.figures,
        violations: judge.violations,
    }
}

impl Judge<'_> {
    fn forbid(&mut self, is_so: bool, text: impl FnOnce() -> String) {
        if is_so {
            self.violations.push(text());
        }
    }

    fn rows(&self, query: &str) -> Vec<Value> {
        postgres_rows(&self.stage.database_url, query).unwrap_or_else(|error| panic!("{error:?}"))
    }

    fn count(&self, query: &str) -> i64 {
        let rows = self.rows(query);
        rows[0]["count"].as_i64().unwrap_or_default()
    }

    /// Every task has ended.
    async fn tasks(&mut self) {
        let began = Instant::now();
        let open =
            "SELECT kind, status, lease_owner, attempts FROM tasks WHERE finished_at IS NULL";
        let mut left = self.rows(open);
        while !left.is_empty() && began.elapsed() < LAST_TASKS {
            tokio::time::sleep(Duration::from_millis(500)).await;
            left = self.rows(open);
        }
        self.forbid(!left.is_empty(), || {
            format!(
                "{} tasks have not ended, the first is {}",
                left.len(),
                left[0]
            )
        });
        let total = self.count("SELECT count(*) FROM tasks");
        self.figures.note("tasks", total);
    }

    /// Every promise was kept, and what was done is what was asked for.
    fn introspections(&mut self, load: &Load) {
        let rows = self.rows(
            "SELECT i.node_uuid, i.state, i.error, i.finished_at IS NOT NULL AS ended, \
             (SELECT count(*) FROM reports r WHERE r.introspection_id = i.id) AS reports, \
             (SELECT count(*) FROM tasks t WHERE t.kind = 'introspection.process' \
              AND (t.payload::json ->> 'introspection_id')::bigint = i.id) AS processings \
             FROM introspections i",
        );
        let mut of_node: HashMap<&str, Vec<&Value>> = HashMap::new();
        for row in &rows {
            let node = row["node_uuid"].as_str().unwrap_or_default();
            of_node.entry(node).or_default().push(row);
            self.forbid(row["ended"] != true, || format!("it has not ended: {row}"));
            let twice = row["reports"].as_i64() > Some(1) || row["processings"].as_i64() > Some(1);
            self.forbid(twice, || format!("its report was taken twice: {row}"));
        }
        for (member, asked) in self.stage.members.iter().zip(&load.asked) {
            let there = of_node.get(member.node.uuid.as_str()).map_or(0, Vec::len);
            let (least, most) = (asked.promised, asked.promised + asked.unknown);
            self.forbid(!(least..=most).contains(&there), || {
                format!(
                    "node {}: {least} to {most} introspections, and {there} are there",
                    member.node.uuid
                )
            });
            let reports = of_node.get(member.node.uuid.as_str()).map_or(0, |rows| {
                rows.iter().filter_map(|row| row["reports"].as_i64()).sum()
            });
            let accepted = i64::try_from(member.accepted()).unwrap_or(i64::MAX);
            self.forbid(accepted > reports, || {
                format!(
                    "node {}: {accepted} reports were accepted, {reports} are there",
                    member.node.uuid
                )
            });
            self.violations.extend(switched_on_too_often(member, there));
        }
        self.ends(&rows, load);
    }

    /// How introspections ended.
    fn ends(&mut self, rows: &[Value], load: &Load) {
        let well = rows.iter().filter(|row| row["error"].is_null()).count();
        for error in rows.iter().filter_map(|row| row["error"].as_str()) {
            *self.figures.errors.entry(class_of(error)).or_default() += 1;
            let ours = ["database", "task ended without"].map(|sign| error.contains(sign));
            self.forbid(ours.contains(&true), || {
                format!("it failed because of what Assay stands on: {error}")
            });
        }
        self.figures
            .note("introspections promised with a 202", load.promised());
        self.figures.note("introspections begun", rows.len());
        self.figures.note("introspections that ended well", well);
        let rate = well as f64 / self.figures.working.as_secs_f64();
        self.figures
            .note("ended well, a second", format!("{rate:.1}"));
        self.forbid(well * 100 < rows.len() * WELL, || {
            format!("only {well} of {} introspections ended well", rows.len())
        });
    }

    /// Machines are off, their BMCs free, and nothing was switched twice.
    fn machines(&mut self) {
        let (mut on, mut off, mut sessions) = (0, 0, 0);
        for member in &self.stage.members {
            let name = &member.machine.hardware().name;
            let counters = member.bmc.counters();
            on += counters.accepted(ResetType::On) + counters.accepted(ResetType::ForceOn);
            off += counters.accepted(ResetType::ForceOff);
            sessions = sessions.max(counters.most_sessions);
            for repeated in repeats(&counters) {
                self.violations
                    .push(format!("{name} got {repeated:?} twice"));
            }
            let power = member.machine.power();
            self.forbid(power == Power::On, || format!("{name} was left on"));
            let left = member.bmc.boot_override().enabled != OverrideEnabled::Disabled;
            self.forbid(left, || format!("{name} has its boot override still"));
            self.no_session(name, &counters);
        }
        self.figures
            .note("commands on and off that BMCs accepted", on + off);
        self.figures.note("most sessions at one BMC", sessions);
    }

    fn no_session(&mut self, name: &str, counters: &Counters) {
        let (open, refused) = (counters.open_sessions, counters.failed_logins);
        self.forbid(open > 0, || format!("{open} sessions are open at {name}"));
        self.forbid(refused > 0, || {
            format!("{refused} logins were refused at {name}")
        });
    }

    /// No reset was sent twice, and what is said of each is true.
    fn resets(&mut self) {
        let rows = self.rows(
            "SELECT node_id, state, count(*) FROM power_actions WHERE command = 'reset' \
             GROUP BY node_id, state",
        );
        let mut said: BTreeMap<(i64, String), usize> = BTreeMap::new();
        let mut totals: BTreeMap<String, usize> = BTreeMap::new();
        for row in &rows {
            let state = row["state"].as_str().unwrap_or_default().to_owned();
            let count = row["count"].as_u64().unwrap_or_default();
            let count = usize::try_from(count).unwrap_or(usize::MAX);
            *totals.entry(state.clone()).or_default() += count;
            said.insert((row["node_id"].as_i64().unwrap_or_default(), state), count);
        }
        let of = |id: i64, state: &str| said.get(&(id, state.to_owned())).copied().unwrap_or(0);
        let mut seen = 0;
        for Idler { machine, bmc, node } in &self.stage.idlers {
            let name = &machine.hardware().name;
            let counters = bmc.counters();
            let done = of(node.id, "done");
            let perhaps = done + of(node.id, "unknown");
            let got = counters.accepted(ResetType::ForceRestart)
                + counters.accepted(ResetType::PowerCycle);
            seen += got;
            self.forbid(!(done..=perhaps).contains(&got), || {
                format!(
                    "{name} got {got} resets; {done} are done, {} unknown",
                    perhaps - done
                )
            });
            self.no_session(name, &counters);
        }
        self.figures
            .note("resets by what is said of them", format!("{totals:?}"));
        self.figures.note("resets that BMCs got", seen);
    }

    /// Of every power command it is said how it went.
    fn power_actions(&mut self) {
        let open = self.count("SELECT count(*) FROM power_actions WHERE finished_at IS NULL");
        self.forbid(open > 0, || format!("{open} power actions are undecided"));
    }

    /// Nobody holds a node, or waits for one.
    fn reservations(&mut self) {
        let held = self.rows(
            "SELECT name, held_by, held_for, held_since FROM nodes WHERE held_by IS NOT NULL",
        );
        self.forbid(!held.is_empty(), || {
            format!(
                "{} nodes are still held, the first is {}",
                held.len(),
                held[0]
            )
        });
        let waiting = self.count(
            "SELECT count(*) FROM node_waiters JOIN tasks ON tasks.uuid = task_uuid \
             WHERE status IN ('PENDING', 'STARTED', 'RETRY')",
        );
        self.forbid(waiting > 0, || {
            format!("{waiting} tasks still wait for a node")
        });
    }

    /// Every dead letter is of a task that was given up, and every such task has one.
    fn dead_letters(&mut self) {
        let strange = self.rows(
            "SELECT d.* FROM dead_letters d LEFT JOIN tasks t ON t.id = d.task_id \
             WHERE t.status IS DISTINCT FROM 'FAILURE'",
        );
        self.forbid(!strange.is_empty(), || {
            format!(
                "{} dead letters are unaccounted for, the first is {}",
                strange.len(),
                strange[0]
            )
        });
        let letters = self.count("SELECT count(*) FROM dead_letters");
        let given_up = self.count("SELECT count(*) FROM tasks WHERE attempts > max_attempts");
        self.forbid(letters != given_up, || {
            format!("{given_up} tasks were given up, and there are {letters} dead letters")
        });
        self.figures
            .note("tasks given up, each with its dead letter", letters);
    }

    /// Whatever lost its owner was taken up in time.
    fn takeovers(&mut self, fates: &Fates) {
        for forgotten in &fates.forgotten {
            self.violations
                .push(format!("nobody took up task {forgotten}"));
        }
        for (time, task) in fates.taken.iter().filter(|(time, _)| *time > TAKEOVER) {
            self.violations.push(format!(
                "{task} was taken up {:.1} s after its worker's death",
                time.as_secs_f64()
            ));
        }
        let taken: Vec<Duration> = fates.taken.iter().map(|(time, _)| *time).collect();
        let worst = |times: &[Duration]| {
            let worst = times.last().copied().unwrap_or_default();
            let median = times.get(times.len() / 2).copied().unwrap_or_default();
            format!(
                "{:.1} s (median {:.1} s)",
                worst.as_secs_f64(),
                median.as_secs_f64()
            )
        };
        self.figures
            .note("tasks that lost their worker", fates.orphans);
        self.figures
            .note("worker's death to takeover, worst", worst(&taken));
        self.figures.note(
            "worker's death to the task's end, worst",
            worst(&fates.through),
        );
    }

    /// Processes end when they are killed, and never by themselves.
    fn processes(&mut self) {
        let programs = self.stage.apis.iter().chain(&self.stage.workers);
        for program in programs {
            let program = super::faults::lock(program);
            let log = std::fs::read_to_string(program.log()).unwrap_or_default();
            let panics = log
                .lines()
                .filter(|line| line.contains("panicked at"))
                .count();
            let name = program
                .log()
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if panics > 0 {
                self.violations
                    .push(format!("{name} panicked {panics} times"));
            }
        }
        for ended in super::faults::lock(&self.stage.ended_alone).iter() {
            self.violations.push(ended.clone());
        }
    }
}

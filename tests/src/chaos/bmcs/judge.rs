//! What must hold when all faults are over: no session left, nothing stuck, every machine as commanded,
//! no reset sent twice.

use std::collections::BTreeMap;
use std::time::Duration;

use assay_sim::Fleet;

use super::operator::Log;
use super::seen;
use crate::chaos::report::written;

/// No command may take longer: the gate's and the drivers' own limits end it before.
const LONGEST: Duration = Duration::from_secs(60);

/// What a run came to.
#[derive(Debug, Clone)]
pub struct BmcReport {
    seed: u64,
    lines: Vec<(String, String)>,
    /// What must not be; empty when all is well.
    pub violations: Vec<String>,
}

impl BmcReport {
    /// Whether nothing leaked, nothing is stuck and nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// As text of several lines.
    pub fn text(&self) -> String {
        let title = format!("faults of BMCs, seed {}", self.seed);
        let clean = "no session leaked, nothing is stuck, every machine is as commanded";
        written(&title, &self.lines, clean, &self.violations)
    }
}

/// Gathers figures and violations.
pub(super) struct Judge {
    report: BmcReport,
}

impl Judge {
    pub(super) fn new(seed: u64, working: Duration) -> Self {
        let lines = vec![("at work".to_owned(), seconds(working))];
        Self {
            report: BmcReport {
                seed,
                lines,
                violations: Vec::new(),
            },
        }
    }

    pub(super) fn judge(mut self, fleet: &Fleet, logs: &[Log]) -> BmcReport {
        self.figures(logs);
        let mut expired = 0;
        for (member, log) in fleet.members().iter().zip(logs) {
            let name = &member.bmc.machine().hardware().name.clone();
            let (resets, ended) = seen(&member.bmc);
            expired += ended;
            let (done, unknown) = log.resets;
            self.forbid(!(done..=done + unknown).contains(&resets), || {
                format!("{name} got {resets} resets; {done} were done, {unknown} are unknown")
            });
            let open = member.bmc.open_sessions();
            self.forbid(open > 0, || {
                format!("{name} has {open} sessions that nobody closed")
            });
            self.forbid(log.longest > LONGEST, || {
                format!("a command to {name} took {}", seconds(log.longest))
            });
            self.report.violations.extend_from_slice(&log.violations);
        }
        self.note(
            "IPMI sessions that were left to their time-out",
            expired.to_string(),
        );
        self.report
    }

    fn figures(&mut self, logs: &[Log]) {
        let mut faults = BTreeMap::<&str, usize>::new();
        let mut outcomes = BTreeMap::<&str, usize>::new();
        for log in logs {
            for (name, count) in &log.faults {
                *faults.entry(name).or_default() += count;
            }
            for (name, count) in &log.outcomes {
                *outcomes.entry(name).or_default() += count;
            }
        }
        self.note("faults", faults.values().sum::<usize>().to_string());
        for (name, count) in faults {
            self.note(&format!("  {name}"), count.to_string());
        }
        self.note(
            "power commands",
            outcomes.values().sum::<usize>().to_string(),
        );
        for (name, count) in outcomes {
            self.note(&format!("  {name}"), count.to_string());
        }
        let longest = logs.iter().map(|log| log.longest).max().unwrap_or_default();
        self.note("the longest command", seconds(longest));
        let obeyed = logs.iter().map(|log| log.obeyed).max();
        let what = "after its last fault a BMC obeyed within";
        self.note(what, seconds(obeyed.unwrap_or_default()));
        let sum = |part: fn(&Log) -> usize| logs.iter().map(part).sum::<usize>();
        let (done, unknown) = (sum(|log| log.resets.0), sum(|log| log.resets.1));
        self.note("resets", format!("{done} done, {unknown} unknown"));
    }

    fn note(&mut self, name: &str, value: String) {
        self.report.lines.push((name.to_owned(), value));
    }

    fn forbid(&mut self, happened: bool, what: impl FnOnce() -> String) {
        if happened {
            self.report.violations.push(what());
        }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

//! What a run came to, for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::faults::Played;
use super::plan::{Deed, Victim};

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Until everything ran and all machines were enrolled.
    pub set_up: Duration,
    /// From the first start to the last one, faults included.
    pub working: Duration,
    /// From then until everything had ended.
    pub settling: Duration,
    /// The faults that were played.
    pub(super) done: Vec<Played>,
    /// Plain numbers, by name.
    pub numbers: Vec<(&'static str, String)>,
    /// How introspections ended that did not end well, and how many each way.
    pub errors: BTreeMap<String, usize>,
}

/// The judge's word.
#[derive(Debug, Clone)]
pub struct Report {
    /// The seed, for whoever wants to see it again.
    pub seed: u64,
    /// What was measured.
    pub figures: Figures,
    /// What must not be; empty when all is well.
    pub violations: Vec<String>,
}

impl Figures {
    /// Notes a number.
    pub(super) fn note(&mut self, name: &'static str, value: impl ToString) {
        self.numbers.push((name, value.to_string()));
    }
}

impl Report {
    /// Whether nothing was lost and nothing was done twice.
    pub fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// As text of several lines.
    pub fn text(&self) -> String {
        let figures = &self.figures;
        let mut lines = Vec::new();
        let mut line = |name: &str, value: &str| lines.push((name.to_owned(), value.to_owned()));
        let seconds = |time: Duration| format!("{:.1} s", time.as_secs_f64());
        line("set up", &seconds(figures.set_up));
        line("at work", &seconds(figures.working));
        line("settled after", &seconds(figures.settling));
        for (name, count) in faults(&figures.done) {
            line(&name, &count.to_string());
        }
        for (name, victim) in [
            ("PostgreSQL was away for", Victim::Database),
            ("RabbitMQ was away for", Victim::Broker),
        ] {
            let times = figures
                .done
                .iter()
                .filter(|played| played.fault.victim == victim);
            line(name, &seconds(times.map(|played| played.away).sum()));
        }
        for (name, value) in &figures.numbers {
            line(name, value);
        }
        for (error, count) in &figures.errors {
            line(&format!("ended with: {error}"), &count.to_string());
        }
        let title = format!("chaos, seed {}", self.seed);
        let clean = "nothing was lost, nothing was done twice";
        written(&title, &lines, clean, &self.violations)
    }
}

/// A report as text: figures line by line, then what must not be, or `clean` when there is nothing.
pub(super) fn written(
    title: &str,
    lines: &[(String, String)],
    clean: &str,
    violations: &[String],
) -> String {
    let mut text = format!("{title}\n");
    for (name, value) in lines {
        let _ = writeln!(text, "  {name:<58} {value}");
    }
    if violations.is_empty() {
        let _ = writeln!(text, "{clean}");
    }
    for violation in violations {
        let _ = writeln!(text, "VIOLATION: {violation}");
    }
    text
}

/// How many faults there were of each kind.
fn faults(done: &[Played]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for Played { fault, .. } in done {
        let victim = match fault.victim {
            Victim::Api(_) => "API server",
            Victim::Worker(_) => "worker",
            Victim::Database => "PostgreSQL",
            Victim::Broker => "RabbitMQ",
        };
        let name = match &fault.deed {
            Deed::Kill => format!("kill -9 of {victim}"),
            Deed::Restart => format!("restart of {victim}"),
            Deed::Cut(cables) if cables.len() > 1 => format!("{victim} cut off from everything"),
            Deed::Cut(cables) => format!("{victim} cut off from {}", cables[0].name()),
        };
        *counts.entry(name).or_default() += 1;
    }
    counts
}

//! Shows how far the machine is: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::Duration;

use assay_domain::Phase;
use indicatif::{ProgressBar, ProgressStyle};

use super::client::Status;
use crate::commands::say;

const STEADY: Duration = Duration::from_millis(100);

/// The phases of one introspection as they come.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    shown: Vec<String>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        let bar = std::io::stdout().is_terminal().then(|| {
            let bar = ProgressBar::new(Phase::ALL.len() as u64);
            if let Ok(style) =
                ProgressStyle::with_template("{spinner} [{elapsed}] {bar:30} {pos}/{len} {msg}")
            {
                bar.set_style(style);
            }
            bar.enable_steady_tick(STEADY);
            bar
        });
        Self {
            bar,
            shown: Vec::new(),
        }
    }

    /// Shows the phases that have come since the last look, and the one that is awaited.
    pub(crate) fn show(&mut self, status: &Status) {
        for line in &status.phases {
            if !self.shown.contains(&line.phase) {
                self.shown.push(line.phase.clone());
                self.line(&format!("  {:<12} {}", line.phase, line.at));
            }
        }
        let Some(bar) = &self.bar else {
            return;
        };
        bar.set_position(self.shown.len() as u64);
        if status.introspection.finished {
            bar.finish_and_clear();
            return;
        }
        let awaited = Phase::ALL
            .into_iter()
            .find(|phase| !self.shown.iter().any(|shown| shown == phase.as_str()));
        bar.set_message(match awaited {
            Some(phase) => format!("waiting for {}", phase.as_str()),
            None => "finishing".to_owned(),
        });
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => say(text),
        }
    }
}

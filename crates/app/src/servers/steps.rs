//! What a task has done so far, as its own progress tells it: a worker that takes the task over goes
//! by it.

use assay_domain::Result;

use super::job::Job;

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It was not begun, or surely not done.
    Open,
    /// It was about to be done: nobody knows whether it was.
    Intended,
    /// The cloud has accepted it.
    Accepted,
}

const ACCEPTED: &str = ": accepted";
const NOT_DONE: &str = ": not done";

impl Job<'_> {
    /// How far a step of this name is.
    pub(super) async fn step(&self, name: &str) -> Result<Step> {
        let said = self.app.store().task_messages(self.task.id).await?;
        let lines = said.iter().map(|line| line.text.as_str());
        Ok(progress(lines, name))
    }

    /// Writes down that a step is about to be done.
    pub(super) async fn intend(&self, name: &str) -> Result<()> {
        self.say(name).await
    }

    /// Writes down that the cloud has accepted a step.
    pub(super) async fn accepted(&self, name: &str) -> Result<()> {
        self.say(&format!("{name}{ACCEPTED}")).await
    }

    /// Writes down that a step was not done, and why.
    pub(super) async fn not_done(&self, name: &str, why: &str) -> Result<()> {
        self.say(&format!("{name}{NOT_DONE}: {why}")).await
    }
}

fn progress<'a>(lines: impl Iterator<Item = &'a str>, name: &str) -> Step {
    lines.fold(Step::Open, |before, line| match line.strip_prefix(name) {
        Some("") => Step::Intended,
        Some(ACCEPTED) => Step::Accepted,
        Some(rest) if rest.starts_with(NOT_DONE) => Step::Open,
        _ => before,
    })
}

#[cfg(test)]
mod tests {
    use super::{Step, progress};

    #[test]
    fn the_last_word_on_a_step_counts() {
        let of = |lines: &[&'static str]| progress(lines.iter().copied(), "move to a");
        assert_eq!(of(&["move to ab", "else"]), Step::Open);
        assert_eq!(of(&["move to a"]), Step::Intended);
        assert_eq!(of(&["move to a", "move to a: not done: busy"]), Step::Open);
        assert_eq!(of(&["move to a", "move to a: accepted"]), Step::Accepted);
    }
}

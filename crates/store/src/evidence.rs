//! Evidence and diagnoses: what was seen of introspections that hang or fail, and the conclusions.

use assay_domain::{
    Diagnosis, Evidence, Introspection, NewEvidence, NewTask, Page, Phase, PhaseStamp, Result,
    Stuck, Task, Timestamp,
};

use crate::Store;

impl Store {
    /// Keeps evidence: with its introspection at most 20 subjects of a kind, and of strangers the
    /// newest 2000 pieces. Repetitions are counted.
    pub async fn record_evidence(&self, pieces: Vec<NewEvidence>) -> Result<()> {
        write!(self, evidence::record(&pieces))
    }

    /// All evidence of an introspection, in the order in which it was seen first.
    pub async fn evidence(&self, introspection_id: i64) -> Result<Vec<Evidence>> {
        read!(self, evidence::of_introspection(introspection_id))
    }

    /// The newest evidence of strangers since that time, at most 100 pieces.
    pub async fn stray_evidence(&self, since: Timestamp) -> Result<Vec<Evidence>> {
        read!(self, evidence::strays(since))
    }

    /// Removes stray evidence that was not seen since that time; gives how much it was.
    pub async fn prune_evidence(&self, before: Timestamp) -> Result<usize> {
        write!(self, evidence::prune(before))
    }

    /// Introspections that wait for a phase and began before that time, with the phases that they
    /// have reached, in the order of their keys after `after`.
    pub async fn waiting_introspections(
        &self,
        began_before: Timestamp,
        after: i64,
        limit: i64,
    ) -> Result<Vec<(Introspection, Vec<PhaseStamp>)>> {
        read!(self, diagnoses::waiting(began_before, after, limit))
    }

    /// How many introspections wait for a machine that has not asked for its boot script.
    pub async fn count_awaiting_script(&self) -> Result<i64> {
        read!(self, diagnoses::count_awaiting_script())
    }

    /// Has a diagnosis made by a task, unless one of the same phase was asked for since `fresh`;
    /// whether it did. The store adds `introspection_id` to the task's payload.
    pub async fn ask_diagnosis(
        &self,
        wanted: Diagnosis,
        fresh: Timestamp,
        task: NewTask,
        now: Timestamp,
    ) -> Result<bool> {
        write!(self, diagnoses::ask(&wanted, fresh, &task, now))
    }

    /// Keeps a diagnosis in place of the one before.
    pub async fn keep_diagnosis(&self, made: Diagnosis) -> Result<()> {
        write!(self, diagnoses::keep(&made))
    }

    /// The newest diagnosis of an introspection.
    pub async fn diagnosis(&self, introspection_id: i64) -> Result<Option<Diagnosis>> {
        read!(self, diagnoses::find(introspection_id))
    }

    /// A page of the introspections that are stuck, those that have waited longest first, of one
    /// phase or with one most likely cause if asked for.
    pub async fn stuck(
        &self,
        phase: Option<Phase>,
        cause: Option<&str>,
        page: Page,
    ) -> Result<Vec<Stuck>> {
        let cause = cause.map(str::to_owned);
        read!(self, diagnoses::stuck(phase, cause.as_deref(), page))
    }

    /// How many introspections are stuck, by phase and by the key of the most likely cause, which
    /// is missing while it is looked for.
    pub async fn count_stuck(&self) -> Result<Vec<(String, Option<String>, i64)>> {
        read!(self, diagnoses::count_stuck())
    }

    /// The task that drives an introspection, unless it is gone.
    pub async fn owner_of_introspection(&self, id: i64) -> Result<Option<Task>> {
        read!(self, diagnoses::owner(id))
    }

    /// How many tasks of a class workers hold now.
    pub async fn running_tasks(&self, class: &'static str, now: Timestamp) -> Result<i64> {
        read!(self, diagnoses::running(class, now))
    }
}

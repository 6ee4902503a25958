//! A worker's part of a dry run: batch after batch, each stored with how far the run is, so that
//! whoever takes over goes on where the last one was.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use assay_domain::{DryRun, DryRunState, DryRunSubject, Error, Result, Task};
use assay_hooks::CompiledRules;
use serde_json::{Value, json};
use tokio_util::task::AbortOnDropHandle;

use super::DryRuns;
use super::judge::Judge;
use crate::App;
use crate::work::{Outcome, error_text};

/// Reports of the first batch; the next ones grow or shrink so that each takes about as long.
const FIRST_BATCH: usize = 4;
const BATCH_TIME: Duration = Duration::from_millis(250);
/// Most reports of one batch, and most bytes that they have when they are not compressed.
const BATCH: usize = 400;
const BATCH_BYTES: i64 = 16 << 20;
/// How often a run looks whether it has been cancelled.
const LOOK: Duration = Duration::from_millis(500);
/// How often a run says how far it is.
const TELL: Duration = Duration::from_secs(2);
/// How long one attempt goes on; the next one follows at once, so that no time limit of tasks ends
/// a long run.
const STRETCH: Duration = Duration::from_secs(300);
/// When a run looks again whether this process has time for it.
const BUSY: Duration = Duration::from_secs(2);
/// When a run goes on after the database was not reachable.
const RETRY: Duration = Duration::from_secs(5);

/// How a stretch of work ended.
enum End {
    Finished,
    /// Cancelled, or somebody else goes on with it.
    Left,
    /// Goes on in the next attempt.
    Stretch,
}

impl DryRuns<'_> {
    /// Does a dry run, or goes on with one.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let Some(run) = self.of_task(task).await? else {
            return Ok(Outcome::Done(json!({"state": "deleted"})));
        };
        if run.state.is_final() {
            return Ok(ended(run.state));
        }
        let Ok(_seat) = self.app.seats().many.try_acquire() else {
            let why = "another dry run is at work here".to_owned();
            return Ok(Outcome::Postponed(BUSY, why));
        };
        let (id, uuid) = (run.id, run.uuid.clone());
        match self.look(task, run).await {
            Ok(End::Finished) => self.end(id, DryRunState::Finished, None).await?,
            Ok(End::Left) => {}
            Ok(End::Stretch) => {
                return Ok(Outcome::Postponed(Duration::ZERO, "goes on".to_owned()));
            }
            Err(Error::Unavailable { message, .. }) if task.attempts < task.max_attempts => {
                return Ok(Outcome::Later(RETRY, message));
            }
            Err(error) => {
                let text = error_text(&error);
                self.end(id, DryRunState::Failed, Some(text)).await?;
                return Err(error);
            }
        }
        let run = self.app.store().dry_run(&uuid).await?;
        let run = run.ok_or_else(|| Error::not_found("Dry run", uuid))?;
        let told = format!("{} of {} reports", run.done, run.total);
        self.app.tasks().message(task, &told).await?;
        Ok(ended(run.state))
    }

    /// Ends the run of a task that is given up, because its worker died each time.
    pub async fn given_up(&self, task: &Task) -> Result<()> {
        let Some(run) = self.of_task(task).await? else {
            return Ok(());
        };
        let text = format!("its worker died {} times", task.max_attempts);
        self.end(run.id, DryRunState::Failed, Some(text)).await
    }

    async fn of_task(&self, task: &Task) -> Result<Option<DryRun>> {
        let uuid = task.payload.get("dry_run").and_then(Value::as_str);
        let uuid = uuid.ok_or_else(|| Error::internal("a task of a dry run names none"))?;
        self.app.store().dry_run(uuid).await
    }

    async fn end(&self, id: i64, state: DryRunState, error: Option<String>) -> Result<()> {
        let now = self.app.clock().now();
        let ended = self.app.store().end_dry_run(id, state, error, now).await?;
        tracing::info!(dry_run = id, state = state.as_str(), ended, "dry run ended");
        Ok(())
    }

    async fn look(&self, task: &Task, mut run: DryRun) -> Result<End> {
        let store = self.app.store();
        let reports = store.dry_run_reports(run.reports, run.up_to).await?;
        let total = i64::try_from(reports.len()).unwrap_or(i64::MAX);
        if run.started_at.is_none() {
            let now = self.app.clock().now();
            store.begin_dry_run(run.id, total, now).await?;
            (run.started_at, run.total) = (Some(now), total);
        }
        let left = reports.into_iter().filter(|(id, _)| *id > run.cursor);
        let mut left: VecDeque<(i64, i64)> = left.collect();
        let mut size = FIRST_BATCH;
        let judge = self.judge(&run).await?;
        let time = self.time_left(&run);
        let _watch = watch(self.app.clone(), run.id, time, judge.stop.clone());
        let threads = self.app.settings().dry_run.thread_count();
        let began = Instant::now();
        let mut told = began.checked_sub(TELL).unwrap_or(began);
        let mut next = self.fetch(take(&mut left, size)).await?;
        while let Some((ids, subjects)) = next {
            self.check_time(&run)?;
            if told.elapsed() >= TELL {
                let text = format!("{} of {} reports", run.done, run.total);
                self.app.tasks().message(task, &text).await?;
                told = Instant::now();
            }
            let gone = ids.len().saturating_sub(subjects.len());
            let since = Instant::now();
            let following = self.fetch(take(&mut left, size));
            let (found, following) = tokio::try_join!(judge.all(subjects, threads), following)?;
            size = next_size(ids.len(), since.elapsed());
            let Some((results, counts)) = found else {
                self.check_time(&run)?;
                return Ok(End::Left);
            };
            run.counts.add(&counts);
            run.counts.skipped += i64::try_from(gone).unwrap_or(0);
            run.done += i64::try_from(ids.len()).unwrap_or(0);
            let cursor = ids.last().copied().unwrap_or(run.cursor);
            if !store.advance_dry_run(run.clone(), cursor, results).await? {
                return Ok(End::Left);
            }
            run.cursor = cursor;
            next = following;
            if next.is_some() && began.elapsed() >= STRETCH {
                return Ok(End::Stretch);
            }
        }
        Ok(End::Finished)
    }

    async fn judge(&self, run: &DryRun) -> Result<Arc<Judge>> {
        let rules = run.rules.clone();
        let rules = tokio::task::spawn_blocking(move || CompiledRules::compile(&rules));
        Ok(Arc::new(Judge {
            app: self.app.clone(),
            rules: rules.await.map_err(Error::internal)?,
            scope: run.scope.clone(),
            stop: Arc::new(AtomicBool::new(false)),
        }))
    }

    async fn fetch(
        &self,
        batch: Option<Vec<i64>>,
    ) -> Result<Option<(Vec<i64>, Vec<DryRunSubject>)>> {
        let Some(ids) = batch else { return Ok(None) };
        let subjects = self.app.store().dry_run_subjects(ids.clone()).await?;
        Ok(Some((ids, subjects)))
    }

    fn time_left(&self, run: &DryRun) -> Duration {
        let limit = self.app.settings().dry_run.time_limit;
        let began = run.started_at.unwrap_or(run.created_at);
        let taken = (self.app.clock().now() - began).to_std();
        limit.saturating_sub(taken.unwrap_or_default())
    }

    fn check_time(&self, run: &DryRun) -> Result<()> {
        if !self.time_left(run).is_zero() {
            return Ok(());
        }
        let limit = self.app.settings().dry_run.time_limit;
        Err(Error::conflict(format!(
            "the dry run took longer than its limit of {} s: {} of {} reports",
            limit.as_secs_f64(),
            run.done,
            run.total
        )))
    }
}

fn ended(state: DryRunState) -> Outcome {
    let result = json!({"state": state.as_str()});
    match state {
        DryRunState::Cancelled => Outcome::Cancelled(result),
        _ => Outcome::Done(result),
    }
}

/// The next reports, of bounded number and size; `None` when there are no more.
fn take(left: &mut VecDeque<(i64, i64)>, most: usize) -> Option<Vec<i64>> {
    let (first, mut bytes) = left.pop_front()?;
    let mut ids = vec![first];
    while ids.len() < most
        && let Some((id, size)) = left.front().copied()
    {
        bytes += size;
        if bytes > BATCH_BYTES {
            break;
        }
        ids.push(id);
        left.pop_front();
    }
    Some(ids)
}

/// How many reports to take after so many took that long.
fn next_size(count: usize, taken: Duration) -> usize {
    if taken < BATCH_TIME / 2 {
        (count * 2).min(BATCH)
    } else if taken > BATCH_TIME * 2 {
        (count / 2).max(1)
    } else {
        count
    }
}

/// Stops the work when its time is up, when the run has ended meanwhile, or when the work is dropped.
fn watch(app: App, run: i64, time: Duration, stop: Arc<AtomicBool>) -> AbortOnDropHandle<()> {
    let stopper = Stopper(stop);
    let end = tokio::time::Instant::now() + time;
    AbortOnDropHandle::new(tokio::spawn(async move {
        let _stopper = stopper;
        loop {
            tokio::time::sleep_until(end.min(tokio::time::Instant::now() + LOOK)).await;
            if tokio::time::Instant::now() >= end {
                return;
            }
            match app.store().is_dry_run_open(run).await {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => tracing::warn!(%error, "a dry run's state was not read"),
            }
        }
    }))
}

/// Says stop when it is dropped.
struct Stopper(Arc<AtomicBool>);

impl Drop for Stopper {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(reports: Vec<(i64, i64)>, most: usize) -> Vec<usize> {
        let mut left = VecDeque::from(reports);
        std::iter::from_fn(|| take(&mut left, most))
            .map(|ids| ids.len())
            .collect()
    }

    #[test]
    fn batches_are_bounded_by_number_and_by_size() {
        let small = (1..=1000).map(|id| (id, 1)).collect();
        assert_eq!(taken(small, BATCH), [400, 400, 200]);
        let large = vec![(1, BATCH_BYTES + 1), (2, BATCH_BYTES), (3, 1), (4, 2)];
        assert_eq!(taken(large, BATCH), [1, 1, 2]);
        assert!(taken(Vec::new(), BATCH).is_empty());
    }

    #[test]
    fn batches_take_about_as_long_as_each_other() {
        assert_eq!(next_size(FIRST_BATCH, BATCH_TIME / 4), 2 * FIRST_BATCH);
        assert_eq!(next_size(300, Duration::ZERO), BATCH);
        assert_eq!(next_size(16, BATCH_TIME), 16);
        assert_eq!(next_size(16, BATCH_TIME * 4), 8);
        assert_eq!(next_size(1, BATCH_TIME * 40), 1);
    }
}

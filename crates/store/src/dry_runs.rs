//! Dry runs of rules, and what they said of each report.

use assay_domain::{
    DryRun, DryRunReports, DryRunResult, DryRunState, DryRunSubject, NewDryRun, NewTask, Page,
    Result, Timestamp,
};

use crate::Store;
use crate::compression::{compress_now, decompress};
use crate::store::blocking;

/// What a dry run says of a report, to be stored.
pub struct NewResult {
    pub(crate) report_id: i64,
    pub(crate) node_uuid: String,
    pub(crate) trace: Vec<u8>,
}

impl NewResult {
    /// Compresses the trace, which is JSON text; this takes time, so not in an asynchronous task.
    pub fn new(report_id: i64, node_uuid: String, trace: &[u8]) -> Result<Self> {
        Ok(Self {
            report_id,
            node_uuid,
            trace: compress_now(trace)?,
        })
    }
}

/// The JSON text of a report that came compressed; this takes time, so not in an asynchronous task.
pub fn raw_text(subject: &DryRunSubject) -> Result<Vec<u8>> {
    Ok(decompress(&subject.raw)?)
}

impl Store {
    /// Stores a dry run over the reports that there are now, and the task that does it.
    pub async fn create_dry_run(
        &self,
        new: NewDryRun,
        task: NewTask,
        now: Timestamp,
    ) -> Result<DryRun> {
        write!(self, dry_runs::create(&new, &task, now))
    }

    /// Marks a waiting run as begun, with so many reports to look at; false when it was before.
    pub async fn begin_dry_run(&self, id: i64, total: i64, now: Timestamp) -> Result<bool> {
        write!(self, dry_runs::begin(id, total, now))
    }

    /// Stores results together with `done` and `counts` of the run, and moves its cursor from
    /// `run.cursor` to `cursor`; false, and nothing is stored, when the run has ended or its cursor
    /// is elsewhere.
    pub async fn advance_dry_run(
        &self,
        run: DryRun,
        cursor: i64,
        results: Vec<NewResult>,
    ) -> Result<bool> {
        write!(self, dry_runs::advance(&run, cursor, &results))
    }

    /// Ends a run; false when it has ended already.
    pub async fn end_dry_run(
        &self,
        id: i64,
        state: DryRunState,
        error: Option<String>,
        now: Timestamp,
    ) -> Result<bool> {
        write!(self, dry_runs::end(id, state, error.as_deref(), now))
    }

    /// Cancels a run, and revokes its task when no worker has it; false when it has ended already.
    pub async fn cancel_dry_run(&self, run: DryRun, now: Timestamp) -> Result<bool> {
        write!(self, dry_runs::cancel(&run, now))
    }

    /// Removes an ended run with its results; false when there is none.
    pub async fn delete_dry_run(&self, id: i64) -> Result<bool> {
        write!(self, dry_runs::delete(id))
    }

    /// The run with that UUID. One whose task was revoked or has failed is shown as ended.
    pub async fn dry_run(&self, uuid: &str) -> Result<Option<DryRun>> {
        let uuid = uuid.to_owned();
        read!(self, dry_runs::find(&uuid))
    }

    /// Runs, newest first.
    pub async fn list_dry_runs(&self, page: Page) -> Result<Vec<DryRun>> {
        read!(self, dry_runs::list(page))
    }

    /// Whether a run has not ended.
    pub async fn is_dry_run_open(&self, id: i64) -> Result<bool> {
        read!(self, dry_runs::is_open(id))
    }

    /// Key and size in bytes of the reports that a run looks at, by key, up to the report `up_to`.
    pub async fn dry_run_reports(
        &self,
        which: DryRunReports,
        up_to: i64,
    ) -> Result<Vec<(i64, i64)>> {
        read!(self, dry_run_reports::choose(which, up_to))
    }

    /// These reports with their nodes, by key; those that are gone are left out.
    pub async fn dry_run_subjects(&self, ids: Vec<i64>) -> Result<Vec<DryRunSubject>> {
        read!(self, dry_run_reports::subjects(&ids))
    }

    /// At most `limit` results of a run behind the result `after` (0: from the first), in order; of
    /// one node when its UUID is given.
    pub async fn dry_run_results(
        &self,
        run: i64,
        node: Option<String>,
        after: i64,
        limit: i64,
    ) -> Result<Vec<DryRunResult>> {
        let rows = read!(
            self,
            dry_run_reports::results(run, node.as_deref(), after, limit)
        )?;
        blocking(move || {
            rows.into_iter()
                .map(|row| {
                    Ok(DryRunResult {
                        id: row.id,
                        report_id: row.report_id,
                        node_uuid: row.node_uuid,
                        trace: decompress(&row.trace)?,
                    })
                })
                .collect()
        })
        .await
    }
}

//! Reports: receiving, processing, reading. They are compressed before a transaction begins.

use assay_domain::{Introspection, NewTask, Page, Report, ReportKind, Result, Timestamp};

use crate::compression::compress;
use crate::{NewIntrospection, ProcessingOutcome, Store};

impl Store {
    /// Takes a report in: the introspection's new state, the report, the phase `Callback` and the
    /// task, with `introspection_id` and `report_id` added to its payload, in one transaction.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the introspection does not await a report.
    pub async fn receive_report(
        &self,
        introspection_id: i64,
        raw: Vec<u8>,
        task: NewTask,
        now: Timestamp,
    ) -> Result<(Introspection, i64)> {
        let raw = compress(raw).await?;
        write!(self, reports::receive(introspection_id, &raw, &task, now))
    }

    /// Begins to process a report again: `data`, or the newest one that is stored. The task gets
    /// `introspection_id` and `report_id` in its payload.
    ///
    /// # Errors
    /// `NotFound` when there is neither data nor a report; `Conflict` while the node's current
    /// introspection runs.
    pub async fn start_reapply(
        &self,
        node_id: i64,
        data: Option<Vec<u8>>,
        new: NewIntrospection,
        task: NewTask,
        now: Timestamp,
    ) -> Result<Introspection> {
        let data = match data {
            Some(data) => Some(compress(data).await?),
            None => None,
        };
        write!(
            self,
            reports::start_reapply(node_id, data.as_ref(), &new, &task, now)
        )
    }

    /// Stores what hooks and rules made of a report, in one transaction; stamps the phases `Hooks`
    /// and `Rules`. Doing it twice without `finish` changes nothing more.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the introspection is not being processed any more.
    pub async fn apply_processing(
        &self,
        mut outcome: ProcessingOutcome,
        now: Timestamp,
    ) -> Result<Introspection> {
        let processed = compress(std::mem::take(&mut outcome.processed)).await?;
        write!(self, reports::apply(&outcome, &processed, now))
    }

    /// A report with one form of its data; the data is null when that form does not exist yet.
    pub async fn report(&self, id: i64, kind: ReportKind) -> Result<Option<Report>> {
        read!(self, reports::find(id, kind))
    }

    /// A report without its data.
    pub async fn report_head(&self, id: i64) -> Result<Option<Report>> {
        read!(self, report_lists::head(id))
    }

    /// The keys of the reports of a node that have that form, newest first.
    pub async fn report_keys(
        &self,
        node_id: i64,
        kind: ReportKind,
        page: Page,
    ) -> Result<Vec<i64>> {
        read!(self, report_lists::keys(node_id, kind, page))
    }

    /// The keys of the reports of these introspections, each with its introspection's, by key.
    pub async fn reports_of(&self, introspections: Vec<i64>) -> Result<Vec<(i64, i64)>> {
        read!(self, report_lists::of_introspections(&introspections))
    }

    /// One form of a report's data, as JSON text.
    pub async fn report_bytes(&self, id: i64, kind: ReportKind) -> Result<Option<Vec<u8>>> {
        read!(self, reports::bytes(id, kind))
    }

    /// The newest report of a node that has that form.
    pub async fn latest_report(&self, node_id: i64, kind: ReportKind) -> Result<Option<Report>> {
        read!(self, reports::latest(node_id, kind))
    }

    /// The data of the newest report of a node that has that form, as JSON text.
    pub async fn latest_report_bytes(
        &self,
        node_id: i64,
        kind: ReportKind,
    ) -> Result<Option<Vec<u8>>> {
        read!(self, reports::latest_bytes(node_id, kind))
    }

    /// The reports of a node, newest first; their data is null.
    pub async fn list_reports(&self, node_id: i64, page: Page) -> Result<Vec<Report>> {
        read!(self, reports::list(node_id, page))
    }
}

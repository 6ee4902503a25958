//! Stored reports by name, and what differs between two of them.

use assay_domain::{Actor, Error, Node, Page, Report, ReportKind, Result, Role};
use assay_inventory::difference::{Difference, Scope, differences};

use super::Introspections;

/// Which reports are compared, and how.
#[derive(Debug, Clone)]
pub struct DifferenceRequest {
    /// UUID or name of the node of the first report.
    pub node: String,
    /// The first report: its key, `newest` or `previous`.
    pub report: String,
    /// UUID or name of the node of the second report; the first one's when absent.
    pub other_node: Option<String>,
    /// The second report, as the first one.
    pub other: String,
    /// Which form of both.
    pub kind: ReportKind,
    /// Which differences count.
    pub scope: Scope,
    /// Which part of the list.
    pub page: Page,
}

/// What differs between two reports.
#[derive(Debug, Clone)]
pub struct ReportDifferences {
    /// The first report, without data, and the UUID of its node.
    pub first: (Report, String),
    /// The second one.
    pub second: (Report, String),
    /// How many differences there are.
    pub total: usize,
    /// The part of them that was asked for.
    pub differences: Vec<Difference>,
}

impl Introspections<'_> {
    /// What differs between two stored reports, of one node or of two, field by field.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a node or report that does not exist, or not in that form;
    /// [`Error::Invalid`] for a report that is neither a key nor one of the names.
    pub async fn differences(
        &self,
        actor: &Actor,
        request: DifferenceRequest,
    ) -> Result<ReportDifferences> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(&request.node).await?;
        let other_node = match &request.other_node {
            Some(other) => self.app.nodes().by_ref(other).await?,
            None => node.clone(),
        };
        let kind = request.kind;
        let first = self.find_report(&node, &request.report, kind).await?;
        let second = self.find_report(&other_node, &request.other, kind).await?;
        let before = self.text(first.id, kind).await?;
        let after = self.text(second.id, kind).await?;
        let found = tokio::task::spawn_blocking(move || {
            let parse = |text: &[u8]| serde_json::from_slice(text).map_err(Error::internal);
            let (before, after) = (parse(&before)?, parse(&after)?);
            Ok::<_, Error>(differences(&before, &after, request.scope))
        });
        let found = found.await.map_err(Error::internal)??;
        let count = |number: i64| usize::try_from(number).unwrap_or(0);
        let total = found.len();
        let part = found.into_iter().skip(count(request.page.offset));
        Ok(ReportDifferences {
            first: (first, node.uuid),
            second: (second, other_node.uuid),
            total,
            differences: part.take(count(request.page.limit)).collect(),
        })
    }

    /// A report of a node that has that form, without its data: by key, or `newest`, or `previous`,
    /// the one before that.
    pub(crate) async fn find_report(
        &self,
        node: &Node,
        which: &str,
        kind: ReportKind,
    ) -> Result<Report> {
        let store = self.app.store();
        let back = match which {
            "newest" => Some(0),
            "previous" => Some(1),
            _ => None,
        };
        let missing = || Error::not_found("Report", format!("{which} of node {}", node.uuid));
        let id = match back {
            Some(offset) => {
                let page = Page { offset, limit: 1 };
                let keys = store.report_keys(node.id, kind, page).await?;
                keys.first().copied().ok_or_else(missing)?
            }
            None => which.parse().map_err(|_| {
                Error::invalid(format!(
                    "'{which}' is no report: give its key, newest or previous"
                ))
            })?,
        };
        let report = store.report_head(id).await?;
        report
            .filter(|report| report.node_id == node.id)
            .ok_or_else(missing)
    }

    async fn text(&self, id: i64, kind: ReportKind) -> Result<Vec<u8>> {
        let text = self.app.store().report_bytes(id, kind).await?;
        text.ok_or_else(|| Error::not_found("Processed data of report", id))
    }
}

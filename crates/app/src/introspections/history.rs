//! All introspections of a node, each with what came of it.

use std::collections::HashMap;

use assay_domain::{Actor, Introspection, Page, PhaseStamp, Result, Role};

use super::Introspections;

/// One introspection of a node, as history shows it.
#[derive(Debug, Clone)]
pub struct HistoryEntry {
    /// The introspection.
    pub introspection: Introspection,
    /// The phases that it reached, in order of time.
    pub phases: Vec<PhaseStamp>,
    /// The keys of its reports that are still stored.
    pub reports: Vec<i64>,
    /// The most likely cause of its being stuck or of its failure, as found last.
    pub cause: Option<String>,
}

impl Introspections<'_> {
    /// A page of all introspections of a node, newest first.
    ///
    /// # Errors
    /// [`assay_domain::Error::NotFound`] for an unknown node.
    pub async fn history(
        &self,
        actor: &Actor,
        node_ref: &str,
        page: Page,
    ) -> Result<Vec<HistoryEntry>> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let store = self.app.store();
        let found = store.introspections_of(node.id, page).await?;
        let ids: Vec<i64> = found.iter().map(|one| one.id).collect();
        let mut phases = grouped(store.phases_of(ids.clone()).await?);
        let mut reports = grouped(store.reports_of(ids.clone()).await?);
        let causes = store.causes_of(ids).await?;
        let mut causes: HashMap<i64, String> = causes.into_iter().collect();
        let entries = found.into_iter().map(|introspection| HistoryEntry {
            phases: phases.remove(&introspection.id).unwrap_or_default(),
            reports: reports.remove(&introspection.id).unwrap_or_default(),
            cause: causes.remove(&introspection.id),
            introspection,
        });
        Ok(entries.collect())
    }
}

fn grouped<T>(pairs: Vec<(i64, T)>) -> HashMap<i64, Vec<T>> {
    let mut groups: HashMap<i64, Vec<T>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().push(value);
    }
    groups
}

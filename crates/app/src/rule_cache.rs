//! The stored rules, parsed once and kept until they change.

use std::sync::Arc;

use assay_domain::{Result, Rule};
use assay_hooks::CompiledRules;
use assay_store::Store;
use parking_lot::Mutex;

/// Which rules there are. A rule is never changed, only created and deleted, and no key is given
/// twice; the UUID tells apart what a restored backup brought back under the same key.
type Version = Vec<(i64, String)>;

/// The rules that were used last.
#[derive(Default)]
pub(crate) struct RuleCache {
    last: Mutex<Option<(Version, Arc<CompiledRules>)>>,
}

impl RuleCache {
    /// The stored rules as they are now.
    pub(crate) async fn current(&self, store: &Store) -> Result<Arc<CompiledRules>> {
        let version = store.rule_keys().await?;
        if let Some((known, rules)) = &*self.last.lock()
            && *known == version
        {
            return Ok(rules.clone());
        }
        let rules = store.rules().await?;
        let version = rules.iter().map(|rule: &Rule| (rule.id, rule.uuid.clone()));
        let version = version.collect();
        let compiled = tokio::task::spawn_blocking(move || CompiledRules::compile(&rules))
            .await
            .map_err(assay_domain::Error::internal)?;
        let compiled = Arc::new(compiled);
        *self.last.lock() = Some((version, compiled.clone()));
        Ok(compiled)
    }
}

//! Discovery: unknown machines that boot are enrolled by rules, or held for a decision.
//!
//! Off unless configured. An unknown machine is given the ramdisk with a nonce of its own, within the
//! limits of `[discovery]`. Its report is weighed against all nodes (`lookup`), then the rules decide:
//! one with the action `enroll` enrols it; without one, or when it may be a known node, its report is
//! held.

mod held;
mod intake;
mod settings;
mod verdict;

use assay_domain::{AlarmKind, Error, NewAlarm, Result};
use assay_store::{BootClaim, DiscoveryLimits, ScriptGiven};
use serde_json::json;

use crate::App;
use crate::boot::{BootDecision, hash, new_nonce};

pub use held::{Decision, HeldReports};
pub(crate) use intake::{Offer, Taken};
pub use settings::DiscoverySettings;
pub(crate) use verdict::mark;

/// Name of whoever asks for what discovery does.
const DISCOVERY: &str = "discovery";

/// Seconds after which a machine for which there was no room may come again.
const RETRY_AFTER: u64 = 60;

/// Discovery of unknown machines.
pub struct Discovery<'a> {
    app: &'a App,
}

impl<'a> Discovery<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// What an unknown machine is to boot: the ramdisk, when there is room for it.
    pub(crate) async fn boot(&self, claim: BootClaim) -> Result<BootDecision> {
        let refuse = |reason: &str| BootDecision::Local {
            reason: reason.to_owned(),
        };
        if claim.mac.is_empty() {
            return Ok(refuse("this machine is not known, and told no MAC address"));
        }
        let nonce = new_nonce()?;
        let mac = claim.mac.clone();
        Ok(match self.give(hash(&nonce), claim).await? {
            ScriptGiven::Given => {
                tracing::info!(mac, "boot script served to an unknown machine");
                metrics::counter!("assay_discovery_boots_total").increment(1);
                BootDecision::Introspect { nonce, node: None }
            }
            ScriptGiven::TooOften => refuse("too many unknown machines boot at the moment"),
            ScriptGiven::Full => refuse("too many unknown machines wait already"),
        })
    }

    /// Keeps a boot, and tells operators when there was no room for it.
    async fn give(&self, nonce_hash: String, claim: BootClaim) -> Result<ScriptGiven> {
        let settings = self.app.settings();
        let limits = DiscoveryLimits {
            per_minute: i64::from(settings.discovery.per_minute),
            max_waiting: i64::from(settings.discovery.max_waiting),
            expires: self.app.clock().later(settings.introspection_timeout),
        };
        let now = self.app.clock().now();
        let evidence = json!({"mac": claim.mac, "source": claim.source});
        let store = self.app.store();
        let given = store.give_discovery(nonce_hash, claim, limits, now).await?;
        match given {
            ScriptGiven::Given => {}
            ScriptGiven::TooOften => {
                tracing::warn!(%evidence, "too many unknown machines per minute");
            }
            ScriptGiven::Full => self.alarm_full(evidence).await,
        }
        Ok(given)
    }

    async fn alarm_full(&self, evidence: serde_json::Value) {
        let most = self.app.settings().discovery.max_waiting;
        let text = format!(
            "an unknown machine was turned away: {most} wait already (discovery.max_waiting). Decide \
             on held reports, or raise the limit"
        );
        let alarm = NewAlarm {
            kind: AlarmKind::DiscoveryFull,
            subject: DISCOVERY.to_owned(),
            node_id: None,
            text,
            evidence,
        };
        self.app.alarms().raise(alarm).await;
    }

    /// Deletes what has expired: boots whose report never came, and held reports that are older
    /// than `keep_held`.
    pub async fn tidy(&self) -> Result<()> {
        let (store, now) = (self.app.store(), self.app.clock().now());
        let boots = store.prune_discovery_boots(now).await?;
        let keep = self.app.settings().discovery.keep_held;
        let keep = chrono::TimeDelta::from_std(keep).map_err(Error::internal)?;
        let held = store.prune_held_reports(now - keep).await?;
        if boots + held > 0 {
            tracing::info!(boots, held, "deleted what has expired of discovery");
        }
        Ok(())
    }
}

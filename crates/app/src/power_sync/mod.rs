//! The power of all nodes, read again and again, so that what Assay says of it is never old.

mod feeds;
mod settings;

use std::time::Duration;

use assay_domain::power_observation::{MISSES_TO_UNREACHABLE, ReadingPace, ReadingSummary};
use assay_domain::{
    DriverError, DueReading, Error, PowerObservation, PowerReading, Result, Timestamp,
};
use chrono::{DurationRound, TimeDelta};
use rand::Rng;

pub use feeds::NodeFeeds;
pub use settings::PowerSyncSettings;

use crate::App;
use crate::work::insist;

/// How often it is looked whether a reading that somebody waits for has come.
const POLL: Duration = Duration::from_millis(50);

/// Readings of the power of nodes.
pub struct PowerSync<'a> {
    app: &'a App,
}

impl<'a> PowerSync<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Nodes whose power this process is to read now, at most `limit`: those that answered last
    /// (`living`), or those that did not. Each is due again in time, also when this process dies.
    pub async fn claim(&self, living: bool, limit: i64) -> Result<Vec<NodeFeeds>> {
        let settings = &self.app.settings().power_sync;
        let pace = ReadingPace {
            interval: settings.interval,
            longest: settings.longest,
            share: rand::rng().random_range(0.7..=0.95),
        };
        let now = self.app.clock().now();
        let due = self
            .app
            .store()
            .claim_power_readings(living, limit, pace, now)
            .await?;
        let ids: Vec<i64> = due.iter().map(|due: &DueReading| due.node_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        feeds::of_nodes(self.app, &ids).await
    }

    /// Asks the devices of a node; none when they could not be asked, which says nothing of them.
    pub async fn read(&self, node: &NodeFeeds) -> Option<PowerReading> {
        let began_at = self.app.clock().now();
        let limit = self.app.settings().power_sync.read_limit;
        let outcome = match node.read(self.app.gate(), limit).await {
            Err(DriverError::NotAsked { .. }) => return None,
            outcome => outcome.map_err(|error| error.to_string()),
        };
        if outcome.is_ok() {
            self.mark_initialized(node).await;
        }
        Some(PowerReading {
            node_id: node.node_id,
            began_at,
            outcome,
        })
    }

    /// Keeps readings. Changes that Assay did not cause become part of the nodes' history.
    pub async fn keep(&self, readings: Vec<PowerReading>) -> Result<()> {
        let (store, now) = (self.app.store(), self.app.clock().now());
        let write = || store.keep_power_readings(readings.clone(), now);
        let changes = insist(self.app, write).await?;
        for change in changes {
            tracing::warn!(
                node = change.node_id,
                state = change.state.as_str(),
                "the power of a node was changed, and not by Assay"
            );
            metrics::counter!("assay_power_outside_changes_total").increment(1);
        }
        let failed: Vec<i64> = readings
            .iter()
            .filter(|reading| reading.outcome.is_err())
            .map(|reading| reading.node_id)
            .collect();
        if !failed.is_empty() {
            self.tell_unreachable(&failed).await?;
        }
        Ok(())
    }

    /// What is known of a node's power; none for a node without a power control.
    pub async fn known(&self, node_id: i64) -> Result<Option<PowerObservation>> {
        self.app.store().power_observation(node_id).await
    }

    /// Has a worker ask a node's devices now, and waits for what they say, be it that they do not answer.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a node without a power control; [`Error::Unavailable`] when no worker has
    /// asked in time, e.g. because another operation is at the device.
    pub async fn read_now(&self, node_id: i64) -> Result<PowerObservation> {
        let store = self.app.store();
        let missing = || {
            Error::invalid(format!(
                "node {node_id} has no power control: assign one first"
            ))
        };
        let before = store
            .power_observation(node_id)
            .await?
            .ok_or_else(missing)?;
        let asked = readings_of(self.app.clock().now());
        store.read_power_soon(node_id).await?;
        let answer = tokio::time::timeout(self.app.settings().power_sync.answer_wait, async {
            loop {
                tokio::time::sleep(POLL).await;
                let known = store
                    .power_observation(node_id)
                    .await?
                    .ok_or_else(missing)?;
                let is_read = known.observed_at.is_some_and(|at| at >= asked);
                if is_read || known.misses > before.misses {
                    return Ok(known);
                }
            }
        });
        answer.await.unwrap_or_else(|_| {
            Err(Error::Unavailable {
                message: format!("no worker could ask the devices of node {node_id} in time"),
                retry_after: 5,
            })
        })
    }

    /// How far the readings of all nodes have come.
    pub async fn summary(&self) -> Result<ReadingSummary> {
        self.app.store().power_reading_summary().await
    }

    async fn mark_initialized(&self, node: &NodeFeeds) {
        for assignment in node.assignments() {
            if assignment.is_initialized {
                continue;
            }
            let marked = self
                .app
                .store()
                .mark_initialized(assignment.node_id, assignment.power_control_id);
            if let Err(error) = marked.await {
                tracing::debug!(node = node.node_id, %error, "an assignment was not marked; it is at the next reading");
            }
        }
    }

    async fn tell_unreachable(&self, failed: &[i64]) -> Result<()> {
        for known in self.app.store().power_observations_of(failed).await? {
            if known.misses == MISSES_TO_UNREACHABLE {
                tracing::warn!(node = known.node_id, reason = known.error, since = ?known.missed_since,
                    "the power of a node cannot be read");
            }
        }
        Ok(())
    }
}

/// From when on a reading counts as asked for at that time: readings are kept to the tenth of a second.
fn readings_of(time: Timestamp) -> Timestamp {
    time.duration_trunc(TimeDelta::milliseconds(100))
        .unwrap_or(time)
}

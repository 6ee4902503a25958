//! What was read of the power of nodes, and whose turn it is to be read.

use assay_domain::power_observation::{ReadingPace, ReadingSummary};
use assay_domain::{DueReading, OutsideChange, PowerObservation, PowerReading, Result, Timestamp};

use crate::Store;
use crate::convert::utc;

impl Store {
    /// Hands out at most `limit` nodes whose power is to be read now, to this caller alone: those that
    /// answered last (`living`), or those that did not. Each is due again after its pace's pause, also
    /// when this caller dies.
    pub async fn claim_power_readings(
        &self,
        living: bool,
        limit: i64,
        pace: ReadingPace,
        now: Timestamp,
    ) -> Result<Vec<DueReading>> {
        write!(self, power_observations::claim(living, limit, &pace, now))
    }

    /// Keeps readings of the power of nodes; gives the changes that Assay did not cause, which have
    /// become part of the nodes' history. A reading that began before the end of a command of ours, and
    /// of another state than the known one, is dropped.
    pub async fn keep_power_readings(
        &self,
        readings: Vec<PowerReading>,
        now: Timestamp,
    ) -> Result<Vec<OutsideChange>> {
        write!(self, power_observations::keep(&readings, now))
    }

    /// What is known of a node's power; none for a node without a power control.
    pub async fn power_observation(&self, node_id: i64) -> Result<Option<PowerObservation>> {
        Ok(self.power_observations_of(&[node_id]).await?.pop())
    }

    /// What is known of the power of these nodes.
    pub async fn power_observations_of(&self, ids: &[i64]) -> Result<Vec<PowerObservation>> {
        let ids = ids.to_vec();
        read!(self, power_observations::of_nodes(ids.iter().copied()))
    }

    /// Has a node's power read before all others; nothing happens for a node without a power control.
    pub async fn read_power_soon(&self, node_id: i64) -> Result<()> {
        write!(self, power_observations::read_sooner(node_id))
    }

    /// How far the readings of all nodes have come.
    pub async fn power_reading_summary(&self) -> Result<ReadingSummary> {
        let (nodes, unreachable, oldest) = read!(self, power_observations::summary())?;
        Ok(ReadingSummary {
            nodes,
            unreachable,
            oldest: oldest.map(utc),
        })
    }
}

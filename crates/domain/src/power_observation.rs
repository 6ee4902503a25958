//! What is known of a machine's power by looking, and how old that is.

use std::time::Duration;

use crate::power::PowerState;
use crate::{PowerCommand, Timestamp};

/// How many readings in a row must fail before a node counts as unreachable.
pub const MISSES_TO_UNREACHABLE: i32 = 3;

/// Who the history of power actions names for a change that Assay did not cause.
pub const OUTSIDE: &str = "(outside Assay)";

/// What was read last of a node's power, and what stands in the way of reading it now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerObservation {
    /// The node's key.
    pub node_id: i64,
    /// The state that was read last.
    pub state: Option<PowerState>,
    /// When it was read.
    pub observed_at: Option<Timestamp>,
    /// How many readings have failed since.
    pub misses: i32,
    /// Why the last reading failed, if it did.
    pub error: Option<String>,
    /// When the first of these failed.
    pub missed_since: Option<Timestamp>,
}

impl PowerObservation {
    /// Whether so many readings have failed that the node counts as unreachable.
    pub fn is_unreachable(&self) -> bool {
        self.misses >= MISSES_TO_UNREACHABLE
    }
}

/// A reading of a node's power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerReading {
    /// The node's key.
    pub node_id: i64,
    /// When the device was asked.
    pub began_at: Timestamp,
    /// The state, or why there is none.
    pub outcome: Result<PowerState, String>,
}

/// A change of power that nobody asked Assay for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutsideChange {
    /// The node's key.
    pub node_id: i64,
    /// The state that was found.
    pub state: PowerState,
}

impl OutsideChange {
    /// The command that would have had this effect, for the history.
    pub fn command(self) -> PowerCommand {
        match self.state {
            PowerState::On => PowerCommand::On,
            PowerState::Off => PowerCommand::Off,
        }
    }
}

/// A node whose power is to be read, handed to one reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueReading {
    /// The node's key.
    pub node_id: i64,
    /// How many readings in a row have failed.
    pub misses: i32,
}

/// How often nodes are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadingPace {
    /// The longest time between two readings of a node that answers.
    pub interval: Duration,
    /// The longest time between two readings of a node that does not.
    pub longest: Duration,
    /// The part of the time to wait really, 0 to 1, which the caller draws anew for each batch: so the
    /// readings spread over the interval.
    pub share: f64,
}

impl ReadingPace {
    /// When a node is due again that is read now, and has not answered the last `misses` times: the
    /// pause doubles with each miss once it counts as unreachable.
    pub fn next(&self, misses: i32, now: Timestamp) -> Timestamp {
        let doublings = (misses - MISSES_TO_UNREACHABLE + 1)
            .clamp(0, 16)
            .unsigned_abs();
        let longest = self.longest.max(self.interval);
        let pause = self.interval.saturating_mul(1 << doublings).min(longest);
        now + pause.mul_f64(self.share.clamp(0.0, 1.0))
    }
}

/// How far the readings of all nodes have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadingSummary {
    /// Nodes that have a power control.
    pub nodes: i64,
    /// Those of them that count as unreachable.
    pub unreachable: i64,
    /// When that of the others was read which was read the longest ago; none when one never was.
    pub oldest: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dead_are_read_less_and_less_often() {
        let now = Timestamp::UNIX_EPOCH;
        let pace = ReadingPace {
            interval: Duration::from_secs(60),
            longest: Duration::from_secs(600),
            share: 0.5,
        };
        let pauses = [0, 1, 2, 3, 4, 5, 6, i32::MAX]
            .map(|misses| (pace.next(misses, now) - now).num_seconds());
        assert_eq!(pauses, [30, 30, 30, 60, 120, 240, 300, 300]);
    }
}

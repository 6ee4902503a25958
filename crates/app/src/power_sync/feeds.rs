//! The devices that tell a node's power.

use std::collections::HashMap;
use std::time::Duration;

use assay_domain::{DriverError, NodePowerControl, PowerControl, PowerState, Result, Target};
use assay_drivers::Gate;
use futures::future::join_all;

use crate::App;
use crate::target;

/// The devices that tell a node's power: its default one alone when that speaks for the machine, as a BMC
/// does; when it feeds the machine, all that feed it.
pub struct NodeFeeds {
    /// The node's key.
    pub node_id: i64,
    feeds: Vec<Feed>,
}

struct Feed {
    assignment: NodePowerControl,
    protocol: String,
    target: Result<Target>,
}

/// The feeds of these nodes; a node that has none any more is left out.
pub(super) async fn of_nodes(app: &App, ids: &[i64]) -> Result<Vec<NodeFeeds>> {
    let assignments = app.store().assignments_of_nodes(ids).await?;
    let mut control_ids: Vec<i64> = assignments
        .iter()
        .map(|assignment| assignment.power_control_id)
        .collect();
    control_ids.sort_unstable();
    control_ids.dedup();
    let controls: HashMap<i64, PowerControl> = app
        .store()
        .power_controls_to_reach(&control_ids)
        .await?
        .into_iter()
        .map(|control| (control.id, control))
        .collect();
    let mut by_node: HashMap<i64, Vec<(NodePowerControl, &PowerControl)>> = HashMap::new();
    for assignment in assignments {
        if let Some(control) = controls.get(&assignment.power_control_id) {
            let of_node = by_node.entry(assignment.node_id).or_default();
            of_node.push((assignment, control));
        }
    }
    let nodes = by_node.into_iter();
    Ok(nodes
        .map(|(node_id, all)| NodeFeeds {
            node_id,
            feeds: telling(app, all),
        })
        .collect())
}

/// Of all power controls of a node those that tell its power.
fn telling(app: &App, all: Vec<(NodePowerControl, &PowerControl)>) -> Vec<Feed> {
    let default = all.iter().find(|(assignment, _)| assignment.is_default);
    let Some((default, of_default)) = default.or(all.first()).cloned() else {
        return Vec::new();
    };
    let with_others = target::is_feed(of_default);
    all.into_iter()
        .filter(|(assignment, control)| {
            assignment.power_control_id == default.power_control_id
                || (with_others && target::is_feed(control))
        })
        .map(|(assignment, control)| Feed {
            protocol: control.protocol_type.clone(),
            target: target::of_control(app, control, &assignment.port),
            assignment,
        })
        .collect()
}

impl NodeFeeds {
    /// Which outputs of which power controls these are.
    pub(super) fn assignments(&self) -> impl Iterator<Item = &NodePowerControl> {
        self.feeds.iter().map(|feed| &feed.assignment)
    }

    /// Asks all of them: on when one is on, off when all are off.
    pub(super) async fn read(
        &self,
        gate: &Gate,
        limit: Duration,
    ) -> Result<PowerState, DriverError> {
        let readings = join_all(self.feeds.iter().map(|feed| feed.read(gate, limit))).await;
        if readings.contains(&Ok(PowerState::On)) {
            return Ok(PowerState::On);
        }
        let states: Result<Vec<PowerState>, DriverError> = readings.into_iter().collect();
        states.map(|_| PowerState::Off)
    }
}

impl Feed {
    async fn read(&self, gate: &Gate, limit: Duration) -> Result<PowerState, DriverError> {
        match &self.target {
            Ok(target) => gate.glance(target, &self.protocol, limit).await,
            Err(error) => Err(DriverError::Unsupported {
                endpoint: format!("power control {}", self.assignment.power_control_id),
                cause: error.to_string(),
            }),
        }
    }
}

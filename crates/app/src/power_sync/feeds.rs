//! The devices that tell a node's power.

use std::collections::HashMap;
use std::time::Duration;

use assay_domain::power_control::device_type;
use assay_domain::{DriverError, NodePowerControl, PowerControl, PowerState, Result, Target};
use assay_drivers::Gate;
use futures::future::join_all;

use crate::App;
use crate::target;

/// The devices that tell a node's power: its default one, and all of the same class. Several feeds give
/// a machine power together; beside a BMC, feeds tell nothing of its machine.
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
    let Some(class) = default.or(all.first()).map(|(_, control)| is_feed(control)) else {
        return Vec::new();
    };
    all.into_iter()
        .filter(|(_, control)| is_feed(control) == class)
        .map(|(assignment, control)| Feed {
            protocol: control.protocol_type.clone(),
            target: target::of_control(app, control, &assignment.port),
            assignment,
        })
        .collect()
}

fn is_feed(control: &PowerControl) -> bool {
    device_type(&control.control_type, &control.protocol_type).is_some_and(|kind| kind.feeds)
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

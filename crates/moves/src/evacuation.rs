//! Empties a host: how each of its instances leaves it, and where it is likely to go.

use assay_domain::cloud::{Instance, InstanceStatus, Method};
use serde::{Deserialize, Serialize};

use crate::board::Heed;
use crate::{Board, Obstacle};

/// The ways that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ways {
    /// [`Method::Live`], for instances that run.
    pub live: bool,
    /// [`Method::Cold`], for instances that run when a live migration is not possible. Those that are
    /// off go this way in any case.
    pub cold: bool,
    /// [`Method::Evacuate`], when the others are not possible.
    pub evacuate: bool,
}

/// The state of the host that is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Emptying {
    /// Its compute service reports in: instances are moved.
    Alive,
    /// It does not: instances can only be evacuated.
    Dead,
}

/// What is to become of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedMove {
    /// The instance.
    pub instance_uuid: String,
    /// Its name.
    pub instance_name: String,
    /// What it is now.
    pub status: String,
    /// How it leaves, what is tried first being first; empty when nothing that is allowed moves it.
    pub methods: Vec<Method>,
    /// The host that it is likely to go to; the scheduler decides.
    pub target: Option<String>,
    /// Why it stays, or is likely to.
    pub obstacle: Option<String>,
}

/// Plans how all instances of a host leave it, the largest first, which is when they find room most
/// easily. The board is then as after the moves.
///
/// # Errors
/// [`Obstacle::UnknownHost`].
pub fn empty(
    board: &mut Board,
    host: &str,
    state: Emptying,
    ways: Ways,
) -> Result<Vec<PlannedMove>, Obstacle> {
    let mut pieces = board.pieces_on(board.host(host)?).to_vec();
    pieces.sort_by_key(|&piece| {
        let instance = board.instance(piece);
        let size = (instance.memory_mb, instance.vcpus);
        (std::cmp::Reverse(size), instance.uuid.clone())
    });
    let plan = |piece| plan(board, piece, state, ways);
    Ok(pieces.into_iter().map(plan).collect())
}

fn plan(board: &mut Board, piece: usize, state: Emptying, ways: Ways) -> PlannedMove {
    let methods = methods(board.instance(piece), state, ways);
    let target = methods.as_ref().ok().and_then(|_| {
        let target = board.best_for(piece, Heed::Rules)?;
        board.put(piece, target);
        Some(board.name(target).to_owned())
    });
    let obstacle = match (&methods, &target) {
        (Err(obstacle), _) => Some(obstacle.to_string()),
        (Ok(_), None) => Some(Obstacle::NoHost.to_string()),
        (Ok(_), Some(_)) => None,
    };
    let instance = board.instance(piece);
    PlannedMove {
        instance_uuid: instance.uuid.clone(),
        instance_name: instance.name.clone(),
        status: instance.status.to_string(),
        methods: methods.unwrap_or_default(),
        target,
        obstacle,
    }
}

/// The ways that nova has for an instance in its state (compute API reference: migrate, os-migrateLive
/// and evacuate, each with the states that it takes) among those that are allowed.
fn methods(instance: &Instance, state: Emptying, ways: Ways) -> Result<Vec<Method>, Obstacle> {
    let status = &instance.status;
    let can_evacuate = matches!(
        status,
        InstanceStatus::Active | InstanceStatus::Shutoff | InstanceStatus::Error
    );
    if state == Emptying::Dead {
        return match (can_evacuate, ways.evacuate) {
            (true, true) => Ok(vec![Method::Evacuate]),
            (true, false) => Err(Obstacle::NotAllowed(format!("{status} on a dead host"))),
            (false, _) => Err(Obstacle::State(status.to_string())),
        };
    }
    if let Some(task) = &instance.task_state {
        return Err(Obstacle::Busy(task.clone()));
    }
    let possible: &[(Method, bool)] = match status {
        InstanceStatus::Active => &[(Method::Live, ways.live), (Method::Cold, ways.cold)],
        InstanceStatus::Paused => &[(Method::Live, ways.live)],
        InstanceStatus::Shutoff => &[(Method::Cold, true)],
        InstanceStatus::Error => &[],
        other => return Err(Obstacle::State(other.to_string())),
    };
    let allowed = possible.iter().filter(|(_, is_allowed)| *is_allowed);
    let mut methods: Vec<Method> = allowed.map(|(method, _)| *method).collect();
    if can_evacuate && ways.evacuate {
        methods.push(Method::Evacuate);
    }
    if methods.is_empty() {
        return Err(Obstacle::NotAllowed(status.to_string()));
    }
    Ok(methods)
}

//! What people are shown of a node's power while a command is under way.

use std::collections::HashMap;

use assay_domain::{
    Actor, Page, PowerAction, PowerActionState, PowerObservation, PowerState, PowerTransition,
    Result, Role, Timestamp,
};

use super::Power;

/// The newest one.
const NEWEST: Page = Page {
    offset: 0,
    limit: 1,
};

/// A change of power that a command is bringing about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnderWay {
    /// What is going on.
    pub transition: PowerTransition,
    /// Since when: the command's time.
    pub since: Timestamp,
    /// The state that it is to end in.
    pub wanted: PowerState,
}

/// A node's power.
#[derive(Debug, Clone, PartialEq)]
pub struct NodePower {
    /// The last known state.
    pub state: Option<PowerState>,
    /// What was read of it last; none for a node without a power control.
    pub observation: Option<PowerObservation>,
    /// What a command is changing now.
    pub under_way: Option<UnderWay>,
    /// The last command to the node or to one of its outputs.
    pub last_action: Option<PowerAction>,
}

impl Power<'_> {
    /// A node's power, by the node's UUID or name. With `refresh` its devices are asked now.
    ///
    /// # Errors
    /// As of [`Self::refresh`].
    pub async fn of(&self, actor: &Actor, reference: &str, refresh: bool) -> Result<NodePower> {
        actor.require(Role::Observer)?;
        let id = self.app.nodes().by_ref(reference).await?.id;
        if refresh {
            self.refresh(actor, id).await?;
        }
        // The command before the state: once it is done, so is what it wrote of the state.
        let under_way = self.under_way(&[id]).await?.remove(&id);
        let last = self.app.store().power_actions(id, NEWEST).await?;
        let observation = self.app.power_sync().known(id).await?;
        let observed = observation.as_ref().and_then(|known| known.state);
        let node = self.app.nodes().by_id(id).await?;
        Ok(NodePower {
            state: observed.or(node.power_state),
            observation,
            under_way,
            last_action: last.into_iter().next(),
        })
    }

    /// Has the devices of a node asked for its power now. When they do not answer, that is kept as a
    /// failed reading, and no error. While a command is under way nobody else asks: what it sees is
    /// kept at its end.
    ///
    /// # Errors
    /// [`assay_domain::Error::Invalid`] for a node without a power control;
    /// [`assay_domain::Error::Unavailable`] when nobody could ask in time.
    pub async fn refresh(&self, actor: &Actor, node_id: i64) -> Result<()> {
        actor.require(Role::Observer)?;
        self.app.nodes().by_id(node_id).await?;
        if self.under_way(&[node_id]).await?.contains_key(&node_id) {
            return Ok(());
        }
        self.app.power_sync().read_now(node_id).await.map(drop)
    }

    /// What is being changed at these nodes now; those without are left out.
    pub(crate) async fn under_way(&self, nodes: &[i64]) -> Result<HashMap<i64, UnderWay>> {
        let open = self.app.store().open_power_actions(nodes).await?;
        Ok(changed_by(open))
    }
}

/// What power actions that have not ended, oldest first, are changing at their nodes.
pub(crate) fn changed_by(open: Vec<PowerAction>) -> HashMap<i64, UnderWay> {
    // One that is sent is going on; of those that wait, the oldest comes next.
    let (sent, waiting): (Vec<_>, Vec<_>) = open
        .into_iter()
        .partition(|action| action.state == PowerActionState::Sent);
    let mut all = HashMap::new();
    for action in sent.iter().chain(&waiting) {
        if let (Some(node), Some(transition)) = (action.node_id, action.transition()) {
            all.entry(node).or_insert(UnderWay {
                transition,
                since: action.start_time,
                wanted: action.command.wanted_state().unwrap_or(PowerState::On),
            });
        }
    }
    all
}

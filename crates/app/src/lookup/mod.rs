//! Which node a machine is: all that it tells of itself, weighed against all that is known of nodes.
//!
//! Every fact counts for or against a node by its weight (`weights.rs`). One node is the machine when
//! its points reach [`weights::DECIDES`] and lead by [`weights::MARGIN`]; a node at
//! [`weights::RULED_OUT`] or below is not, whatever card they have in common. What is in between is
//! ambiguous, and nothing is concluded from it.

pub(crate) mod conflicts;
mod facts;
mod score;
#[cfg(test)]
mod tests;
mod weights;

use std::collections::BTreeSet;

use assay_domain::{IntrospectionState, Result};
use assay_store::{BootClaim, Candidates};
use serde_json::{Value, json};

use crate::App;

pub(crate) use facts::{Machine, is_telling, of_claim, of_report, shown};
pub(crate) use score::Score;

/// A node, and how much the machine is it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scored {
    /// The node's key.
    pub(crate) node_id: i64,
    /// The node's UUID.
    pub(crate) node_uuid: String,
    /// The state of its current introspection.
    pub(crate) state: Option<IntrospectionState>,
    /// How much, and why.
    pub(crate) score: Score,
}

/// Which node it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// This one.
    One(Box<Scored>),
    /// None of them.
    None,
    /// One of these, or none: the best first.
    Ambiguous(Vec<Scored>),
}

/// What a lookup came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// The answer.
    pub(crate) answer: Answer,
    /// Nodes that have something in common with the machine, and are not it.
    pub(crate) others: Vec<Scored>,
    /// The keys of all nodes that were looked at.
    pub(crate) seen: BTreeSet<i64>,
}

/// Looks a machine up.
pub(crate) async fn find(app: &App, machine: &Machine) -> Result<Found> {
    let candidates = app.store().candidates(machine.facts.clone()).await?;
    Ok(decide(machine, candidates))
}

/// Weighs all nodes that have something in common with the machine.
fn decide(machine: &Machine, candidates: Candidates) -> Found {
    let Candidates { nodes, shared } = candidates;
    let seen = nodes.iter().map(|node| node.node_id).collect();
    let scored = nodes.into_iter().map(|node| Scored {
        node_id: node.node_id,
        node_uuid: node.node_uuid,
        state: node.state,
        score: score::compare(machine, &node.facts, &shared),
    });
    let (mut possible, mut others): (Vec<Scored>, Vec<Scored>) =
        scored.partition(|it| it.score.points > weights::RULED_OUT);
    possible.sort_by_key(|it| (-it.score.points, it.node_id));
    let answer = match possible.as_slice() {
        [] => Answer::None,
        [best, rest @ ..] if leads(best, rest) => {
            let mut possible = possible.into_iter();
            let best = possible.next();
            others.extend(possible);
            best.map_or(Answer::None, |best| Answer::One(Box::new(best)))
        }
        _ => Answer::Ambiguous(possible),
    };
    Found {
        answer,
        others,
        seen,
    }
}

fn leads(best: &Scored, rest: &[Scored]) -> bool {
    // A node that shares nothing but what many share is no rival.
    let next = rest.iter().find(|it| it.score.has_support());
    best.score.has_support()
        && best.score.points >= weights::DECIDES
        && next.is_none_or(|next| best.score.points - next.score.points >= weights::MARGIN)
}

/// Whether what two times asked or reported for the same node can be the same machine: nothing that
/// they say outweighs what they have in common.
pub(crate) fn can_be_the_same(claim: &BootClaim, machine: &Machine) -> Score {
    let first = of_claim(claim);
    score::compare(machine, &first.facts, &BTreeSet::new())
}

impl Scored {
    /// The node and the evidence as they are kept and shown.
    pub(crate) fn shown(&self) -> Value {
        json!({
            "node_uuid": self.node_uuid,
            "score": self.score.points,
            "evidence": self.score.shown(),
        })
    }
}

/// Scored nodes as they are kept and shown.
pub(crate) fn shown_all(nodes: &[Scored]) -> Value {
    nodes.iter().map(Scored::shown).collect()
}

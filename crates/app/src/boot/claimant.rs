//! Whether a running introspection is another machine's: refused, recorded and alarmed.

use assay_domain::{About, AlarmKind, Cause, Introspection, IntrospectionState, NewAlarm, Result};
use serde_json::json;

use super::Boot;
use crate::lookup::{self, Answer, Found, Machine, Score, Scored};

impl Boot<'_> {
    /// Whether a machine may claim an introspection: nobody has before, or it can be the one that
    /// did. If it may not, an alarm is raised.
    pub(super) async fn is_claimant(
        &self,
        introspection: &Introspection,
        machine: &Machine,
        source: Option<&str>,
    ) -> Result<bool> {
        if introspection.nonce_hash.is_none() {
            return Ok(true);
        }
        let Some(first) = self.app.store().boot_claim(introspection.id).await? else {
            return Ok(true);
        };
        let score = lookup::can_be_the_same(&first, machine);
        if score.points >= 0 {
            return Ok(true);
        }
        let first = json!({
            "facts": lookup::shown(&lookup::of_claim(&first).facts),
            "source": first.source,
        });
        let node = (introspection.node_id, introspection.node_uuid.as_str());
        self.alarm(node, machine, source, &score, first).await;
        Ok(false)
    }

    /// Evidence for the node's running introspection that another machine claims it.
    async fn note_claimant(&self, node_id: i64, machine: &Machine, from: &str, text: &str) {
        let current = self.app.store().current_introspection(node_id).await;
        let Ok(Some(current)) = current else { return };
        let facts = json!({"claimant": lookup::shown(&machine.facts)});
        let (about, cause) = (About::Introspection(current.id), Cause::SecondClaimant);
        let evidence = self.app.evidence();
        evidence.points(about, cause, from, text, facts);
    }

    /// Raises the alarm about a machine that has something in common with an awaited node.
    pub(super) async fn refuse_rival(
        &self,
        rival: &Scored,
        machine: &Machine,
        source: Option<&str>,
    ) {
        let node = (rival.node_id, rival.node_uuid.as_str());
        self.alarm(node, machine, source, &rival.score, json!(null))
            .await;
    }

    async fn alarm(
        &self,
        (node_id, node_uuid): (i64, &str),
        machine: &Machine,
        source: Option<&str>,
        score: &Score,
        first: serde_json::Value,
    ) {
        let from = source.unwrap_or("an unknown address");
        let text = format!(
            "node {node_uuid} is on introspection, and another machine at {from} claims to be it: \
             it was refused. Was a network card moved, or the main board replaced? If the machine is \
             the node, set the node's system UUID and serial number to the machine's"
        );
        self.note_claimant(node_id, machine, from, &text).await;
        let evidence = json!({
            "claimant": {"facts": lookup::shown(&machine.facts), "source": source},
            "first": first,
            "score": score.points,
            "evidence": score.shown(),
        });
        self.app
            .alarms()
            .raise(NewAlarm {
                kind: AlarmKind::SecondClaimant,
                subject: node_uuid.to_owned(),
                node_id: Some(node_id),
                text,
                evidence,
            })
            .await;
    }
}

/// The awaited node with which a machine that is not the node's has something in common. A machine
/// that may be this node alone counts when `in_part`.
pub(super) fn running_rival<'f>(found: &'f Found, in_part: bool) -> Option<&'f Scored> {
    let supported = |nodes: &'f [Scored]| -> Vec<&'f Scored> {
        nodes.iter().filter(|it| it.score.has_support()).collect()
    };
    let mut rivals = supported(&found.others);
    if let Answer::Ambiguous(nodes) = &found.answer
        && in_part
        && let [only] = supported(nodes).as_slice()
    {
        rivals.push(only);
    }
    let mut rivals = rivals.into_iter();
    rivals.find(|it| it.state == Some(IntrospectionState::Waiting))
}

//! A card that another node is known by: moved, or the same MAC address on two machines.

use assay_domain::{AlarmKind, Introspection, NewAlarm, Result};
use serde_json::json;

use super::{Answer, Found, Machine, Scored, find, shown};
use crate::App;

/// Raises an alarm for every card of a node's machine that only one other node is known by. What
/// several nodes have, say the network card of a BMC's USB port, is no news.
pub(crate) async fn watch(
    app: &App,
    introspection: &Introspection,
    machine: &Machine,
) -> Result<()> {
    let found = find(app, machine).await?;
    raise(app, introspection, machine, found).await;
    Ok(())
}

/// The same for a machine that was looked up before it became a node.
pub(crate) async fn raise(
    app: &App,
    introspection: &Introspection,
    machine: &Machine,
    found: Found,
) {
    let possible = match found.answer {
        Answer::One(one) => vec![*one],
        Answer::None => Vec::new(),
        Answer::Ambiguous(nodes) => nodes,
    };
    for rival in found.others.into_iter().chain(possible) {
        if rival.node_id == introspection.node_id {
            continue;
        }
        for mac in rival.score.common_cards() {
            let alarm = conflict(introspection, machine, &rival, mac);
            app.alarms().raise(alarm).await;
        }
    }
}

fn conflict(
    introspection: &Introspection,
    machine: &Machine,
    rival: &Scored,
    mac: &str,
) -> NewAlarm {
    let (here, there) = (&introspection.node_uuid, &rival.node_uuid);
    let text = format!(
        "node {here} reported the network card {mac}, which is known as one of node {there}: was the \
         card moved, or do two machines have the same MAC address?"
    );
    NewAlarm {
        kind: AlarmKind::MacConflict,
        subject: mac.to_owned(),
        node_id: Some(introspection.node_id),
        text,
        evidence: json!({
            "mac": mac,
            "reported_by": here,
            "known_of": there,
            "facts": shown(&machine.facts),
            "evidence": rival.score.shown(),
        }),
    }
}

//! What hooks and rules would change at a node and its ports.

use assay_domain::{Node, Port};
use assay_hooks::{Subject, node_view};
use assay_inventory::difference::{Difference, Scope, differences};
use serde_json::{Map, Value, json};

/// A change that would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// `hooks` or `rules`.
    pub by: &'static str,
    /// What: a path in `{"node": …, "ports": {MAC: …}}`, the node as rules see it.
    pub difference: Difference,
}

/// Node and ports as one document.
pub(super) fn document(node: &Node, ports: &[Port]) -> Value {
    let ports = ports.iter().map(|port| {
        let shown = json!({
            "pxe_enabled": port.pxe_enabled,
            "local_link_connection": port.local_link_connection,
            "extra": port.extra,
        });
        (port.address.clone(), shown)
    });
    json!({"node": node_view::view(node), "ports": ports.collect::<Map<_, _>>()})
}

/// The changes from one document to the next.
pub(super) fn between(by: &'static str, before: &Value, after: &Value) -> Vec<PlannedChange> {
    let all = differences(before, after, Scope::All).into_iter();
    all.map(|difference| PlannedChange { by, difference })
        .collect()
}

/// The parts of the subject that differ from how its node and ports were before.
pub(super) fn parts(node: &Node, ports: &[Port], after: &Subject) -> Vec<String> {
    let new = &after.node;
    let all = [
        ("name", node.name != new.name),
        ("title", node.title != new.title),
        ("description", node.description != new.description),
        ("owner", node.owner != new.owner),
        ("inventory_code", node.inventory_code != new.inventory_code),
        ("bmc_address", node.bmc_address != new.bmc_address),
        ("properties", has_other_properties(node, new)),
        ("capabilities", node.capabilities != new.capabilities),
        ("traits", node.traits != new.traits),
        ("extra", node.extra != new.extra),
        ("ports", ports != after.ports),
    ];
    let changed = all.into_iter().filter(|(_, changed)| *changed);
    changed.map(|(name, _)| name.to_owned()).collect()
}

fn has_other_properties(old: &Node, new: &Node) -> bool {
    old.properties != new.properties
        || (old.cpu_amount, &old.cpu_arch) != (new.cpu_amount, &new.cpu_arch)
        || (old.ram_mb, old.hdd_gb) != (new.ram_mb, new.hdd_gb)
}

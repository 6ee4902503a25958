//! Settings of hosts that are to be looked at.

use assay_domain::TaskKind;
use assay_domain::host::HostSetting;

use crate::world::{World, at, new_task};

on_both!(a_host_is_due_again_when_it_was_looked_at);

async fn a_host_is_due_again_when_it_was_looked_at(world: World) {
    let (store, node) = (&world.store, world.node("a").await.id);
    let setting = HostSetting::Snmp(true);
    store.record_host_setting(node, setting).await.unwrap();
    let due = async |second| store.claim_kept_hosts(at(second), 10, at(second)).await;
    assert_eq!(due(1).await.unwrap(), [node]);
    assert!(due(1).await.unwrap().is_empty(), "it was looked at");

    let mut task = new_task(TaskKind::HostKeep);
    task.node_id = Some(node);
    let task = store.enqueue_task(task, at(2)).await.unwrap();
    assert!(due(3).await.unwrap().is_empty(), "a task is to look at it");
    assert!(store.revoke_task(&task.uuid, at(3)).await.unwrap());
    assert_eq!(due(3).await.unwrap(), [node]);
}

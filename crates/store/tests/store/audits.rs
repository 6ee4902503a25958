//! Audits: their steps, each of which is done once.

use assay_domain::cloud::AuditStatus;
use assay_domain::{Page, TaskKind};
use serde_json::json;

use crate::world::{World, at, new_task};

on_both!(
    an_audit_is_applied_once,
    an_audit_fails_with_its_reason,
    old_audits_are_deleted
);

async fn an_audit_is_applied_once(world: World) {
    let (store, task) = (&world.store, new_task(TaskKind::CloudAudit));
    let audit = store.create_audit(4, task.clone(), at(0)).await.unwrap();
    let made = store.task(&task.uuid).await.unwrap().unwrap();
    assert_eq!(made.payload["audit_id"], json!(audit.id));
    assert_eq!(
        (audit.aggregate_id, audit.status),
        (4, AuditStatus::Pending)
    );
    let apply = || store.apply_audit(audit.id, new_task(TaskKind::CloudAuditApply), at(1));
    assert!(!apply().await.unwrap(), "it has found nothing yet");

    let found = json!({"moves": []});
    assert!(store.finish_audit(audit.id, found.clone()).await.unwrap());
    assert!(!store.finish_audit(audit.id, json!({})).await.unwrap());
    let done = store.audit(audit.id).await.unwrap().unwrap();
    assert_eq!((done.status, done.found), (AuditStatus::Done, Some(found)));

    let asked = futures::future::join_all((0..4).map(|_| apply())).await;
    let begun: Vec<bool> = asked.into_iter().map(Result::unwrap).collect();
    assert_eq!(begun.iter().filter(|begun| **begun).count(), 1);
    store.end_audit(audit.id).await.unwrap();
    assert!(!apply().await.unwrap());
    let ended = store.audit(audit.id).await.unwrap().unwrap();
    assert_eq!(ended.status, AuditStatus::Applied);
}

async fn an_audit_fails_with_its_reason(world: World) {
    let store = &world.store;
    let audit = store.create_audit(1, new_task(TaskKind::CloudAudit), at(0));
    let audit = audit.await.unwrap();
    store
        .fail_audit(audit.id, "no such aggregate")
        .await
        .unwrap();
    assert!(!store.finish_audit(audit.id, json!({})).await.unwrap());
    let failed = store.audit(audit.id).await.unwrap().unwrap();
    assert_eq!(failed.status, AuditStatus::Failed);
    assert_eq!(failed.error.as_deref(), Some("no such aggregate"));
}

async fn old_audits_are_deleted(world: World) {
    let store = &world.store;
    for second in 0..3 {
        let task = new_task(TaskKind::CloudAudit);
        let audit = store.create_audit(1, task, at(second)).await.unwrap();
        if second > 0 {
            store.fail_audit(audit.id, "x").await.unwrap();
        }
    }
    store.prune_audits(at(2)).await.unwrap();
    let all = Page {
        offset: 0,
        limit: 10,
    };
    let left = store.list_audits(all).await.unwrap();
    let left: Vec<i64> = left.iter().map(|audit| audit.id).collect();
    assert_eq!(left, [3, 1], "the one that is still open stays");
}

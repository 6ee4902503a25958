//! Evidence and diagnoses: counted, bounded, and given to the introspection that they are about.

use assay_domain::{
    About, Cause, Confidence, Diagnosis, Event, EvidenceKind, Finding, IntrospectionState,
    NewEvidence, Phase, TaskKind,
};
use assay_store::Change;
use serde_json::json;

use crate::world::{ALL, World, at, new_introspection, new_task};

on_both!(
    evidence_is_counted_and_bounded,
    a_nonce_leads_to_the_running_introspection,
    what_came_further_is_not_stuck,
);

fn piece(about: About, kind: EvidenceKind, subject: &str, second: i64) -> NewEvidence {
    NewEvidence {
        about,
        kind,
        subject: subject.to_owned(),
        detail: json!({"text": subject}),
        at: at(second),
        count: 1,
    }
}

const MALFORMED: EvidenceKind = EvidenceKind::Points(Cause::ReportMalformed);

async fn evidence_is_counted_and_bounded(world: World) {
    let node = world.node("node").await;
    let new = new_introspection(&node, IntrospectionState::Waiting);
    let id = world
        .store
        .start_introspection(new, None, at(1))
        .await
        .unwrap()
        .id;
    let about = About::Introspection(id);
    let many = (0..50).map(|number| piece(about.clone(), MALFORMED, &format!("{number}"), number));
    world.store.record_evidence(many.collect()).await.unwrap();
    let again = piece(about, MALFORMED, "3", 99);
    let gone = piece(About::Introspection(id + 1000), MALFORMED, "of nothing", 1);
    world
        .store
        .record_evidence(vec![again, gone])
        .await
        .unwrap();
    let kept = world.store.evidence(id).await.unwrap();
    assert_eq!(kept.len(), 20);
    assert_eq!(
        (kept[3].count, kept[3].first_at, kept[3].last_at),
        (2, at(3), at(99))
    );

    let stranger = |number: i64| piece(About::Stranger, MALFORMED, &format!("s{number}"), number);
    let strangers = (0..2100).map(stranger).collect();
    world.store.record_evidence(strangers).await.unwrap();
    let newest = world.store.stray_evidence(at(0)).await.unwrap();
    assert_eq!((newest.len(), newest[0].subject.as_str()), (100, "s2099"));
    assert_eq!(world.store.prune_evidence(at(10_000)).await.unwrap(), 2000);
}

async fn a_nonce_leads_to_the_running_introspection(world: World) {
    let (store, node) = (&world.store, world.node("node").await);
    let new = new_introspection(&node, IntrospectionState::Waiting);
    let id = store
        .start_introspection(new, None, at(1))
        .await
        .unwrap()
        .id;
    let again = EvidenceKind::BootedAgain;
    let earlier = piece(About::Introspection(id), again, "earlier nonce", 2);
    let of_earlier = piece(About::Nonce("earlier nonce".to_owned()), MALFORMED, "a", 3);
    let of_nobody = piece(About::Nonce("no nonce".to_owned()), MALFORMED, "b", 3);
    let pieces = vec![earlier, of_earlier.clone(), of_nobody];
    store.record_evidence(pieces).await.unwrap();
    assert_eq!(store.evidence(id).await.unwrap().len(), 2);
    assert_eq!(store.stray_evidence(at(0)).await.unwrap().len(), 1);

    // The machine still runs what it was given for an introspection that has ended.
    let end = Change::default();
    store
        .apply_event(id, Event::Fail, end, at(4))
        .await
        .unwrap();
    let new = new_introspection(&node, IntrospectionState::Waiting);
    let next = store
        .start_introspection(new, None, at(5))
        .await
        .unwrap()
        .id;
    store.record_evidence(vec![of_earlier]).await.unwrap();
    assert_eq!(store.evidence(next).await.unwrap().len(), 1);
}

async fn what_came_further_is_not_stuck(world: World) {
    let (store, node) = (&world.store, world.node("node").await);
    let new = new_introspection(&node, IntrospectionState::Waiting);
    let id = store
        .start_introspection(new, None, at(1))
        .await
        .unwrap()
        .id;
    let mut diagnosis = Diagnosis {
        introspection_id: id,
        phase: Phase::BootScript,
        since: at(1),
        asked_at: at(20),
        made_at: None,
        findings: Vec::new(),
    };
    let task = || new_task(TaskKind::IntrospectionDiagnose);
    for (fresh, asked) in [(15, true), (15, false), (25, true)] {
        let wanted = diagnosis.clone();
        let done = store.ask_diagnosis(wanted, at(fresh), task(), at(20)).await;
        assert_eq!(done.unwrap(), asked, "{fresh}");
    }
    diagnosis.made_at = Some(at(21));
    diagnosis.findings = vec![Finding {
        cause: Cause::NoBootRequest,
        confidence: Confidence::Possible,
        evidence: vec!["silence".to_owned()],
    }];
    store.keep_diagnosis(diagnosis.clone()).await.unwrap();
    assert_eq!(store.diagnosis(id).await.unwrap(), Some(diagnosis));
    assert_eq!(store.stuck(None, None, ALL).await.unwrap().len(), 1);
    let none = store.stuck(None, Some("kernel_panic"), ALL).await.unwrap();
    assert!(none.is_empty());
    let counts = store.count_stuck().await.unwrap();
    let key = (
        "boot_script".to_owned(),
        Some("no_boot_request".to_owned()),
        1,
    );
    assert_eq!(counts, [key]);
    store
        .stamp_phase(id, Phase::BootScript, at(30))
        .await
        .unwrap();
    assert!(store.stuck(None, None, ALL).await.unwrap().is_empty());
    assert!(store.count_stuck().await.unwrap().is_empty());
}

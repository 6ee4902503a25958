//! Tests of the conclusions, each from the facts alone.

use assay_domain::{
    Cause, Confidence, DriverError, Evidence, EvidenceKind, Introspection, IntrospectionState,
    Phase, PowerState, Timestamp,
};
use serde_json::{Value, json};

use super::super::facts::{Facts, Probe};
use super::{assess, is_neighbour};

fn at(second: i64) -> Timestamp {
    Timestamp::from_timestamp(second, 0).unwrap()
}

fn facts(phase: Phase) -> Facts {
    Facts {
        introspection: Introspection {
            id: 1,
            node_id: 1,
            node_uuid: "uuid-1".to_owned(),
            state: IntrospectionState::Waiting,
            error: None,
            started_at: at(0),
            finished_at: None,
            deadline: at(1000),
            manage_boot: true,
            keep_power: false,
            nonce_hash: None,
            requested_by: "admin".to_owned(),
        },
        phase,
        since: at(10),
        now: at(100),
        own: Vec::new(),
        strangers: Vec::new(),
        owner: None,
        macs: vec!["52:54:00:00:00:01".to_owned()],
        awaiting: 3,
        probe: None,
        console: None,
    }
}

fn seen(cause: Cause, subject: &str, second: i64, detail: Value) -> Evidence {
    Evidence {
        kind: EvidenceKind::Points(cause),
        subject: subject.to_owned(),
        detail,
        first_at: at(second),
        last_at: at(second),
        count: 1,
    }
}

fn first(facts: &Facts) -> (Cause, Confidence) {
    let findings = assess(facts);
    (findings[0].cause, findings[0].confidence)
}

#[test]
fn without_evidence_each_phase_has_its_own_cause() {
    let causes: Vec<Option<Cause>> = Phase::ALL
        .into_iter()
        .map(|phase| assess(&facts(phase)).first().map(|finding| finding.cause))
        .collect();
    assert_eq!(
        causes,
        [
            None,
            Some(Cause::NoBootRequest),
            Some(Cause::KernelNotAsked),
            Some(Cause::InitramfsNotAsked),
            Some(Cause::AgentSilent),
            Some(Cause::CollectorHangs),
            Some(Cause::ReportNeverSent),
            None,
            None,
        ]
    );
}

#[test]
fn evidence_of_an_earlier_phase_is_overcome() {
    let mut facts = facts(Phase::Kernel);
    let detail = json!({"text": "too many"});
    facts.own = vec![seen(Cause::RateLimited, "a", 9, detail.clone())];
    assert_eq!(first(&facts).0, Cause::KernelNotAsked);
    facts.own = vec![seen(Cause::RateLimited, "a", 11, detail)];
    assert_eq!(first(&facts), (Cause::RateLimited, Confidence::Certain));
}

#[test]
fn a_stranger_is_this_machine_when_its_card_is_next_to_one_of_its_own() {
    let mut facts = facts(Phase::BootScript);
    let far = seen(Cause::UnknownMac, "52:54:00:ff:00:01", 20, json!({}));
    facts.strangers = vec![far];
    assert_eq!(first(&facts), (Cause::UnknownMac, Confidence::Possible));
    facts.strangers[0].subject = "52:54:00:00:00:02".to_owned();
    assert_eq!(first(&facts), (Cause::UnknownMac, Confidence::Likely));
    assert!(is_neighbour("52-54-00-00-00-00", &facts.macs));
    assert!(!is_neighbour("no address", &facts.macs));
}

#[test]
fn an_ambiguous_machine_counts_for_the_nodes_that_it_fits_alone() {
    let mut facts = facts(Phase::BootScript);
    let others = seen(
        Cause::AmbiguousMachine,
        "m",
        20,
        json!({"nodes": ["uuid-2"]}),
    );
    facts.strangers = vec![others];
    assert_eq!(first(&facts).0, Cause::NoBootRequest);
    facts.strangers[0].detail = json!({"nodes": ["uuid-2", "uuid-1"]});
    assert_eq!(first(&facts).0, Cause::AmbiguousMachine);
}

#[test]
fn the_bmc_tells_that_the_machine_is_off_again() {
    let mut facts = facts(Phase::Agent);
    let power = Some(Ok(PowerState::Off));
    facts.probe = Some(Probe { power, boot: None });
    assert_eq!(first(&facts), (Cause::PoweredOffAgain, Confidence::Certain));
    let error = DriverError::Unreachable {
        endpoint: "bmc:443".to_owned(),
        cause: "connection refused".to_owned(),
    };
    let power = Some(Err(error));
    facts.probe = Some(Probe { power, boot: None });
    let findings = assess(&facts);
    assert_eq!(findings[0].cause, Cause::AgentSilent);
    assert!(findings[0].evidence[1].contains("unreachable"));
}

#[test]
fn three_boots_are_a_loop() {
    let mut facts = facts(Phase::Agent);
    let again = |subject: &str| Evidence {
        kind: EvidenceKind::BootedAgain,
        ..seen(Cause::BootLoop, subject, 20, json!({}))
    };
    facts.own = vec![again("a")];
    assert_eq!(first(&facts).0, Cause::AgentSilent);
    facts.own.push(again("b"));
    let findings = assess(&facts);
    assert_eq!(findings[0].cause, Cause::BootLoop);
    assert!(findings[0].evidence[0].contains("3 times"));
}

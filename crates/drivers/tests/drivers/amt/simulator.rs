//! Against Assay's simulator: the login, identity, and how errors are told apart.

use std::time::{Duration, Instant};

use assay_domain::capability::Health;
use assay_domain::{DriverError, PowerState, TlsTrust};
use assay_sim::{AmtFaults, AmtOptions, server_tls};
use sha2::{Digest, Sha256};

use super::{AMT, Rig, within};
use crate::support::conformance::{self, Is, hides_the_login};
use crate::support::odd::{Answer, OddBmc};
use crate::support::{gate, with_login};

fn faults(change: fn(&mut AmtFaults)) -> AmtFaults {
    let mut faults = AmtFaults::default();
    change(&mut faults);
    faults
}

#[tokio::test]
async fn a_mute_peer_times_out() {
    conformance::a_mute_peer_times_out(AMT).await;
}

#[tokio::test]
async fn errors_are_told_apart_and_hide_the_login() {
    let cases: [(AmtFaults, Is); 8] = [
        (faults(|f| f.mute = true), |e| {
            matches!(e, DriverError::TimedOut { .. })
        }),
        (faults(|f| f.answer_delay = Duration::from_secs(2)), |e| {
            matches!(e, DriverError::TimedOut { .. })
        }),
        (faults(|f| f.reset_connections = true), |e| {
            matches!(e, DriverError::Failed { .. })
        }),
        (faults(|f| f.malformed_xml = true), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
        (faults(|f| f.refuse_credentials = true), |e| {
            matches!(e, DriverError::Refused { .. })
        }),
        (faults(|f| f.status = Some(503)), |e| {
            matches!(e, DriverError::Failed { .. })
        }),
        (faults(|f| f.status = Some(403)), |e| {
            matches!(e, DriverError::Unsupported { .. })
        }),
        (
            faults(|f| f.missing = vec!["CIM_AssociatedPowerManagementService".into()]),
            |e| matches!(e, DriverError::Unsupported { .. }),
        ),
    ];
    for (faults, is) in cases {
        let mut rig = Rig::new(faults.clone());
        rig.target.request_timeout = Duration::from_millis(500);
        conformance::fails(AMT, &rig.target, &faults, is).await;
    }
}

#[tokio::test]
async fn nobody_there_is_unreachable() {
    let rig = Rig::new(AmtFaults::default());
    let target = rig.target.clone();
    rig.amt.stop().await.unwrap();
    let error = gate().0.power_state(&target, AMT).await.unwrap_err();
    assert!(matches!(error, DriverError::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn a_refused_login_is_tried_once_and_never_again() {
    let rig = Rig::new(AmtFaults::default());
    let wrong = with_login(rig.target.clone(), "admin", "quite-wrong");
    let (gate, state) = gate();
    for _ in 0..3 {
        let error = gate.power_state(&wrong, AMT).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
        hides_the_login(&error, &wrong);
    }
    assert_eq!(rig.amt.counters().refused_logins, 1);
    state.reopen();
    let mut none = rig.target.clone();
    none.login = None;
    let error = gate.power_state(&none, AMT).await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    assert_eq!(rig.amt.counters().refused_logins, 1, "nothing was tried");
}

#[tokio::test]
async fn one_challenge_serves_a_session() {
    let rig = Rig::new(AmtFaults::default());
    let session = rig.session().await;
    for _ in 0..5 {
        let state = session.power().unwrap().power_state().await;
        assert_eq!(state, Ok(PowerState::Off));
    }
    session.close().await;
    let counters = rig.amt.counters();
    assert_eq!((counters.challenges, counters.logins), (1, 1));
    assert_eq!((counters.refused_logins, counters.stale), (0, 0));
}

#[tokio::test]
async fn a_nonce_that_has_run_out_is_no_refusal() {
    for hides_staleness in [false, true] {
        let rig = Rig::new(AmtFaults {
            nonce_uses: Some(1),
            hides_staleness,
            ..AmtFaults::default()
        });
        let (gate, state) = gate();
        let info = gate.system_info(&rig.target, AMT).await;
        assert!(info.is_ok(), "{info:?}");
        let counters = rig.amt.counters();
        assert!(counters.stale >= 3, "{counters:?}");
        assert_eq!(counters.refused_logins, 0);
        assert!(state.shut_gates() == 0);
    }
}

#[tokio::test]
async fn a_device_that_calls_all_nonces_stale_fails_and_refuses_nothing() {
    let rig = Rig::new(faults(|f| f.always_stale = true));
    let session = rig.session().await;
    let error = session.power().unwrap().power_state().await.unwrap_err();
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
    assert_eq!(rig.amt.counters().stale, 2, "the first and one more");
}

#[tokio::test]
async fn a_password_that_is_changed_during_a_session_is_tried_twice_at_most() {
    let rig = Rig::new(AmtFaults::default());
    let session = rig.session().await;
    session.power().unwrap().power_state().await.unwrap();
    rig.amt
        .change_faults(|faults| faults.refuse_credentials = true);
    let error = session.power().unwrap().power_state().await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    assert_eq!(rig.amt.counters().refused_logins, 2);
}

#[tokio::test]
async fn slow_answers_are_waited_for() {
    let rig = Rig::new(faults(|f| f.answer_delay = Duration::from_millis(300)));
    let begun = Instant::now();
    let state = gate().0.power_state(&rig.target, AMT).await;
    assert_eq!(state, Ok(PowerState::Off));
    assert!(begun.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn over_https_only_the_pinned_certificate_is_believed() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = certified.signing_key.serialize_der().try_into().unwrap();
    let tls = server_tls(vec![certified.cert.der().clone()], key).unwrap();
    let mut rig = Rig::with(AmtOptions {
        tls: Some(tls),
        ..AmtOptions::default()
    });
    let (gate, _) = gate();
    for trust in [TlsTrust::Fingerprint([7; 32]), TlsTrust::Plain] {
        rig.target.trust = trust.clone();
        let error = gate.power_state(&rig.target, AMT).await.unwrap_err();
        let pinned = matches!(error, DriverError::Unreachable { .. });
        assert!(pinned || trust == TlsTrust::Plain, "{error}");
    }
    assert_eq!(rig.amt.counters().challenges, 0, "nothing was told");
    let fingerprint = Sha256::digest(certified.cert.der()).into();
    rig.target.trust = TlsTrust::Fingerprint(fingerprint);
    let state = gate.power_state(&rig.target, AMT).await;
    assert_eq!(state, Ok(PowerState::Off));
}

#[tokio::test]
async fn the_machines_identity_is_read() {
    let rig = Rig::new(AmtFaults::default());
    let hardware = rig.amt.machine().hardware().clone();
    let info = gate().0.system_info(&rig.target, AMT).await.unwrap();
    assert_eq!(info.uuid, Some(hardware.uuid.to_string()));
    assert_eq!(info.serial_number, Some(hardware.serial));
    assert_eq!(info.manufacturer, Some(hardware.manufacturer));
    assert_eq!(info.model, Some(hardware.model));
    let macs: Vec<String> = hardware
        .nics
        .iter()
        .map(|nic| nic.mac.to_string())
        .collect();
    assert_eq!(info.macs, macs);
}

#[tokio::test]
async fn what_a_device_does_not_have_is_not_told() {
    let classes = ["CIM_Chassis", "CIM_ComputerSystemPackage"];
    let rig = Rig::new(AmtFaults {
        missing: classes.map(str::to_owned).to_vec(),
        ..AmtFaults::default()
    });
    let info = gate().0.system_info(&rig.target, AMT).await.unwrap();
    assert_eq!((info.uuid, info.serial_number), (None, None));
    assert_eq!(info.model.as_deref(), Some("Simulated board"));
    assert!(!info.macs.is_empty());
}

#[tokio::test]
async fn the_device_itself_is_looked_at() {
    let rig = Rig::new(AmtFaults::default());
    let (gate, _) = gate();
    let info = within(&gate, &rig.target, |session| {
        Box::pin(async move { session.management().unwrap().management_info().await })
    });
    let info = info.await.unwrap();
    assert!(info.firmware.is_some_and(|version| version.contains('.')));
    let hardware = rig.amt.machine().hardware().clone();
    assert_eq!(info.interfaces.len(), hardware.nics.len());
    let first = &info.interfaces[0];
    assert_eq!(first.address, Some(rig.amt.address().ip()));
    assert_eq!(
        (first.prefix, first.source.as_deref()),
        (Some(8), Some("static"))
    );
    assert_eq!(first.mac, Some(hardware.nics[0].mac.to_string()));
}

#[tokio::test]
async fn the_log_is_read_in_parts_the_oldest_first_and_cleared() {
    let rig = Rig::new(AmtFaults::default());
    let session = rig.session().await;
    let log = session.event_log().unwrap();
    let entries = log.event_log().await.unwrap();
    assert_eq!(entries.len(), 5);
    assert!(entries.is_sorted_by_key(|entry| entry.at));
    assert_eq!(entries[0].id, "1");
    assert_eq!(entries[4].subject, "BIOS");
    assert_eq!(entries[4].severity, Some(Health::Ok));
    assert_eq!(rig.amt.counters().requests["GetRecords AMT_MessageLog"], 3);
    log.clear_event_log().await.unwrap();
    assert_eq!(log.event_log().await, Ok(Vec::new()));
}

#[tokio::test]
async fn what_is_not_ws_management_is_named_so() {
    let answers: [(u16, String, Is); 5] = [
        (200, " ".repeat(1 << 20), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
        (200, "<html>a printer</html>".into(), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
        (
            200,
            "<!DOCTYPE e [<!ENTITY x 'y'>]><e>&x;</e>".into(),
            |e| matches!(e, DriverError::Malformed { .. }),
        ),
        (404, String::new(), |e| {
            matches!(e, DriverError::Unsupported { .. })
        }),
        (401, String::new(), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
    ];
    for (status, body, is) in answers {
        let odd = OddBmc::start(move |_| Some(Answer(status, Vec::new(), body.clone()))).await;
        let target = with_login(odd.target(), "operator", "right-enough");
        let error = gate().0.power_state(&target, AMT).await.unwrap_err();
        assert!(is(&error), "{status}: {error}");
    }
}

#[tokio::test]
async fn a_password_is_not_given_to_who_asks_for_it_plainly() {
    let odd = OddBmc::start(|_| {
        let challenge = ("WWW-Authenticate", r#"Basic realm="AMT""#.to_owned());
        Some(Answer(401, vec![challenge], String::new()))
    })
    .await;
    let target = with_login(odd.target(), "operator", "right-enough");
    let error = gate().0.power_state(&target, AMT).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    let requests = odd.seen("POST");
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].header("authorization"), None);
}

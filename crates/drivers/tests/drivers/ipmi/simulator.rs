//! Against Assay's simulator, which misbehaves on request.

use std::time::Duration;

use assay_domain::{DriverError, PowerState};
use assay_drivers::ResetOutcome;
use assay_ipmi::command::chassis::Control;
use assay_sim::{IpmiBmc, IpmiFaults};
use serde_json::json;

use crate::support::conformance::{self, Is};
use crate::support::ipmi::{IPMI, simulated};
use crate::support::{eventually, gate};

const LIMIT: Duration = Duration::from_secs(10);

async fn conforms(faults: IpmiFaults) -> IpmiBmc {
    let (bmc, mut target) = simulated(faults);
    target.settings.insert("cipher_suite".into(), json!(17));
    let seen = || (bmc.counters().failed_logins, bmc.counters().open_sessions);
    conformance::run_on_simulator(IPMI, &target, &seen).await;
    bmc
}

#[tokio::test]
async fn it_conforms() {
    let bmc = conforms(IpmiFaults::default()).await;
    let counters = bmc.counters();
    assert_eq!(counters.controls(Control::Reset), 1);
    assert_eq!(counters.most_sessions, 1);
}

#[tokio::test]
async fn it_conforms_when_states_change_late() {
    conforms(IpmiFaults {
        state_change_delay: Duration::from_millis(700),
        ..IpmiFaults::default()
    })
    .await;
}

#[tokio::test]
async fn a_mute_peer_times_out() {
    conformance::a_mute_peer_times_out(IPMI).await;
    let (_bmc, target) = simulated(IpmiFaults {
        silent: true,
        ..IpmiFaults::default()
    });
    conformance::a_silent_device_times_out(IPMI, target).await;
}

#[tokio::test]
async fn lost_datagrams_are_overcome() {
    // Every second or third one would always hit the same message of the handshake.
    for every in [4, 5, 7] {
        let (bmc, target) = simulated(IpmiFaults {
            lose_every: Some(every),
            ..IpmiFaults::default()
        });
        let (gate, _) = gate();
        let state = gate.power_state(&target, IPMI).await;
        assert_eq!(state, Ok(PowerState::Off), "every {every}. is lost");
        assert_eq!(bmc.counters().failed_logins, 0);
    }
}

#[tokio::test]
async fn errors_are_told_apart_and_hide_the_login() {
    let faults = |change: fn(&mut IpmiFaults)| {
        let mut faults = IpmiFaults::default();
        change(&mut faults);
        faults
    };
    let cases: [(IpmiFaults, Is); 4] = [
        (faults(|faults| faults.malformed = true), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
        (faults(|faults| faults.refuse_login = true), |e| {
            matches!(e, DriverError::Refused { .. })
        }),
        (faults(|faults| faults.session_table_full = true), |e| {
            matches!(e, DriverError::Failed { .. })
        }),
        (faults(|faults| faults.drop_session_after = Some(1)), |e| {
            matches!(e, DriverError::TimedOut { .. })
        }),
    ];
    for (faults, is) in cases {
        let (bmc, mut target) = simulated(faults.clone());
        target.request_timeout = Duration::from_millis(300);
        conformance::fails(IPMI, &target, &faults, is).await;
        eventually("all sessions closed", || bmc.counters().open_sessions == 0).await;
    }
}

#[tokio::test]
async fn a_reset_is_sent_at_most_once_and_its_outcome_is_true() {
    let (bmc, mut target) = simulated(IpmiFaults {
        mute_power: true,
        ..IpmiFaults::default()
    });
    target.request_timeout = Duration::from_millis(1500);
    let (gate, _) = gate();
    let outcome = gate.reset_once(&target, IPMI).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::TimedOut { .. })),
        "{outcome:?}"
    );
    assert_eq!(bmc.counters().controls(Control::Reset), 1);

    bmc.change_faults(|faults| faults.silent = true);
    let outcome = gate.reset_once(&target, IPMI).await;
    assert!(matches!(outcome, ResetOutcome::NotSent(_)), "{outcome:?}");

    bmc.change_faults(|faults| *faults = IpmiFaults::default());
    assert_eq!(gate.reset_once(&target, IPMI).await, ResetOutcome::Done);
    assert_eq!(bmc.counters().controls(Control::Reset), 2);
}

#[tokio::test]
async fn a_lost_answer_to_power_on_is_reconciled() {
    let (bmc, mut target) = simulated(IpmiFaults {
        mute_power: true,
        ..IpmiFaults::default()
    });
    target.request_timeout = Duration::from_millis(500);
    let (gate, _) = gate();
    gate.ensure_power(&target, IPMI, PowerState::On, LIMIT)
        .await
        .unwrap();
    assert_eq!(bmc.counters().controls(Control::On), 1);
}

#[tokio::test]
async fn a_machine_that_does_not_obey_is_reported() {
    let (bmc, target) = simulated(IpmiFaults {
        ignore_power: true,
        ..IpmiFaults::default()
    });
    conformance::disobedience_is_reported(IPMI, &target).await;
    assert_eq!(bmc.counters().controls.len(), 1);
}

//! Against Assay's simulator, which misbehaves on request.

use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride};
use assay_domain::{DriverError, PowerState};
use assay_drivers::ResetOutcome;
use assay_sim::{Bmc, Failure, Faults, ResetType, Scope};

use crate::support::conformance::{self, Is};
use crate::support::{REDFISH, eventually, gate, simulator};

fn failing(status: u16, scope: Scope, times: Option<u32>) -> Faults {
    Faults {
        failure: Some(Failure {
            status,
            scope,
            times,
        }),
        ..Faults::default()
    }
}

async fn conforms(faults: Faults) -> Bmc {
    let (bmc, target) = simulator(faults);
    let seen = || (bmc.counters().failed_logins, bmc.counters().open_sessions);
    conformance::run_on_simulator(REDFISH, &target, &seen).await;
    bmc
}

#[tokio::test]
async fn it_conforms() {
    let bmc = conforms(Faults::default()).await;
    let counters = bmc.counters();
    assert_eq!(counters.accepted(ResetType::ForceRestart), 1);
    assert!(counters.most_sessions <= 2);
}

#[tokio::test]
async fn it_conforms_when_states_change_late_and_repetitions_are_refused() {
    for shows_transition in [false, true] {
        conforms(Faults {
            state_change_delay: Duration::from_millis(700),
            shows_transition,
            conflict_on_same_state: true,
            lock_after: Some(2),
            ..Faults::default()
        })
        .await;
    }
}

#[tokio::test]
async fn a_mute_peer_times_out() {
    conformance::a_mute_peer_times_out(REDFISH).await;
    let (_bmc, target) = simulator(Faults {
        mute: true,
        ..Faults::default()
    });
    conformance::a_silent_device_times_out(REDFISH, target).await;
}

#[tokio::test]
async fn errors_are_told_apart_and_hide_the_login() {
    let broken = |change: fn(&mut Faults)| {
        let mut faults = Faults::default();
        change(&mut faults);
        faults
    };
    let cases: [(Faults, Is); 7] = [
        (broken(|faults| faults.refuse_connections = true), |e| {
            matches!(e, DriverError::Unreachable { .. })
        }),
        (broken(|faults| faults.hang_up = true), |e| {
            matches!(e, DriverError::Failed { .. })
        }),
        (broken(|faults| faults.malformed_json = true), |e| {
            matches!(e, DriverError::Malformed { .. })
        }),
        (
            broken(|faults| faults.missing_properties = vec!["PowerState".into()]),
            |e| matches!(e, DriverError::Malformed { .. }),
        ),
        (broken(|faults| faults.refuse_credentials = true), |e| {
            matches!(e, DriverError::Refused { .. })
        }),
        (failing(503, Scope::Reads, None), |e| {
            matches!(e, DriverError::Failed { .. })
        }),
        (failing(404, Scope::Reads, None), |e| {
            matches!(e, DriverError::Unsupported { .. })
        }),
    ];
    for (faults, is) in cases {
        let (bmc, target) = simulator(faults.clone());
        if faults.refuse_connections {
            eventually("no listener", || {
                std::net::TcpStream::connect(bmc.address()).is_err()
            })
            .await;
        }
        conformance::fails(REDFISH, &target, &faults, is).await;
        eventually("all sessions closed", || bmc.counters().open_sessions == 0).await;
    }
}

#[tokio::test]
async fn a_moment_of_trouble_is_overcome_on_reads_and_on_off() {
    let (bmc, target) = simulator(failing(500, Scope::Reads, Some(2)));
    let state = gate().0.power_state(&target, REDFISH).await;
    assert_eq!(state, Ok(PowerState::Off));

    bmc.change_faults(|faults| *faults = failing(500, Scope::Resets, Some(1)));
    let on = gate().0;
    on.ensure_power(&target, REDFISH, PowerState::On, Duration::from_mins(1))
        .await
        .unwrap();
    assert_eq!(bmc.counters().accepted(ResetType::On), 1);
}

#[tokio::test]
async fn a_reset_is_sent_at_most_once_and_its_outcome_is_true() {
    let (bmc, mut target) = simulator(Faults::default());
    target.request_timeout = Duration::from_millis(400);
    let (gate, _) = gate();
    let resets = || bmc.counters().resets.len();

    bmc.change_faults(|faults| *faults = failing(503, Scope::Resets, None));
    let outcome = gate.reset_once(&target, REDFISH).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::Failed { .. })),
        "{outcome:?}"
    );

    bmc.change_faults(|faults| *faults = failing(409, Scope::Resets, None));
    let outcome = gate.reset_once(&target, REDFISH).await;
    assert!(
        matches!(outcome, ResetOutcome::NotSent(DriverError::Failed { .. })),
        "{outcome:?}"
    );

    bmc.change_faults(|faults| *faults = failing(503, Scope::Reads, None));
    let outcome = gate.reset_once(&target, REDFISH).await;
    assert!(matches!(outcome, ResetOutcome::NotSent(_)), "{outcome:?}");
    assert_eq!(resets(), 0);

    bmc.change_faults(|faults| *faults = Faults::default());
    assert_eq!(gate.reset_once(&target, REDFISH).await, ResetOutcome::Done);
    assert_eq!(resets(), 1);
}

#[tokio::test]
async fn a_machine_that_does_not_obey_is_reported() {
    let (bmc, target) = simulator(Faults {
        ignore_resets: true,
        ..Faults::default()
    });
    conformance::disobedience_is_reported(REDFISH, &target).await;
    assert_eq!(bmc.counters().resets.len(), 1);
}

#[tokio::test]
async fn boot_overrides_are_set_read_and_cleared() {
    let (bmc, target) = simulator(Faults::default());
    let (gate, _) = gate();
    for persistent in [false, true] {
        for (device, mode) in [
            (BootDevice::Network, BootMode::Uefi),
            (BootDevice::Disk, BootMode::Bios),
            (BootDevice::Setup, BootMode::Uefi),
        ] {
            let wanted = BootOverride {
                device: Some(device),
                persistent,
                mode: Some(mode),
            };
            gate.set_boot(&target, REDFISH, wanted).await.unwrap();
            assert_eq!(gate.boot(&target, REDFISH).await, Ok(wanted));
        }
    }
    gate.clear_boot(&target, REDFISH).await.unwrap();
    let cleared = gate.boot(&target, REDFISH).await.unwrap();
    assert_eq!((cleared.device, cleared.persistent), (None, false));
    assert_eq!(
        bmc.boot_override().enabled,
        assay_sim::OverrideEnabled::Disabled
    );
}

#[tokio::test]
async fn the_machines_identity_is_read() {
    let (bmc, target) = simulator(Faults::default());
    let hardware = bmc.machine().hardware().clone();
    let info = gate().0.system_info(&target, REDFISH).await.unwrap();
    assert_eq!(info.uuid, Some(hardware.uuid.to_string()));
    assert_eq!(info.serial_number, Some(hardware.serial));
    assert_eq!(info.manufacturer, Some(hardware.manufacturer));
    let macs: Vec<String> = hardware
        .nics
        .iter()
        .map(|nic| nic.mac.to_string())
        .collect();
    assert_eq!(info.macs, macs);
}

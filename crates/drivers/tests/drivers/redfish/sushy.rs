//! Against sushy-tools' emulator, which Assay did not write.

use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride};
use assay_domain::{DriverError, PowerState};

use crate::support::conformance::{self, Peer};
use crate::support::sushy::{MAC, Options, Sushy, UUID};
use crate::support::{REDFISH, gate, with_login};

/// It changes state up to 2 s after it answers.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn it_conforms() {
    let sushy = Sushy::start(&Options {
        login: Some(("operator", "right-enough")),
        ..Options::default()
    });
    conformance::run(Peer {
        protocol: REDFISH,
        target: with_login(sushy.target(), "operator", "right-enough"),
        limit: LIMIT,
        wrong: Some(with_login(sushy.target(), "operator", "quite-wrong")),
        wrong_logins: &|| sushy.answers(401),
    })
    .await;
}

#[tokio::test]
async fn a_reset_is_sent_once_and_the_machine_comes_back() {
    let sushy = Sushy::start(&Options::default());
    let (gate, _) = gate();
    let target = sushy.target();
    gate.ensure_power(&target, REDFISH, PowerState::On, LIMIT)
        .await
        .unwrap();
    let before = sushy.requests("POST /redfish/v1/Systems");
    gate.reset_once(&target, REDFISH).await;
    assert_eq!(sushy.requests("POST /redfish/v1/Systems") - before, 1);
    let waited = gate
        .with(
            &target,
            REDFISH,
            assay_drivers::Repeat::Idempotent,
            |session| {
                Box::pin(async move {
                    session
                        .power()
                        .unwrap()
                        .wait_for(PowerState::On, LIMIT)
                        .await
                })
            },
        )
        .await;
    assert_eq!(waited, Ok(()));
}

#[tokio::test]
async fn boot_overrides_are_set_read_and_cleared() {
    let sushy = Sushy::start(&Options::default());
    let (gate, _) = gate();
    let target = sushy.target();
    for (device, mode) in [
        (BootDevice::Network, BootMode::Uefi),
        (BootDevice::Cd, BootMode::Bios),
        (BootDevice::Disk, BootMode::Uefi),
    ] {
        let wanted = BootOverride {
            device: Some(device),
            persistent: true,
            mode: Some(mode),
        };
        gate.set_boot(&target, REDFISH, wanted).await.unwrap();
        assert_eq!(gate.boot(&target, REDFISH).await, Ok(wanted));
    }
    gate.clear_boot(&target, REDFISH).await.unwrap();
    assert_eq!(gate.boot(&target, REDFISH).await.unwrap().device, None);

    let setup = BootOverride {
        device: Some(BootDevice::Setup),
        persistent: false,
        mode: None,
    };
    let error = gate.set_boot(&target, REDFISH, setup).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn the_machines_identity_is_read() {
    let sushy = Sushy::start(&Options::default());
    let info = gate()
        .0
        .system_info(&sushy.target(), REDFISH)
        .await
        .unwrap();
    assert_eq!(info.uuid.as_deref(), Some(UUID));
    assert_eq!(info.manufacturer.as_deref(), Some("Sushy Emulator"));
    assert_eq!(info.macs, [MAC]);
    assert_eq!(info.serial_number, None);
}

#[tokio::test]
async fn one_of_several_systems_is_chosen() {
    let other = "66d9b1c2-0f4c-4fcb-8a5a-0b5e5a1a0c0d";
    let sushy = Sushy::start(&Options {
        more_systems: &[other],
        ..Options::default()
    });
    let (gate, _) = gate();
    let mut target = sushy.target();
    let error = gate.power_state(&target, REDFISH).await.unwrap_err();
    assert!(
        error.to_string().contains("system_id") && error.to_string().contains(other),
        "{error}"
    );
    target.settings.insert("system_id".into(), other.into());
    let info = gate.system_info(&target, REDFISH).await.unwrap();
    assert_eq!(info.uuid.as_deref(), Some(other));
    target.output = UUID.into();
    let info = gate.system_info(&target, REDFISH).await.unwrap();
    assert_eq!(info.uuid.as_deref(), Some(UUID));
}

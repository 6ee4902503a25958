//! What is read of a simulated BMC beside power, and its boot flags.

use std::time::Duration;

use assay_domain::PowerState;
use assay_domain::capability::{BootDevice, BootMode, BootOverride, Health, Identify};
use assay_ipmi::command::boot::Device;
use assay_sim::IpmiFaults;

use crate::support::ipmi::{IPMI, simulated};
use crate::support::{driver_session, gate};

#[tokio::test]
async fn boot_overrides_are_set_read_and_cleared() {
    let (bmc, target) = simulated(IpmiFaults::default());
    let (gate, _) = gate();
    for persistent in [false, true] {
        for (device, mode) in [
            (BootDevice::Network, BootMode::Uefi),
            (BootDevice::Disk, BootMode::Bios),
            (BootDevice::Cd, BootMode::Bios),
            (BootDevice::Setup, BootMode::Uefi),
        ] {
            let wanted = BootOverride {
                device: Some(device),
                persistent,
                mode: Some(mode),
            };
            gate.set_boot(&target, IPMI, wanted).await.unwrap();
            assert_eq!(gate.boot(&target, IPMI).await, Ok(wanted));
        }
    }
    let as_it_is = BootOverride {
        device: Some(BootDevice::Network),
        persistent: false,
        mode: None,
    };
    gate.set_boot(&target, IPMI, as_it_is).await.unwrap();
    assert!(bmc.boot_flags().uefi && bmc.boot_flags().device == Device::Network);
    gate.clear_boot(&target, IPMI).await.unwrap();
    assert_eq!(gate.boot(&target, IPMI).await.unwrap().device, None);
    assert!(!bmc.boot_flags().valid);
}

#[tokio::test]
async fn the_machines_identity_is_read() {
    let (bmc, target) = simulated(IpmiFaults::default());
    let hardware = bmc.machine().hardware().clone();
    let info = gate().0.system_info(&target, IPMI).await.unwrap();
    assert_eq!(info.uuid, Some(hardware.uuid.to_string()));
    assert_eq!(info.serial_number, Some(hardware.serial));
    assert_eq!(info.manufacturer, Some(hardware.manufacturer));
    assert_eq!(info.model, Some(hardware.model));
}

#[tokio::test]
async fn sensors_are_read_with_units_and_health() {
    let (_bmc, target) = simulated(IpmiFaults::default());
    let limit = Duration::from_secs(5);
    let (gate, _) = gate();
    gate.ensure_power(&target, IPMI, PowerState::On, limit)
        .await
        .unwrap();
    let session = driver_session(IPMI, &target).await;
    let sensors = session.sensors().unwrap().sensors().await.unwrap();
    session.close().await;
    let shown: Vec<_> = sensors
        .iter()
        .map(|sensor| {
            (
                sensor.name.as_str(),
                sensor.kind.as_str(),
                sensor.value,
                sensor.unit.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("CPU Temp", "temperature", Some(48.0), "°C"),
            ("12V", "voltage", Some(12.0), "V"),
            ("Fan 1", "fan", Some(5400.0), "RPM"),
            ("Power", "power", Some(244.0), "W"),
            ("PSU 1", "power supply", None, ""),
        ]
    );
    assert!(
        sensors
            .iter()
            .all(|sensor| sensor.health == Some(Health::Ok))
    );
    assert_eq!(sensors[4].states, ["present"]);
}

#[tokio::test]
async fn the_event_log_is_read_and_cleared() {
    let (bmc, target) = simulated(IpmiFaults::default());
    bmc.overheat();
    bmc.overheat();
    let session = driver_session(IPMI, &target).await;
    let log = session.event_log().unwrap();
    let entries = log.event_log().await.unwrap();
    assert_eq!(entries.len(), 2);
    assert_eq!(
        (entries[0].id.as_str(), entries[0].severity),
        ("1", Some(Health::Critical))
    );
    assert_eq!(entries[1].subject, "temperature 0x01");
    assert!(entries[1].at.is_some());
    log.clear_event_log().await.unwrap();
    assert_eq!(log.event_log().await.unwrap(), []);
    session.close().await;
}

#[tokio::test]
async fn parts_network_and_accounts_are_read() {
    let (bmc, target) = simulated(IpmiFaults::default());
    let hardware = bmc.machine().hardware().clone();
    let session = driver_session(IPMI, &target).await;
    let parts = session.parts().unwrap().parts().await.unwrap();
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(
        names,
        ["Machine product", "Machine board", "Machine chassis"]
    );
    assert_eq!(parts[2].serial_number, Some(hardware.serial));

    let info = session
        .management()
        .unwrap()
        .management_info()
        .await
        .unwrap();
    assert_eq!(info.firmware.as_deref(), Some("1.02"));
    let [interface] = &info.interfaces[..] else {
        panic!("{info:?}")
    };
    assert_eq!(interface.mac, Some(hardware.bmc_mac.to_string()));
    assert_eq!(interface.address, Some(bmc.address().ip()));
    assert_eq!((interface.prefix, interface.vlan), (Some(8), None));
    let Some([user]) = info.users.as_deref() else {
        panic!("{info:?}")
    };
    assert_eq!(
        (user.name.as_str(), user.privilege.as_str()),
        ("admin", "administrator")
    );
    assert!(user.enabled);

    let light = session.identify().unwrap();
    for how in [
        Identify::On,
        Identify::For(Duration::from_secs(3)),
        Identify::Off,
    ] {
        light.identify(how).await.unwrap();
    }
    session.close().await;
}

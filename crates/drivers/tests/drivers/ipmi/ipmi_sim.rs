//! Against Debian's ipmi_sim, which Assay did not write. It has cipher suite 3 and IPMI 1.5.

use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride, Health, Identify};
use assay_domain::{DriverError, PowerState};
use assay_drivers::ResetOutcome;
use serde_json::{Value, json};

use crate::support::conformance::{self, Peer, hides_the_login};
use crate::support::ipmi::{Foreign, IPMI, LOGIN, UUID, ipmi_target};
use crate::support::{driver_session, gate};

const LIMIT: Duration = Duration::from_secs(10);

async fn conforms(settings: Value) {
    let peer = Foreign::ipmi_sim();
    conformance::run(Peer {
        protocol: IPMI,
        target: peer.target(&settings),
        limit: LIMIT,
        // It does not tell how many wrong logins it has seen.
        wrong: None,
        wrong_logins: &|| 0,
    })
    .await;
    let seen = peer.file("seen");
    let resets = seen.lines().filter(|line| *line == "reset 1").count();
    assert_eq!(resets, 1, "{seen}");
}

#[tokio::test]
async fn it_conforms() {
    conforms(json!({"cipher_suite": 3})).await;
}

#[tokio::test]
async fn it_conforms_when_the_suite_is_looked_for() {
    conforms(json!({})).await;
}

#[tokio::test]
async fn it_conforms_in_sessions_of_ipmi_1_5() {
    conforms(json!({"version": "1.5"})).await;
    conforms(json!({"version": "1.5", "auth": "password"})).await;
}

#[tokio::test]
async fn a_suite_that_it_does_not_have_is_not_weakened() {
    let peer = Foreign::ipmi_sim();
    let target = peer.target(&json!({"cipher_suite": 17}));
    let error = gate().0.power_state(&target, IPMI).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("cipher suite 17"), "{error}");
}

#[tokio::test]
async fn wrong_logins_are_refused_and_tell_nothing() {
    let peer = Foreign::ipmi_sim();
    for login in [(LOGIN.0, "quite-wrong"), ("stranger", LOGIN.1)] {
        for settings in [json!({}), json!({"version": "1.5"})] {
            let mut target = ipmi_target(peer.address(), login, &settings);
            target.request_timeout = Duration::from_secs(1);
            let (gate, state) = gate();
            let error = gate.power_state(&target, IPMI).await.unwrap_err();
            assert!(
                matches!(error, DriverError::Refused { .. }),
                "{login:?} {settings}: {error}"
            );
            hides_the_login(&error, &target);
            assert_eq!(state.shut_gates(), 1);
        }
    }
}

#[tokio::test]
async fn an_account_that_may_only_read_does_not_switch() {
    let peer = Foreign::ipmi_sim();
    let target = ipmi_target(
        peer.address(),
        ("reader", LOGIN.1),
        &json!({"privilege": "user"}),
    );
    let (gate, _) = gate();
    assert_eq!(gate.power_state(&target, IPMI).await, Ok(PowerState::Off));
    let outcome = gate.reset_once(&target, IPMI).await;
    assert!(matches!(outcome, ResetOutcome::NotSent(_)), "{outcome:?}");
    assert_eq!(peer.file("seen"), "");
}

#[tokio::test]
async fn boot_devices_reach_it() {
    let peer = Foreign::ipmi_sim();
    let target = peer.target(&json!({}));
    let (gate, _) = gate();
    for (device, name) in [
        (Some(BootDevice::Network), "pxe"),
        (Some(BootDevice::Cd), "cdrom"),
        (Some(BootDevice::Setup), "bios"),
        (Some(BootDevice::Disk), "default"),
        (None, "none"),
    ] {
        let wanted = BootOverride {
            device,
            persistent: false,
            mode: Some(BootMode::Uefi),
        };
        gate.set_boot(&target, IPMI, wanted).await.unwrap();
        assert_eq!(peer.file("boot").trim(), name);
        // It gives flags back without the mark that they hold.
        assert_eq!(gate.boot(&target, IPMI).await.unwrap().device, None);
    }
}

#[tokio::test]
async fn all_that_it_tells_is_read() {
    let peer = Foreign::ipmi_sim();
    let session = driver_session(IPMI, &peer.target(&json!({}))).await;

    let info = session.system().unwrap().system_info().await.unwrap();
    assert_eq!(info.uuid.as_deref(), Some(UUID));
    assert_eq!(info.serial_number.as_deref(), Some("SERIAL-7"));
    assert_eq!(info.manufacturer.as_deref(), Some("Maker"));
    assert_eq!(info.model.as_deref(), Some("Server"));

    let sensors = session.sensors().unwrap().sensors().await.unwrap();
    assert_eq!(sensors.len(), 1, "{sensors:?}");
    assert_eq!(
        (sensors[0].name.as_str(), sensors[0].kind.as_str()),
        ("Board Temp", "temperature")
    );
    assert_eq!(
        (sensors[0].value, sensors[0].unit.as_str()),
        (Some(96.0), "°C")
    );
    assert_eq!(sensors[0].health, Some(Health::Ok), "{sensors:?}");

    let log = session.event_log().unwrap();
    let entries = log.event_log().await.unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    assert_eq!(entries[0].severity, Some(Health::Critical));
    log.clear_event_log().await.unwrap();
    assert_eq!(log.event_log().await.unwrap(), []);

    let parts = session.parts().unwrap().parts().await.unwrap();
    assert_eq!(parts.len(), 1, "{parts:?}");
    assert_eq!(parts[0].part_number.as_deref(), Some("Model 5"));

    let management = session
        .management()
        .unwrap()
        .management_info()
        .await
        .unwrap();
    assert_eq!(management.firmware.as_deref(), Some("9.08"));
    let names: Vec<&str> = management
        .users
        .iter()
        .flatten()
        .map(|user| user.name.as_str())
        .collect();
    assert!(names.contains(&LOGIN.0), "{names:?}");
    session.close().await;
}

#[tokio::test]
async fn ipmitool_reads_the_same() {
    let peer = Foreign::ipmi_sim();
    let session = driver_session(IPMI, &peer.target(&json!({}))).await;
    let info = session.management().unwrap().management_info().await;
    let info = info.unwrap();
    let light = session.identify().unwrap();
    light
        .identify(Identify::For(Duration::from_secs(7)))
        .await
        .unwrap();
    session.close().await;

    let [interface] = &info.interfaces[..] else {
        panic!("{info:?}")
    };
    let lan = peer.ipmitool("lan print 1");
    let address = interface.address.map(|address| address.to_string());
    let gateway = interface.gateway.map(|address| address.to_string());
    let told = [interface.mac.clone(), address, gateway];
    assert!(told[0].is_some(), "{info:?}");
    for value in told.iter().flatten() {
        assert!(lan.contains(value.as_str()), "{value}: {lan}");
    }
    let users = peer.ipmitool("user list 1");
    for (name, privilege) in [(LOGIN.0, "administrator"), ("reader", "user")] {
        let mut known = info.users.iter().flatten();
        let ours = known.find(|user| user.name == name).unwrap();
        assert_eq!((ours.privilege.as_str(), ours.enabled), (privilege, true));
        let theirs = users.lines().find(|line| line.contains(name)).unwrap();
        assert!(theirs.to_lowercase().ends_with(privilege), "{theirs}");
    }
    let sensors = peer.ipmitool("sdr list");
    assert!(sensors.contains("96 degrees C"), "{sensors}");
    assert!(
        peer.file("seen").contains("identify 7"),
        "{}",
        peer.file("seen")
    );
}

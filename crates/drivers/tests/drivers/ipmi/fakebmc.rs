//! Against pyghmi's BMC, which Assay did not write. It answers every proposal with cipher suite 3, and
//! keeps one session for each port that it is asked from, so each operation here has a driver, and with
//! it a socket, of its own.

use std::time::Duration;

use assay_domain::capability::{BootDevice, BootOverride, Identify};
use assay_domain::{DriverError, PowerState};
use assay_drivers::ResetOutcome;
use serde_json::json;

use crate::support::ipmi::{Foreign, IPMI, LOGIN, ipmi_target};
use crate::support::{driver_session, gate};

const LIMIT: Duration = Duration::from_secs(10);

#[tokio::test]
async fn power_is_switched_and_read() {
    let peer = Foreign::fakebmc();
    for settings in [json!({}), json!({"cipher_suite": 3})] {
        let target = peer.target(&settings);
        for wanted in [PowerState::On, PowerState::Off, PowerState::On] {
            let switched = gate().0.ensure_power(&target, IPMI, wanted, LIMIT).await;
            assert_eq!(switched, Ok(()));
            assert_eq!(gate().0.power_state(&target, IPMI).await, Ok(wanted));
        }
        assert_eq!(gate().0.reset_once(&target, IPMI).await, ResetOutcome::Done);
        let down = gate().0.shut_down_machine(&target, IPMI, LIMIT).await;
        assert_eq!(down, Ok(()));
    }
    assert_eq!(peer.file("log").matches("reset").count(), 2);
}

#[tokio::test]
async fn a_stronger_suite_is_not_given_up() {
    let peer = Foreign::fakebmc();
    let target = peer.target(&json!({"cipher_suite": 17}));
    let error = gate().0.power_state(&target, IPMI).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let peer = Foreign::fakebmc();
    let target = ipmi_target(peer.address(), (LOGIN.0, "quite-wrong"), &json!({}));
    let error = gate().0.power_state(&target, IPMI).await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn the_boot_device_is_set_and_read() {
    let peer = Foreign::fakebmc();
    let target = peer.target(&json!({}));
    for device in [BootDevice::Network, BootDevice::Disk, BootDevice::Setup] {
        let wanted = BootOverride {
            device: Some(device),
            persistent: false,
            mode: None,
        };
        gate().0.set_boot(&target, IPMI, wanted).await.unwrap();
        let read = gate().0.boot(&target, IPMI).await.unwrap();
        assert_eq!(read.device, Some(device));
    }
}

#[tokio::test]
async fn what_it_does_not_have_is_unsupported_and_never_empty() {
    let peer = Foreign::fakebmc();
    let session = driver_session(IPMI, &peer.target(&json!({}))).await;
    let log = session.event_log().unwrap();
    let light = session.identify().unwrap();
    for error in [
        session.sensors().unwrap().sensors().await.unwrap_err(),
        session.parts().unwrap().parts().await.unwrap_err(),
        log.event_log().await.unwrap_err(),
        log.clear_event_log().await.unwrap_err(),
        light.identify(Identify::On).await.unwrap_err(),
    ] {
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    let state = session.power().unwrap().power_state().await;
    assert_eq!(state, Ok(PowerState::Off), "the session goes on");
    session.close().await;
}

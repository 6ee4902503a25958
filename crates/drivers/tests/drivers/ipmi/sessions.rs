//! Sessions: cipher suites, keys, versions, many BMCs at once, and their end.

use std::time::Duration;

use assay_domain::{DriverError, PowerState, Target};
use assay_ipmi::Suite;
use assay_sim::{IpmiFaults, IpmiOptions};
use serde_json::{Value, json};

use crate::support::ipmi::{IPMI, simulated, simulated_with};
use crate::support::{driver_session, eventually, gate, with_login};

fn with_settings(mut target: Target, settings: &Value) -> Target {
    target.settings = settings.as_object().unwrap().clone();
    target
}

async fn state(target: &Target) -> Result<PowerState, DriverError> {
    gate().0.power_state(target, IPMI).await
}

#[tokio::test]
async fn only_the_suite_that_is_set_is_used() {
    for (has, set, works) in [
        (Suite::Three, json!({"cipher_suite": 3}), true),
        (Suite::Three, json!({"cipher_suite": 17}), false),
        (Suite::Three, json!({"cipher_suite": "best"}), true),
        (Suite::Seventeen, json!({"cipher_suite": 3}), false),
        (Suite::Seventeen, json!({"cipher_suite": 17}), true),
        (Suite::Seventeen, json!({}), true),
    ] {
        let (bmc, target) = simulated_with(IpmiOptions {
            suites: vec![has],
            ..IpmiOptions::default()
        });
        let outcome = state(&with_settings(target, &set)).await;
        match outcome {
            Ok(_) => assert!(works, "{has:?} {set}"),
            Err(DriverError::Unsupported { .. }) => assert!(!works, "{has:?} {set}"),
            Err(error) => panic!("{has:?} {set}: {error}"),
        }
        assert_eq!(bmc.counters().failed_logins, 0);
    }
}

#[tokio::test]
async fn the_key_of_the_bmc_is_needed_and_enough() {
    let (bmc, target) = simulated_with(IpmiOptions {
        key: Some(b"the BMC's own key".to_vec()),
        ..IpmiOptions::default()
    });
    let right = json!({"kg": "the BMC's own key"});
    assert_eq!(
        state(&with_settings(target.clone(), &right)).await,
        Ok(PowerState::Off)
    );
    for wrong in [json!({}), json!({"kg": "another"})] {
        let error = state(&with_settings(target.clone(), &wrong))
            .await
            .unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    }
    assert_eq!(bmc.counters().logins, 3, "one for each, none again");
}

#[tokio::test]
async fn sessions_of_ipmi_1_5_work_and_a_wrong_password_is_sent_once() {
    for settings in [
        json!({"version": "1.5"}),
        json!({"version": "1.5", "auth": "password"}),
    ] {
        let (bmc, target) = simulated(IpmiFaults::default());
        let target = with_settings(target, &settings);
        assert_eq!(state(&target).await, Ok(PowerState::Off));
        let mut wrong = with_login(target, "admin", "quite-wrong");
        wrong.request_timeout = Duration::from_millis(700);
        let error = state(&wrong).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
        assert_eq!(bmc.counters().failed_logins, 1);
        eventually("all sessions closed", || bmc.counters().open_sessions == 0).await;
    }
}

#[tokio::test]
async fn too_long_logins_are_not_sent() {
    let (bmc, target) = simulated(IpmiFaults::default());
    for (name, password) in [
        ("a-name-of-17-byte", "simulated"),
        ("admin", "a-password-of-21-byte"),
    ] {
        let error = state(&with_login(target.clone(), name, password))
            .await
            .unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    assert_eq!(bmc.counters().datagrams, 0);
}

#[tokio::test]
async fn a_session_that_is_dropped_ends_on_the_bmc() {
    let (bmc, target) = simulated(IpmiFaults::default());
    let session = driver_session(IPMI, &target).await;
    assert_eq!(bmc.counters().open_sessions, 1);
    drop(session);
    eventually("the session ended", || bmc.counters().open_sessions == 0).await;
}

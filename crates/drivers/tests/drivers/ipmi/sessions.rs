//! Sessions: cipher suites, keys, versions, many BMCs at once, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::{DriverError, PowerState, Target};
use assay_ipmi::Suite;
use assay_ipmi::wire::rakp::{OpenRequest, OpenResponse};
use assay_ipmi::wire::{Message, Packet, PayloadType, packet};
use assay_sim::{IpmiFaults, IpmiOptions};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::UdpSocket;

use crate::support::conformance::hides_the_login;
use crate::support::ipmi::{IPMI, ipmi_target, simulated, simulated_with};
use crate::support::{driver_session, eventually, gate, with_login};

fn with_settings(mut target: Target, settings: &Value) -> Target {
    target.settings.clone_from(settings.as_object().unwrap());
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

/// A BMC that agrees to a session and makes it one without any protection, cipher suite 0, whatever is
/// proposed; and the kinds of payload that it gets.
async fn weakening() -> (SocketAddr, Arc<Mutex<Vec<PayloadType>>>) {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
            let answer = match Packet::decode(&buffer[..length]).unwrap() {
                Packet::Legacy { payload, .. } => {
                    let request = Message::decode(payload).unwrap();
                    let answer = request.answer(0, &[1, 0x94, 0x04, 0x03, 0, 0, 0, 0]);
                    packet::legacy(None, 0, 0, &answer.encode())
                }
                Packet::Plus(plus) => {
                    heard.lock().push(plus.payload_type);
                    let Ok(request) = OpenRequest::decode(plus.payload) else {
                        continue;
                    };
                    let answer = OpenResponse {
                        tag: request.tag,
                        privilege: 4,
                        console: request.console,
                        managed: 7,
                        algorithms: [0, 0, 0],
                    };
                    packet::bare(PayloadType::OPEN_RESPONSE, &answer.encode())
                }
            };
            socket.send_to(&answer.unwrap(), peer).await.unwrap();
        }
    });
    (address, seen)
}

#[tokio::test]
async fn a_bmc_that_weakens_the_suite_is_told_no_name() {
    let (address, seen) = weakening().await;
    for settings in [
        json!({}),
        json!({"cipher_suite": 3}),
        json!({"cipher_suite": 17}),
    ] {
        let target = ipmi_target(address, ("admin", "simulated"), &settings);
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    let seen = seen.lock();
    assert!(!seen.is_empty());
    assert!(seen.iter().all(|kind| *kind == PayloadType::OPEN_REQUEST));
}

#[tokio::test]
async fn the_key_of_the_bmc_is_needed_and_enough() {
    let (bmc, target) = simulated_with(IpmiOptions {
        key: Some(b"the BMC's own key".to_vec()),
        ..IpmiOptions::default()
    });
    let with_key = |lines: &str| with_login(target.clone(), "admin", lines);
    for right in ["the BMC's own key", "0x74686520424d432773206f776e206b6579"] {
        let right = with_key(&format!("simulated\n{right}"));
        assert_eq!(state(&right).await, Ok(PowerState::Off));
    }
    for wrong in ["simulated", "simulated\nanother"] {
        let wrong = with_key(wrong);
        let error = state(&wrong).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
        hides_the_login(&error, &wrong);
    }
    assert_eq!(bmc.counters().logins, 4, "one for each, none again");
}

#[tokio::test]
async fn what_is_no_key_is_not_sent() {
    let (bmc, target) = simulated(IpmiFaults::default());
    let two_lines = with_login(target.clone(), "admin", "simulated\na key");
    for (target, why) in [
        (with_login(target, "admin", "simulated\n0x1"), "K_G"),
        (with_settings(two_lines, &json!({"version": "1.5"})), "K_G"),
    ] {
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(bmc.counters().datagrams, 0);
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

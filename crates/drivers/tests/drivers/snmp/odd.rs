//! Agents that say nothing, nonsense, or the wrong thing.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use assay_domain::{DriverError, Secret, Target};
use assay_drivers::Drivers;
use rand::RngCore;
use tokio::net::UdpSocket;

use crate::support::snmp::{APC, Agent};
use crate::support::{gate, target};

const SNMP: &str = "snmp";

fn pdu(address: SocketAddr) -> Target {
    let mut target = target(address);
    target.control_type = "RackPDU".into();
    target.output = "1".into();
    target.password = Some(Secret::new("public"));
    target.request_timeout = Duration::from_millis(400);
    target
}

#[tokio::test]
async fn a_mute_peer_times_out() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for version in ["1", "2c", "3"] {
        let mut target = pdu(socket.local_addr().unwrap());
        target.settings.insert("version".into(), version.into());
        target.login = Some("operator".into());
        target.password = Some(Secret::new("right-enough"));
        let driver = Drivers::standard().get(SNMP).unwrap();
        let start = Instant::now();
        let error = driver.connect(&target).await.err().unwrap();
        assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(3), "{version}");
    }
}

/// Whatever comes back, truncated or turned about, ends in an error in time.
#[tokio::test]
async fn nonsense_ends_in_an_error() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let answering = tokio::spawn(async move {
        let mut buffer = [0; 2048];
        loop {
            let (length, from) = socket.recv_from(&mut buffer).await.unwrap();
            let mut answer = buffer[..length].to_vec();
            let random = rand::rng().next_u32() as usize;
            match random % 4 {
                0 => answer.truncate(random % length),
                1 => answer[random % length] ^= 0xff,
                2 => answer.extend_from_slice(&buffer[..length]),
                _ => {}
            }
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    let driver = Drivers::standard().get(SNMP).unwrap();
    for version in ["1", "2c", "3"] {
        for _ in 0..8 {
            let mut target = pdu(address);
            target.settings.insert("version".into(), version.into());
            target.login = Some("operator".into());
            target.password = Some(Secret::new("right-enough"));
            target.request_timeout = Duration::from_millis(100);
            let connect = driver.connect(&target);
            let ended = tokio::time::timeout(Duration::from_secs(3), connect).await;
            assert!(ended.unwrap().is_err());
        }
    }
    answering.abort();
}

/// A PDU whose numbers are none, or absurd.
#[tokio::test]
async fn absurd_values_are_malformed() {
    let (count, state) = (
        "1.3.6.1.4.1.318.1.1.26.9.1.0",
        "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5.1",
    );
    for (objects, why) in [
        (serde_json::json!({count: ["string", "many"]}), "no number"),
        (serde_json::json!({count: ["integer", -3]}), "-3 outlets"),
        (
            serde_json::json!({count: ["integer", 70_000]}),
            "70000 outlets",
        ),
        (
            serde_json::json!({count: ["integer", 4], state: ["integer", 9]}),
            "state is 9",
        ),
        (
            serde_json::json!({count: ["integer", 4], state: ["string", "up"]}),
            "no number",
        ),
    ] {
        let document = serde_json::json!({ "objects": objects });
        let agent = Agent::snmpd(APC, "1.3.6.1.4.1.318", &document).await;
        let mut target = agent.target();
        target.output = "1".into();
        let error = gate().0.power_state(&target, SNMP).await.unwrap_err();
        assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_sent() {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    let mut without = pdu(address);
    without.password = None;
    let mut v3 = pdu(address);
    v3.settings.insert("version".into(), "3".into());
    let mut short = v3.clone();
    short.login = Some("operator".into());
    let mut unknown = pdu(address);
    unknown.settings.insert("comunity".into(), "x".into());
    for (target, why) in [
        (without, "community"),
        (v3, "login"),
        (short, "eight"),
        (unknown, "comunity"),
    ] {
        let error = gate().0.power_state(&target, SNMP).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    let mut buffer = [0; 16];
    assert!(socket.try_recv(&mut buffer).is_err(), "nothing was sent");
}

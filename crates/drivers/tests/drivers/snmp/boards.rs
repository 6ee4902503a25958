//! DAEnetIP2: relays and machines' buttons, behind Debian's snmpd.

use std::time::Duration;

use assay_domain::{DriverError, PowerState, Target};
use assay_drivers::{Drivers, Repeat, ResetOutcome};
use futures::FutureExt;
use serde_json::json;

use crate::support::conformance::{self, Peer};
use crate::support::gate;
use crate::support::snmp::{Agent, COMMUNITY, DAENET, daenet};

const SNMP: &str = "snmp";
const LIMIT: Duration = Duration::from_secs(10);

fn board(agent: &Agent, kind: &str, output: &str) -> Target {
    let mut target = agent.target();
    target.control_type = kind.into();
    target.output = output.into();
    target
}

fn relay(agent: &Agent, output: &str) -> Target {
    let mut target = board(agent, "DaenetIP2", output);
    target.settings.insert("off_time".into(), json!(1));
    target
}

fn line(port: u32, pin: u32) -> String {
    format!("{DAENET}.1.2.{port}.{pin}.0")
}

#[tokio::test]
async fn relays_conform_over_version_1() {
    let agent = daenet(false, json!({})).await;
    conformance::run_on_an_outlet(&Peer {
        protocol: SNMP,
        target: relay(&agent, "12"),
        limit: LIMIT,
        wrong: None,
        wrong_logins: &|| 0,
    })
    .await;
    let pins: Vec<String> = agent.writes().into_iter().map(|write| write.0).collect();
    assert!(!pins.is_empty());
    assert!(pins.iter().all(|pin| *pin == line(2, 4)), "{pins:?}");
}

#[tokio::test]
async fn a_reset_of_a_relay_is_off_and_on_with_a_pause() {
    let agent = daenet(false, json!({})).await;
    let (gate, _) = gate();
    let outcome = gate.reset_once(&relay(&agent, "1"), SNMP).await;
    assert_eq!(outcome, ResetOutcome::Done);
    let writes = agent.writes();
    let [(off, 0, begin), (on, 1, end)] = writes.as_slice() else {
        panic!("{writes:?}");
    };
    assert_eq!((off, on), (&line(1, 1), &line(1, 1)));
    assert!(end - begin >= 1.0, "{writes:?}");
}

#[tokio::test]
async fn a_relay_whose_off_was_lost_is_on_again_and_the_reset_unknown() {
    let agent = daenet(false, json!({ line(1, 1): [1.2] })).await;
    let mut target = relay(&agent, "1");
    target.request_timeout = Duration::from_millis(900);
    let (gate, _) = gate();
    let outcome = gate.reset_once(&target, SNMP).await;
    assert!(matches!(outcome, ResetOutcome::Unknown(_)), "{outcome:?}");
    let state = gate.power_state(&target, SNMP).await;
    assert_eq!(state, Ok(PowerState::On));
    let values: Vec<i64> = agent.writes().iter().map(|write| write.1).collect();
    assert_eq!(values, [0, 1]);
}

#[tokio::test]
async fn a_relay_is_on_again_even_when_nobody_waits() {
    let agent = daenet(false, json!({})).await;
    let target = relay(&agent, "3");
    let (gate, _) = gate();
    let reset = gate.reset_once(&target, SNMP);
    assert!(
        tokio::time::timeout(Duration::from_millis(500), reset)
            .await
            .is_err()
    );
    gate.shutdown(Duration::from_secs(5)).await;
    let values: Vec<i64> = agent.writes().iter().map(|write| write.1).collect();
    assert_eq!(values, [0, 1]);
}

#[tokio::test]
async fn sixteen_relays_are_shown_and_no_seventeenth() {
    let agent = daenet(false, json!({})).await;
    agent.set(COMMUNITY, &line(2, 8), 1).await;
    let (gate, _) = gate();
    let target = relay(&agent, "");
    let outputs = gate.with(&target, SNMP, Repeat::Idempotent, |session| {
        async move { session.outputs().unwrap().outputs().await }.boxed()
    });
    let outputs = outputs.await.unwrap();
    assert_eq!(outputs.len(), 16);
    assert_eq!(outputs[14].state, Some(PowerState::Off));
    assert_eq!(outputs[15].state, Some(PowerState::On));
    let error = gate.power_state(&relay(&agent, "17"), SNMP).await;
    assert!(error.unwrap_err().to_string().contains("1 to 16"));
}

#[tokio::test]
async fn buttons_conform() {
    let agent = daenet(true, json!({})).await;
    let mut target = board(&agent, "DaenetIP2_ACPI", "5");
    target.settings.insert("long_press".into(), json!(4.2));
    conformance::run(Peer {
        protocol: SNMP,
        target,
        limit: LIMIT,
        wrong: None,
        wrong_logins: &|| 0,
    })
    .await;
    let (power, reset) = (line(2, 5), line(1, 5));
    let writes = agent.writes();
    let held = writes
        .chunks(2)
        .map(|press| match press {
            [(down, 1, begin), (up, 0, end)] if down == up => (down.clone(), end - begin),
            other => panic!("no press: {other:?}"),
        })
        .collect::<Vec<_>>();
    // On, forced off, on, reset, and asked to shut down: what is there already is not pressed for.
    let kinds: Vec<_> = held
        .iter()
        .map(|(line, time)| (line == &power, line == &reset, *time > 4.0))
        .collect();
    let (short, long) = ((true, false, false), (true, false, true));
    assert_eq!(kinds, [short, long, short, (false, true, false), short]);
}

#[tokio::test]
async fn a_machine_that_is_off_is_not_reset_by_its_button() {
    let agent = daenet(true, json!({})).await;
    let (gate, _) = gate();
    let target = board(&agent, "DaenetIP2_ACPI", "1");
    let outcome = gate.reset_once(&target, SNMP).await;
    assert!(matches!(
        outcome,
        ResetOutcome::NotSent(DriverError::Unsupported { .. })
    ));
    assert!(agent.writes().is_empty());
    let beyond = board(&agent, "DaenetIP2_ACPI", "9");
    let error = gate.power_state(&beyond, SNMP).await.unwrap_err();
    assert!(error.to_string().contains("1 to 8"), "{error}");
}

#[tokio::test]
async fn a_button_that_was_left_pressed_is_let_go_first() {
    let agent = daenet(true, json!({})).await;
    let (gate, _) = gate();
    let target = board(&agent, "DaenetIP2_ACPI", "2");
    agent.set(COMMUNITY, &line(2, 2), 1).await;
    gate.ensure_power(&target, SNMP, PowerState::On, LIMIT)
        .await
        .unwrap();
    let values: Vec<i64> = agent.writes().iter().map(|write| write.1).collect();
    assert_eq!(values[..2], [1, 0], "let go before anything else");
    assert_eq!(values.len() % 2, 0, "and left loose: {values:?}");
}

#[tokio::test]
async fn a_press_whose_answer_was_lost_is_let_go_and_unknown() {
    let agent = daenet(true, json!({ line(1, 4): [1.0] })).await;
    agent.set(COMMUNITY, &line(3, 4), 800).await;
    let mut target = board(&agent, "DaenetIP2_ACPI", "4");
    target.request_timeout = Duration::from_millis(900);
    let outcome = gate().0.reset_once(&target, SNMP).await;
    assert!(matches!(outcome, ResetOutcome::Unknown(_)), "{outcome:?}");
    let presses: Vec<_> = agent
        .writes()
        .into_iter()
        .filter(|write| write.0 == line(1, 4))
        .map(|write| write.1)
        .collect();
    assert_eq!(presses, [1, 0]);
}

#[tokio::test]
async fn another_wiring_is_a_setting() {
    let agent = daenet(false, json!({})).await;
    let mut target = relay(&agent, "2");
    let oid = format!("{DAENET}.1.2.2.{{outlet}}.0");
    target.settings.insert("relay_oid".into(), json!(oid));
    let (gate, _) = gate();
    gate.ensure_power(&target, SNMP, PowerState::On, LIMIT)
        .await
        .unwrap();
    assert_eq!(agent.writes()[0].0, line(2, 2));
    target.control_type = "RackPDU".into();
    let driver = Drivers::standard().get(SNMP).unwrap();
    let error = driver.connect(&target).await.err().unwrap();
    assert!(error.to_string().contains("DaenetIP2 only"), "{error}");
}

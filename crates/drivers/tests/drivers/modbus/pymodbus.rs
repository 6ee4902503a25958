//! Against pymodbus' server, which Assay did not write.

use std::time::{Duration, Instant};

use assay_domain::capability::Output;
use assay_domain::{DriverError, PowerState, Target};
use assay_drivers::{Repeat, ResetOutcome};
use futures::FutureExt;

use super::MODBUS;
use crate::support::conformance::{self, Peer};
use crate::support::pymodbus::Pymodbus;
use crate::support::{eventually, gate};

const LIMIT: Duration = Duration::from_secs(5);

async fn outputs(target: &Target) -> Result<Vec<Output>, DriverError> {
    let listing = gate().0;
    listing
        .with(target, MODBUS, Repeat::Idempotent, |session| {
            async move { session.outputs().unwrap().outputs().await }.boxed()
        })
        .await
}

async fn switch(target: &Target, wanted: PowerState) -> Result<(), DriverError> {
    gate().0.ensure_power(target, MODBUS, wanted, LIMIT).await
}

#[tokio::test]
async fn it_conforms_as_far_as_a_relay_can() {
    let server = Pymodbus::start();
    let peer = Peer {
        protocol: MODBUS,
        target: server.target("3"),
        limit: LIMIT,
        wrong: None,
        wrong_logins: &|| 0,
    };
    conformance::on_and_off(&peer).await;
    conformance::reset(&peer).await;
    let (gate, _) = gate();
    let off = gate.shut_down_machine(&peer.target, MODBUS, LIMIT);
    let error = off.await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    eventually("all connections closed", || {
        let (opened, closed) = server.connections();
        opened > 0 && opened == closed
    })
    .await;
}

#[tokio::test]
async fn each_output_is_its_coil_and_all_are_read_at_once() {
    let server = Pymodbus::start();
    switch(&server.target("1"), PowerState::On).await.unwrap();
    switch(&server.target("8"), PowerState::On).await.unwrap();
    assert_eq!(server.coils_on(), [0, 7]);

    let before = server.requests(1);
    let listed = outputs(&server.target("")).await.unwrap();
    assert_eq!(server.requests(1) - before, 1);
    let names: Vec<&str> = listed.iter().map(|output| output.name.as_str()).collect();
    assert_eq!(names, ["1", "2", "3", "4", "5", "6", "7", "8"]);
    for output in listed {
        let is_on = output.name == "1" || output.name == "8";
        let state = if is_on {
            PowerState::On
        } else {
            PowerState::Off
        };
        assert_eq!(output.state, Some(state), "{}", output.name);
    }
}

#[tokio::test]
async fn addresses_and_inverted_contacts_are_as_set() {
    let server = Pymodbus::start();
    let mut target = server.target("2");
    target.settings.insert("first_coil".into(), 4.into());
    target.settings.insert("inverted".into(), true.into());
    let state = gate().0.power_state(&target, MODBUS).await;
    assert_eq!(state, Ok(PowerState::On), "no coil, normally closed");
    switch(&target, PowerState::Off).await.unwrap();
    assert_eq!(server.coils_on(), [5]);
    switch(&target, PowerState::On).await.unwrap();
    assert!(server.coils_on().is_empty());
}

#[tokio::test]
async fn a_reset_is_off_a_pause_and_on() {
    let server = Pymodbus::start();
    let target = server.target("5");
    switch(&target, PowerState::On).await.unwrap();
    let (writes, start) = (server.requests(5), Instant::now());
    let outcome = gate().0.reset_once(&target, MODBUS).await;
    assert_eq!(outcome, ResetOutcome::Done);
    assert_eq!(server.requests(5) - writes, 2);
    assert!(start.elapsed() >= Duration::from_millis(300));
    assert_eq!(server.coils_on(), [4]);
}

#[tokio::test]
async fn a_coil_that_is_not_there_is_exception_2_and_said_so() {
    let server = Pymodbus::start();
    let mut target = server.target("8");
    target.settings.insert("first_coil".into(), 12.into());
    let errors = [
        outputs(&target).await.unwrap_err(),
        switch(&target, PowerState::On).await.unwrap_err(),
        gate().0.power_state(&target, MODBUS).await.unwrap_err(),
    ];
    for error in errors {
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("exception 2") && text.contains("first_coil"),
            "{text}"
        );
    }
    assert_eq!(server.requests(5), 0, "nothing was written");
    let outcome = gate().0.reset_once(&target, MODBUS).await;
    assert!(matches!(outcome, ResetOutcome::NotSent(_)), "{outcome:?}");
}

#[tokio::test]
async fn wrong_outputs_and_settings_are_refused_before_anything_is_sent() {
    let server = Pymodbus::start();
    for wrong in ["0", "9", "-1", "A"] {
        let error = switch(&server.target(wrong), PowerState::On)
            .await
            .unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("1 to 8"), "{error}");
    }
    let mut target = server.target("1");
    target.settings.insert("slave".into(), 1.into());
    let error = switch(&target, PowerState::On).await.unwrap_err();
    assert!(error.to_string().contains("slave"), "{error}");
    assert_eq!(server.connections().0, 0);
    let error = gate().0.power_state(&server.target(""), MODBUS).await;
    assert!(
        error.unwrap_err().to_string().contains("1 to 8"),
        "no output"
    );
}

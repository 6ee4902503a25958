//! The fake driver does as a driver must, and misbehaves as it is told.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::capability::{BootDevice, BootOverride, Identify};
use assay_domain::{DriverError, PowerCommand, PowerState, Target};
use assay_drivers::fake::FakeDriver;
use assay_drivers::{Drivers, Repeat};
use futures::FutureExt;
use futures::future::join_all;
use serde_json::Value;

use crate::support::conformance::{self, Peer};
use crate::support::{fake, gate, gate_over, target};

/// The protocol under test.
const FAKE: &str = "fake";
const LIMIT: Duration = Duration::from_secs(5);

/// A machine; nothing listens at its address.
fn machine(port: u16, output: &str) -> Target {
    let mut target = target(([127, 0, 0, 1], port).into());
    target.power_control_id = i64::from(port);
    target.output = output.into();
    target
}

fn with(mut target: Target, key: &str, value: impl Into<Value>) -> Target {
    target.settings.insert(key.into(), value.into());
    target
}

#[tokio::test]
async fn it_conforms() {
    let target = machine(1, "1");
    let seen = || fake().seen(&target.endpoint(), "1").unwrap_or_default();
    conformance::run(Peer {
        protocol: FAKE,
        target: target.clone(),
        limit: LIMIT,
        wrong: Some(with(target.clone(), "refuse", true)),
        wrong_logins: &|| usize::try_from(seen().refused_logins).unwrap(),
    })
    .await;
    let resets = |command: &&PowerCommand| **command == PowerCommand::Reset;
    assert_eq!(seen().commands.iter().filter(resets).count(), 1);
    assert_eq!(seen().open_sessions, 0);
}

#[test]
fn it_is_not_among_the_standard_drivers() {
    assert!(Drivers::standard().get(FAKE).is_none());
}

#[tokio::test]
async fn faults_are_as_set() {
    let (gate, _) = gate();
    let every_second = with(machine(2, "1"), "fail_every", 2);
    let on = gate.ensure_power(&every_second, FAKE, PowerState::On, LIMIT);
    assert_eq!(on.await, Ok(()), "and attempts are repeated");
    let always = with(machine(3, "1"), "fail_every", 1);
    let error = gate.power_state(&always, FAKE).await.unwrap_err();
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");

    let slow = with(machine(4, "1"), "delay", 0.2);
    let start = Instant::now();
    assert_eq!(gate.power_state(&slow, FAKE).await, Ok(PowerState::Off));
    assert!(
        start.elapsed() >= Duration::from_millis(400),
        "login and state"
    );

    let mut silent = with(machine(5, "1"), "silent", true);
    silent.request_timeout = Duration::from_millis(100);
    let error = gate.power_state(&silent, FAKE).await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    let error = gate.power_state(&with(silent, "delay", "long"), FAKE).await;
    assert!(matches!(error, Err(DriverError::Unsupported { .. })));
    assert_eq!(fake().open_sessions(), 0);
}

#[tokio::test]
async fn everything_is_offered() {
    let driver = FakeDriver::new();
    let target = machine(6, "2");
    let drivers = Drivers::new().with(Arc::new(driver.clone()));
    let (gate, _) = gate_over(drivers);
    let network = BootOverride {
        device: Some(BootDevice::Network),
        persistent: false,
        mode: None,
    };
    let shown = gate.set_boot_and_look(&target, FAKE, network).await;
    assert_eq!(shown, Ok(Some(network)));
    let on = gate.ensure_power(&target, FAKE, PowerState::On, LIMIT);
    assert_eq!(on.await, Ok(()));
    assert_eq!(
        gate.boot(&target, FAKE).await.unwrap().device,
        None,
        "used up"
    );
    let maker = gate.system_info(&target, FAKE).await.unwrap().manufacturer;
    assert!(maker.unwrap().contains("fake"));
    // Another output of the same device.
    let other = machine(6, "10");
    assert_eq!(gate.power_state(&other, FAKE).await, Ok(PowerState::Off));

    let looked = gate.with(&target, FAKE, Repeat::Never, |session| {
        async move {
            session.identify().unwrap().identify(Identify::On).await?;
            let log = session.event_log().unwrap();
            let entries = log.event_log().await?;
            log.clear_event_log().await?;
            let sensors = session.sensors().unwrap().sensors().await?;
            let parts = session.parts().unwrap().parts().await?;
            let management = session.management().unwrap().management_info().await?;
            let outputs = session.outputs().unwrap().outputs().await?;
            Ok((entries, sensors, parts, management, outputs))
        }
        .boxed()
    });
    let (entries, sensors, parts, management, outputs) = looked.await.unwrap();
    assert_eq!((entries.len(), parts.len()), (1, 1));
    assert!(sensors.iter().all(|sensor| sensor.value.is_some()));
    assert_eq!(management.firmware.as_deref(), Some("fake"));
    let outputs: Vec<_> = outputs.into_iter().map(|o| (o.name, o.state)).collect();
    assert_eq!(
        outputs,
        [
            ("2".to_owned(), Some(PowerState::On)),
            ("10".to_owned(), Some(PowerState::Off))
        ]
    );
    let seen = driver.seen(&target.endpoint(), "2").unwrap();
    assert_eq!(seen.light, Some(Identify::On));
    assert_eq!(driver.open_sessions(), 0);
}

#[tokio::test]
async fn a_thousand_machines_are_driven_at_once() {
    let driver = FakeDriver::new();
    let (gate, _) = gate_over(Drivers::new().with(Arc::new(driver.clone())));
    let targets: Vec<Target> = (1..=1000).map(|port| machine(port, "1")).collect();
    let start = Instant::now();
    let on = targets
        .iter()
        .map(|target| gate.ensure_power(target, FAKE, PowerState::On, LIMIT));
    assert!(
        join_all(on)
            .await
            .into_iter()
            .all(|outcome| outcome.is_ok())
    );
    eprintln!("1,000 fake machines are on after {:?}", start.elapsed());
    assert_eq!(driver.open_sessions(), 0);
}

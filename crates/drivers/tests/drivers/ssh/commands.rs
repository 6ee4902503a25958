//! Commands: what they may say, and what is made of what they answer.

use std::time::{Duration, Instant};

use assay_domain::capability::{BootDevice, BootMode, BootOverride, Identify, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState, Target};
use assay_drivers::{Drivers, Repeat, ResetOutcome};
use futures::FutureExt;
use serde_json::json;

use super::{SSH, state};
use crate::support::gate;
use crate::support::sshd::Sshd;

const LIMIT: Duration = Duration::from_secs(5);

/// A target whose command `name` runs the script with another verb.
fn with_verb(sshd: &Sshd, name: &str, verb: &str) -> Target {
    let mut target = sshd.target();
    let own = sshd.commands([(name, verb)]);
    target.settings["commands"][name] = own[name].clone();
    target
}

/// What sending a command without the gate says.
async fn send(target: &Target, command: PowerCommand) -> Result<(), SendError> {
    let driver = Drivers::standard().get(SSH).unwrap();
    let session = driver.connect(target).await.map_err(SendError::NotSent)?;
    let sent = session.power().unwrap().send(command).await;
    session.close().await;
    sent
}

#[tokio::test]
async fn each_output_has_a_machine_of_its_own() {
    let sshd = Sshd::start();
    let (one, mut other) = (sshd.target(), sshd.target());
    other.output = "rack-7.b_2".into();
    let on = gate()
        .0
        .ensure_power(&other, SSH, PowerState::On, LIMIT)
        .await;
    assert_eq!(on, Ok(()));
    assert_eq!(state(&one).await, Ok(PowerState::Off));
    assert_eq!(state(&other).await, Ok(PowerState::On));
    let switched: Vec<String> = sshd
        .runs()
        .into_iter()
        .filter(|run| run.starts_with("on"))
        .collect();
    assert_eq!(switched, ["on rack-7.b_2"]);
}

#[tokio::test]
async fn an_output_that_could_be_more_than_a_word_is_sent_to_nobody() {
    let sshd = Sshd::start();
    let before = sshd.connections();
    for output in [
        "1; touch owned",
        "$(touch owned)",
        "-rf",
        "",
        "1\ntouch owned",
        "a/b",
    ] {
        let mut target = sshd.target();
        target.output = output.into();
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    assert_eq!(sshd.connections(), before);
    assert!(sshd.runs().is_empty());
}

#[tokio::test]
async fn a_failed_command_is_told_with_its_words() {
    let sshd = Sshd::start();
    let sent = send(&with_verb(&sshd, "on", "broken"), PowerCommand::On).await;
    let Err(SendError::NotSent(error @ DriverError::Failed { .. })) = sent else {
        panic!("{sent:?}");
    };
    let text = error.to_string();
    assert!(text.ends_with("exit code 3: the fuse is blown"), "{text}");

    let late = send(&with_verb(&sshd, "on", "late"), PowerCommand::On).await;
    assert_eq!(
        late,
        Ok(()),
        "it failed, and the machine is on all the same"
    );

    let reset = gate()
        .0
        .reset_once(&with_verb(&sshd, "reset", "broken"), SSH)
        .await;
    assert!(
        matches!(reset, ResetOutcome::Unknown(DriverError::Failed { .. })),
        "half of it may have happened: {reset:?}"
    );
    assert_eq!(
        sshd.runs().iter().filter(|run| *run == "broken 1").count(),
        2
    );
    let error = state(&with_verb(&sshd, "status", "broken"))
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
}

#[tokio::test]
async fn a_command_without_an_end_or_an_exit_code_is_unknown() {
    let sshd = Sshd::start();
    let mut hanging = with_verb(&sshd, "reset", "hang");
    hanging.settings.insert("command_timeout".into(), 1.into());
    let start = Instant::now();
    let outcome = gate().0.reset_once(&hanging, SSH).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::TimedOut { .. })),
        "{outcome:?}"
    );
    assert!(start.elapsed() < Duration::from_secs(4));
    let outcome = gate()
        .0
        .reset_once(&with_verb(&sshd, "reset", "die"), SSH)
        .await;
    assert!(
        matches!(&outcome, ResetOutcome::Unknown(DriverError::Failed { cause, .. }) if cause.contains("KILL")),
        "{outcome:?}"
    );
    for verb in ["hang 1", "die 1"] {
        assert_eq!(sshd.runs().iter().filter(|run| *run == verb).count(), 1);
    }
}

#[tokio::test]
async fn endless_output_is_cut_and_a_daemon_is_not_waited_for() {
    let sshd = Sshd::start();
    let error = state(&with_verb(&sshd, "status", "flood"))
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
    let start = Instant::now();
    let sent = send(&with_verb(&sshd, "on", "daemon"), PowerCommand::On).await;
    assert_eq!(sent, Ok(()));
    assert!(
        start.elapsed() < Duration::from_secs(4),
        "it holds its outputs for 5 s"
    );
}

#[tokio::test]
async fn the_state_is_read_as_it_is_set() {
    let sshd = Sshd::start();
    let error = state(&with_verb(&sshd, "status", "unclear"))
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
    assert!(error.to_string().contains("perhaps"), "{error}");

    let mut by_code = with_verb(&sshd, "status", "code");
    by_code
        .settings
        .insert("state".into(), json!({"on": 0, "off": 1}));
    assert_eq!(state(&by_code).await, Ok(PowerState::Off));
    let (gate, _) = gate();
    let on = gate.ensure_power(&by_code, SSH, PowerState::On, LIMIT);
    assert_eq!(on.await, Ok(()));
    assert_eq!(state(&by_code).await, Ok(PowerState::On));

    let mut by_pattern = sshd.target();
    by_pattern
        .settings
        .insert("state".into(), json!({"on": "is on$", "off": "is off$"}));
    assert_eq!(state(&by_pattern).await, Ok(PowerState::On));
}

#[tokio::test]
async fn what_has_no_command_is_not_supported() {
    let sshd = Sshd::start();
    let mut target = sshd.target();
    let few = sshd.commands([("on", "on"), ("status", "status")]);
    target.settings.insert("commands".into(), few);
    for command in [PowerCommand::Reset, PowerCommand::Shutdown] {
        target.output = command.as_str().into();
        let on = send(&target, PowerCommand::On).await;
        assert_eq!(on, Ok(()));
        let sent = send(&target, command).await;
        assert!(
            matches!(
                sent,
                Err(SendError::NotSent(DriverError::Unsupported { .. }))
            ),
            "{sent:?}"
        );
    }
    let driver = Drivers::standard().get(SSH).unwrap();
    let session = driver
        .connect(&target)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(session.boot_device().is_none() && session.identify().is_none());
    assert!(session.system().is_none() && session.sensors().is_none());
    session.close().await;
}

#[tokio::test]
async fn boot_and_light_are_commands_too() {
    let sshd = Sshd::start();
    let mut target = sshd.target();
    let commands = sshd.commands([
        ("status", "status"),
        ("boot_network", "boot net"),
        ("boot_default", "boot own"),
        ("identify_on", "light on"),
        ("identify_off", "light off"),
    ]);
    target.settings.insert("commands".into(), commands);
    let (gate, _) = gate();
    let network = BootOverride {
        device: Some(BootDevice::Network),
        persistent: false,
        mode: None,
    };
    // What cannot be read back is not made up.
    assert_eq!(
        gate.set_boot_and_look(&target, SSH, network).await,
        Ok(None)
    );
    assert_eq!(gate.clear_boot(&target, SSH).await, Ok(()));
    for how in [Identify::On, Identify::Off] {
        let light = gate.with(&target, SSH, Repeat::Idempotent, move |session| {
            async move { session.identify().unwrap().identify(how).await }.boxed()
        });
        assert_eq!(light.await, Ok(()));
    }
    assert_eq!(
        sshd.runs(),
        ["boot net 1", "boot own 1", "light on 1", "light off 1"]
    );
    for beyond in [
        BootOverride {
            persistent: true,
            ..network
        },
        BootOverride {
            mode: Some(BootMode::Uefi),
            ..network
        },
        BootOverride {
            device: Some(BootDevice::Disk),
            ..network
        },
    ] {
        let error = gate.set_boot(&target, SSH, beyond).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    assert_eq!(sshd.runs().len(), 4);
}

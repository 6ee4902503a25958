//! Against Assay's simulator: power.

use std::time::Duration;

use assay_domain::capability::SendError;
use assay_domain::{DriverError, PowerCommand, PowerState};
use assay_drivers::ResetOutcome;
use assay_sim::{AmtFaults, Machine, Power};

use super::{AMT, Rig};
use crate::support::conformance::{self, Peer};
use crate::support::{eventually, gate, with_login};

const LIMIT: Duration = Duration::from_secs(10);

async fn conforms(faults: AmtFaults) -> Rig {
    let rig = Rig::new(faults);
    conformance::run(Peer {
        protocol: AMT,
        target: rig.target.clone(),
        limit: LIMIT,
        wrong: Some(with_login(rig.target.clone(), "operator", "quite-wrong")),
        wrong_logins: &|| usize::try_from(rig.amt.counters().refused_logins).unwrap(),
    })
    .await;
    rig
}

#[tokio::test]
async fn it_conforms() {
    let rig = conforms(AmtFaults::default()).await;
    let counters = rig.amt.counters();
    assert_eq!(counters.accepted(10), 1, "one reset");
    assert_eq!(counters.accepted(12), 1, "one graceful power off");
    assert_eq!(counters.accepted(8), 1, "one hard power off");
    assert_eq!(counters.disobeyed, 0);
}

#[tokio::test]
async fn it_conforms_when_states_change_late() {
    conforms(AmtFaults {
        state_change_delay: Duration::from_millis(700),
        ..AmtFaults::default()
    })
    .await;
}

#[tokio::test]
async fn firmware_that_does_not_list_its_states_is_switched_all_the_same() {
    let rig = Rig::new(AmtFaults {
        hides_available: true,
        ..AmtFaults::default()
    });
    let (gate, _) = gate();
    for wanted in [PowerState::On, PowerState::Off] {
        let reached = gate.ensure_power(&rig.target, AMT, wanted, LIMIT).await;
        assert_eq!(reached, Ok(()));
    }
}

#[tokio::test]
async fn a_graceful_power_off_is_unsupported_where_it_is_not_available() {
    let rig = Rig::new(AmtFaults {
        no_graceful: true,
        ..AmtFaults::default()
    });
    let (gate, _) = gate();
    let on = gate.ensure_power(&rig.target, AMT, PowerState::On, LIMIT);
    on.await.unwrap();
    let shut_down = gate.shut_down_machine(&rig.target, AMT, LIMIT).await;
    let error = shut_down.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("graceful"), "{error}");
    assert_eq!(rig.amt.counters().power_commands.len(), 1, "only the first");
}

#[tokio::test]
async fn a_reset_is_sent_at_most_once_and_its_outcome_is_true() {
    let rig = Rig::new(AmtFaults::default());
    let (gate, _) = gate();
    let on = gate.ensure_power(&rig.target, AMT, PowerState::On, LIMIT);
    on.await.unwrap();
    let resets = || {
        let commands = rig.amt.counters().power_commands;
        commands
            .iter()
            .filter(|command| command.state == 10)
            .count()
    };
    let with = |change: fn(&mut AmtFaults)| {
        rig.amt.change_faults(|faults| {
            *faults = AmtFaults::default();
            change(faults);
        });
    };

    with(|faults| faults.hang_up_after_command = true);
    let outcome = gate.reset_once(&rig.target, AMT).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::Failed { .. })),
        "{outcome:?}"
    );
    assert_eq!(resets(), 1);

    with(|faults| faults.return_value = Some(2));
    let outcome = gate.reset_once(&rig.target, AMT).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::Failed { .. })),
        "{outcome:?}"
    );

    with(|faults| faults.return_value = Some(4097));
    let outcome = gate.reset_once(&rig.target, AMT).await;
    assert!(
        matches!(outcome, ResetOutcome::NotSent(DriverError::Failed { .. })),
        "{outcome:?}"
    );
    assert!(format!("{outcome:?}").contains("invalid state transition"));

    with(|faults| faults.read_only = true);
    let outcome = gate.reset_once(&rig.target, AMT).await;
    assert!(
        matches!(
            outcome,
            ResetOutcome::NotSent(DriverError::Unsupported { .. })
        ),
        "{outcome:?}"
    );

    let before = resets();
    with(|faults| faults.status = Some(503));
    let outcome = gate.reset_once(&rig.target, AMT).await;
    assert!(matches!(outcome, ResetOutcome::NotSent(_)), "{outcome:?}");
    assert_eq!(resets(), before);

    with(|_| {});
    assert_eq!(gate.reset_once(&rig.target, AMT).await, ResetOutcome::Done);
    assert_eq!(resets(), before + 1);
    eventually("two starts by resets", || rig.machine.starts().len() == 3).await;
}

#[tokio::test]
async fn a_reset_whose_nonce_has_run_out_is_sent_again_and_carried_out_once() {
    let rig = Rig::new(AmtFaults {
        nonce_uses: Some(1),
        ..AmtFaults::default()
    });
    let (gate, _) = gate();
    let on = gate.ensure_power(&rig.target, AMT, PowerState::On, LIMIT);
    on.await.unwrap();
    assert_eq!(gate.reset_once(&rig.target, AMT).await, ResetOutcome::Done);
    assert_eq!(rig.amt.counters().accepted(10), 1);
}

#[tokio::test]
async fn a_lost_answer_to_a_power_command_is_overcome_by_looking() {
    let rig = Rig::new(AmtFaults {
        hang_up_after_command: true,
        ..AmtFaults::default()
    });
    let on = gate().0;
    let on = on.ensure_power(&rig.target, AMT, PowerState::On, LIMIT);
    assert_eq!(on.await, Ok(()));
    assert_eq!(rig.amt.counters().power_commands.len(), 1);
    assert_eq!(rig.machine.power(), Power::On);
}

#[tokio::test]
async fn a_lost_answer_is_unknown_to_the_session() {
    let rig = Rig::new(AmtFaults {
        hang_up_after_command: true,
        ..AmtFaults::default()
    });
    let session = rig.session().await;
    let sent = session.power().unwrap().send(PowerCommand::On).await;
    assert!(
        matches!(sent, Err(SendError::Unknown(DriverError::Failed { .. }))),
        "{sent:?}"
    );
}

#[tokio::test]
async fn a_machine_that_does_not_obey_is_reported() {
    let rig = Rig::new(AmtFaults {
        ignore_commands: true,
        ..AmtFaults::default()
    });
    conformance::disobedience_is_reported(AMT, &rig.target).await;
    assert_eq!(rig.amt.counters().power_commands.len(), 1);
}

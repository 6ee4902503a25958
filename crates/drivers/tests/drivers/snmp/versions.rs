//! All versions of SNMP, with a PDU behind Debian's snmpd.

use std::time::Duration;

use assay_domain::{DriverError, PowerCommand, PowerState, Secret, Target};
use assay_drivers::{Repeat, ResetOutcome};
use futures::FutureExt;
use serde_json::json;

use crate::support::conformance::{self, Peer};
use crate::support::gate;
use crate::support::snmp::{APC_COMMAND, AUTH, Agent, COMMUNITY, PRIVACY, READ_COMMUNITY, apc};

const SNMP: &str = "snmp";
const LIMIT: Duration = Duration::from_secs(10);

fn at(mut target: Target, outlet: &str) -> Target {
    target.output = outlet.into();
    target
}

fn with(mut target: Target, key: &str, value: &str) -> Target {
    target.settings.insert(key.into(), value.into());
    target
}

async fn conforms(target: Target, wrong: Option<Target>, agent: &Agent) {
    conformance::run_on_an_outlet(&Peer {
        protocol: SNMP,
        target,
        limit: LIMIT,
        wrong,
        wrong_logins: &|| agent.wrong_digests(),
    })
    .await;
}

#[tokio::test]
async fn version_1_conforms() {
    let agent = apc(json!({})).await;
    conforms(with(at(agent.target(), "1"), "version", "1"), None, &agent).await;
}

#[tokio::test]
async fn version_2c_conforms() {
    let agent = apc(json!({})).await;
    conforms(at(agent.target(), "2"), None, &agent).await;
}

#[tokio::test]
async fn version_3_with_privacy_conforms() {
    let agent = apc(json!({})).await;
    let both = format!("{AUTH}\n{PRIVACY}");
    let right = at(agent.target_v3("operator", &both), "3");
    let wrong = at(
        agent.target_v3("operator", &format!("quite-wrong\n{PRIVACY}")),
        "3",
    );
    conforms(right, Some(wrong), &agent).await;
}

#[tokio::test]
async fn version_3_with_authentication_conforms() {
    let agent = apc(json!({})).await;
    let keeper = |password| {
        let target = at(agent.target_v3("keeper", password), "4");
        with(with(target, "security", "authNoPriv"), "auth", "SHA-256")
    };
    conforms(keeper(AUTH), Some(keeper("quite-wrong")), &agent).await;
}

#[tokio::test]
async fn version_3_says_what_it_does_not_like() {
    let agent = apc(json!({})).await;
    let both = format!("{AUTH}\n{PRIVACY}");
    let sha256 = with(agent.target_v3("keeper", AUTH), "auth", "SHA-256");
    for (target, why) in [
        (agent.target_v3("nobody", &both), "user"),
        (
            with(agent.target_v3("operator", &both), "auth", "SHA-256"),
            "authentication",
        ),
    ] {
        let (gate, _) = gate();
        let error = gate.power_state(&at(target, "1"), SNMP).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    // The same passphrase for both, where one is given.
    let state = gate().0.power_state(&at(sha256, "1"), SNMP).await;
    assert_eq!(state, Ok(PowerState::Off));
}

#[tokio::test]
async fn a_wrong_passphrase_of_the_privacy_is_silence() {
    let agent = apc(json!({})).await;
    let wrong = agent.target_v3("operator", &format!("{AUTH}\nquite-wrong"));
    let mut target = at(wrong, "1");
    target.request_timeout = Duration::from_millis(300);
    let error = gate().0.power_state(&target, SNMP).await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("privacy"), "{error}");
    assert!(!error.to_string().contains("quite-wrong"), "{error}");
}

#[tokio::test]
async fn no_security_is_taken_only_when_asked_for() {
    let agent = apc(json!({})).await;
    let mut guest = at(agent.target_v3("guest", ""), "1");
    guest.password = None;
    let error = gate().0.power_state(&guest, SNMP).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("noAuthNoPriv"), "{error}");
    let asked = with(guest, "security", "noAuthNoPriv");
    let state = gate().0.power_state(&asked, SNMP).await;
    assert_eq!(state, Ok(PowerState::Off));
}

#[tokio::test]
async fn a_community_that_may_only_read_switches_nothing() {
    let agent = apc(json!({})).await;
    for version in ["1", "2c"] {
        let mut target = with(at(agent.target(), "1"), "version", version);
        target.password = Some(Secret::new(READ_COMMUNITY));
        let (gate, _) = gate();
        let state = gate.power_state(&target, SNMP).await;
        assert_eq!(state, Ok(PowerState::Off));
        let on = gate.ensure_power(&target, SNMP, PowerState::On, LIMIT);
        let error = on.await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        let reset = gate.reset_once(&target, SNMP).await;
        assert!(matches!(reset, ResetOutcome::NotSent(_)), "{reset:?}");
    }
    assert!(agent.writes().is_empty());
}

#[tokio::test]
async fn a_wrong_community_is_silence() {
    let agent = apc(json!({})).await;
    let mut target = at(agent.target(), "1");
    target.password = Some(Secret::new("quite-wrong"));
    target.request_timeout = Duration::from_millis(300);
    let error = gate().0.power_state(&target, SNMP).await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("community"), "{error}");
    assert!(!error.to_string().contains("quite-wrong"), "{error}");
}

#[tokio::test]
async fn outlets_out_of_range_are_named() {
    let agent = apc(json!({})).await;
    for (output, why) in [
        ("0", "1 to 4"),
        ("5", "1 to 4"),
        ("4294967296", "number"),
        ("A1", "'A1'"),
    ] {
        let (gate, _) = gate();
        let target = at(agent.target(), output);
        let error = gate.power_state(&target, SNMP).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(why), "{error}");
    }
    assert!(agent.writes().is_empty());
}

#[tokio::test]
async fn all_outlets_and_the_firmware_are_read() {
    let agent = apc(json!({})).await;
    agent.set(COMMUNITY, &format!("{APC_COMMAND}.3"), 1).await;
    for version in ["1", "2c"] {
        let target = with(agent.target(), "version", version);
        let (gate, _) = gate();
        let read = gate.with(&target, SNMP, Repeat::Idempotent, |session| {
            async move {
                assert!(session.power().is_none() && session.system().is_none());
                let outputs = session.outputs().unwrap().outputs().await?;
                let info = session.management().unwrap().management_info().await?;
                Ok((outputs, info))
            }
            .boxed()
        });
        let (outputs, info) = read.await.unwrap();
        let shown: Vec<_> = outputs
            .iter()
            .map(|output| (output.name.as_str(), output.label.as_deref(), output.state))
            .collect();
        let (on, off) = (Some(PowerState::On), Some(PowerState::Off));
        assert_eq!(
            shown,
            [
                ("1", Some("Rack 7 outlet 1"), off),
                ("2", Some("Rack 7 outlet 2"), off),
                ("3", Some("Rack 7 outlet 3"), on),
                ("4", Some("Rack 7 outlet 4"), off),
            ]
        );
        assert_eq!(info.firmware.as_deref(), Some("6.7.2"));
    }
}

#[tokio::test]
async fn a_reset_is_one_write_and_is_not_cut_short() {
    let agent = apc(json!({})).await;
    let (gate, _) = gate();
    let target = at(agent.target(), "1");
    gate.ensure_power(&target, SNMP, PowerState::On, LIMIT)
        .await
        .unwrap();
    assert_eq!(gate.reset_once(&target, SNMP).await, ResetOutcome::Done);
    let state = gate.power_state(&target, SNMP).await;
    assert_eq!(state, Ok(PowerState::Off), "in the middle of the reboot");
    gate.ensure_power(&target, SNMP, PowerState::On, LIMIT)
        .await
        .unwrap();
    let values: Vec<i64> = agent.writes().iter().map(|write| write.1).collect();
    assert_eq!(values, [1, 3], "nothing was sent during the reboot");
}

#[tokio::test]
async fn a_lost_answer_leaves_a_reset_unknown_and_it_is_not_repeated() {
    let oid = format!("{APC_COMMAND}.1");
    let agent = apc(json!({ oid: [1.5] })).await;
    let (gate, _) = gate();
    let mut target = at(agent.target(), "1");
    target.request_timeout = Duration::from_millis(600);
    let outcome = gate.reset_once(&target, SNMP).await;
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::TimedOut { .. })),
        "{outcome:?}"
    );
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(agent.writes().len(), 1);
}

#[tokio::test]
async fn a_lost_answer_to_on_is_read_back() {
    let oid = format!("{APC_COMMAND}.1");
    let agent = apc(json!({ oid: [1.0] })).await;
    let (gate, _) = gate();
    let mut target = at(agent.target(), "1");
    target.request_timeout = Duration::from_millis(600);
    gate.ensure_power(&target, SNMP, PowerState::On, LIMIT)
        .await
        .unwrap();
    assert_eq!(agent.writes().len(), 1);
}

#[tokio::test]
async fn an_outlet_cannot_shut_a_system_down() {
    let agent = apc(json!({})).await;
    let (gate, _) = gate();
    let target = at(agent.target(), "1");
    let sent = gate.with(&target, SNMP, Repeat::Never, |session| {
        async move {
            let power = session.power().unwrap();
            let sent = power.send(PowerCommand::Shutdown).await;
            sent.map_err(assay_domain::capability::SendError::into_inner)
        }
        .boxed()
    });
    let error = sent.await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(agent.writes().is_empty());
}

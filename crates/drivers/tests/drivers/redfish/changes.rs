//! Against BMCs that take their liberties with changes of power and boot.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride, SendError};
use assay_domain::{Driver, DriverError, PowerCommand, PowerState, Target};
use assay_drivers::ResetOutcome;
use assay_drivers::redfish::RedfishDriver;
use serde_json::{Value, json};

use crate::support::odd::{Answer, OddBmc, SYSTEM, on_get, system};
use crate::support::{REDFISH, gate};

const RESET: &str = "POST /redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
const NETWORK: BootOverride = BootOverride {
    device: Some(BootDevice::Network),
    persistent: false,
    mode: Some(BootMode::Uefi),
};

async fn send(target: &Target, command: PowerCommand) -> Result<(), SendError> {
    let session = RedfishDriver::new().connect(target).await.unwrap();
    let outcome = session.power().unwrap().send(command).await;
    session.close().await;
    outcome
}

#[tokio::test]
async fn a_mode_that_is_refused_with_the_target_is_left_out() {
    for (mode, fine) in [("UEFI", true), ("Legacy", false)] {
        let bmc = OddBmc::start(move |request| {
            if request.method == "PATCH" {
                let has_mode = request.body["Boot"].get("BootSourceOverrideMode").is_some();
                return Some(Answer::status(if has_mode { 400 } else { 204 }));
            }
            on_get(request, SYSTEM, || {
                let mut system = system();
                system["Boot"]["BootSourceOverrideMode"] = mode.into();
                system
            })
        })
        .await;
        let outcome = gate().0.set_boot(&bmc.target(), REDFISH, NETWORK).await;
        assert_eq!(outcome.is_ok(), fine, "{outcome:?}");
        let patches = bmc.seen("PATCH");
        let last = &patches.last().unwrap().body["Boot"];
        assert_eq!(
            last,
            &json!({"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Once"})
        );
        if let Err(error) = outcome {
            assert!(error.to_string().contains("boot mode"), "{error}");
            assert_eq!(patches.len(), 2);
        }
    }
}

#[tokio::test]
async fn a_change_names_the_version_that_was_read() {
    let version = Arc::new(AtomicUsize::new(1));
    let now = Arc::clone(&version);
    let bmc = OddBmc::start(move |request| {
        let etag = format!("\"{}\"", now.load(Ordering::SeqCst));
        if request.method == "PATCH" {
            if request.header("if-match") == Some("\"1\"") {
                now.store(2, Ordering::SeqCst);
                return Some(Answer::status(412));
            }
            return Some(Answer::status(204));
        }
        let answer = on_get(request, SYSTEM, system)?;
        Some(Answer(200, vec![("ETag", etag)], answer.2))
    })
    .await;
    gate()
        .0
        .set_boot(&bmc.target(), REDFISH, NETWORK)
        .await
        .unwrap();
    let patches = bmc.seen("PATCH");
    let named: Vec<_> = patches
        .iter()
        .map(|patch| patch.header("if-match"))
        .collect();
    assert_eq!(named, [Some("\"1\""), Some("\"2\"")]);
}

#[tokio::test]
async fn the_way_to_reset_is_chosen_from_what_the_bmc_lists() {
    let cases: [(Value, Option<&str>); 4] = [
        (
            json!(["On", "ForceRestart", "PowerCycle"]),
            Some("ForceRestart"),
        ),
        (json!(["On", "PowerCycle"]), Some("PowerCycle")),
        (json!(["On", "ForceOff"]), None),
        (json!(7), Some("ForceRestart")),
    ];
    for (allowed, expected) in cases {
        let (listed, told) = (allowed.clone(), allowed.clone());
        let inline = OddBmc::start(move |request| {
            on_get(request, SYSTEM, || {
                let mut system = system();
                system["Actions"]["#ComputerSystem.Reset"]["ResetType@Redfish.AllowableValues"] =
                    listed.clone();
                system
            })
        })
        .await;
        let apart = OddBmc::start(move |request| {
            on_get(request, "/redfish/v1/Systems/1/ResetActionInfo", || {
                json!({"@odata.id": "/redfish/v1/Systems/1/ResetActionInfo",
                    "Parameters": [{"Name": "ResetType", "AllowableValues": told.clone()}]})
            })
            .or_else(|| {
                on_get(request, SYSTEM, || {
                    let mut system = system();
                    system["Actions"]["#ComputerSystem.Reset"]["@Redfish.ActionInfo"] =
                        "/redfish/v1/Systems/1/ResetActionInfo".into();
                    system
                })
            })
        })
        .await;
        for bmc in [inline, apart] {
            let sent = send(&bmc.target(), PowerCommand::Reset).await;
            let resets = bmc.seen(RESET);
            if let Some(way) = expected {
                assert_eq!(sent, Ok(()), "{allowed}");
                assert_eq!(resets[0].body, json!({ "ResetType": way }));
            } else {
                assert!(matches!(
                    sent,
                    Err(SendError::NotSent(DriverError::Unsupported { .. }))
                ));
                assert!(resets.is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_reset_whose_answer_is_lost_is_unknown_and_sent_once() {
    let bmc = OddBmc::start(|request| (request.method == "POST").then(Answer::silence)).await;
    let mut target = bmc.target();
    target.request_timeout = Duration::from_millis(200);
    let outcome = gate().0.reset_once(&target, REDFISH).await;
    assert_eq!(bmc.seen(RESET).len(), 1);
    assert!(
        matches!(outcome, ResetOutcome::Unknown(DriverError::TimedOut { .. })),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn an_on_whose_answer_is_lost_is_not_sent_again_when_it_worked() {
    let on = Arc::new(AtomicBool::new(false));
    let posts = Arc::new(AtomicUsize::new(0));
    let (now, count) = (Arc::clone(&on), Arc::clone(&posts));
    let bmc = OddBmc::start(move |request| {
        if request.method == "POST" {
            count.fetch_add(1, Ordering::SeqCst);
            now.store(true, Ordering::SeqCst);
            return Some(Answer::silence());
        }
        let state = if now.load(Ordering::SeqCst) {
            "On"
        } else {
            "Off"
        };
        on_get(request, SYSTEM, || {
            let mut system = system();
            system["PowerState"] = state.into();
            system
        })
    })
    .await;
    let mut target = bmc.target();
    target.request_timeout = Duration::from_millis(300);
    gate()
        .0
        .ensure_power(&target, REDFISH, PowerState::On, Duration::from_secs(10))
        .await
        .unwrap();
    assert_eq!(posts.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_refusal_because_the_machine_is_there_already_is_a_success() {
    let posted = Arc::new(AtomicBool::new(false));
    let now = Arc::clone(&posted);
    let bmc = OddBmc::start(move |request| {
        if request.method == "POST" {
            now.store(true, Ordering::SeqCst);
            return Some(Answer::status(409));
        }
        let state = if now.load(Ordering::SeqCst) {
            "On"
        } else {
            "Off"
        };
        on_get(request, SYSTEM, || {
            let mut system = system();
            system["PowerState"] = state.into();
            system
        })
    })
    .await;
    assert_eq!(send(&bmc.target(), PowerCommand::On).await, Ok(()));
}

#[tokio::test]
async fn success_without_a_usable_body_is_success() {
    for (status, body) in [
        (202, ""),
        (200, "OK"),
        (200, "{}"),
        (200, "{\"Messages\": []}"),
        (201, "<html>"),
    ] {
        let bmc = OddBmc::start(move |request| {
            (request.method != "GET").then(|| Answer(status, Vec::new(), body.into()))
        })
        .await;
        assert_eq!(
            send(&bmc.target(), PowerCommand::On).await,
            Ok(()),
            "{status} {body}"
        );
        gate()
            .0
            .set_boot(&bmc.target(), REDFISH, NETWORK)
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_error_inside_a_success_is_an_error() {
    let body = json!({"error": {"code": "Base.1.8.GeneralError", "message": "m", "@Message.ExtendedInfo": [
        {"MessageId": "Base.1.8.InternalError", "Message": "It broke.", "Severity": "Critical"}]}});
    let bmc =
        OddBmc::start(move |request| (request.method == "POST").then(|| Answer::document(&body)))
            .await;
    let sent = send(&bmc.target(), PowerCommand::On).await;
    let Err(SendError::Unknown(error)) = sent else {
        panic!("{sent:?}")
    };
    assert!(error.to_string().contains("It broke."), "{error}");
}

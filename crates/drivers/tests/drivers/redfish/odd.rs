//! Against BMCs that take their liberties with the standard.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride, SendError};
use assay_domain::{Driver, DriverError, PowerCommand, PowerState, Target};
use assay_drivers::ResetOutcome;
use assay_drivers::redfish::RedfishDriver;
use serde_json::{Value, json};

use crate::support::conformance::hides_the_login;
use crate::support::odd::{Answer, OddBmc, Request, root, system};
use crate::support::{REDFISH, gate, with_login};

const SYSTEM: &str = "/redfish/v1/Systems/1";
const RESET: &str = "POST /redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
const NETWORK: BootOverride = BootOverride {
    device: Some(BootDevice::Network),
    persistent: false,
    mode: Some(BootMode::Uefi),
};

/// The document of a GET, if that is what is asked for.
fn on_get(request: &Request, path: &str, body: impl FnOnce() -> Value) -> Option<Answer> {
    (request.method == "GET" && request.path == path).then(|| Answer::document(&body()))
}

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
            match expected {
                Some(way) => {
                    assert_eq!(sent, Ok(()), "{allowed}");
                    assert_eq!(resets[0].body, json!({ "ResetType": way }));
                }
                None => {
                    assert!(matches!(
                        sent,
                        Err(SendError::NotSent(DriverError::Unsupported { .. }))
                    ));
                    assert!(resets.is_empty());
                }
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

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host_only() {
    let near = OddBmc::start(|request| {
        (request.path == "/redfish/v1/Systems")
            .then(|| {
                Answer(
                    307,
                    vec![("Location", "/redfish/v1/Machines".into())],
                    String::new(),
                )
            })
            .or_else(|| {
                on_get(
                    request,
                    "/redfish/v1/Machines",
                    || json!({"Members": [{"@odata.id": SYSTEM}]}),
                )
            })
    })
    .await;
    assert_eq!(
        gate().0.power_state(&near.target(), REDFISH).await,
        Ok(PowerState::Off)
    );

    let stranger = OddBmc::start(|_| None).await;
    let away = format!("http://{}/redfish/v1/Systems", stranger.target().endpoint());
    let far = OddBmc::start(move |request| {
        (request.path == "/redfish/v1/Systems")
            .then(|| Answer(307, vec![("Location", away.clone())], String::new()))
    })
    .await;
    let target = with_login(far.target(), "operator", "right-enough");
    let error = gate().0.power_state(&target, REDFISH).await.unwrap_err();
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
    assert!(stranger.seen("GET").is_empty());
}

#[tokio::test]
async fn what_a_bmc_says_of_the_login_is_not_passed_on() {
    let bmc = OddBmc::start(|request| {
        (request.path == SYSTEM).then(|| {
            Answer(
                500,
                Vec::new(),
                json!({"error": {
            "code": "x", "message": "operator/right-enough: no rights for 'operator'"}})
                .to_string(),
            )
        })
    })
    .await;
    let target = with_login(bmc.target(), "operator", "right-enough");
    let error = gate().0.power_state(&target, REDFISH).await.unwrap_err();
    hides_the_login(&error, &target);
    assert!(error.to_string().contains("no rights"), "{error}");
}

#[tokio::test]
async fn without_sessions_the_login_goes_with_each_request() {
    for status in [404, 405, 501] {
        let bmc = OddBmc::start(move |request| {
            if request.method == "POST" {
                return Some(Answer::status(status));
            }
            on_get(request, "/redfish/v1", || {
                let mut root = root();
                root["SessionService"] = json!({"@odata.id": "/redfish/v1/SessionService"});
                root
            })
        })
        .await;
        let target = with_login(bmc.target(), "operator", "right-enough");
        assert_eq!(
            gate().0.power_state(&target, REDFISH).await,
            Ok(PowerState::Off)
        );
        assert_eq!(
            bmc.seen("POST /redfish/v1/SessionService/Sessions").len(),
            1
        );
        let reads = bmc.seen("GET /redfish/v1/Systems");
        assert!(
            reads
                .iter()
                .all(|read| read.header("authorization").is_some())
        );
        assert_eq!(bmc.seen("GET /redfish/v1")[0].header("authorization"), None);
    }
}

#[tokio::test]
async fn a_root_behind_a_login_is_read_with_it() {
    let bmc = OddBmc::start(|request| {
        request
            .header("authorization")
            .is_none()
            .then(|| Answer::status(401))
    })
    .await;
    let target = with_login(bmc.target(), "operator", "right-enough");
    assert_eq!(
        gate().0.power_state(&target, REDFISH).await,
        Ok(PowerState::Off)
    );
    let error = gate()
        .0
        .power_state(&bmc.target(), REDFISH)
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_session_whose_address_is_absolute_is_closed() {
    let bmc = OddBmc::start(|request| {
        if request.method == "POST" {
            let headers = vec![
                ("X-Auth-Token", "t0ken".into()),
                (
                    "Location",
                    "https://bmc.internal/redfish/v1/SessionService/Sessions/9".into(),
                ),
            ];
            return Some(Answer(201, headers, String::new()));
        }
        if request.method == "DELETE" {
            return Some(Answer::status(204));
        }
        on_get(request, "/redfish/v1", || {
            let mut root = root();
            root["Links"] =
                json!({"Sessions": {"@odata.id": "/redfish/v1/SessionService/Sessions"}});
            root
        })
    })
    .await;
    let target = with_login(bmc.target(), "operator", "right-enough");
    let state = gate().0.power_state(&target, REDFISH).await;
    assert_eq!(state, Ok(PowerState::Off));
    let closed = bmc.seen("DELETE /redfish/v1/SessionService/Sessions/9");
    assert_eq!(closed.len(), 1);
    assert_eq!(closed[0].header("x-auth-token"), Some("t0ken"));
}

#[tokio::test]
async fn an_answer_without_end_is_cut() {
    let bmc = OddBmc::start(|request| {
        (request.path == SYSTEM).then(|| Answer(200, Vec::new(), " ".repeat(5 << 20)))
    })
    .await;
    let error = gate()
        .0
        .power_state(&bmc.target(), REDFISH)
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn what_is_not_redfish_is_named_so() {
    let bmc =
        OddBmc::start(|_| Some(Answer(200, Vec::new(), "<html>a printer</html>".into()))).await;
    let error = gate()
        .0
        .power_state(&bmc.target(), REDFISH)
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");
    let bmc = OddBmc::start(|_| Some(Answer::status(404))).await;
    let error = gate()
        .0
        .power_state(&bmc.target(), REDFISH)
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
}

#[tokio::test]
async fn identity_survives_garbage_and_missing_cards() {
    let nics = "/redfish/v1/Systems/1/EthernetInterfaces";
    let members = ["1", "2", "3", "4", "5"].map(|id| json!({"@odata.id": format!("{nics}/{id}")}));
    let bmc = OddBmc::start(move |request| {
        let nic = |mac: Value| {
            json!({"@odata.id": "/n", "@odata.type": "#EthernetInterface.v1_0_2.EthernetInterface",
            "MACAddress": mac, "SpeedMbps": "fast", "IPv4Addresses": 4})
        };
        match request.path.strip_prefix(nics) {
            Some("") => Some(Answer::document(&json!({ "Members": members.clone() }))),
            Some("/1") => Some(Answer::document(&nic("AA-BB-CC-00-00-01".into()))),
            Some("/2") => Some(Answer::document(&nic("00:00:00:00:00:00".into()))),
            Some("/3") => Some(Answer::document(&nic(Value::Null))),
            Some("/5") => Some(Answer::document(&nic("aabbcc000001".into()))),
            Some(_) => None,
            None => on_get(request, SYSTEM, || {
                let mut system = system();
                system["EthernetInterfaces"] = json!({ "@odata.id": nics });
                system["UUID"] = "00000000-0000-0000-0000-000000000000".into();
                system["SerialNumber"] = "  ".into();
                system["Model"] = " R1 ".into();
                system
            }),
        }
    })
    .await;
    let info = gate().0.system_info(&bmc.target(), REDFISH).await.unwrap();
    assert_eq!(info.macs, ["aa:bb:cc:00:00:01"]);
    assert_eq!((info.uuid, info.serial_number), (None, None));
    assert_eq!(info.model.as_deref(), Some("R1"));
}

#[tokio::test]
async fn systems_are_found_on_all_pages() {
    let bmc = OddBmc::start(|request| {
        on_get(request, "/redfish/v1/Systems", || {
            json!({"Members": [{"@odata.id": "/redfish/v1/Systems/0"}],
                "Members@odata.nextLink": "/redfish/v1/Systems?$skip=1"})
        })
        .or_else(|| {
            on_get(
                request,
                "/redfish/v1/Systems?$skip=1",
                || json!({"Members": [{"@odata.id": SYSTEM}]}),
            )
        })
    })
    .await;
    let mut target = bmc.target();
    target.settings.insert("system_id".into(), "1".into());
    assert_eq!(
        gate().0.power_state(&target, REDFISH).await,
        Ok(PowerState::Off)
    );
}

#[tokio::test]
async fn wrong_settings_are_refused_before_anything_is_sent() {
    let bmc = OddBmc::start(|_| None).await;
    let mut target = bmc.target();
    target.settings.insert("sytem_id".into(), "1".into());
    let error = gate().0.power_state(&target, REDFISH).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("sytem_id"), "{error}");
    assert!(bmc.seen("").is_empty());
}

//! Against BMCs that take their liberties with documents, logins and addresses.

use assay_domain::{DriverError, PowerState};
use serde_json::{Value, json};

use crate::support::conformance::hides_the_login;
use crate::support::odd::{Answer, OddBmc, SYSTEM, on_get, root, system};
use crate::support::{REDFISH, gate, with_login};

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

#[tokio::test]
async fn a_login_refused_in_other_words_is_not_tried_again() {
    for status in [400, 401, 403] {
        let bmc = OddBmc::start(move |request| {
            if request.method == "POST" {
                let body = json!({"error": {"code": "iLO.0.10.ExtendedInfo", "@Message.ExtendedInfo": [
                    {"MessageId": "iLO.2.14.UnauthorizedLoginAttempt"}]}});
                return Some(Answer(status, Vec::new(), body.to_string()));
            }
            on_get(request, "/redfish/v1", || {
                let mut root = root();
                root["Links"] = json!({"Sessions": {"@odata.id": "/redfish/v1/Sessions"}});
                root
            })
        })
        .await;
        let target = with_login(bmc.target(), "operator", "quite-wrong");
        let (gate, _) = gate();
        for _ in 0..3 {
            let error = gate.power_state(&target, REDFISH).await.unwrap_err();
            assert!(matches!(error, DriverError::Refused { .. }), "{error}");
            hides_the_login(&error, &target);
        }
        assert_eq!(bmc.seen("POST").len(), 1, "status {status}");
        assert_eq!(bmc.seen("GET /redfish/v1/Systems").len(), 0);
    }
}

//! The Redfish service as a client sees it: resources, sessions, the boot override, resets, errors.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{
    BmcOptions, BootDevice, BootPlan, Firmware, IdleMachine, Machine, OverrideEnabled, Power,
    ResetType, fleet,
};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::support::client;

#[tokio::test]
async fn every_link_leads_to_a_resource_with_the_required_properties() {
    let rig = Rig::default();
    rig.bmc.overheat();
    let mut open = vec!["/redfish/v1/".to_owned()];
    let mut seen = std::collections::BTreeSet::new();
    while let Some(path) = open.pop() {
        if !seen.insert(path.trim_end_matches('/').to_owned()) {
            continue;
        }
        let (status, resource) = rig.get(&path).await;
        assert_eq!(status, 200, "{path}");
        let own = resource["@odata.id"].as_str().unwrap();
        assert_eq!(own.trim_end_matches('/'), path.trim_end_matches('/'));
        assert!(
            resource["@odata.type"].as_str().unwrap().starts_with('#'),
            "{path}"
        );
        assert!(resource["Name"].is_string(), "{path}");
        match resource.get("Members") {
            Some(members) => assert_eq!(
                resource["Members@odata.count"],
                members.as_array().unwrap().len()
            ),
            None => assert!(resource["Id"].is_string(), "{path}"),
        }
        collect_links(&resource, &mut open);
    }
    assert!(seen.len() > 30, "{seen:?}");
    let (_, manager) = rig.get("/redfish/v1/Managers/bmc").await;
    assert_eq!(manager["Model"], "Assay simulator");
}

fn collect_links(value: &Value, open: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            open.extend(
                object
                    .get("@odata.id")
                    .and_then(Value::as_str)
                    // What is after the sign is within the resource.
                    .and_then(|path| path.split('#').next())
                    .map(str::to_owned),
            );
            object.values().for_each(|value| collect_links(value, open));
        }
        Value::Array(list) => list.iter().for_each(|value| collect_links(value, open)),
        _ => {}
    }
}

#[tokio::test]
async fn the_system_shows_the_hardware() {
    let rig = Rig::default();
    let hardware = rig.machine.hardware().clone();
    let (_, system) = rig.get(rig.bmc.system_path()).await;
    assert_eq!(system["UUID"], hardware.uuid.to_string());
    assert_eq!(system["SerialNumber"], hardware.serial);
    assert_eq!(system["PowerState"], "Off");
    assert_eq!(
        system["ProcessorSummary"]["LogicalProcessorCount"],
        hardware.cpus
    );
    let (_, card) = rig.get("/redfish/v1/Systems/1/EthernetInterfaces/1").await;
    assert_eq!(card["MACAddress"], hardware.nics[0].mac.to_string());
    let (_, port) = rig
        .get("/redfish/v1/Managers/bmc/EthernetInterfaces/eth0")
        .await;
    assert_eq!(port["MACAddress"], hardware.bmc_mac.to_string());
    assert_eq!(
        port["IPv4Addresses"][0]["Address"],
        rig.bmc.address().ip().to_string()
    );
    let (_, disk) = rig.get("/redfish/v1/Chassis/1/Drives/1").await;
    assert_eq!(
        disk["CapacityBytes"],
        u64::from(hardware.disks[0].size_gib) << 30
    );
}

#[tokio::test]
async fn sessions_open_the_door_until_they_are_closed() {
    let rig = Rig::new(BmcOptions {
        session_limit: 2,
        ..BmcOptions::default()
    });
    let (token, location) = rig.log_in().await.unwrap();
    let with_token = |method: Method, path: &str| {
        client()
            .request(method, rig.url(path))
            .header("X-Auth-Token", &token)
            .send()
    };
    assert_eq!(
        with_token(Method::GET, "/redfish/v1/Systems/1")
            .await
            .unwrap()
            .status(),
        200
    );
    rig.log_in().await.unwrap();
    assert_eq!(
        rig.log_in().await.unwrap_err(),
        503,
        "the table has two rows"
    );
    assert_eq!(
        with_token(Method::DELETE, &location)
            .await
            .unwrap()
            .status(),
        204
    );
    assert_eq!(
        with_token(Method::GET, "/redfish/v1/Systems/1")
            .await
            .unwrap()
            .status(),
        401
    );
    let counters = rig.bmc.counters();
    assert_eq!(
        (
            counters.logins,
            counters.open_sessions,
            counters.most_sessions
        ),
        (2, 1, 2)
    );
    assert_eq!(counters.refused_sessions, 1);
}

#[tokio::test]
async fn strangers_see_the_root_and_nothing_else() {
    let rig = Rig::default();
    for path in [
        "/redfish",
        "/redfish/v1",
        "/redfish/v1/",
        "/redfish/v1/odata",
    ] {
        assert_eq!(
            client().get(rig.url(path)).send().await.unwrap().status(),
            200,
            "{path}"
        );
    }
    for path in [
        "/redfish/v1/Systems",
        "/redfish/v1/Systems/1",
        "/redfish/v1/no/such/thing",
    ] {
        let answer = client().get(rig.url(path)).send().await.unwrap();
        assert_eq!(answer.status(), 401, "{path}");
        assert!(answer.headers().contains_key("www-authenticate"));
    }
    let wrong = client()
        .get(rig.url("/redfish/v1/Systems"))
        .basic_auth("admin", Some("guess"))
        .send()
        .await
        .unwrap();
    assert_eq!(wrong.status(), 401);
    assert_eq!(
        rig.bmc.counters().failed_logins,
        1,
        "a missing login is not a wrong one"
    );
}

#[tokio::test]
async fn an_override_for_one_start_is_used_up_by_it() {
    let rig = Rig::default();
    let boot = json!({ "Boot": { "BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe",
        "BootSourceOverrideMode": "UEFI" } });
    let (status, system) = rig.send(Method::PATCH, rig.bmc.system_path(), &boot).await;
    assert_eq!(
        (status, &system["Boot"]["BootSourceOverrideTarget"]),
        (200, &json!("Pxe"))
    );
    assert_eq!(rig.reset("On").await, 204);
    rig.until(Power::On).await;
    assert_eq!(
        rig.machine.starts(),
        [BootPlan {
            device: BootDevice::Network,
            firmware: Firmware::Uefi
        }]
    );
    assert_eq!(rig.bmc.boot_override().enabled, OverrideEnabled::Disabled);
    rig.reset("ForceRestart").await;
    rig.until_starts(2).await;
    assert_eq!(rig.machine.starts()[1].device, BootDevice::Disk);
}

#[tokio::test]
async fn a_patch_respects_the_entity_tag() {
    let rig = Rig::default();
    let path = rig.bmc.system_path();
    let got = client()
        .get(rig.url(path))
        .basic_auth("admin", Some("simulated"))
        .send()
        .await
        .unwrap();
    let tag = got.headers()["etag"].to_str().unwrap().to_owned();
    let patch = |tag: &str| {
        let boot = json!({ "Boot": { "BootSourceOverrideTarget": "Hdd" } });
        let request = client()
            .patch(rig.url(path))
            .basic_auth("admin", Some("simulated"));
        request.header("If-Match", tag).json(&boot).send()
    };
    assert_eq!(patch(&tag).await.unwrap().status(), 200);
    assert_eq!(
        patch(&tag).await.unwrap().status(),
        412,
        "the first patch has changed the resource"
    );
    assert_eq!(patch("*").await.unwrap().status(), 200);
}

#[tokio::test]
async fn all_resets_have_their_effect() {
    let rig = Rig::default();
    let steps = [
        ("On", Power::On),
        ("GracefulShutdown", Power::Off),
        ("ForceOn", Power::On),
        ("ForceOff", Power::Off),
        ("PushPowerButton", Power::On),
        ("PushPowerButton", Power::Off),
        ("PowerCycle", Power::On),
        ("GracefulRestart", Power::On),
        ("ForceRestart", Power::On),
        ("Nmi", Power::On),
    ];
    for (kind, power) in steps {
        assert_eq!(rig.reset(kind).await, 204, "{kind}");
        rig.until(power).await;
    }
    rig.until_starts(6).await;
    let kinds: Vec<String> = rig
        .bmc
        .counters()
        .resets
        .iter()
        .map(|reset| format!("{:?}", reset.kind))
        .collect();
    assert_eq!(kinds, steps.map(|(kind, _)| kind));
    assert_eq!(rig.bmc.counters().accepted(ResetType::PushPowerButton), 2);
}

#[tokio::test]
async fn a_system_may_not_listen_to_its_power_button() {
    let machine = Arc::new(IdleMachine::new(fleet(1, 1).remove(0)).ignoring_button());
    let rig = Rig::with(machine, BmcOptions::default());
    rig.reset("On").await;
    rig.until(Power::On).await;
    assert_eq!(rig.reset("GracefulShutdown").await, 204);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(rig.machine.power(), Power::On);
    assert_eq!(rig.reset("GracefulRestart").await, 204);
    assert_eq!(
        rig.reset("ForceOff").await,
        204,
        "which does not wait for the restart that never comes"
    );
    rig.until(Power::Off).await;
}

type BadRequest = (Method, &'static str, Value, u16, &'static str);

/// Method, path and body of a request, and the status and message it gets.
fn bad_posts() -> Vec<BadRequest> {
    let reset = "/redfish/v1/Systems/1/Actions/ComputerSystem.Reset";
    let sessions = "/redfish/v1/SessionService/Sessions";
    let post = |path, body, message| (Method::POST, path, body, 400, message);
    vec![
        post(reset, json!({}), "ActionParameterMissing"),
        post(
            reset,
            json!({ "ResetType": "Explode" }),
            "ActionParameterValueNotInList",
        ),
        post(reset, json!([]), "MalformedJSON"),
        post(sessions, json!({ "UserName": "admin" }), "PropertyMissing"),
    ]
}

/// The same for all other methods.
fn bad_others() -> Vec<BadRequest> {
    let system = "/redfish/v1/Systems/1";
    let patch = |body, message| (Method::PATCH, system, body, 400, message);
    let boot = |boot: Value| json!({ "Boot": boot });
    vec![
        patch(
            boot(json!({ "BootSourceOverrideTarget": "Moon" })),
            "PropertyValueNotInList",
        ),
        patch(boot(json!({ "Moon": 1 })), "PropertyUnknown"),
        patch(boot(json!("Pxe")), "PropertyValueTypeError"),
        patch(json!({ "SerialNumber": "x" }), "PropertyNotWritable"),
        (
            Method::DELETE,
            system,
            json!({}),
            405,
            "OperationNotAllowed",
        ),
        (
            Method::GET,
            "/redfish/v1/Systems/2",
            json!({}),
            404,
            "ResourceMissingAtURI",
        ),
        (
            Method::GET,
            "/other",
            json!({}),
            404,
            "ResourceMissingAtURI",
        ),
    ]
}

#[tokio::test]
async fn bad_requests_get_errors_that_say_why() {
    let rig = Rig::default();
    for (method, path, body, expected, id) in bad_posts().into_iter().chain(bad_others()) {
        let (status, answer) = rig.send(method.clone(), path, &body).await;
        assert_eq!(status, expected, "{method} {path} {body}");
        let info = &answer["error"]["@Message.ExtendedInfo"][0];
        assert!(
            info["MessageId"].as_str().unwrap().ends_with(id),
            "{method} {path} {body}: {answer}"
        );
        assert!(answer["error"]["message"].is_string() && info["Severity"].is_string());
    }
    assert!(rig.bmc.counters().resets.is_empty());
}

#[tokio::test]
async fn head_has_the_headers_without_the_body() {
    let rig = Rig::default();
    let request = client()
        .head(rig.url("/redfish/v1/Systems/1"))
        .basic_auth("admin", Some("simulated"));
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()["odata-version"], "4.0");
    assert!(answer.bytes().await.unwrap().is_empty());
}

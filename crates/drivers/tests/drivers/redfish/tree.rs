//! What the driver makes of a BMC's resources that no simulator has.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::capability::{Health, Identify};
use assay_domain::{Aspect, DeviceFacts, Driver, DriverError};
use assay_drivers::redfish::RedfishDriver;
use parking_lot::Mutex;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

use crate::support::odd::{Answer, OddBmc, Request, SYSTEM};
use crate::support::tree::{ACCOUNTS, CHASSIS, MANAGER, Tree, link, tree};
use crate::support::{REDFISH, driver_session, gate, with_login};

/// Where the machine's own collections are.
const SYSTEM_PARTS: &str = "/redfish/v1/Systems/1/";

async fn bmc(tree: Tree) -> OddBmc {
    bmc_that(tree, |_| None).await
}

/// A BMC with these documents, unless the test answers itself.
async fn bmc_that(
    tree: Tree,
    answer: impl Fn(&Request) -> Option<Answer> + Send + Sync + 'static,
) -> OddBmc {
    OddBmc::start(move |request| {
        answer(request).or_else(|| {
            let found = tree.get(&request.path).filter(|_| request.method == "GET");
            found.map(Answer::document)
        })
    })
    .await
}

async fn facts(bmc: &OddBmc, aspect: Aspect) -> Result<DeviceFacts, DriverError> {
    gate().0.facts(&bmc.target(), REDFISH, aspect).await
}

async fn sensors(bmc: &OddBmc) -> Vec<(String, Option<f64>, String)> {
    match facts(bmc, Aspect::Sensors).await {
        Ok(DeviceFacts::Sensors(sensors)) => sensors
            .into_iter()
            .map(|sensor| (sensor.name, sensor.value, sensor.unit))
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn of_the_tree() -> Vec<(String, Option<f64>, String)> {
    [
        ("Inlet inlet", Some(21.5), "°C"),
        ("Pump", None, "RPM"),
        ("Inlet 7", None, "°C"),
        ("Fan", Some(40.0), "%"),
        ("Old supply", None, ""),
    ]
    .map(|(name, value, unit)| (name.to_owned(), value, unit.to_owned()))
    .to_vec()
}

#[tokio::test]
async fn all_chassis_are_read_each_in_its_form() {
    let bmc = bmc(tree()).await;
    assert_eq!(sensors(&bmc).await, of_the_tree());
    let session = driver_session(REDFISH, &bmc.target()).await;
    let sensors = session.sensors().unwrap().sensors().await.unwrap();
    assert_eq!(sensors[0].health, Some(Health::Warning));
    assert_eq!(sensors[1].states, ["standby offline"]);
    let parts = session.parts().unwrap().parts().await.unwrap();
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "system",
            "CPU 1",
            "CPU 2",
            "Drive",
            "Sled",
            "Supply",
            "Shelf",
            "Old supply"
        ]
    );
    assert!(
        bmc.seen("GET")
            .iter()
            .all(|request| !request.path.contains("expand"))
    );
}

#[tokio::test]
async fn members_come_with_their_collection_where_the_bmc_says_so() {
    let path = format!("{CHASSIS}/a/Sensors");
    // Truly, in vain, and with an error.
    for how in 0..3 {
        let mut tree = tree();
        tree.get_mut("/redfish/v1").unwrap()["ProtocolFeaturesSupported"] =
            json!({"ExpandQuery": {"NoLinks": true, "ExpandAll": true}});
        let members = ["inlet", "pump"].map(|id| tree[&format!("{path}/{id}")].clone());
        let expanded = format!("{path}?$expand=.");
        let whole = json!({"Members": members});
        let bmc = bmc_that(tree, move |request| {
            let is_it = request.path == expanded;
            is_it.then(|| match how {
                0 => Answer::document(&whole),
                1 => Answer::document(&json!({"error": {}})),
                _ => Answer::status(500),
            })
        })
        .await;
        assert_eq!(sensors(&bmc).await, of_the_tree());
        let single = bmc.seen(&format!("GET {path}/")).len();
        assert_eq!(single, if how == 0 { 0 } else { 2 }, "{how}");
    }
}

#[tokio::test]
async fn single_resources_that_fail_are_left_out_and_a_busy_bmc_is_not() {
    let inlet = format!("{CHASSIS}/a/Sensors/inlet");
    for status in [403, 404, 500] {
        let inlet = inlet.clone();
        let answer =
            move |request: &Request| (request.path == inlet).then(|| Answer::status(status));
        let bmc = bmc_that(tree(), answer).await;
        assert_eq!(sensors(&bmc).await.len(), 4, "{status}");
    }
    let answer = move |request: &Request| (request.path == inlet).then(|| Answer::status(503));
    let bmc = bmc_that(tree(), answer).await;
    let error = facts(&bmc, Aspect::Sensors).await.unwrap_err();
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
}

#[tokio::test]
async fn what_hides_everything_is_told_and_what_hides_a_part_is_not() {
    for (status, path) in [(500, CHASSIS), (404, CHASSIS), (500, SYSTEM_PARTS)] {
        let answer = move |request: &Request| {
            let below = request.path.strip_prefix(path)?;
            (!below.is_empty()).then(|| Answer::status(status))
        };
        let bmc = bmc_that(tree(), answer).await;
        let parts = facts(&bmc, Aspect::Parts).await;
        assert!(
            matches!(&parts, Ok(DeviceFacts::Parts(parts)) if !parts.is_empty()),
            "{parts:?}"
        );
        match (facts(&bmc, Aspect::Sensors).await, path, status) {
            (Ok(_), SYSTEM_PARTS, _)
            | (Err(DriverError::Failed { .. }), CHASSIS, 500)
            | (Err(DriverError::Unsupported { .. }), CHASSIS, 404) => {}
            (other, ..) => panic!("{path} {status}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_log_of_the_manager_is_read_the_oldest_first_and_cleared() {
    let bmc = bmc(tree()).await;
    let Ok(DeviceFacts::EventLog(log)) = facts(&bmc, Aspect::EventLog).await else {
        panic!("no log")
    };
    let texts: Vec<&str> = log.iter().map(|entry| entry.text.as_str()).collect();
    assert_eq!(texts, ["sooner", "later"]);
    let session = driver_session(REDFISH, &bmc.target()).await;
    session
        .event_log()
        .unwrap()
        .clear_event_log()
        .await
        .unwrap();
    let clears = bmc.seen("POST");
    assert_eq!(clears.len(), 1);
    assert_eq!(clears[0].path, format!("{MANAGER}/LogServices/Sel/Clear"));
    assert_eq!(clears[0].body, json!({}));
}

#[tokio::test]
async fn a_log_without_end_is_read_up_to_the_bound() {
    let entries = format!("{MANAGER}/LogServices/Sel/Entries");
    let bmc = bmc_that(tree(), move |request| {
        let rest = request.path.strip_prefix(&entries)?;
        let page: u64 = rest.strip_prefix("?$skip=").unwrap_or("0").parse().ok()?;
        let next = format!("{entries}?$skip={}", page + 1);
        let entry = json!({"@odata.id": format!("{entries}/{page}"), "Id": page.to_string()});
        Some(Answer::document(
            &json!({"Members": [entry], "Members@odata.nextLink": next}),
        ))
    })
    .await;
    let Ok(DeviceFacts::EventLog(log)) = facts(&bmc, Aspect::EventLog).await else {
        panic!("no log")
    };
    let asked = bmc.seen("GET").len();
    assert!(log.len() > 200 && asked <= 260, "{} of {asked}", log.len());
}

#[tokio::test]
async fn a_log_of_too_many_entries_is_cut() {
    let mut tree = tree();
    let entries: Vec<Value> = (0..10_100)
        .map(|id| json!({"Id": id.to_string()}))
        .collect();
    let path = format!("{MANAGER}/LogServices/Sel/Entries");
    tree.insert(path, json!({ "Members": entries }));
    let Ok(DeviceFacts::EventLog(log)) = facts(&bmc(tree).await, Aspect::EventLog).await else {
        panic!("no log")
    };
    assert_eq!(log.len(), 10_000);
}

#[tokio::test]
async fn accounts_that_are_not_shown_shut_no_gate() {
    for status in [401, 403, 404] {
        let bmc = bmc_that(tree(), move |request| {
            (request.path == ACCOUNTS).then(|| Answer::status(status))
        })
        .await;
        let target = with_login(bmc.target(), "operator", "right-enough");
        let (gate, state) = gate();
        let info = gate.facts(&target, REDFISH, Aspect::Management).await;
        let Ok(DeviceFacts::Management(info)) = info else {
            panic!("{info:?}")
        };
        assert_eq!(info.users, None, "{status}");
        assert_eq!(info.firmware.as_deref(), Some("2.1"));
        assert_eq!(info.interfaces[0].name, "bmc eth0");
        assert_eq!(state.shut_gates(), 0);
    }
    let bmc = bmc(tree()).await;
    let Ok(DeviceFacts::Management(info)) = facts(&bmc, Aspect::Management).await else {
        panic!("nothing of the BMC")
    };
    let users = info.users.unwrap();
    assert_eq!((users.len(), users[0].name.as_str()), (1, "root"));
}

#[tokio::test]
async fn a_login_that_counts_no_more_is_told_from_hidden_accounts() {
    let has_ended = Arc::new(Mutex::new(false));
    let bmc = bmc_that(tree(), move |request| {
        let mut has_ended = has_ended.lock();
        *has_ended |= request.path == ACCOUNTS;
        has_ended.then(|| Answer::status(401))
    })
    .await;
    let target = with_login(bmc.target(), "operator", "right-enough");
    let session = driver_session(REDFISH, &target).await;
    let device = session.management().unwrap();
    let error = device.management_info().await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
}

#[tokio::test]
async fn a_lamp_that_does_not_blink_is_lit() {
    let bmc = bmc_that(tree(), |request| {
        (request.body == json!({"IndicatorLED": "Blinking"})).then(|| Answer::status(400))
    })
    .await;
    let session = driver_session(REDFISH, &bmc.target()).await;
    let light = session.identify().unwrap();
    light.identify(Identify::On).await.unwrap();
    light.identify(Identify::Off).await.unwrap();
    let sent: Vec<_> = bmc.seen("PATCH").into_iter().map(|it| it.body).collect();
    let lamps = ["Blinking", "Lit", "Off"].map(|state| json!({ "IndicatorLED": state }));
    assert_eq!(sent, lamps);
    assert!(
        bmc.seen("PATCH")
            .iter()
            .all(|it| it.path == format!("{CHASSIS}/b"))
    );
}

#[tokio::test]
async fn a_switch_of_a_chassis_comes_before_a_lamp_and_is_tried_again_when_it_has_changed() {
    let mut tree = tree();
    for name in ["a", "b"] {
        let chassis = tree.get_mut(&format!("{CHASSIS}/{name}")).unwrap();
        chassis["LocationIndicatorActive"] = false.into();
        chassis["@odata.etag"] = "\"1\"".into();
    }
    let refused = Mutex::new(false);
    let bmc = bmc_that(tree, move |request| {
        let first = request.method == "PATCH" && !std::mem::replace(&mut *refused.lock(), true);
        first.then(|| Answer::status(412))
    })
    .await;
    let session = driver_session(REDFISH, &bmc.target()).await;
    session
        .identify()
        .unwrap()
        .identify(Identify::On)
        .await
        .unwrap();
    let patches = bmc.seen("PATCH");
    let paths: Vec<&str> = patches.iter().map(|it| it.path.as_str()).collect();
    let [a, b] = ["a", "b"].map(|name| format!("{CHASSIS}/{name}"));
    assert_eq!(paths, [&a, &a, &b]);
    assert_eq!(patches[0].body, json!({"LocationIndicatorActive": true}));
    assert_eq!(patches[0].header("if-match"), Some("\"1\""));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(link(SYSTEM)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        let keys = "Id|Name|Members|Status|@odata\\.id|[A-Za-z@.#]{1,8}";
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(keys, inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Everything that can be read, and the light.
async fn use_all(bmc: &OddBmc) {
    let Ok(session) = RedfishDriver::new().connect(&bmc.target()).await else {
        return;
    };
    let _ = session.sensors().unwrap().sensors().await;
    let _ = session.event_log().unwrap().event_log().await;
    let _ = session.event_log().unwrap().clear_event_log().await;
    let _ = session.parts().unwrap().parts().await;
    let _ = session.management().unwrap().management_info().await;
    let _ = session.identify().unwrap().identify(Identify::On).await;
    session.close().await;
}

#[test]
fn no_document_and_no_property_makes_reading_panic() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let now = Arc::new(Mutex::new(tree()));
    let shown = Arc::clone(&now);
    let bmc = runtime.block_on(OddBmc::start(move |request| {
        let tree = shown.lock();
        let found = tree.get(&request.path).filter(|_| request.method == "GET");
        found.map(Answer::document)
    }));
    let paths: Vec<String> = tree().into_keys().collect();
    let place = (
        prop::sample::select(paths),
        any::<prop::sample::Index>(),
        any::<bool>(),
    );
    let mut runner = TestRunner::new(ProptestConfig::with_cases(96));
    runner
        .run(&(place, any_json()), |((path, index, is_whole), value)| {
            let mut tree = tree();
            let document = tree.get_mut(&path).unwrap();
            let keys: Vec<String> = document.as_object().unwrap().keys().cloned().collect();
            if is_whole || keys.is_empty() {
                *document = value;
            } else {
                document[index.get(&keys).as_str()] = value;
            }
            *now.lock() = tree;
            let used = async { tokio::time::timeout(Duration::from_secs(30), use_all(&bmc)).await };
            prop_assert!(runtime.block_on(used).is_ok());
            Ok(())
        })
        .unwrap();
}

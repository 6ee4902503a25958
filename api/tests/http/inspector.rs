//! Inspector's API: versions, introspections, rules and the ramdisk's callback.

use rocket::http::Method;
use serde_json::{Value, json};

use crate::support::{Server, VERSION, server, server_with};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn report(mac: &str) -> Value {
    json!({"inventory": {
        "cpu": {"count": 4, "architecture": "x86_64"},
        "memory": {"physical_mb": 4096},
        "disks": [],
        "interfaces": [{"name": "eth0", "mac_address": mac, "ipv4_address": "192.0.2.7",
                        "has_carrier": true, "lldp": null}],
        "bmc_address": null,
        "boot": {"current_boot_mode": "bios", "pxe_interface": mac},
        "hostname": "machine",
    }, "boot_interface": mac})
}

#[rocket::async_test]
async fn discovery_needs_no_token_and_carries_the_versions() {
    let server = server().await.anonymous();
    let root = server.get("/").await.expect(200);
    let version = &root.json()["versions"][0];
    assert_eq!(version["id"], "1.18");
    assert_eq!(version["links"][0]["href"], "http://assay.test:5050/v1");
    for (name, value) in [
        ("X-OpenStack-Ironic-Inspector-API-Minimum-Version", "1.0"),
        ("X-OpenStack-Ironic-Inspector-API-Maximum-Version", "1.18"),
        (VERSION, "1.18"),
    ] {
        assert_eq!(root.header(name), Some(value));
    }
    assert_eq!(server.get_at("/", "1.3").await.header(VERSION), Some("1.3"));
    let resources = server.get("/v1").await.expect(200).json();
    assert_eq!(resources["resources"][0]["name"], "introspection");
}

#[rocket::async_test]
async fn versions_outside_the_range_are_406_before_anything_else() {
    let server = server().await.anonymous();
    for path in ["/", "/v1", "/v1/introspection", "/v1/nothing"] {
        let reply = server.get_at(path, "1.19").await.expect(406);
        assert!(reply.message().contains("1.0 to 1.18"), "{path}");
        server.get_at(path, "one").await.expect(400);
    }
    server
        .get_at("/v1/introspection", "latest")
        .await
        .expect(401);
}

#[rocket::async_test]
async fn the_status_shows_what_its_version_knows() {
    let server = server().await;
    let uuid = server.waiting("seven", "52:54:00:00:00:01").await;
    let path = format!("/v1/introspection/{uuid}");
    let cases = [
        ("1.0", vec!["error", "finished"]),
        (
            "1.7",
            vec![
                "error",
                "finished",
                "finished_at",
                "links",
                "started_at",
                "uuid",
            ],
        ),
        (
            "1.10",
            vec![
                "error",
                "finished",
                "finished_at",
                "links",
                "started_at",
                "state",
                "uuid",
            ],
        ),
    ];
    for (version, wanted) in cases {
        let status = server.get_at(&path, version).await.expect(200).json();
        assert_eq!(keys(&status), wanted, "{version}");
    }
    let status = server
        .get("/v1/introspection/seven")
        .await
        .expect(200)
        .json();
    assert_eq!(status["state"], "waiting");
    assert_eq!(status["finished_at"], Value::Null);
    let started = status["started_at"].as_str().unwrap();
    assert!(
        started.ends_with("+00:00") && started.len() == 25,
        "{started}"
    );
    assert_eq!(
        status["links"][0]["href"],
        format!("http://assay.test:5050{path}")
    );
}

#[rocket::async_test]
async fn a_start_is_taken_in_every_form_that_clients_send() {
    let server = server().await;
    let mut number = 0;
    for (query, body) in [
        ("?manage_boot=False", None),
        ("?manage_boot=0", Some("")),
        ("?manage_boot=no", Some("{}")),
        ("?manage_boot=0", Some("{\"uuid\": \"x\"}")),
    ] {
        number += 1;
        let name = format!("start-{number}");
        server
            .enrol(&name, &format!("52:54:00:00:00:0{number}"))
            .await;
        let path = format!("/v1/introspection/{name}{query}");
        let body = body.map(|text| text.as_bytes().to_vec());
        let reply = server.ask(Method::Post, &path, &[], body).await;
        assert_eq!(reply.expect(202).text, "{}");
    }
    server.enrol("refused", "52:54:00:00:00:0a").await;
    for (query, body, word) in [
        ("?manage_boot=perhaps", "", "manage_boot"),
        ("?new_ipmi_password=x", "", "new_ipmi_password"),
        ("?manage_boot=0", "[1]", "JSON object"),
        ("?manage_boot=0", "nonsense", "JSON object"),
    ] {
        let path = format!("/v1/introspection/refused{query}");
        let body = Some(body.as_bytes().to_vec());
        let reply = server.ask(Method::Post, &path, &[], body).await;
        assert!(reply.expect(400).message().contains(word), "{query}");
    }
    let twice = server
        .post_empty("/v1/introspection/start-1?manage_boot=0")
        .await;
    twice.expect(409);
}

async fn uuids(server: &Server, query: &str) -> Vec<String> {
    let list = server
        .get(&format!("/v1/introspection{query}"))
        .await
        .expect(200)
        .json();
    let entries = list["introspection"].as_array().unwrap().iter();
    entries
        .map(|entry| entry["uuid"].as_str().unwrap().to_owned())
        .collect()
}

#[rocket::async_test]
async fn lists_are_paged_and_chosen_by_state() {
    let server = server_with(|settings| settings.api_max_limit = 3).await;
    let mut started = Vec::new();
    for number in 0..5 {
        let mac = format!("52:54:00:00:00:0{number}");
        started.push(server.waiting(&format!("page-{number}"), &mac).await);
    }
    started.reverse();
    assert_eq!(uuids(&server, "").await, started[..3]);
    assert_eq!(uuids(&server, "?limit=2").await, started[..2]);
    let marker = format!("?marker={}", started[2]);
    assert_eq!(uuids(&server, &marker).await, started[3..]);
    assert_eq!(
        uuids(&server, "?state=waiting,starting&limit=2").await,
        started[..2]
    );
    assert_eq!(
        uuids(&server, "?state=finished").await,
        Vec::<String>::new()
    );
    for query in [
        "limit=4",
        "limit=-1",
        "limit=x",
        "marker=x",
        "state=asleep",
        "marker=00000000-0000-4000-8000-000000000000",
    ] {
        server
            .get(&format!("/v1/introspection?{query}"))
            .await
            .expect(400);
    }
    let early = server
        .get_at("/v1/introspection", "1.0")
        .await
        .expect(200)
        .json();
    let entry = &early["introspection"][0];
    assert!(
        entry["uuid"].is_string() && entry.get("state").is_none(),
        "{entry}"
    );
}

#[rocket::async_test]
async fn rules_have_the_shape_and_the_code_of_their_version() {
    let server = server().await;
    let rule = json!({"description": "d", "scope": "lab",
        "conditions": [{"op": "eq", "field": "cpus", "value": 4}],
        "actions": [{"action": "fail", "message": "no"}]});
    let body = || Some(serde_json::to_vec(&rule).unwrap());
    let headers = [(VERSION, "1.5")];
    let old = server
        .ask(Method::Post, "/v1/rules", &headers, body())
        .await
        .expect(200)
        .json();
    assert_eq!(
        keys(&old),
        ["actions", "conditions", "description", "links", "uuid"]
    );
    assert!(old["conditions"][0].get("invert").is_none());
    let new = server.post("/v1/rules", &rule).await.expect(201).json();
    assert_eq!(new["conditions"][0]["invert"], false);
    assert_eq!(new["conditions"][0]["multiple"], "any");
    assert_eq!(new["scope"], "lab");

    let list = server.get("/v1/rules").await.expect(200).json();
    assert_eq!(
        keys(&list["rules"][1]),
        ["description", "links", "scope", "uuid"]
    );
    let path = list["rules"][1]["links"][0]["href"].as_str().unwrap();
    assert_eq!(server.get(path).await.expect(200).json(), new);
    assert_eq!(server.delete(path).await.expect(204).text, "");
    server.delete(path).await.expect(404);
    server.delete("/v1/rules").await.expect(204);
    let long = json!({"actions": [{"action": "fail", "message": "no"}], "scope": "s".repeat(256)});
    server.post("/v1/rules", &long).await.expect(400);
}

#[rocket::async_test]
async fn a_report_is_taken_in_once_somebody_waits_for_it() {
    let server = server().await;
    let mac = "52:54:00:00:00:01";
    let nobody = server.post("/v1/continue", &report(mac)).await.expect(403);
    let wrong = server
        .post("/v1/continue?nonce=wrong", &report(mac))
        .await
        .expect(403);
    assert_eq!(nobody.text, wrong.text);

    let uuid = server.waiting("reports", mac).await;
    server
        .post("/v1/continue", &report("52:54:00:00:00:99"))
        .await
        .expect(404);
    let server = server.anonymous();
    let taken = server.post("/v1/continue", &report(mac)).await.expect(200);
    assert_eq!(taken.json(), json!({"uuid": uuid}));
}

#[rocket::async_test]
async fn data_that_do_not_exist_are_404_and_an_abort_needs_something_to_abort() {
    let server = server().await;
    server.enrol("empty", "52:54:00:00:00:01").await;
    for path in ["", "/data", "/data/unprocessed"] {
        let path = format!("/v1/introspection/empty{path}");
        assert!(!server.get(&path).await.expect(404).message().is_empty());
    }
    let path = "/v1/introspection/empty/data/unprocessed";
    server.post_empty(path).await.expect(404);
    server.post(path, &json!([1])).await.expect(400);
    server
        .post_empty("/v1/introspection/empty/abort")
        .await
        .expect(404);
    server
        .post_empty("/v1/introspection/unknown/abort")
        .await
        .expect(404);
}

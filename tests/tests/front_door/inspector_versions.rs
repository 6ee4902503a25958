//! Inspector's microversions: the headers on every reply, the range, and what each version shows.

use std::time::Duration;

use assay_tests::client::send;
use assay_tests::{Client, Machine, Reply, Setup, status};
use reqwest::Method;
use serde_json::{Value, json};

const VERSION: &str = "X-OpenStack-Ironic-Inspector-API-Version";
const MINIMUM: &str = "X-OpenStack-Ironic-Inspector-API-Minimum-Version";
const MAXIMUM: &str = "X-OpenStack-Ironic-Inspector-API-Maximum-Version";
const LIMIT: Duration = Duration::from_secs(20);

async fn get_at(client: &Client, path: &str, version: &str) -> Reply {
    send(client.request(Method::GET, path).header(VERSION, version)).await
}

#[track_caller]
fn assert_headers(reply: &Reply) {
    assert_eq!(reply.header(MINIMUM), Some("1.0"), "{reply:?}");
    assert_eq!(reply.header(MAXIMUM), Some("1.18"), "{reply:?}");
}

#[tokio::test]
async fn every_reply_carries_the_range() {
    let server = Setup::new().start().await;
    let client = server.client();
    let paths = [
        ("/", 200),
        ("/v1", 200),
        ("/v1/introspection", 200),
        ("/v1/rules", 200),
        ("/v1/introspection/unknown", 404),
        ("/v1/introspection/unknown/data", 404),
        ("/v1/rules/unknown", 404),
        ("/v1/no-such-thing", 404),
    ];
    for (path, code) in paths {
        let reply = client.get(path).await;
        assert_eq!(reply.status, code, "{path}: {}", reply.text());
        assert_headers(&reply);
    }
    assert_headers(&client.delete("/v1/introspection").await);
    assert_headers(&client.post("/v1/continue", &json!([])).await);
}

#[tokio::test]
async fn an_unauthorised_reply_carries_the_range() {
    let server = Setup::new().authenticated().start().await;
    let anybody = server.client().without_token();
    assert_headers(&anybody.get("/").await.expect(200));
    assert_headers(&anybody.get("/v1/introspection").await.expect(401));
    assert_headers(&anybody.get("/v1/rules").await.expect(401));
}

#[tokio::test]
async fn versions_out_of_range_are_not_acceptable() {
    let server = Setup::new().start().await;
    for path in [
        "/v1/introspection",
        "/v1/rules",
        "/v1/introspection/unknown",
    ] {
        for version in ["0.9", "1.19", "2.0", "1.99999"] {
            let reply = get_at(server.client(), path, version).await;
            assert_eq!(reply.status, 406, "{path} at {version}: {}", reply.text());
            assert!(reply.json()["error"]["message"].is_string());
            assert_headers(&reply);
        }
    }
}

#[tokio::test]
async fn a_malformed_version_is_a_bad_request() {
    let server = Setup::new().start().await;
    for version in ["x", "1", "1.2.3", "-1.0", "1.x"] {
        let reply = get_at(server.client(), "/v1/introspection", version).await;
        assert!(
            [400, 406].contains(&reply.status),
            "{version}: {}",
            reply.status
        );
        assert!(reply.json()["error"]["message"].is_string());
        assert_headers(&reply);
    }
}

#[tokio::test]
async fn latest_and_every_version_in_range_are_served() {
    let server = Setup::new().start().await;
    get_at(server.client(), "/v1/introspection", "latest")
        .await
        .expect(200)
        .json();
    for minor in 0..=18 {
        let version = format!("1.{minor}");
        for path in ["/v1/introspection", "/v1/rules"] {
            assert_headers(&get_at(server.client(), path, &version).await.expect(200));
        }
    }
}

#[tokio::test]
async fn the_status_grows_with_the_version() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(1);
    let node = machine.enrol(client, "grows").await;
    let uuid = node["uuid"].as_str().unwrap();
    let _ = machine.introspect(client, uuid).await.expect(200);
    status::finished(client, uuid, LIMIT).await;

    let path = format!("/v1/introspection/{uuid}");
    for minor in 0..=18 {
        let shown = get_at(client, &path, &format!("1.{minor}"))
            .await
            .expect(200)
            .json();
        assert_eq!(shown["finished"], true, "1.{minor}");
        assert!(
            shown.as_object().unwrap().contains_key("error"),
            "1.{minor}"
        );
        for key in ["uuid", "started_at", "finished_at"] {
            assert_eq!(shown.get(key).is_some(), minor >= 7, "{key} at 1.{minor}");
        }
    }
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown["uuid"], uuid);
    assert_eq!(shown["state"], "finished");
    assert_eq!(shown["links"][0]["rel"], "self");
    let link = shown["links"][0]["href"].as_str().unwrap();
    assert_eq!(link, format!("{}{path}", server.base()));
    for key in ["started_at", "finished_at"] {
        assert_utc(&shown[key]);
    }
}

/// ISO 8601 in UTC, with or without a mark of the zone, as Inspector writes it.
fn assert_utc(value: &Value) {
    let text = value.as_str().unwrap();
    let (date, time) = text.split_once('T').unwrap();
    assert_eq!(date.len(), 10, "{text}");
    let zoneless = time
        .strip_suffix("+00:00")
        .or(time.strip_suffix('Z'))
        .unwrap_or(time);
    assert!(
        zoneless.len() >= 8
            && zoneless
                .chars()
                .all(|c| c.is_ascii_digit() || ":.".contains(c)),
        "{text}"
    );
}

#[tokio::test]
async fn a_new_rule_answers_200_before_1_6_and_201_since() {
    let server = Setup::new().start().await;
    let rule = json!({"conditions": [], "actions": [{"action": "fail", "message": "no"}]});
    for minor in 0..=18 {
        let request = server.client().request(Method::POST, "/v1/rules");
        let reply = send(request.header(VERSION, format!("1.{minor}")).json(&rule)).await;
        assert_eq!(reply.status, if minor < 6 { 200 } else { 201 }, "1.{minor}");
    }
}

#[tokio::test]
async fn the_root_lists_versions_and_v1_its_resources() {
    let server = Setup::new().start().await;
    let root = server.client().get("/").await.expect(200).json();
    let version = &root["versions"][0];
    assert_eq!(version["id"], "1.18");
    assert_eq!(version["status"], "CURRENT");
    let href = version["links"][0]["href"].as_str().unwrap();
    assert_eq!(href.trim_end_matches('/'), format!("{}/v1", server.base()));

    let resources = server.client().get("/v1").await.expect(200).json();
    let names: Vec<&str> = resources["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| resource["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"introspection") && names.contains(&"rules"),
        "{names:?}"
    );
    for resource in resources["resources"].as_array().unwrap() {
        assert!(resource["links"][0]["href"].is_string(), "{resource}");
    }
}

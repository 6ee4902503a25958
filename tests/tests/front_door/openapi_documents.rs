//! The OpenAPI documents: current, served, complete against the contracts' operations.

use assay_tests::{Setup, folder, openapi};
use serde_json::Value;

#[test]
fn the_checked_in_documents_are_current() {
    let folder = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(folder::assay())
        .args(["openapi", "--output"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let written: Vec<_> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(written.len(), openapi::documents().len());
    for path in written {
        let name = path.file_name().unwrap();
        let checked_in = folder::root().join("openapi").join(name);
        let same = std::fs::read(&path).unwrap() == std::fs::read(checked_in).unwrap_or_default();
        assert!(
            same,
            "{name:?} is not current: run `assay openapi --output openapi/`"
        );
    }
}

#[test]
fn every_operation_is_described() {
    let mut wrong = Vec::new();
    let mut ids = std::collections::BTreeSet::new();
    for (document, path, method, operation) in openapi::operations() {
        let place = format!("{document}: {method} {path}");
        let id = operation["operationId"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if id.is_empty() || !ids.insert((document, id)) {
            wrong.push(format!("{place} has no operationId of its own"));
        }
        if operation["summary"].as_str().is_none_or(str::is_empty) {
            wrong.push(format!("{place} has no summary"));
        }
        if operation["responses"]
            .as_object()
            .is_none_or(serde_json::Map::is_empty)
        {
            wrong.push(format!("{place} has no responses"));
        }
        if operation["security"] == Value::Null {
            wrong.push(format!("{place} does not say whether it needs a token"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The operations that the product promises, by dialect; parameters by position.
const PROMISED: [(&str, &[&str]); 2] = [
    (
        "inspector",
        &[
            "POST /v1/introspection/{}",
            "GET /v1/introspection/{}",
            "GET /v1/introspection",
            "POST /v1/introspection/{}/abort",
            "GET /v1/introspection/{}/data",
            "GET /v1/introspection/{}/data/unprocessed",
            "POST /v1/introspection/{}/data/unprocessed",
            "POST /v1/rules",
            "GET /v1/rules",
            "DELETE /v1/rules",
            "GET /v1/rules/{}",
            "DELETE /v1/rules/{}",
            "POST /v1/continue",
            "GET /",
            "GET /v1",
        ],
    ),
    (
        "cloudmanager",
        &[
            "GET /v1/nodes",
            "GET /v1/nodes/count",
            "GET /v1/nodes/{}",
            "POST /v1/nodes",
            "PUT /v1/nodes/{}",
            "DELETE /v1/nodes/{}",
            "POST /v1/nodes/{}/actions/power-on",
            "POST /v1/nodes/{}/actions/power-off",
            "POST /v1/nodes/{}/actions/reset",
            "GET /v1/info",
            "GET /v1/node-classes",
            "GET /v1/node-classes/count",
            "GET /v1/node-classes/{}",
            "POST /v1/node-classes",
            "PUT /v1/node-classes/{}",
            "DELETE /v1/node-classes/{}",
            "GET /v1/node-classes/{}/types",
            "POST /v1/node-classes/{}/types",
            "PUT /v1/node-classes/{}/types/{}",
            "DELETE /v1/node-classes/{}/types/{}",
            "GET /v1/node-images",
            "GET /v1/node-images/count",
            "GET /v1/node-images/{}",
            "POST /v1/node-images",
            "DELETE /v1/node-images/{}",
            "GET /v1/availability-storages",
            "GET /v1/availability-storages/count",
            "GET /v1/availability-storages/{}",
            "POST /v1/availability-storages",
            "PUT /v1/availability-storages/{}",
            "DELETE /v1/availability-storages/{}",
            "POST /v1/availability-storages/{}/nodes",
            "PUT /v1/availability-storages/{}/nodes",
            "DELETE /v1/availability-storages/{}/nodes/{}",
            "POST /v1/nodes/{}/availability-storages",
            "PUT /v1/nodes/{}/availability-storages",
            "DELETE /v1/nodes/{}/availability-storages/{}",
            "POST /v1/nodes/{}/actions/assign-image",
            "POST /v1/nodes/{}/actions/reserve",
            "POST /v1/nodes/{}/actions/enable-nodesafe",
            "POST /v1/nodes/{}/actions/disable-nodesafe",
            "GET /v1/power-controls",
            "GET /v1/power-controls/count",
            "POST /v1/power-controls",
            "GET /v1/power-controls/{}",
            "PUT /v1/power-controls/{}",
            "DELETE /v1/power-controls/{}",
            "GET /v1/nodes/{}/power-controls",
            "POST /v1/nodes/{}/power-controls",
            "GET /v1/nodes/{}/power-controls/{}",
            "PUT /v1/nodes/{}/power-controls/{}",
            "DELETE /v1/nodes/{}/power-controls/{}",
        ],
    ),
];

fn without_names(path: &str) -> String {
    let mut parts: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    for part in &mut parts {
        if part.starts_with('{') {
            *part = "{}";
        }
    }
    let joined = parts.join("/");
    if joined.is_empty() {
        "/".to_owned()
    } else {
        joined
    }
}

#[test]
fn every_promised_operation_is_documented() {
    let documented: Vec<String> = openapi::operations()
        .into_iter()
        .map(|(document, path, method, _)| format!("{document} {method} {}", without_names(&path)))
        .collect();
    let missing: Vec<String> = PROMISED
        .iter()
        .flat_map(|(dialect, rows)| rows.iter().map(move |row| format!("{dialect} {row}")))
        .filter(|row| !documented.contains(row))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Asks for every documented operation with an admin's token: none may be unknown to the router.
#[tokio::test]
async fn every_documented_operation_is_routed() {
    let server = Setup::new().start().await;
    for (document, path, method, _) in openapi::operations() {
        let request = server
            .client()
            .request(method.clone(), &openapi::example(&path));
        let reply = assay_tests::client::send(request.header("Content-Length", "0")).await;
        let place = format!(
            "{document}: {method} {path}: {} {}",
            reply.status,
            reply.text()
        );
        let lacks_cloud = reply.status == 503 && reply.text().contains("no cloud is configured");
        let is_served = reply.status != 405 && reply.status < 500;
        assert!(is_served || lacks_cloud, "{place}");
    }
}

//! Swagger UI in a real browser: loads without any other host, takes a token, makes a call.

use std::process::Command;

use assay_tests::{Machine, Setup, folder};
use serde_json::{Value, json};

/// Where Assay serves Swagger UI.
const UI: &str = "/assay/docs/";

#[tokio::test(flavor = "multi_thread")]
async fn it_authorises_and_makes_a_call() {
    let server = Setup::new().authenticated().start().await;
    let node = Machine::numbered(41)
        .enrol(server.client(), "seen-in-the-browser")
        .await;
    let path = format!(
        "/v1/introspection/{}?manage_boot=0",
        node["uuid"].as_str().unwrap()
    );
    let _ = server.client().post_empty(&path).await.expect(202);
    let output = Command::new("node")
        .arg(folder::root().join("tests/clients/swagger_ui.mjs"))
        .arg(folder::javascript_tools())
        .arg(format!("{}{UI}", server.base()))
        .arg(server.client().token().unwrap())
        .arg("list_introspection_statuses")
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let seen: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(seen["status"], "200", "{seen}");
    assert!(
        seen["body"]
            .as_str()
            .unwrap()
            .contains(node["uuid"].as_str().unwrap()),
        "{seen}"
    );
    assert_eq!(seen["foreign"], json!([]), "it asked other hosts");
}

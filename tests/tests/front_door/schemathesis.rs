//! Schemathesis, a tester of HTTP APIs that Assay did not write, makes requests out of each OpenAPI
//! document: nothing fails inside, and no answer is other than its document says.

use std::process::Command;
use std::sync::Arc;

use assay_sim::{IdleMachine, OpenStackOptions};
use assay_tests::openstack::Cloud;
use assay_tests::{Setup, folder, lab};
use tempfile::TempDir;

/// What is looked for in each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance";

async fn try_document(name: &str) {
    let cloud = Cloud::start(OpenStackOptions {
        hosts: 2,
        instances: 2,
        ..OpenStackOptions::default()
    });
    let setup = Setup::new();
    let config = cloud.config(&setup);
    let server = setup
        .config(&config)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 1)
        .env("ASSAY_POWER_ANSWER_WAIT", 1)
        .env("ASSAY_POWER_BATCH_WAIT", 1)
        .env("ASSAY_POWER_SYNC__ANSWER_WAIT", 1)
        .env("ASSAY_DEVICE_ANSWER_WAIT", 1)
        .start()
        .await;
    // Something to be found under the first keys.
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol(server.client(), &bmc).await;
    let start = format!("/v1/introspection/{}", node.uuid);
    let _ = server.client().post_empty(&start).await.expect(202);

    let (folder, url) = (TempDir::new().unwrap(), server.base().to_owned());
    let document = folder::root().join(format!("openapi/{name}.json"));
    let mut command = Command::new(folder::python_tool("st"));
    command
        .arg("run")
        .arg(document)
        .args(["--url", &url, "--checks", CHECKS, "--seed", "1"])
        .args([
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            "10",
        ])
        // One worker: Python 3.11's parser fails now and then when two threads enter it (CPython
        // issue 106905), and Hypothesis parses the sources of its strategies.
        .args(["--workers", "1", "--no-color"])
        .args(["--generation-database", "none"])
        .env("no_proxy", "*")
        .current_dir(folder.path());
    let ran = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = ran.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("Tested: "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn assay() {
    try_document("assay").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cloudmanager() {
    try_document("cloudmanager").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn inspector() {
    try_document("inspector").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keystone() {
    try_document("keystone").await;
}

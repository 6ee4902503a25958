//! A Python client generated from the OpenAPI documents drives one introspection.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use assay_tests::{Machine, Setup, folder};
use serde_json::Value;

/// Generates a client package for one document.
fn generate(document: &str, into: &Path) {
    let source = folder::root()
        .join("openapi")
        .join(format!("{document}.json"));
    let output = Command::new(folder::python_tool("openapi-python-client"))
        .args(["generate", "--meta", "none", "--overwrite", "--path"])
        .arg(source)
        .arg("--output-path")
        .arg(into.join(format!("{document}_client")))
        .current_dir(into)
        .env("LC_ALL", "C.UTF-8")
        // It calls ruff from its own environment.
        .env("PATH", path_with_tools())
        .output()
        .unwrap();
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.status.success(), "{text}");
    assert!(
        !text.contains("WARNING") && !text.contains("Error"),
        "{text}"
    );
}

fn path_with_tools() -> String {
    let tools = folder::python_tool("python");
    let before = std::env::var("PATH").unwrap_or_default();
    format!("{}:{before}", tools.parent().unwrap().display())
}

#[tokio::test(flavor = "multi_thread")]
async fn it_drives_one_introspection() {
    let server = Setup::new().authenticated().start().await;
    let machine = Machine::numbered(31);
    let clients = tempfile::tempdir().unwrap();
    generate("inspector", clients.path());
    generate("cloudmanager", clients.path());

    let mut child = Command::new(folder::python_tool("python"))
        .arg(folder::root().join("tests/clients/generated.py"))
        .arg(clients.path())
        .args([
            server.base(),
            server.client().token().unwrap(),
            "generated",
            &machine.macs[0],
        ])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut uuid = String::new();
    output.read_line(&mut uuid).unwrap();
    assert_eq!(uuid.trim().len(), 36, "the client did not start: {uuid:?}");
    let _ = machine
        .boot(server.client())
        .await
        .report(&machine.report())
        .await
        .expect(200);
    let mut rest = String::new();
    output.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success());
    let data: Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(
        data["inventory"]["interfaces"][0]["mac_address"],
        machine.macs[0]
    );
}

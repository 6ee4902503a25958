//! Python clients generated from the OpenAPI documents drive one introspection, and a hundred nodes.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use assay_tests::{Machine, Server, Setup, folder};
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

/// What runs a script of `tests/clients` with the clients in that folder.
fn script(name: &str, clients: &Path, server: &Server) -> Command {
    let mut command = Command::new(folder::python_tool("python"));
    command
        .arg(folder::root().join("tests/clients").join(name))
        .arg(clients)
        .args([server.base(), server.client().token().unwrap()]);
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn they_drive_one_introspection_and_a_hundred_nodes() {
    let setup = Setup::new().env("ASSAY_DRIVERS__FAKE", true);
    let server = setup.authenticated().start().await;
    let clients = tempfile::tempdir().unwrap();
    generate("inspector", clients.path());
    generate("cloudmanager", clients.path());
    one_introspection(&server, clients.path()).await;
    let fleet = script("cloudmanager_fleet.py", clients.path(), &server).output();
    let fleet = fleet.unwrap();
    let complaint = String::from_utf8_lossy(&fleet.stderr);
    assert!(fleet.status.success(), "{complaint}");
}

async fn one_introspection(server: &Server, clients: &Path) {
    let machine = Machine::numbered(31);
    let mut child = script("generated.py", clients, server)
        .args(["generated", &machine.macs[0]])
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

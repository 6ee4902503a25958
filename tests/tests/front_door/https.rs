//! HTTPS on the listener: served, reloaded, and reached by the agent with the authority that the
//! boot script names.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use assay_tests::{Client, Machine, Setup, folder, status, wait};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

/// A new self-signed certificate for loopback in `folder`.
fn make_certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("tls.crt"), folder.join("tls.key"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=assay-test"])
        .args([
            "-addext",
            "subjectAltName=IP:127.0.0.1",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
        ])
        .arg("-out")
        .arg(&certificate)
        .arg("-keyout")
        .arg(&key)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    (certificate, key)
}

fn setup(folder: &Path) -> Setup {
    let (certificate, key) = make_certificate(folder);
    let (certificate, key) = (certificate.display(), key.display());
    Setup::new()
        .config(&format!(
            "[tls]\ncertificate = '{certificate}'\nkey = '{key}'\n"
        ))
        .trusting(&folder.join("tls.crt"))
}

#[tokio::test]
async fn a_changed_certificate_is_served_after_sighup() {
    let folder = tempfile::tempdir().unwrap();
    let server = setup(folder.path()).start().await;
    assert!(
        server.base().starts_with("https://127.0.0.1:"),
        "{}",
        server.base()
    );
    let _ = server.client().get("/healthz").await.expect(200);

    let (certificate, _) = make_certificate(folder.path());
    let renewed = Client::trusting(server.base(), &certificate);
    assert!(
        renewed.try_get("/healthz").await.is_err(),
        "the new certificate is served already"
    );
    let pid = server.pid().to_string();
    assert!(
        Command::new("kill")
            .args(["-HUP", &pid])
            .status()
            .unwrap()
            .success()
    );
    wait::until("the new certificate is served", LIMIT, async || {
        renewed.try_get("/healthz").await.ok()
    })
    .await;

    // A pair that does not work leaves the old one in place.
    std::fs::write(folder.path().join("tls.crt"), "no certificate").unwrap();
    assert!(
        Command::new("kill")
            .args(["-HUP", &pid])
            .status()
            .unwrap()
            .success()
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    let _ = renewed.get("/healthz").await.expect(200);
}

/// The MAC address of one of this host's network cards, if it has any.
fn own_card() -> Option<String> {
    let cards = std::fs::read_dir("/sys/class/net").ok()?.flatten();
    let mut cards = cards.filter(|card| card.path().join("device").exists());
    let address = std::fs::read_to_string(cards.next()?.path().join("address")).ok()?;
    Some(address.trim().to_owned())
}

/// The agent as a process on this host, with the kernel line of a real boot script.
async fn the_agent_reports(setup: Setup) {
    let server = setup.start().await;
    let client = server.client();
    let mac = own_card().unwrap_or_else(|| Machine::numbered(51).macs[0].clone());
    let node = json!({"node": {"name": "this-host", "mac_address": mac}});
    let node = client.post("/v1/nodes/", &node).await.json()["node"].clone();
    let uuid = node["uuid"].as_str().unwrap();
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    let path = format!("/assay/v1/boot/ipxe/{mac}");
    let script = client.without_token().get(&path).await.expect(200).text();
    let line = script
        .lines()
        .find(|line| line.starts_with("kernel "))
        .unwrap()
        .to_owned();
    // What firmware fills in; the agent on this host needs no network of its own.
    let line: Vec<&str> = line
        .split(' ')
        .filter(|word| !word.contains("${"))
        .collect();
    let output = tokio::process::Command::new(folder::agent())
        .arg("--cmdline")
        .arg(line.join(" "))
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    status::finished(client, uuid, LIMIT).await;
    let data = client
        .get(&format!("/v1/introspection/{uuid}/data"))
        .await
        .expect(200)
        .json();
    let cpus = std::thread::available_parallelism().unwrap().get();
    assert_eq!(data["inventory"]["cpu"]["count"], cpus);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap();
    let kib: u64 = memory.split_whitespace().nth(1).unwrap().parse().unwrap();
    let seen = data["inventory"]["memory"]["total"].as_u64().unwrap();
    assert!(
        seen.abs_diff(kib * 1024) < 64 << 20,
        "{seen} is not {kib} KiB"
    );
}

#[tokio::test]
async fn the_agent_reports_over_http() {
    the_agent_reports(Setup::new()).await;
}

#[tokio::test]
async fn the_agent_reports_over_https() {
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("tls.crt");
    the_agent_reports(setup(folder.path()).ca_file(&ca)).await;
}

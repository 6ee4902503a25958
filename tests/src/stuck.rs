//! Introspections that do not come further: servers with short limits, and what is said of them.

use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::{Setup, status, wait};

/// How long a diagnosis may take on a busy host.
const LIMIT: Duration = Duration::from_secs(60);

/// A server on which every phase is past its limit after a second, and which looks at once.
pub fn setup() -> Setup {
    let phases = [
        "POWER",
        "BOOT_SCRIPT",
        "KERNEL",
        "INITRAMFS",
        "AGENT",
        "COLLECTORS",
        "CALLBACK",
        "HOOKS",
        "RULES",
    ];
    let setup = Setup::new()
        .env("ASSAY_DIAGNOSIS__INTERVAL", 0.3)
        .env("ASSAY_DIAGNOSIS__REFRESH", 1)
        .env("ASSAY_DIAGNOSIS__PROBE_LIMIT", 2)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 1)
        .env("ASSAY_POWER_STATE_LIMIT", 2)
        .env("ASSAY_SWEEP_INTERVAL", 1);
    phases.into_iter().fold(setup, |setup, phase| {
        setup.env(&format!("ASSAY_PHASE_LIMITS__{phase}"), 1)
    })
}

/// The newest introspection of a node, as Assay's own API shows it.
pub async fn detail(client: &Client, node: &str) -> Value {
    let path = format!("/assay/v1/nodes/{node}/introspection");
    client.get(&path).await.expect(200).json()
}

/// Waits until a running introspection is said to be stuck in that phase because of that cause above
/// all; gives what is said.
pub async fn is_stuck(client: &Client, node: &str, phase: &str, cause: &str) -> Value {
    is_stuck_within(client, node, phase, cause, LIMIT).await
}

/// As [`is_stuck`], for machines that take longer.
pub async fn is_stuck_within(
    client: &Client,
    node: &str,
    phase: &str,
    cause: &str,
    limit: Duration,
) -> Value {
    let what = format!("the introspection of {node} is stuck in {phase} because of {cause}");
    let shown = async || detail(client, node).await;
    let shown = wait::until_is(&what, limit, shown, |shown| {
        shown["stuck"]["phase"] == phase && shown["stuck"]["causes"][0]["cause"] == cause
    })
    .await;
    let first = &shown["stuck"]["causes"][0];
    for told in ["text", "advice"] {
        assert!(!first[told].as_str().unwrap().is_empty(), "{first}");
    }
    assert!(!first["evidence"].as_array().unwrap().is_empty(), "{first}");
    shown["stuck"].clone()
}

/// Waits until a worker has stored that cause as the most likely one.
pub async fn is_kept(client: &Client, node: &str, cause: &str) {
    let shown = async || detail(client, node).await["diagnosis"].clone();
    wait::until_is("the diagnosis is stored", LIMIT, shown, |shown| {
        shown["causes"][0]["cause"] == cause
    })
    .await;
}

/// Waits until an introspection has ended badly because of that cause above all; gives the diagnosis
/// and the error text.
pub async fn has_failed(client: &Client, node: &str, phase: &str, cause: &str) -> (Value, String) {
    let ended = status::ended(client, node, LIMIT).await;
    let shown = detail(client, node).await;
    let diagnosis = shown["diagnosis"].clone();
    assert_eq!(diagnosis["phase"], phase, "{shown}");
    assert_eq!(diagnosis["causes"][0]["cause"], cause, "{shown}");
    assert_eq!(shown["stuck"], Value::Null, "what has ended is not stuck");
    (diagnosis, ended["error"].as_str().unwrap().to_owned())
}

/// The first line of evidence for the most likely cause.
pub fn first_line(said: &Value) -> &str {
    said["causes"][0]["evidence"][0].as_str().unwrap()
}

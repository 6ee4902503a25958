//! Why a machine does not come on: each cause produced with a BMC that behaves so.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Behaviour, Bmc, BmcOptions, Failure, Faults, IdleMachine, Machine, Scope};
use assay_tests::fleet::{self, Member};
use assay_tests::{Client, Server, lab, stuck, wait};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;

/// Starts an introspection of a machine whose BMC has these faults.
async fn faulty(client: &Client, number: usize, change: impl FnOnce(&mut Faults)) -> Member {
    let member = fleet::enrol(client, lab::hardware(number), Behaviour::default()).await;
    member.bmc.change_faults(change);
    assert_eq!(member.start(client).await, 202);
    member
}

#[tokio::test]
async fn each_fault_of_a_bmc_has_its_cause() {
    type Change = fn(&mut Faults);
    let server = stuck::setup().start().await;
    let client = server.client();
    let cases: [(&str, Change); 7] = [
        ("bmc_unreachable", |faults| faults.refuse_connections = true),
        ("bmc_mute", |faults| faults.mute = true),
        ("bmc_refused_credentials", |faults| {
            faults.refuse_credentials = true;
        }),
        ("bmc_unsupported", |faults| {
            faults.missing_properties = vec!["Boot".to_owned()];
        }),
        ("bmc_malformed", |faults| faults.malformed_json = true),
        ("bmc_failed", |faults| {
            faults.failure = Some(Failure {
                status: 500,
                scope: Scope::All,
                times: None,
            });
        }),
        ("power_not_reached", |faults| faults.ignore_resets = true),
    ];
    let runs = cases
        .into_iter()
        .enumerate()
        .map(async |(number, (cause, change))| {
            let member = faulty(client, number, change).await;
            let (diagnosis, error) =
                stuck::has_failed(client, &member.node.uuid, "power", cause).await;
            assert_eq!(
                diagnosis["causes"][0]["confidence"], "certain",
                "{diagnosis}"
            );
            assert!(error.ends_with(&format!("[{cause}]")), "{error}");
            assert!(!diagnosis.to_string().contains(lab::BMC_PASSWORD));
        });
    futures::future::join_all(runs).await;
}

/// A new self-signed certificate that nobody trusts.
fn untrusted(folder: &Path) -> Arc<rustls::ServerConfig> {
    let (certificate, key) = (folder.join("bmc.crt"), folder.join("bmc.key"));
    let output = Command::new("openssl")
        .args("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes".split(' '))
        .args("-days 2 -subj /CN=bmc -addext subjectAltName=IP:127.0.0.1".split(' '))
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
    let certificate = CertificateDer::from_pem_file(&certificate).unwrap();
    let key = PrivateKeyDer::from_pem_file(&key).unwrap();
    assay_sim::server_tls(vec![certificate], key).unwrap()
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told_from_a_bmc_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = stuck::setup().start().await;
    let client = server.client();
    let options = BmcOptions {
        password: lab::BMC_PASSWORD.to_owned(),
        tls: Some(untrusted(folder.path())),
        ..BmcOptions::default()
    };
    let bmc = Bmc::start(Arc::new(IdleMachine::new(lab::hardware(0))), options).unwrap();
    let node = lab::enrol(client, &bmc).await;
    let path = format!("/v1/power-controls/{}", node.control);
    let change = json!({"power_control": {"settings": {"tls": "system"}}});
    let _ = client.put(&path, &change).await.expect(200);
    let path = format!("/v1/introspection/{}", node.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    stuck::has_failed(client, &node.uuid, "power", "bmc_tls_untrusted").await;
}

/// A server whose power actions may take long, and do not let their callers wait.
async fn patient(slots: usize) -> Server {
    let setup = stuck::setup()
        .env("ASSAY_POWER_STATE_LIMIT", 8)
        .env("ASSAY_POWER_ANSWER_WAIT", 0.2)
        .env("ASSAY_WORKER_SLOTS", slots);
    setup.start().await
}

/// A machine that is on and whose BMC takes commands without effect.
async fn stubborn(client: &Client) -> Member {
    let member = fleet::enrol(client, lab::hardware(0), Behaviour::default()).await;
    act(client, &member, "power-on").await;
    let power = async || member.machine.power();
    wait::until_is("it is on", Duration::from_secs(30), power, |power| {
        *power == assay_sim::Power::On
    })
    .await;
    member
        .bmc
        .change_faults(|faults| faults.ignore_resets = true);
    member
}

async fn act(client: &Client, member: &Member, action: &str) {
    let path = format!("/v1/nodes/{}/actions/{action}", member.node.id);
    let reply = client.post_empty(&path).await;
    assert!([200, 202, 204].contains(&reply.status), "{}", reply.text());
}

#[tokio::test]
async fn a_node_that_another_task_holds_names_it() {
    let server = patient(32).await;
    let client = server.client();
    let member = stubborn(client).await;
    act(client, &member, "power-off").await;
    assert_eq!(member.start(client).await, 202);
    let said = stuck::is_stuck(client, &member.node.uuid, "power", "node_held").await;
    let line = stuck::first_line(&said);
    assert!(
        line.contains("power action") && line.contains("since"),
        "{line}"
    );
}

#[tokio::test]
async fn a_task_that_waits_for_busy_workers_says_so() {
    let server = patient(1).await;
    let client = server.client();
    let member = stubborn(client).await;
    act(client, &member, "power-off").await;
    let other = fleet::enrol(client, lab::hardware(1), Behaviour::default()).await;
    assert_eq!(other.start(client).await, 202);
    stuck::is_stuck(client, &other.node.uuid, "power", "workers_busy").await;
}

#[tokio::test]
async fn a_dhcp_server_that_cannot_be_told_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::create_dir(&hosts).unwrap();
    let lines = format!(
        "[admission]\ndriver = 'dnsmasq'\nhostsdir = '{}'\n",
        hosts.display()
    );
    let server = stuck::setup().config(&lines).start().await;
    std::fs::remove_dir_all(&hosts).unwrap();
    let member = faulty(server.client(), 0, |_| {}).await;
    let (diagnosis, error) = stuck::has_failed(
        server.client(),
        &member.node.uuid,
        "power",
        "pxe_not_admitted",
    )
    .await;
    assert!(error.contains("PXE admission"), "{error}");
    assert!(
        stuck::first_line(&diagnosis).contains("hosts"),
        "{diagnosis}"
    );
}

#[tokio::test]
async fn the_cause_is_told_while_the_bmc_is_still_being_asked() {
    let server = patient(32).await;
    let client = server.client();
    let member = faulty(client, 0, |faults| faults.ignore_resets = true).await;
    let said = stuck::is_stuck(client, &member.node.uuid, "power", "power_not_reached").await;
    assert_ne!(said["causes"][0]["confidence"], "certain", "{said}");
    stuck::has_failed(client, &member.node.uuid, "power", "power_not_reached").await;
}

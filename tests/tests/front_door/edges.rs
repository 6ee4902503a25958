//! Probes, metrics, and a graceful end.

use std::time::{Duration, Instant};

use assay_sim::Behaviour;
use assay_tests::{Setup, fleet, lab, status};

const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn probes_and_metrics_answer() {
    let server = Setup::new().start().await;
    let client = server.client();
    let _ = client.get("/healthz").await.expect(200);
    let _ = client.get("/readyz").await.expect(200);
    let metrics = client.get("/metrics").await.expect(200).text();
    assert!(
        metrics
            .lines()
            .any(|line| line.starts_with("# TYPE assay_")),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_stop_hands_back_what_it_holds() {
    let mut server = Setup::new().start().await;
    let client = server.client().clone();
    let member = fleet::enrol(&client, lab::hardware(0), Behaviour::default()).await;
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_secs(1));
    assert_eq!(member.start(&client).await, 202);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let began = Instant::now();
    assert!(server.stop(LIMIT).await, "{}", server.log());
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::ZERO);
    server.start_again();
    status::finished(&client, &member.node.uuid, LIMIT).await;
}

#[tokio::test]
async fn misspelt_settings_and_arguments_are_refused() {
    let setup = Setup::new();
    let file = setup.data().join("wrong.toml");
    std::fs::write(&file, "sweep_intervall = 3\n").unwrap();
    let config = file.to_str().unwrap();
    let arguments = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--auth",
        "none",
        "--config",
        config,
    ];
    let output = setup.command(&arguments).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("sweep_intervall"));
    let output = setup.command(&["server"]).output().unwrap();
    assert!(!output.status.success());
}

#[tokio::test]
async fn the_example_configuration_is_valid_and_holds_the_defaults() {
    let example = assay_tests::folder::root().join("packaging/assay.toml.example");
    let setup = Setup::new();
    let output = setup
        .command(&["migrate", "--config", example.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

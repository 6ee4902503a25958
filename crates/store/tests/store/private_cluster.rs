//! The private PostgreSQL of other tests: what it has committed survives its death.

use std::net::{IpAddr, Ipv4Addr};

use assay_store::testing::{Durability, PrivateCluster, postgres_rows};
use serde_json::json;

#[test]
fn what_was_committed_survives_a_kill_and_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    // The server's own user must come through.
    let mut open = std::process::Command::new("chmod");
    assert!(
        open.arg("755")
            .arg(folder.path())
            .status()
            .unwrap()
            .success()
    );
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let path = folder.path().join("postgresql");
    let mut cluster = PrivateCluster::start(&path, address, Durability::None).unwrap();
    cluster.create_database("first").unwrap();
    let (url, before) = (cluster.url("postgres"), cluster.pid());
    let databases = "SELECT datname FROM pg_database WHERE datname IN ('first', 'second')";
    cluster.kill().unwrap();
    assert!(postgres_rows(&url, databases).is_err() && cluster.pid().is_none());
    cluster.start_again().unwrap();
    assert_ne!(cluster.pid(), before);
    cluster.create_database("second").unwrap();
    cluster.stop().unwrap();
    cluster.start_again().unwrap();
    let found = postgres_rows(&url, databases).unwrap();
    assert_eq!(
        json!(found),
        json!([{"datname": "first"}, {"datname": "second"}])
    );
    drop(cluster);
    assert!(postgres_rows(&url, databases).is_err());
}

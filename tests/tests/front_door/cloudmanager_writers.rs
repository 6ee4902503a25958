//! Clients that change CloudManager's nodes at the same time lose nothing, on both databases.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Setup, writers};

on_both!(no_acknowledged_change_is_lost);

async fn no_acknowledged_change_is_lost(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let written = writers::run(server.client(), 12, Duration::from_secs(2)).await;
    assert!(written.acknowledged > 50, "{written:?}");
    assert_eq!(written.lost, [""; 0]);
    assert_eq!(written.failures, [""; 0]);
}

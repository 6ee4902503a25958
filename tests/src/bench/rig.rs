//! A fleet on PostgreSQL and RabbitMQ, as it is in production: what is committed is on the disk.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use assay_queue::testing::Broker;
use assay_store::testing::{Durability, PrivateCluster, postgres_rows};
use assay_tests::Client;
use assay_tests::processes::{FleetSetup, Processes};
use assay_tests::program::{family_mib, resident_mib};
use tempfile::TempDir;

use crate::figures::Figures;

const NAME: &str = "assay";

/// Limits for many machines behind one address.
const CONFIG: &str = "\
[rate_limits]
reports_per_second = 1000000
boot_per_second = 1000000
";

/// A running fleet with its database and broker.
pub(crate) struct Rig {
    fleet: Processes,
    broker: Broker,
    cluster: PrivateCluster,
    url: String,
    _folder: TempDir,
}

impl Rig {
    /// Starts one API server and so many workers.
    pub(crate) async fn start(workers: usize) -> Self {
        let folder = tempfile::Builder::new().prefix("assay-bench-").tempdir();
        let folder = folder.unwrap();
        // The database's own user must come through.
        let mut open = Command::new("chmod");
        assert!(
            open.arg("755")
                .arg(folder.path())
                .status()
                .unwrap()
                .success()
        );
        let path = folder.path().join("postgresql");
        let cluster = tokio::task::spawn_blocking(move || {
            let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
            let cluster = PrivateCluster::start(&path, address, Durability::Full).unwrap();
            cluster.create_database(NAME).unwrap();
            cluster
        });
        let (cluster, broker) = tokio::join!(cluster, Broker::start());
        let (cluster, broker) = (cluster.unwrap(), broker.unwrap());
        let url = cluster.url(NAME);
        let fleet = FleetSetup::new(&url)
            .workers(workers)
            .broker(&broker.url())
            .config(CONFIG)
            .start()
            .await;
        Self {
            fleet,
            broker,
            cluster,
            url,
            _folder: folder,
        }
    }

    /// A client of the API server.
    pub(crate) fn client(&self) -> &Client {
        self.fleet.client()
    }

    /// Starts a worker that was killed.
    pub(crate) fn start_worker(&mut self, number: usize) {
        self.fleet.workers[number].start();
    }

    /// Kills a worker (SIGKILL), which does not come back by itself.
    pub(crate) fn kill_worker(&mut self, number: usize) {
        self.fleet.workers[number].kill();
    }

    /// The number that a query gives as `count`.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a count is a whole number that is not negative"
    )]
    pub(crate) async fn count(&self, query: &str) -> usize {
        self.number(query, "count").await as usize
    }

    /// One number of a query's only row.
    pub(crate) async fn number(&self, query: &str, column: &str) -> f64 {
        let (url, query) = (self.url.clone(), query.to_owned());
        let rows = tokio::task::spawn_blocking(move || postgres_rows(&url, &query));
        let rows = rows.await.unwrap().unwrap();
        rows[0][column].as_f64().unwrap_or_default()
    }

    /// Notes the memory of each process.
    pub(crate) fn memory(&self, figures: &mut Figures, when: &str) {
        for program in self.fleet.apis.iter().chain(&self.fleet.workers) {
            let name = program.launch().program;
            let mib = program.resident_mib().unwrap_or_default();
            figures.note(&format!("{name}, {when}, MiB"), mib, "-");
        }
        let postgres = self.cluster.pid().map(family_mib).unwrap_or_default();
        figures.note(&format!("PostgreSQL, {when}, MiB"), postgres, "-");
        let broker = self.broker.pid().and_then(|pid| u32::try_from(pid).ok());
        let broker = broker.and_then(resident_mib).unwrap_or_default();
        figures.note(&format!("RabbitMQ, {when}, MiB"), broker, "-");
        let own = resident_mib(std::process::id()).unwrap_or_default();
        figures.note(&format!("simulators and load, {when}, MiB"), own, "-");
    }
}

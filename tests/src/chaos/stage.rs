//! All that a run needs, set up: database, broker, fleet and machines.

use std::path::Path;
use std::sync::Mutex;

use assay_queue::testing::Broker;
use assay_store::testing::{Durability, PrivateCluster};

use super::faults::lock;
use super::members::{self, Idler, Member};
use super::{Options, Report};
use crate::arena;
use crate::client::Client;
use crate::processes::{FleetSetup, Processes};
use crate::program::Program;

/// The fleet's database.
pub(super) const NAME: &str = "assay";
/// Machines that get resets.
const IDLERS: usize = 12;

/// Settings of the fleet that are not the defaults: limits that stand for many machines behind one
/// address, time-outs that a run can wait for, devices that are spared for as long only as a run with a
/// death every few seconds allows, and records that are kept for the judge.
const CONFIG: &str = "\
introspection_timeout = 45
sweep_interval = 5
keep_reports = 1000
token_lifetime = 86400
power_state_limit = 20

[gate]
session_life = 5
lockout = 10

[rate_limits]
reports_per_second = 100000
boot_per_second = 100000
";

/// The stage of one run.
pub(super) struct Stage {
    /// Each is locked while it is down.
    pub(super) apis: Vec<Mutex<Program>>,
    pub(super) workers: Vec<Mutex<Program>>,
    pub(super) database: Mutex<PrivateCluster>,
    pub(super) broker: Broker,
    pub(super) database_url: String,
    pub(super) seed: u64,
    /// Processes that ended without having been killed, in words.
    pub(super) ended_alone: Mutex<Vec<String>>,
    pub(super) client: Client,
    pub(super) members: Vec<Member>,
    pub(super) idlers: Vec<Idler>,
    _fleet: Processes,
}

impl Stage {
    /// Starts everything and enrols the machines.
    pub(super) async fn set(options: &Options, folder: &Path) -> Self {
        let (broker, database) = tokio::join!(Broker::start_at(arena::BROKER), database(folder));
        let broker = broker.unwrap();
        let database_url = database.url(NAME);
        let fleet = folder.join("fleet");
        std::fs::create_dir(&fleet).unwrap();
        let mut fleet = FleetSetup::new(&database_url)
            .broker(&broker.url())
            .apis(options.apis)
            .workers(options.workers)
            .config(CONFIG)
            .in_places(&fleet)
            .start()
            .await;
        let client = fleet.client().clone();
        let mut hardware = assay_sim::fleet(options.machines + IDLERS, options.seed);
        let idle = hardware.split_off(options.machines);
        let members = members::members(&client, hardware).await;
        let idlers = members::idlers(&client, options.machines, idle).await;
        let locked = |programs: &mut Vec<Program>| {
            let programs = std::mem::take(programs).into_iter();
            programs.map(Mutex::new).collect()
        };
        Self {
            apis: locked(&mut fleet.apis),
            workers: locked(&mut fleet.workers),
            database: Mutex::new(database),
            broker,
            database_url,
            seed: options.seed,
            ended_alone: Mutex::default(),
            client,
            members,
            idlers,
            _fleet: fleet,
        }
    }

    /// Copies the logs of a run that went wrong to where they outlive the arena, and says where.
    pub(super) fn keep_logs(&self, report: &Report, to: Option<&Path>) {
        let Some(to) = to.filter(|_| !report.is_clean()) else {
            return;
        };
        let _ = std::fs::create_dir_all(to);
        for program in self.apis.iter().chain(&self.workers) {
            let program = lock(program);
            let name = program.log().file_name().unwrap_or_default();
            let _ = std::fs::copy(program.log(), to.join(name));
        }
    }
}

async fn database(folder: &Path) -> PrivateCluster {
    let folder = folder.join("postgresql");
    let start = move || {
        let address = arena::DATABASE.into();
        let cluster = PrivateCluster::start(&folder, address, Durability::None).unwrap();
        cluster.create_database(NAME).unwrap();
        cluster
    };
    tokio::task::spawn_blocking(start).await.unwrap()
}

//! Plans for a large cloud: what it costs to read it, and to find the moves.

use std::time::{Duration, Instant};

use assay_cloud::{Interface, OpenStack, OpenStackConfig};
use assay_domain::Secret;
use assay_domain::cloud::Cloud as _;
use assay_keystone::KeystoneConfig;
use assay_moves::{Board, Budget, CloudView, Emptying, Ways, empty, level};
use assay_sim::{HostShape, OpenStackOptions};
use assay_tests::openstack::{Cloud, PASSWORD};
use assay_tests::program::resident_mib;
use assay_tests::{Server, Setup};

use crate::figures::Figures;

const HOSTS: usize = 500;
const INSTANCES: usize = 20_000;
/// Instances on the host that is to be emptied.
const ON_ONE: usize = 200;
const FULL: &str = "compute-full";

/// Emptying a host of 200 instances, and an audit of 500 hosts with 20,000.
pub(crate) async fn plans(figures: &mut Figures) {
    let cloud = large();
    let began = Instant::now();
    let view = read(&cloud).await;
    figures.note("cloud of 20,000 instances read, s", seconds(began), "-");
    assert_eq!(view.instances.len(), INSTANCES);
    let hosts: Vec<String> = view.hosts.iter().map(|host| host.name.clone()).collect();
    let mib = || resident_mib(std::process::id()).unwrap_or_default();
    let before = mib();

    let began = Instant::now();
    let mut board = Board::new(view);
    figures.note("board of it set up, ms", 1e3 * seconds(began), "-");
    let ways = Ways {
        live: true,
        cold: true,
        evacuate: true,
    };
    let began = Instant::now();
    let mut emptied = board.clone();
    emptied.close(FULL);
    let plan = empty(&mut emptied, FULL, Emptying::Alive, ways).unwrap();
    let asked = "under 1000";
    figures.note(
        "evacuation of 200 instances planned, ms",
        1e3 * seconds(began),
        asked,
    );
    assert_eq!(plan.len(), ON_ONE);
    assert!(plan.iter().all(|one| one.target.is_some()));
    drop(emptied);

    let began = Instant::now();
    let budget = Budget {
        moves: 1000,
        tolerance: 0.05,
    };
    let audit = level(&mut board, &hosts, budget).unwrap();
    figures.note("audit of 500 hosts, ms", 1e3 * seconds(began), asked);
    figures.note("moves that it proposes", audit.moves.len() as f64, "-");
    figures.note("memory of boards and plans, MiB", mib() - before, "-");
    through_the_api(figures, &cloud).await;
}

/// What an operator waits for, and what the server needs for it.
async fn through_the_api(figures: &mut Figures, cloud: &Cloud) {
    let setup = Setup::new();
    let config = cloud.config(&setup);
    let server = setup.config(&config).start().await;
    let memory = |server: &Server| resident_mib(server.pid()).unwrap_or_default();
    figures.note("server's memory before, MiB", memory(&server), "-");
    let path = format!("/v1/hosts/{FULL}/actions/evacuate?dry_run=true");
    let began = Instant::now();
    let plan = server.client().post_empty(&path).await.expect(200).json();
    figures.note("dry run through the API, s", seconds(began), "-");
    assert_eq!(
        plan["hosts"][0]["instances"].as_array().unwrap().len(),
        ON_ONE
    );
    figures.note("server's memory after, MiB", memory(&server), "-");
}

/// Half of the hosts are full, the others empty.
fn large() -> Cloud {
    let cloud = Cloud::start(OpenStackOptions {
        hosts: HOSTS / 2,
        instances: INSTANCES - ON_ONE,
        ..OpenStackOptions::default()
    });
    let simulator = cloud.simulator();
    let shape = HostShape {
        vcpus: 512,
        ram_mb: 4 << 20,
        ..HostShape::default()
    };
    simulator.add_host(FULL, shape);
    for number in HOSTS / 2 + 1..HOSTS {
        simulator.add_host(&format!("compute-empty-{number}"), HostShape::default());
    }
    for number in 0..ON_ONE {
        let name = format!("full-{number}");
        let added = simulator.add_instance(&name, "m1.small", FULL, None);
        assert!(added.is_some());
    }
    cloud
}

async fn read(cloud: &Cloud) -> CloudView {
    let config = OpenStackConfig {
        keystone: KeystoneConfig {
            url: cloud.simulator().auth_url(),
            username: "admin".to_owned(),
            password: Secret::new(PASSWORD),
            user_domain: "Default".to_owned(),
            project: "demo".to_owned(),
            project_domain: "Default".to_owned(),
            authorities: None,
            timeout: Duration::from_secs(30),
        },
        region: None,
        interface: Interface::Public,
        patience: Duration::from_secs(5),
    };
    let client = OpenStack::new(config).unwrap();
    let hosts = client.hosts();
    CloudView {
        hosts: hosts.hosts().await.unwrap(),
        hypervisors: hosts.hypervisors().await.unwrap(),
        capacities: hosts.capacities(None).await.unwrap(),
        groups: hosts.server_groups().await.unwrap(),
        instances: client.instances().list(None).await.unwrap(),
    }
}

fn seconds(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

//! A simulated cloud whose hosts are nodes of a server, each behind a simulated BMC.

use std::time::Duration;

use assay_sim::{Bmc, HostMachine, OpenStackOptions, Power};
use serde_json::Value;

use crate::database::Database;
use crate::openstack::Cloud;
use crate::{Client, Server, Setup, lab, wait};

/// How long a task may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A cloud, and the server that looks after its hosts.
pub struct CloudLab {
    /// The cloud.
    pub cloud: Cloud,
    /// The server.
    pub server: Server,
    /// The hosts' names.
    pub hosts: Vec<String>,
    bmcs: Vec<Bmc>,
}

impl CloudLab {
    /// A cloud of hosts, each a node with a BMC, with instances that are spread over them.
    pub async fn new(hosts: usize, instances: usize) -> Self {
        Self::configured(Setup::new(), "", hosts, instances).await
    }

    /// The same, in this database, with leases that end soon after their worker.
    pub async fn to_be_killed(database: &Database, hosts: usize, instances: usize) -> Self {
        let setup = Setup::new().database(database);
        let setup = setup.env("ASSAY_LEASE", 1).env("ASSAY_SWEEP_INTERVAL", 1);
        Self::configured(setup, "", hosts, instances).await
    }

    /// The same, for a server with further lines of configuration.
    pub async fn configured(setup: Setup, more: &str, hosts: usize, instances: usize) -> Self {
        let cloud = Cloud::start(OpenStackOptions {
            hosts,
            instances,
            delay: Duration::from_millis(100),
            service_down_after: Duration::from_millis(300),
            ..OpenStackOptions::default()
        });
        let config = format!("{}poll_interval = 0.05\n{more}", cloud.config(&setup));
        let server = setup.config(&config).start().await;
        let mut bmcs = Vec::new();
        for (number, host) in cloud.simulator().machines().into_iter().enumerate() {
            let machine = HostMachine::new(lab::hardware(number), host);
            let bmc = lab::bmc(std::sync::Arc::new(machine));
            let _ = lab::enrol(server.client(), &bmc).await;
            bmcs.push(bmc);
        }
        Self {
            hosts: cloud.simulator().hosts(),
            cloud,
            server,
            bmcs,
        }
    }

    /// Talks to the server.
    pub fn client(&self) -> &Client {
        self.server.client()
    }

    /// The instances on a host.
    pub fn on(&self, host: usize) -> Vec<String> {
        self.cloud.simulator().instances_on(&self.hosts[host])
    }

    /// Whether the machine under a host is off.
    pub fn is_off(&self, host: usize) -> bool {
        self.bmcs[host].machine().power() == Power::Off
    }

    /// Has something done with a host; gives the task's id.
    pub async fn begin(&self, host: usize, work: &str, body: &Value) -> String {
        let path = format!("/v1/hosts/{}/actions/{work}", self.hosts[host]);
        let reply = self.client().post(&path, body).await.expect(200);
        reply.json()["task_id"].as_str().unwrap().to_owned()
    }

    /// The task once it has ended.
    pub async fn end(&self, task: &str) -> Value {
        let path = format!("/assay/v1/tasks/{task}");
        let ended = async || {
            let shown = self.client().get(&path).await.expect(200).json()["task"].clone();
            let status = shown["status"].as_str().unwrap_or_default().to_owned();
            ["SUCCESS", "FAILURE", "REVOKED"]
                .contains(&status.as_str())
                .then_some(shown)
        };
        wait::until("the task ends", LIMIT, ended).await
    }

    /// Has something done with a host, to its end.
    pub async fn done(&self, host: usize, work: &str, body: &Value) -> Value {
        let task = self.begin(host, work, body).await;
        self.end(&task).await
    }

    /// Whether no instance has ever run twice.
    pub fn is_clean(&self) -> bool {
        let counters = self.cloud.simulator().counters();
        counters.running_twice.is_empty() && counters.evacuated_while_running.is_empty()
    }
}

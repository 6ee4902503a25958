//! A simulated OpenStack cloud: Keystone v3, Nova v2.1, Placement, Cinder v3 and a little of Glance v2, on one
//! address. It keeps state, does its work later, and can be made to fail; it runs nothing.
//!
//! The facts are those of the published API references: docs.openstack.org/api-ref, and Nova's `api-ref` and
//! `doc/api_samples`.

mod answer;
mod cloud;
mod compute;
mod control;
mod counters;
mod domains;
mod faults;
mod identity;
mod image;
mod machine;
mod options;
mod placement;
mod request;
mod server;
mod versions;
mod volume;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use parking_lot::Mutex;

pub use cloud::{HostCondition, HostShape};
pub use counters::{OpenStackCounters, TwoHosts};
pub use faults::{ActionFailure, BadEnd, CallFault, OpenStackFault};
pub use machine::{CloudHost, HostMachine};
pub use options::OpenStackOptions;

use crate::Error;
use crate::web;
use crate::work::Work;
use cloud::Cloud;

/// A running simulated cloud. Dropping it stops it.
pub struct OpenStack {
    shared: Arc<Shared>,
}

/// What the connections of one cloud share.
struct Shared {
    cloud: Mutex<Cloud>,
    tls: Option<Arc<rustls::ServerConfig>>,
    address: SocketAddr,
    work: Work,
}

impl Shared {
    fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.address)
    }
}

impl OpenStack {
    /// Starts a cloud; to be called inside a Tokio runtime. Fails when its address is taken.
    pub fn start(options: OpenStackOptions) -> Result<Self, Error> {
        let listener = web::bind(options.listen)?;
        let address = listener
            .local_addr()
            .map_err(Error::host("listener of a cloud"))?;
        let work = Work::new(&options.stop);
        let shared = Arc::new(Shared {
            tls: options.tls.clone(),
            address,
            work,
            cloud: Mutex::new(Cloud::new(options, Utc::now())),
        });
        shared
            .work
            .spawn(server::run(Arc::clone(&shared), listener));
        Ok(Self { shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Its address as a URL without a path.
    pub fn url(&self) -> String {
        self.shared.url()
    }

    /// The address of Keystone, with which everything begins.
    pub fn auth_url(&self) -> String {
        format!("{}/identity/v3", self.shared.url())
    }

    /// What it has counted so far.
    pub fn counters(&self) -> OpenStackCounters {
        self.with(|cloud| cloud.counters.clone())
    }

    /// Adds a fault that hits calls; the earlier ones come first.
    pub fn add_fault(&self, fault: OpenStackFault) {
        self.with(|cloud| cloud.faults.calls.push(fault));
    }

    /// Has an action end badly.
    pub fn fail(&self, failure: ActionFailure) {
        self.with(|cloud| cloud.faults.actions.push(failure));
    }

    /// Ends all faults and failures.
    pub fn heal(&self) {
        self.with(|cloud| cloud.faults = faults::Faults::default());
    }

    /// Has all tokens expire now.
    pub fn expire_tokens(&self) {
        self.with(|cloud| cloud.tokens.clear());
    }

    /// How long an action takes that begins from now on, by its name; without a name those that have no time of
    /// their own.
    pub fn set_delay(&self, action: Option<&str>, delay: Duration) {
        self.with(|cloud| cloud.set_delay(action, delay));
    }

    /// Changes how a host really is; the cloud learns of it by the silence of its compute service. False when
    /// there is no such host.
    pub fn set_condition(&self, host: &str, condition: HostCondition) -> bool {
        self.with(|cloud| match cloud.host_place(host) {
            Some(place) => {
                cloud.set_condition(place, condition, Utc::now());
                true
            }
            None => false,
        })
    }

    /// The hosts' names.
    pub fn hosts(&self) -> Vec<String> {
        self.with(|cloud| cloud.hosts.iter().map(|host| host.name.clone()).collect())
    }

    /// Its hosts, to be stood on machines.
    pub fn machines(&self) -> Vec<CloudHost> {
        let names = self.hosts();
        let host = |name: &String| CloudHost::new(Arc::clone(&self.shared), name);
        names.iter().map(host).collect()
    }

    /// The ids of the instances that the cloud believes to be on a host.
    pub fn instances_on(&self, host: &str) -> Vec<String> {
        self.with(|cloud| {
            let place = cloud.host_place(host);
            let numbers = place
                .into_iter()
                .flat_map(|place| &cloud.hosts[place].instances);
            let instances = numbers.filter_map(|number| cloud.instances.get(number));
            instances.map(|instance| instance.id.clone()).collect()
        })
    }

    /// The ids of all instances that there are, whatever their state.
    pub fn instances(&self) -> Vec<String> {
        self.with(|cloud| cloud.instances.values().map(|it| it.id.clone()).collect())
    }

    /// Adds a host; one of this name that is there stays as it is.
    pub fn add_host(&self, name: &str, shape: HostShape) {
        self.with(|cloud| cloud.add_host(name, shape));
    }

    /// Adds an aggregate of these hosts; gives its number.
    pub fn add_aggregate(&self, name: &str, hosts: &[&str], metadata: &[(&str, &str)]) -> u64 {
        let hosts: BTreeSet<String> = hosts.iter().map(|host| (*host).to_owned()).collect();
        let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let metadata: BTreeMap<String, String> = metadata.iter().map(pair).collect();
        self.with(|cloud| cloud.add_aggregate(name, hosts, metadata, Utc::now()))
    }

    /// Adds a server group of a policy (`affinity`, `anti-affinity`, `soft-…`); gives its id.
    pub fn add_server_group(&self, name: &str, policy: &str) -> String {
        self.with(|cloud| cloud.add_group(name, policy, 1))
    }

    /// Adds an instance that runs on a host, whether it has room or not; gives its id. None when there is no such
    /// host, flavor or server group.
    pub fn add_instance(
        &self,
        name: &str,
        flavor: &str,
        host: &str,
        server_group: Option<&str>,
    ) -> Option<String> {
        self.with(|cloud| {
            let added = cloud.add_instance((name, flavor), host, server_group, Utc::now());
            added.ok()
        })
    }

    /// Has Keystone be configured with these methods of logging in; what it really takes stays as it is.
    pub fn set_login_methods(&self, methods: &[&str]) {
        let methods = methods.iter().map(|method| (*method).to_owned());
        self.with(|cloud| cloud.login_methods = methods.collect());
    }

    /// The configuration of a domain in Keystone's database, by group and option.
    pub fn domain_config(&self, id: &str) -> Option<serde_json::Value> {
        self.with(|cloud| {
            let found = cloud.domains.iter().find(|domain| domain.id == id);
            found.map(|it| it.config.clone()).filter(|it| !it.is_null())
        })
    }

    /// Stops listening and ends the connections.
    pub async fn stop(self) {
        self.shared.work.end().await;
    }

    /// Looks at the cloud as it is now.
    fn with<T>(&self, look: impl FnOnce(&mut Cloud) -> T) -> T {
        let mut cloud = self.shared.cloud.lock();
        cloud.advance(Utc::now());
        look(&mut cloud)
    }
}

impl Drop for OpenStack {
    fn drop(&mut self) {
        self.shared.work.stop();
    }
}

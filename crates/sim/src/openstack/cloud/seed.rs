//! What a cloud has from the first moment on, and what is added by hand.

use std::collections::{BTreeMap, BTreeSet};

use rand::rngs::StdRng;

use super::clock::Moment;
use super::host::{Host, HostShape, Resources};
use super::order::{Aggregate, Flavor, Group, Image, Project};
use super::{Cloud, HostCondition, NewServer, VmState, new_id};
use crate::openstack::answer::Refusal;

/// What every cloud has.
pub(super) struct Seeded {
    pub(super) projects: Vec<Project>,
    pub(super) flavors: Vec<Flavor>,
    pub(super) images: Vec<Image>,
    pub(super) user_id: String,
}

/// The flavors: name, virtual CPUs, memory in MiB, disk in GiB.
const FLAVORS: [(&str, u64, u64, u64); 4] = [
    ("m1.tiny", 1, 512, 1),
    ("m1.small", 1, 2048, 20),
    ("m1.medium", 2, 4096, 40),
    ("m1.large", 4, 8192, 80),
];

pub(super) fn seeded(random: &mut StdRng) -> Seeded {
    let mut plain = || new_id(random).replace('-', "");
    let mut project = |name: &str| Project {
        id: plain(),
        name: name.to_owned(),
    };
    let projects = vec![project("admin"), project("demo")];
    let user_id = plain();
    let flavor = |(at, (name, vcpus, ram_mb, disk_gb)): (usize, (&str, u64, u64, u64))| Flavor {
        id: (at + 1).to_string(),
        name: name.to_owned(),
        size: Resources {
            vcpus,
            ram_mb,
            disk_gb,
        },
    };
    Seeded {
        projects,
        flavors: FLAVORS.into_iter().enumerate().map(flavor).collect(),
        images: vec![Image {
            id: new_id(random),
            name: "cirros".to_owned(),
            size: 20 << 20,
            min_disk_gb: 1,
            min_ram_mb: 128,
        }],
        user_id,
    }
}

impl Cloud {
    /// Hosts, instances, aggregates and server groups as the options have them.
    pub(super) fn fill(&mut self, now: Moment) {
        let options = self.options.clone();
        for number in 1..=options.hosts {
            self.add_host(&format!("compute-{number:03}"), options.shape);
        }
        self.fill_aggregates(options.aggregates, now);
        let count = self.hosts.len();
        for number in 0..if count == 0 { 0 } else { options.instances } {
            let pair = number / 2;
            let group = (pair < options.server_groups && count > 1).then(|| {
                if number % 2 == 0 {
                    let name = format!("pair-{:02}", pair + 1);
                    self.add_group(&name, "anti-affinity", 1)
                } else {
                    self.groups
                        .last()
                        .map(|it| it.id.clone())
                        .unwrap_or_default()
                }
            });
            let new = NewServer {
                name: format!("vm-{:05}", number + 1),
                project_id: self.project_named("demo"),
                image_id: self.images.first().map(|image| image.id.clone()),
                group,
                ..NewServer::default()
            };
            self.put(new, number % count, now);
        }
    }

    fn fill_aggregates(&mut self, count: usize, now: Moment) {
        for number in 0..count {
            let mine = self.hosts.iter().skip(number).step_by(count);
            let hosts: BTreeSet<String> = mine.map(|host| host.name.clone()).collect();
            let name = format!("rack-{:02}", number + 1);
            self.add_aggregate(&name, hosts, BTreeMap::new(), now);
        }
    }

    /// The id of a project.
    pub(in crate::openstack) fn project_named(&self, name: &str) -> String {
        let found = self.projects.iter().find(|project| project.name == name);
        found.map(|project| project.id.clone()).unwrap_or_default()
    }

    /// Adds a host; one of this name that is there stays as it is.
    pub(in crate::openstack) fn add_host(&mut self, name: &str, shape: HostShape) {
        if self.host_places.contains_key(name) {
            return;
        }
        let place = self.hosts.len();
        let (uuid, service_uuid) = (self.id(), self.id());
        self.host_places.insert(name.to_owned(), place);
        self.hosts.push(Host {
            name: name.to_owned(),
            number: place as u64 + 1,
            uuid,
            service_uuid,
            shape,
            used: Resources::default(),
            is_disabled: false,
            disabled_reason: None,
            forced_down: false,
            condition: HostCondition::Well,
            silent_since: None,
            instances: BTreeSet::new(),
            generation: 0,
        });
    }

    /// Adds an aggregate; gives its number.
    pub(in crate::openstack) fn add_aggregate(
        &mut self,
        name: &str,
        hosts: BTreeSet<String>,
        metadata: BTreeMap<String, String>,
        now: Moment,
    ) -> u64 {
        let id = self.aggregates.last_key_value().map_or(1, |(id, _)| id + 1);
        let aggregate = Aggregate {
            id,
            uuid: self.id(),
            name: name.to_owned(),
            hosts,
            metadata,
            created: now,
            updated: None,
        };
        self.aggregates.insert(id, aggregate);
        id
    }

    /// Adds a server group of the project `demo`; gives its id.
    pub(in crate::openstack) fn add_group(
        &mut self,
        name: &str,
        policy: &str,
        max_server_per_host: u64,
    ) -> String {
        let id = self.id();
        self.groups.push(Group {
            id: id.clone(),
            name: name.to_owned(),
            policy: policy.to_owned(),
            max_server_per_host: (max_server_per_host != 1).then_some(max_server_per_host),
            project_id: self.project_named("demo"),
            user_id: self.user_id.clone(),
            members: BTreeSet::new(),
        });
        id
    }

    /// Adds an instance that runs on a host, whether it has room or not.
    fn put(&mut self, new: NewServer, host: usize, now: Moment) -> u64 {
        let number = self.write_down(new, now);
        self.settle_on(number, host);
        self.change(number, now, |instance| {
            instance.vm_state = VmState::Active;
            instance.task_state = None;
            instance.launched = Some(now);
        });
        self.runs_now(number);
        number
    }

    /// Adds an instance that runs on a host; gives its id.
    pub(in crate::openstack) fn add_instance(
        &mut self,
        (name, flavor): (&str, &str),
        host: &str,
        group: Option<&str>,
        now: Moment,
    ) -> Result<String, Refusal> {
        let host = self.compute_host(host)?;
        let place = self.flavors.iter().position(|it| it.name == flavor);
        let flavor = place.ok_or_else(|| Refusal::bad(format!("There is no flavor {flavor}.")))?;
        if let Some(group) = group
            && !self.groups.iter().any(|it| it.id == group)
        {
            return Err(Refusal::bad(format!("There is no server group {group}.")));
        }
        let new = NewServer {
            name: name.to_owned(),
            project_id: self.project_named("demo"),
            flavor,
            image_id: self.images.first().map(|image| image.id.clone()),
            group: group.map(str::to_owned),
            ..NewServer::default()
        };
        let number = self.put(new, host, now);
        let id = self.instances.get(&number).map(|it| it.id.clone());
        Ok(id.unwrap_or_default())
    }
}

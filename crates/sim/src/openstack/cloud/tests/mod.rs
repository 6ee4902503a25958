//! Tests of the state machines, with a clock of their own.

mod moves;
mod rest;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Utc;

use super::*;
use crate::openstack::faults::{ActionFailure, BadEnd};

/// How long an action takes here; it has two, three and four stages.
const DELAY: Duration = Duration::from_secs(12);
const LATEST: u16 = 95;

struct Rig {
    cloud: Cloud,
    now: Moment,
}

/// Instances go round the hosts: the first is on the first.
fn rig(hosts: usize, instances: usize) -> Rig {
    let options = OpenStackOptions {
        delay: DELAY,
        hosts,
        instances,
        ..OpenStackOptions::default()
    };
    let now = Utc::now();
    Rig {
        cloud: Cloud::new(options, now),
        now,
    }
}

impl Rig {
    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.cloud.advance(self.now);
    }

    fn id(&self, at: usize) -> String {
        self.cloud.instances.values().nth(at).unwrap().id.clone()
    }

    fn it(&self, id: &str) -> &Instance {
        self.cloud.instance(id).unwrap()
    }

    fn host_of(&self, id: &str) -> &str {
        &self.cloud.hosts[self.it(id).host.unwrap()].name
    }

    fn live(&mut self, id: &str, host: Option<&str>) -> Result<(), Refusal> {
        let order = LiveOrder {
            host,
            minor: LATEST,
        };
        self.cloud.live_migrate(id, order, self.now)
    }

    fn last(&self) -> &Migration {
        self.cloud.migrations.values().last().unwrap()
    }

    fn fail(&mut self, action: &str, end: BadEnd) {
        self.cloud.faults.actions.push(ActionFailure {
            action: action.to_owned(),
            instance: None,
            end,
            times: Some(1),
        });
    }

    fn dies(&mut self, host: usize, condition: HostCondition) {
        self.cloud.set_condition(host, condition, self.now);
        self.wait(61);
    }

    /// What is taken is what is held, and everybody is where they are believed to be.
    fn check(&self) {
        let mut held: BTreeMap<usize, Resources> = BTreeMap::new();
        for (size, hosts) in self.cloud.allocations.values() {
            for host in hosts {
                let sum = held.entry(*host).or_default();
                *sum = sum.plus(*size);
            }
        }
        for (place, host) in self.cloud.hosts.iter().enumerate() {
            assert_eq!(host.used, held.get(&place).copied().unwrap_or_default());
            for number in &host.instances {
                assert_eq!(self.cloud.instances[number].host, Some(place));
            }
        }
        let placed: usize = self.cloud.hosts.iter().map(|it| it.instances.len()).sum();
        let with_host = self.cloud.instances.values().filter(|it| it.host.is_some());
        assert_eq!(placed, with_host.count());
    }
}

fn status(result: Result<(), Refusal>) -> u16 {
    result.unwrap_err().status.as_u16()
}

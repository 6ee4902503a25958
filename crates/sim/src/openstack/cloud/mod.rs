//! The state of a simulated cloud, and what happens in it as time goes on.
//!
//! Nothing runs in the background: whatever is due is done before the next call looks, at the time at which it
//! was due.

pub(super) mod clock;
mod cold;
mod create;
mod evacuation;
mod fate;
mod host;
mod instance;
mod lifecycle;
mod live;
mod migration;
mod order;
mod scheduler;
mod seed;
#[cfg(test)]
mod tests;
mod tokens;
mod volume;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

pub(super) use clock::Moment;
pub(super) use create::{NewServer, NewVolume, VolumeSource};
pub(super) use host::{Host, Resources};
pub use host::{HostCondition, HostShape};
pub(super) use instance::{Instance, TaskState, VmState};
pub(super) use lifecycle::Verb;
pub(super) use live::LiveOrder;
pub(super) use migration::Migration;
pub(super) use order::{Aggregate, Domain, Flavor, Group, Image, Project};
use seed::Seeded;
pub(super) use tokens::{Scope, Token};
pub(super) use volume::{Attachment, Volume};

use super::answer::Refusal;
use super::counters::OpenStackCounters;
use super::faults::Faults;
use super::options::OpenStackOptions;

/// Something that happens later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// A further stage of the work on an instance, unless its generation is another by then.
    Of(u64, u64, Stage),
    /// A volume is there.
    VolumeReady(u64),
    /// A volume is gone.
    VolumeGone(u64),
}

/// A stage of the work on an instance; migrations come by their numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Schedule,
    Spawned,
    Done(Verb),
    Deleted,
    LivePrepare(u64),
    LiveRun(u64),
    LiveEnd(u64),
    ColdPrepare(u64),
    ColdMove(u64),
    ColdArrive(u64),
    ColdEnd(u64),
    Confirm(u64),
    Revert(u64),
    EvacuationPrepare(u64),
    EvacuationBuild(u64),
    EvacuationEnd(u64),
}

/// A cloud.
pub(super) struct Cloud {
    options: OpenStackOptions,
    random: StdRng,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) projects: Vec<Project>,
    pub(super) domains: Vec<Domain>,
    /// The methods of logging in that Keystone is configured with.
    pub(super) login_methods: Vec<String>,
    /// Public keys by name.
    pub(super) key_pairs: BTreeMap<String, String>,
    pub(super) user_id: String,
    pub(super) hosts: Vec<Host>,
    pub(super) instances: BTreeMap<u64, Instance>,
    pub(super) flavors: Vec<Flavor>,
    pub(super) images: Vec<Image>,
    pub(super) groups: Vec<Group>,
    pub(super) aggregates: BTreeMap<u64, Aggregate>,
    pub(super) volumes: BTreeMap<u64, Volume>,
    pub(super) migrations: BTreeMap<u64, Migration>,
    /// By consumer, which is an instance or a migration: what of each host it holds.
    pub(super) allocations: HashMap<String, (Resources, Vec<usize>)>,
    pub(super) faults: Faults,
    pub(super) counters: OpenStackCounters,
    host_places: HashMap<String, usize>,
    instance_numbers: HashMap<String, u64>,
    last_number: u64,
    now: Moment,
    due: BinaryHeap<Reverse<(Moment, u64)>>,
    steps: HashMap<u64, Step>,
}

impl Cloud {
    /// As the options have it.
    pub(super) fn new(options: OpenStackOptions, now: Moment) -> Self {
        let mut random = StdRng::seed_from_u64(options.seed);
        let Seeded {
            projects,
            flavors,
            images,
            user_id,
        } = seed::seeded(&mut random);
        let mut cloud = Self {
            random,
            tokens: HashMap::new(),
            projects,
            domains: vec![Domain::default_one()],
            login_methods: ["password", "token"].map(str::to_owned).into(),
            key_pairs: BTreeMap::new(),
            user_id,
            hosts: Vec::new(),
            instances: BTreeMap::new(),
            flavors,
            images,
            groups: Vec::new(),
            aggregates: BTreeMap::new(),
            volumes: BTreeMap::new(),
            migrations: BTreeMap::new(),
            allocations: HashMap::new(),
            faults: Faults::default(),
            counters: OpenStackCounters::default(),
            host_places: HashMap::new(),
            instance_numbers: HashMap::new(),
            last_number: 0,
            now,
            due: BinaryHeap::new(),
            steps: HashMap::new(),
            options,
        };
        cloud.fill(now);
        cloud
    }

    /// Does all that is due by now.
    pub(super) fn advance(&mut self, now: Moment) {
        self.now = now;
        while let Some(Reverse((at, number))) = self.due.peek().copied()
            && at <= now
        {
            self.due.pop();
            match self.steps.remove(&number) {
                Some(Step::Of(instance, generation, stage)) => {
                    let current = self.instances.get(&instance).map(|it| it.generation);
                    if current == Some(generation) {
                        self.stage(instance, stage, at);
                    }
                }
                Some(Step::VolumeReady(volume)) => self.volume_ready(volume),
                Some(Step::VolumeGone(volume)) => drop(self.volumes.remove(&volume)),
                None => {}
            }
        }
    }

    fn stage(&mut self, instance: u64, stage: Stage, at: Moment) {
        match stage {
            Stage::Schedule => self.schedule_new(instance, at),
            Stage::Spawned => self.spawned(instance, at),
            Stage::Done(verb) => self.done(instance, verb, at),
            Stage::Deleted => self.deleted(instance),
            Stage::LivePrepare(migration) => self.live_prepare(instance, migration, at),
            Stage::LiveRun(migration) => self.live_run(instance, migration, at),
            Stage::LiveEnd(migration) => self.live_end(instance, migration, at),
            Stage::ColdPrepare(migration) => self.cold_prepare(instance, migration, at),
            Stage::ColdMove(migration) => self.cold_move(instance, migration, at),
            Stage::ColdArrive(migration) => self.cold_arrive(instance, migration, at),
            Stage::ColdEnd(migration) => self.cold_end(instance, migration, at),
            Stage::Confirm(migration) => self.confirmed(instance, migration, at),
            Stage::Revert(migration) => self.reverted(instance, migration, at),
            Stage::EvacuationPrepare(migration) => self.evacuation_prepare(instance, migration, at),
            Stage::EvacuationBuild(migration) => self.evacuation_build(instance, migration, at),
            Stage::EvacuationEnd(migration) => self.evacuation_end(instance, migration, at),
        }
    }

    /// Goes on with an instance after a part of the time that the action takes.
    fn next(&mut self, instance: u64, stage: Stage, (action, parts): (&str, u32), at: Moment) {
        let Some(generation) = self.instances.get(&instance).map(|it| it.generation) else {
            return;
        };
        let wait = self.delay(action) / parts;
        self.later(Step::Of(instance, generation, stage), at + wait);
    }

    fn later(&mut self, step: Step, at: Moment) {
        let number = self.number();
        self.due.push(Reverse((at, number)));
        self.steps.insert(number, step);
    }

    fn delay(&self, action: &str) -> Duration {
        let named = self.options.delays.get(action);
        named.copied().unwrap_or(self.options.delay)
    }

    /// Changes how long actions take that begin from now on.
    pub(super) fn set_delay(&mut self, action: Option<&str>, delay: Duration) {
        match action {
            Some(action) => drop(self.options.delays.insert(action.to_owned(), delay)),
            None => self.options.delay = delay,
        }
    }

    /// A number that nothing else has.
    fn number(&mut self) -> u64 {
        self.last_number += 1;
        self.last_number
    }

    /// An id that nothing else has.
    pub(super) fn id(&mut self) -> String {
        new_id(&mut self.random)
    }

    /// Where a host is in the list.
    pub(super) fn host_place(&self, name: &str) -> Option<usize> {
        self.host_places.get(name).copied()
    }

    /// An instance by its id.
    pub(super) fn instance(&self, id: &str) -> Result<&Instance, Refusal> {
        self.instance_numbers
            .get(id)
            .and_then(|number| self.instances.get(number))
            .ok_or_else(|| Refusal::not_found(format!("Instance {id} could not be found.")))
    }

    /// Whether the cloud takes the compute service of a host for up.
    pub(super) fn is_up(&self, host: usize, now: Moment) -> bool {
        self.hosts[host].is_up(now, self.options.service_down_after)
    }

    /// What the API shows of an instance's host: its service is up, silent, forced down or disabled.
    pub(super) fn host_status(&self, host: usize) -> &'static str {
        let it = &self.hosts[host];
        match (it.is_disabled, it.forced_down) {
            (true, _) => "MAINTENANCE",
            (_, true) => "DOWN",
            _ if self.is_up(host, self.now) => "UP",
            _ => "UNKNOWN",
        }
    }

    /// Whether a host can do something, whatever the cloud believes.
    fn is_well(&self, host: usize) -> bool {
        self.hosts[host].condition == HostCondition::Well
    }

    /// What an instance takes of a host.
    pub(super) fn needs(&self, instance: &Instance) -> Resources {
        self.flavors[instance.flavor].resources(instance.image_id.is_some())
    }

    /// Takes so much of a host for a consumer.
    fn allocate(&mut self, consumer: &str, host: usize, resources: Resources) {
        let entry = self.allocations.entry(consumer.to_owned());
        entry
            .or_insert_with(|| (resources, Vec::new()))
            .1
            .push(host);
        let host = &mut self.hosts[host];
        host.used = host.used.plus(resources);
        host.generation += 1;
    }

    /// Gives back what a consumer holds of a host, or of all.
    fn release(&mut self, consumer: &str, only: Option<usize>) {
        let Some((resources, held)) = self.allocations.get_mut(consumer) else {
            return;
        };
        let resources = *resources;
        let is_freed = |host: &usize| only.is_none_or(|only| only == *host);
        let freed: Vec<usize> = held.extract_if(.., |host| is_freed(host)).collect();
        if held.is_empty() {
            self.allocations.remove(consumer);
        }
        for place in freed {
            let host = &mut self.hosts[place];
            host.used = host.used.minus(resources);
            host.generation += 1;
        }
    }

    /// Has the cloud believe that an instance is on this host.
    fn place(&mut self, number: u64, host: usize) {
        let Some(instance) = self.instances.get_mut(&number) else {
            return;
        };
        if let Some(old) = instance.host.replace(host) {
            self.hosts[old].instances.remove(&number);
        }
        self.hosts[host].instances.insert(number);
    }

    /// Begins an action: earlier ones are void from now on.
    fn begin(&mut self, number: u64, action: &str, task: TaskState, now: Moment) {
        if let Some(instance) = self.instances.get_mut(&number) {
            instance.generation += 1;
            instance.task_state = Some(task);
            instance.updated = now;
            self.counters.accept(&instance.id, action);
        }
    }

    /// Changes an instance and the time of its last change.
    fn change(&mut self, number: u64, now: Moment, change: impl FnOnce(&mut Instance)) {
        if let Some(instance) = self.instances.get_mut(&number) {
            change(instance);
            instance.updated = now;
        }
    }

    /// Whether an action on an instance is to end like this, as somebody wished.
    fn is_to_end(&mut self, number: u64, action: &str, end: super::faults::BadEnd) -> bool {
        let id = self.instances.get(&number).map(|it| it.id.as_str());
        id.is_some_and(|id| self.faults.of_action(action, id, end))
    }
}

fn new_id(random: &mut StdRng) -> String {
    let bytes = random.random();
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    id.to_string()
}

//! A cloud at one moment, on which moves can be tried.

use std::collections::HashMap;

use assay_domain::cloud::{
    Capacity, ComputeHost, GroupPolicy, Hypervisor, Instance, InstanceStatus, ServerGroup,
};

use crate::Obstacle;
use crate::load::{Limits, Load};

/// What was read of a cloud, each all of it.
#[derive(Debug, Clone, Default)]
pub struct CloudView {
    /// The hosts' compute services.
    pub hosts: Vec<ComputeHost>,
    /// The hypervisors, which tie capacities to hosts.
    pub hypervisors: Vec<Hypervisor>,
    /// What they can hold, and hold.
    pub capacities: Vec<Capacity>,
    /// Groups of instances.
    pub groups: Vec<ServerGroup>,
    /// The instances.
    pub instances: Vec<Instance>,
}

/// A cloud at one moment, on which moves can be tried.
#[derive(Debug, Clone)]
pub struct Board {
    hosts: Vec<Place>,
    host_of: HashMap<String, usize>,
    pieces: Vec<Piece>,
    piece_of: HashMap<String, usize>,
    groups: Vec<Group>,
}

/// What a group asks for that is heeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heed {
    /// What it insists on.
    Rules,
    /// What it prefers as well: no move of Assay's own choice is worth less than that.
    Wishes,
}

/// A host.
#[derive(Debug, Clone)]
struct Place {
    service: ComputeHost,
    capacity: Option<Capacity>,
    limits: Option<Limits>,
    pieces: Vec<usize>,
}

/// An instance that is on a host.
#[derive(Debug, Clone)]
struct Piece {
    instance: Instance,
    host: usize,
    groups: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Group {
    name: String,
    policy: GroupPolicy,
    /// How many of it a host may have where it keeps its instances apart.
    most: u32,
    /// How many of it there are on each host.
    per_host: HashMap<usize, u32>,
    members: u32,
}

impl Board {
    /// Puts up what was read. Instances that are on no host, or on one without a compute service, are
    /// left out.
    pub fn new(view: CloudView) -> Self {
        let mut capacities: HashMap<String, Capacity> = view
            .capacities
            .into_iter()
            .map(|capacity| (capacity.hypervisor.clone(), capacity))
            .collect();
        let mut by_host: HashMap<String, Capacity> = HashMap::new();
        for hypervisor in view.hypervisors {
            if let Some(capacity) = capacities.remove(&hypervisor.name) {
                let _ = by_host.insert(hypervisor.host, capacity);
            }
        }
        let mut board = Self {
            hosts: Vec::with_capacity(view.hosts.len()),
            host_of: HashMap::with_capacity(view.hosts.len()),
            pieces: Vec::with_capacity(view.instances.len()),
            piece_of: HashMap::with_capacity(view.instances.len()),
            groups: Vec::with_capacity(view.groups.len()),
        };
        for service in view.hosts {
            let _ = board
                .host_of
                .insert(service.name.clone(), board.hosts.len());
            let capacity = by_host.remove(&service.name);
            board.hosts.push(Place {
                limits: capacity.as_ref().and_then(Limits::of),
                capacity,
                pieces: Vec::new(),
                service,
            });
        }
        for instance in view.instances {
            board.place(instance);
        }
        for group in view.groups {
            board.join(group);
        }
        board
    }

    fn place(&mut self, instance: Instance) {
        let host = instance.host.as_ref();
        let Some(&host) = host.and_then(|host| self.host_of.get(host)) else {
            return;
        };
        let index = self.pieces.len();
        self.hosts[host].pieces.push(index);
        let _ = self.piece_of.insert(instance.uuid.clone(), index);
        self.pieces.push(Piece {
            instance,
            host,
            groups: Vec::new(),
        });
    }

    fn join(&mut self, group: ServerGroup) {
        let index = self.groups.len();
        let mut per_host: HashMap<usize, u32> = HashMap::new();
        let mut members = 0;
        for uuid in &group.members {
            if let Some(&piece) = self.piece_of.get(uuid) {
                let piece = &mut self.pieces[piece];
                piece.groups.push(index);
                *per_host.entry(piece.host).or_default() += 1;
                members += 1;
            }
        }
        self.groups.push(Group {
            name: group.name,
            policy: group.policy,
            most: group.max_per_host.unwrap_or(1).max(1),
            per_host,
            members,
        });
    }

    /// Takes a host out of the scheduler's hands, as if its service had been disabled.
    pub fn close(&mut self, host: &str) {
        if let Some(&host) = self.host_of.get(host) {
            self.hosts[host].service.is_enabled = false;
        }
    }

    /// The instances on a host.
    ///
    /// # Errors
    /// [`Obstacle::UnknownHost`].
    pub fn instances_on(&self, host: &str) -> Result<Vec<&Instance>, Obstacle> {
        let host = self.host(host)?;
        let pieces = self.hosts[host].pieces.iter();
        Ok(pieces.map(|&piece| &self.pieces[piece].instance).collect())
    }

    /// A host's compute service.
    pub fn service(&self, host: &str) -> Option<&ComputeHost> {
        let host = self.host_of.get(host)?;
        Some(&self.hosts[*host].service)
    }

    /// Whether an instance can go from a host to another one, by all that the board knows.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn check(&self, uuid: &str, source: &str, target: &str) -> Result<(), Obstacle> {
        let (piece, target) = (self.piece(uuid)?, self.host(target)?);
        let at = &self.hosts[self.pieces[piece].host].service.name;
        if at != source {
            return Err(Obstacle::Elsewhere(at.clone()));
        }
        self.rests(piece)?;
        self.takes(target, piece, Heed::Wishes)
    }

    /// The least loaded host that can take an instance.
    pub fn best_host(&self, uuid: &str) -> Result<&str, Obstacle> {
        let piece = self.piece(uuid)?;
        let best = self.best_for(piece, Heed::Wishes).ok_or(Obstacle::NoHost)?;
        Ok(&self.hosts[best].service.name)
    }

    /// Moves an instance as if the cloud had done it.
    ///
    /// # Errors
    /// For an unknown instance or host.
    pub fn carry(&mut self, uuid: &str, target: &str) -> Result<(), Obstacle> {
        let (piece, target) = (self.piece(uuid)?, self.host(target)?);
        self.put(piece, target);
        Ok(())
    }

    pub(crate) fn host(&self, name: &str) -> Result<usize, Obstacle> {
        let unknown = || Obstacle::UnknownHost(name.to_owned());
        self.host_of.get(name).copied().ok_or_else(unknown)
    }

    fn piece(&self, uuid: &str) -> Result<usize, Obstacle> {
        let unknown = || Obstacle::UnknownInstance(uuid.to_owned());
        self.piece_of.get(uuid).copied().ok_or_else(unknown)
    }

    pub(crate) fn pieces_on(&self, host: usize) -> &[usize] {
        &self.hosts[host].pieces
    }

    pub(crate) fn instance(&self, piece: usize) -> &Instance {
        &self.pieces[piece].instance
    }

    pub(crate) fn name(&self, host: usize) -> &str {
        &self.hosts[host].service.name
    }

    /// What a host may give away, where it is known.
    pub(crate) fn limits(&self, host: usize) -> Option<Limits> {
        self.hosts[host].limits
    }

    /// What a host has given away: virtual processors, and memory in MiB.
    pub(crate) fn used(&self, host: usize) -> (u64, u64) {
        let capacity = self.hosts[host].capacity.as_ref();
        capacity.map_or((0, 0), |capacity| {
            (capacity.vcpus_used, capacity.memory_mb_used)
        })
    }

    /// A host's load, where it is known.
    pub(crate) fn load(&self, host: usize) -> Option<Load> {
        let (vcpus, memory_mb) = self.used(host);
        Some(self.limits(host)?.share(vcpus, memory_mb))
    }

    /// What an instance is of a host.
    pub(crate) fn weight(&self, piece: usize, host: usize) -> Option<Load> {
        let instance = &self.pieces[piece].instance;
        let limits = self.limits(host)?;
        Some(limits.share(instance.vcpus, instance.memory_mb))
    }

    /// Whether nothing is being done with an instance, and it is in a state that a move without a
    /// pause keeps.
    pub(crate) fn rests(&self, piece: usize) -> Result<(), Obstacle> {
        let instance = &self.pieces[piece].instance;
        if let Some(task) = &instance.task_state {
            return Err(Obstacle::Busy(task.clone()));
        }
        match instance.status {
            InstanceStatus::Active | InstanceStatus::Paused => Ok(()),
            ref other => Err(Obstacle::State(other.to_string())),
        }
    }

    /// Whether a host can take an instance.
    pub(crate) fn takes(&self, host: usize, piece: usize, heed: Heed) -> Result<(), Obstacle> {
        let (place, piece) = (&self.hosts[host], &self.pieces[piece]);
        let name = || place.service.name.clone();
        if piece.host == host {
            return Err(Obstacle::Already(name()));
        }
        if !place.service.is_enabled {
            let reason = place.service.disabled_reason.clone();
            let reason = reason.unwrap_or_else(|| "no reason was given".to_owned());
            return Err(Obstacle::Disabled {
                host: name(),
                reason,
            });
        }
        if !place.service.is_up || place.service.is_forced_down {
            return Err(Obstacle::Down(name()));
        }
        if let Some(zone) = &piece.instance.pinned_zone
            && place.service.zone.as_ref() != Some(zone)
        {
            return Err(Obstacle::Zone {
                host: name(),
                zone: zone.clone(),
            });
        }
        let Some(capacity) = &place.capacity else {
            return Err(Obstacle::Unmeasured(name()));
        };
        let instance = &piece.instance;
        if !capacity.fits(instance.vcpus, instance.memory_mb, disk_of(instance)) {
            return Err(Obstacle::NoRoom(name()));
        }
        let mut groups = piece.groups.iter().map(|&group| &self.groups[group]);
        groups.try_for_each(|group| group.takes(host, heed))
    }

    /// The least loaded host that can take an instance.
    pub(crate) fn best_for(&self, piece: usize, heed: Heed) -> Option<usize> {
        let empty = Load {
            cpu: 0.0,
            memory: 0.0,
        };
        let mut best: Option<(usize, f64)> = None;
        for host in 0..self.hosts.len() {
            let (Some(load), Some(weight)) = (self.load(host), self.weight(piece, host)) else {
                continue;
            };
            let then = load.with(weight).above(empty);
            if best.is_none_or(|(_, least)| then < least) && self.takes(host, piece, heed).is_ok() {
                best = Some((host, then));
            }
        }
        best.map(|(host, _)| host)
    }

    /// Moves an instance.
    pub(crate) fn put(&mut self, index: usize, target: usize) {
        let piece = &mut self.pieces[index];
        let source = std::mem::replace(&mut piece.host, target);
        let name = self.hosts[target].service.name.clone();
        piece.instance.host = Some(name);
        for &group in &piece.groups {
            let per_host = &mut self.groups[group].per_host;
            if let Some(count) = per_host.get_mut(&source) {
                *count -= 1;
            }
            *per_host.entry(target).or_default() += 1;
        }
        let instance = &self.pieces[index].instance;
        let (vcpus, memory, disk) = (instance.vcpus, instance.memory_mb, disk_of(instance));
        self.hosts[source].pieces.retain(|&other| other != index);
        self.hosts[target].pieces.push(index);
        if let Some(capacity) = &mut self.hosts[source].capacity {
            capacity.vcpus_used = capacity.vcpus_used.saturating_sub(vcpus);
            capacity.memory_mb_used = capacity.memory_mb_used.saturating_sub(memory);
            capacity.disk_gb_used = capacity.disk_gb_used.saturating_sub(disk);
        }
        if let Some(capacity) = &mut self.hosts[target].capacity {
            capacity.vcpus_used += vcpus;
            capacity.memory_mb_used += memory;
            capacity.disk_gb_used += disk;
        }
    }
}

/// What an instance takes of a host's disk, in GiB.
fn disk_of(instance: &Instance) -> u64 {
    if instance.is_volume_backed {
        0
    } else {
        instance.disk_gb
    }
}

impl Group {
    /// Whether a host may have another one of it. As nova's scheduler sees it, a group that stays
    /// together may be on any host that has one of it.
    fn takes(&self, host: usize, heed: Heed) -> Result<(), Obstacle> {
        let there = self.per_host.get(&host).copied().unwrap_or(0);
        let wishes = heed == Heed::Wishes;
        let (together, most) = match self.policy {
            GroupPolicy::Affinity => (true, None),
            GroupPolicy::SoftAffinity => (wishes, None),
            GroupPolicy::AntiAffinity => (false, Some(self.most)),
            GroupPolicy::SoftAntiAffinity => (false, wishes.then_some(1)),
            GroupPolicy::Other(_) => (false, None),
        };
        if together && there == 0 && self.members > 1 {
            return Err(Obstacle::Affinity(self.name.clone()));
        }
        if most.is_some_and(|most| there >= most) {
            return Err(Obstacle::AntiAffinity(self.name.clone()));
        }
        Ok(())
    }
}

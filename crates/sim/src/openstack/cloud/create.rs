//! New instances.

use std::collections::BTreeMap;

use super::clock::Moment;
use super::scheduler::NO_VALID_HOST;
use super::{Cloud, Instance, Stage, TaskState, VmState};
use crate::openstack::answer::Refusal;
use crate::openstack::faults::BadEnd;

pub(super) const CREATE: &str = "create";
const PARTS: (&str, u32) = (CREATE, 2);

/// Where a volume of a new instance comes from.
#[derive(Debug, Clone)]
pub(in crate::openstack) enum VolumeSource {
    /// It is there; its id.
    There(String),
    /// It is made of an image, by its id, in this size in GiB.
    Image(String, u64),
}

/// A volume of a new instance.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct NewVolume {
    pub(in crate::openstack) source: VolumeSource,
    /// Whether it goes with the instance.
    pub(in crate::openstack) deletes: bool,
}

/// What a new instance is to be.
#[derive(Debug, Clone, Default)]
pub(in crate::openstack) struct NewServer {
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) project_id: String,
    pub(in crate::openstack) flavor: usize,
    /// None when it boots from a volume.
    pub(in crate::openstack) image_id: Option<String>,
    /// The first is the one that it boots from, unless there is an image.
    pub(in crate::openstack) volumes: Vec<NewVolume>,
    pub(in crate::openstack) zone: Option<String>,
    pub(in crate::openstack) host: Option<usize>,
    pub(in crate::openstack) group: Option<String>,
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
    pub(in crate::openstack) key_name: Option<String>,
    pub(in crate::openstack) networks: Vec<String>,
    pub(in crate::openstack) security_groups: Vec<String>,
}

impl Cloud {
    /// Writes an instance down that is on no host yet.
    pub(super) fn write_down(&mut self, new: NewServer, now: Moment) -> u64 {
        let (number, id) = (self.number(), self.id());
        if let Some(group) = new.group.as_deref()
            && let Some(group) = self.groups.iter_mut().find(|it| it.id == group)
        {
            group.members.insert(number);
        }
        self.instance_numbers.insert(id.clone(), number);
        let instance = Instance {
            number,
            id,
            name: new.name,
            project_id: new.project_id,
            user_id: self.user_id.clone(),
            flavor: new.flavor,
            image_id: new.image_id,
            host: None,
            wish: new.host,
            zone: new.zone,
            vm_state: VmState::Building,
            task_state: Some(TaskState::Scheduling),
            is_alive: false,
            left_running_on: Vec::new(),
            was_running: false,
            generation: 0,
            group: new.group,
            metadata: new.metadata,
            key_name: new.key_name,
            networks: new.networks,
            security_groups: new.security_groups,
            created: now,
            updated: now,
            launched: None,
            fault: None,
        };
        self.instances.insert(number, instance);
        number
    }

    /// Begins to build an instance; gives its id.
    pub(in crate::openstack) fn create(
        &mut self,
        mut new: NewServer,
        now: Moment,
    ) -> Result<String, Refusal> {
        let volumes = std::mem::take(&mut new.volumes);
        for volume in &volumes {
            if let VolumeSource::There(id) = &volume.source {
                self.check_free(id)?;
            }
        }
        let project_id = new.project_id.clone();
        let number = self.write_down(new, now);
        for NewVolume { source, deletes } in volumes {
            let volume = match source {
                VolumeSource::There(id) => self.volume(&id)?.number,
                VolumeSource::Image(image, size_gb) => {
                    let volume = self.new_volume(&project_id, (String::new(), size_gb), now);
                    if let Some(volume) = self.volumes.get_mut(&volume) {
                        volume.image_id = Some(image);
                        volume.is_bootable = true;
                    }
                    volume
                }
            };
            self.attach(volume, number, deletes, now);
        }
        self.begin(number, CREATE, TaskState::Scheduling, now);
        self.next(number, Stage::Schedule, PARTS, now);
        let id = self.instances.get(&number).map(|it| it.id.clone());
        id.ok_or_else(Refusal::no_resource)
    }

    pub(super) fn schedule_new(&mut self, number: u64, at: Moment) {
        let wish = self.instances.get(&number).and_then(|it| it.wish);
        let Some(host) = self.choose(number, CREATE, wish, at) else {
            self.set_fault(number, 500, NO_VALID_HOST, at);
            return self.change(number, at, |instance| {
                instance.vm_state = VmState::Error;
                instance.task_state = None;
            });
        };
        self.settle_on(number, host);
        self.change(number, at, |instance| {
            instance.task_state = Some(TaskState::Spawning);
        });
        self.next(number, Stage::Spawned, PARTS, at);
    }

    pub(super) fn spawned(&mut self, number: u64, at: Moment) {
        let home = self.instances.get(&number).and_then(|it| it.host);
        if !home.is_some_and(|home| self.is_well(home)) {
            return;
        }
        let fails = self.is_to_end(number, CREATE, BadEnd::Error);
        if fails {
            self.set_fault(number, 500, "The instance could not be built.", at);
        }
        self.change(number, at, |instance| {
            instance.task_state = None;
            instance.launched = Some(at);
            instance.vm_state = if fails {
                VmState::Error
            } else {
                VmState::Active
            };
        });
        if !fails {
            self.runs_now(number);
        }
    }

    /// Puts an instance onto a host, with all that it needs.
    pub(super) fn settle_on(&mut self, number: u64, host: usize) {
        let Some(instance) = self.instances.get(&number) else {
            return;
        };
        let (id, needs) = (instance.id.clone(), self.needs(instance));
        self.allocate(&id, host, needs);
        self.place(number, host);
    }
}

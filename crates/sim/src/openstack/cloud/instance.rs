//! Instances and their states: vm_state and task_state as Nova keeps them, and the status that it makes of both.

use std::collections::BTreeMap;

use super::clock::Moment;

/// Nova's vm_state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openstack) enum VmState {
    Building,
    Active,
    Paused,
    Suspended,
    Stopped,
    Resized,
    Error,
}

impl VmState {
    /// Its name in the API.
    pub(in crate::openstack) fn name(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Suspended => "suspended",
            Self::Stopped => "stopped",
            Self::Resized => "resized",
            Self::Error => "error",
        }
    }
}

/// Nova's task_state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openstack) enum TaskState {
    Scheduling,
    Spawning,
    PoweringOff,
    PoweringOn,
    Rebooting,
    RebootingHard,
    Pausing,
    Unpausing,
    Suspending,
    Resuming,
    Migrating,
    ResizePrep,
    ResizeMigrating,
    ResizeFinish,
    ResizeReverting,
    Rebuilding,
    RebuildSpawning,
    Deleting,
}

impl TaskState {
    /// Its name in the API.
    pub(in crate::openstack) fn name(self) -> &'static str {
        match self {
            Self::Scheduling => "scheduling",
            Self::Spawning => "spawning",
            Self::PoweringOff => "powering-off",
            Self::PoweringOn => "powering-on",
            Self::Rebooting => "rebooting",
            Self::RebootingHard => "rebooting_hard",
            Self::Pausing => "pausing",
            Self::Unpausing => "unpausing",
            Self::Suspending => "suspending",
            Self::Resuming => "resuming",
            Self::Migrating => "migrating",
            Self::ResizePrep => "resize_prep",
            Self::ResizeMigrating => "resize_migrating",
            Self::ResizeFinish => "resize_finish",
            Self::ResizeReverting => "resize_reverting",
            Self::Rebuilding => "rebuilding",
            Self::RebuildSpawning => "rebuild_spawning",
            Self::Deleting => "deleting",
        }
    }
}

/// What last went wrong with an instance.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct InstanceFault {
    pub(in crate::openstack) code: u16,
    pub(in crate::openstack) message: String,
    pub(in crate::openstack) created: Moment,
}

/// An instance; the API calls it a server.
#[derive(Debug)]
pub(in crate::openstack) struct Instance {
    /// Grows with the time of creation.
    pub(in crate::openstack) number: u64,
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) project_id: String,
    pub(in crate::openstack) user_id: String,
    /// Its place in the list of flavors.
    pub(in crate::openstack) flavor: usize,
    /// None when it boots from a volume.
    pub(in crate::openstack) image_id: Option<String>,
    /// The host that the cloud believes it to be on.
    pub(in crate::openstack) host: Option<usize>,
    /// The host that it was to be built on.
    pub(in crate::openstack) wish: Option<usize>,
    pub(in crate::openstack) zone: Option<String>,
    pub(in crate::openstack) vm_state: VmState,
    pub(in crate::openstack) task_state: Option<TaskState>,
    /// Whether it really runs on its host.
    pub(in crate::openstack) is_alive: bool,
    /// Hosts on which it was left running when it was built anew elsewhere.
    pub(in crate::openstack) left_running_on: Vec<usize>,
    /// Whether it was running before a move that waits for its confirmation.
    pub(in crate::openstack) was_running: bool,
    /// Grows with each action; steps of earlier ones are void.
    pub(in crate::openstack) generation: u64,
    /// The server group's id.
    pub(in crate::openstack) group: Option<String>,
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
    pub(in crate::openstack) key_name: Option<String>,
    pub(in crate::openstack) networks: Vec<String>,
    pub(in crate::openstack) security_groups: Vec<String>,
    pub(in crate::openstack) created: Moment,
    pub(in crate::openstack) updated: Moment,
    pub(in crate::openstack) launched: Option<Moment>,
    pub(in crate::openstack) fault: Option<InstanceFault>,
}

impl Instance {
    /// The status that the API shows.
    pub(in crate::openstack) fn status(&self) -> &'static str {
        use TaskState as T;
        match (self.vm_state, self.task_state) {
            (VmState::Building, _) => "BUILD",
            (VmState::Resized, Some(T::ResizeReverting)) => "REVERT_RESIZE",
            (VmState::Resized, _) => "VERIFY_RESIZE",
            (_, Some(T::Rebuilding | T::RebuildSpawning)) => "REBUILD",
            (VmState::Error, _) => "ERROR",
            (_, Some(T::Migrating)) => "MIGRATING",
            (_, Some(T::ResizePrep | T::ResizeMigrating | T::ResizeFinish)) => "RESIZE",
            (VmState::Active, Some(T::Rebooting)) => "REBOOT",
            (_, Some(T::RebootingHard)) => "HARD_REBOOT",
            (VmState::Active, _) => "ACTIVE",
            (VmState::Paused, _) => "PAUSED",
            (VmState::Suspended, _) => "SUSPENDED",
            (VmState::Stopped, _) => "SHUTOFF",
        }
    }

    /// The number of Nova's power_state: 0 none, 1 running, 3 paused, 4 shut down.
    pub(in crate::openstack) fn power_state(&self) -> u8 {
        match self.vm_state {
            VmState::Building => 0,
            VmState::Active => 1,
            VmState::Paused => 3,
            VmState::Stopped | VmState::Suspended => 4,
            VmState::Resized | VmState::Error => {
                if self.is_alive {
                    1
                } else {
                    4
                }
            }
        }
    }
}

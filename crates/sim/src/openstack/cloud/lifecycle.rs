//! Actions that leave an instance on its host: start, stop, reboot, pause, suspend, rebuild; and its deletion.

use super::clock::Moment;
use super::evacuation::invalid_state;
use super::instance::InstanceFault;
use super::{Cloud, Instance, Stage, Step, TaskState, VmState};
use crate::openstack::answer::Refusal;
use crate::openstack::faults::BadEnd;

/// An action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openstack) enum Verb {
    Start,
    Stop,
    RebootSoft,
    RebootHard,
    Pause,
    Unpause,
    Suspend,
    Resume,
    Rebuild,
}

impl Verb {
    /// Its name in the body of a request.
    pub(in crate::openstack) fn name(self) -> &'static str {
        match self {
            Self::Start => "os-start",
            Self::Stop => "os-stop",
            Self::RebootSoft | Self::RebootHard => "reboot",
            Self::Pause => "pause",
            Self::Unpause => "unpause",
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Rebuild => "rebuild",
        }
    }

    /// In which states it is allowed.
    fn states(self) -> &'static [VmState] {
        use VmState as V;
        match self {
            Self::Start => &[V::Stopped],
            Self::Stop => &[V::Active, V::Error],
            Self::RebootSoft | Self::Pause | Self::Suspend => &[V::Active],
            Self::RebootHard => &[V::Active, V::Stopped, V::Paused, V::Suspended, V::Error],
            Self::Unpause => &[V::Paused],
            Self::Resume => &[V::Suspended],
            Self::Rebuild => &[V::Active, V::Stopped, V::Error],
        }
    }

    /// What Nova says that it is doing.
    fn task(self) -> TaskState {
        match self {
            Self::Start => TaskState::PoweringOn,
            Self::Stop => TaskState::PoweringOff,
            Self::RebootSoft => TaskState::Rebooting,
            Self::RebootHard => TaskState::RebootingHard,
            Self::Pause => TaskState::Pausing,
            Self::Unpause => TaskState::Unpausing,
            Self::Suspend => TaskState::Suspending,
            Self::Resume => TaskState::Resuming,
            Self::Rebuild => TaskState::Rebuilding,
        }
    }

    /// What an instance of this state is afterwards.
    fn end(self, before: VmState) -> VmState {
        match self {
            Self::Stop => VmState::Stopped,
            Self::Pause => VmState::Paused,
            Self::Suspend => VmState::Suspended,
            Self::Rebuild if before == VmState::Stopped => VmState::Stopped,
            _ => VmState::Active,
        }
    }
}

/// Refuses what the state of an instance does not allow.
pub(super) fn check_state(
    instance: &Instance,
    action: &str,
    states: &[VmState],
) -> Result<(), Refusal> {
    if !states.contains(&instance.vm_state) {
        let state = instance.vm_state.name();
        return Err(invalid_state(&instance.id, action, "vm_state", state));
    }
    match instance.task_state {
        None => Ok(()),
        Some(task) => Err(invalid_state(
            &instance.id,
            action,
            "task_state",
            task.name(),
        )),
    }
}

impl Cloud {
    /// Begins an action.
    pub(in crate::openstack) fn act(
        &mut self,
        id: &str,
        verb: Verb,
        now: Moment,
    ) -> Result<(), Refusal> {
        let (number, _) = self.movable(id, verb.name(), verb.states())?;
        self.begin(number, verb.name(), verb.task(), now);
        self.next(number, Stage::Done(verb), (verb.name(), 1), now);
        Ok(())
    }

    pub(super) fn done(&mut self, number: u64, verb: Verb, at: Moment) {
        let home = self.instances.get(&number).and_then(|it| it.host);
        if !home.is_some_and(|home| self.is_well(home)) {
            // The request waits for a compute service that is not there.
            return;
        }
        let fails = self.is_to_end(number, verb.name(), BadEnd::Error);
        if fails {
            self.set_fault(number, 500, "The action failed.", at);
        }
        let mut runs = false;
        self.change(number, at, |instance| {
            instance.task_state = None;
            if fails {
                instance.vm_state = VmState::Error;
                return;
            }
            instance.fault = None;
            instance.vm_state = verb.end(instance.vm_state);
            runs = matches!(instance.vm_state, VmState::Active | VmState::Paused);
            instance.is_alive = runs;
        });
        if runs {
            self.runs_now(number);
        }
    }

    /// Sets the state by hand, and ends whatever goes on.
    pub(in crate::openstack) fn reset_state(
        &mut self,
        id: &str,
        state: VmState,
        now: Moment,
    ) -> Result<(), Refusal> {
        let number = self.instance(id)?.number;
        self.counters.accept(id, "os-resetState");
        self.change(number, now, |instance| {
            instance.generation += 1;
            instance.vm_state = state;
            instance.task_state = None;
        });
        Ok(())
    }

    /// Begins a deletion, whatever else goes on.
    pub(in crate::openstack) fn delete(&mut self, id: &str, now: Moment) -> Result<(), Refusal> {
        let number = self.instance(id)?.number;
        self.begin(number, "delete", TaskState::Deleting, now);
        self.next(number, Stage::Deleted, ("delete", 1), now);
        Ok(())
    }

    pub(super) fn deleted(&mut self, number: u64) {
        let Some(instance) = self.instances.remove(&number) else {
            return;
        };
        self.instance_numbers.remove(&instance.id);
        self.release(&instance.id, None);
        let records = self.migrations.values().filter(|it| it.instance == number);
        let consumers: Vec<String> = records.map(|record| record.uuid.clone()).collect();
        for consumer in consumers {
            self.release(&consumer, None);
        }
        if let Some(host) = instance.host {
            self.hosts[host].instances.remove(&number);
        }
        for group in &mut self.groups {
            group.members.remove(&number);
        }
        self.volumes
            .retain(|_, volume| !volume.leaves(&instance.id));
    }

    /// What the API shows as an instance's fault.
    pub(super) fn set_fault(&mut self, number: u64, code: u16, message: &str, at: Moment) {
        let fault = InstanceFault {
            code,
            message: message.to_owned(),
            created: at,
        };
        self.change(number, at, |instance| instance.fault = Some(fault));
    }

    /// Has a volume become usable, or go, later.
    pub(super) fn volume_later(&mut self, step: Step, now: Moment) {
        let wait = self.delay("volume");
        self.later(step, now + wait);
    }
}

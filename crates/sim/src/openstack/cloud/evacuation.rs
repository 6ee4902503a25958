//! Evacuation: an instance of a host that the cloud takes for dead is built anew on another one.

use super::clock::Moment;
use super::migration::MigrationKind;
use super::scheduler::NO_VALID_HOST;
use super::{Cloud, HostCondition, Stage, TaskState, VmState};
use crate::openstack::answer::Refusal;
use crate::openstack::counters::TwoHosts;
use crate::openstack::faults::BadEnd;

const EVACUATE: &str = "evacuate";
const PARTS: (&str, u32) = (EVACUATE, 3);
/// Since this microversion an evacuated instance is left stopped.
const STOPPED_SINCE: u16 = 95;

impl Cloud {
    /// Begins an evacuation. As in Nova, work that goes on already is no obstacle.
    pub(in crate::openstack) fn evacuate(
        &mut self,
        id: &str,
        host: Option<&str>,
        minor: u16,
        now: Moment,
    ) -> Result<(), Refusal> {
        let instance = self.instance(id)?;
        let missing = |name| Refusal::not_found(format!("Compute host {name} not found."));
        let wanted = host.map(|name| self.host_place(name).ok_or_else(|| missing(name)));
        let wanted = wanted.transpose()?;
        if wanted.is_some() && wanted == instance.host {
            return Err(Refusal::bad("The target host can't be the same one."));
        }
        let states = [VmState::Active, VmState::Stopped, VmState::Error];
        if !states.contains(&instance.vm_state) {
            return Err(invalid_state(
                id,
                EVACUATE,
                "vm_state",
                instance.vm_state.name(),
            ));
        }
        let number = instance.number;
        let source = instance.host.ok_or_else(|| Refusal::bad(NO_VALID_HOST))?;
        if self.is_up(source, now) {
            return Err(Refusal::bad(format!(
                "Compute service of {} is still in use.",
                self.hosts[source].name
            )));
        }
        let runs_after = instance.vm_state != VmState::Stopped && minor < STOPPED_SINCE;
        self.abandon_moves(number, now);
        self.begin(number, EVACUATE, TaskState::Rebuilding, now);
        let kind = (MigrationKind::Evacuation, "accepted");
        let migration = self.record(number, kind, (source, wanted), now);
        if let Some(record) = self.migrations.get_mut(&migration) {
            record.runs_after = runs_after;
        }
        self.next(number, Stage::EvacuationPrepare(migration), PARTS, now);
        Ok(())
    }

    pub(super) fn evacuation_prepare(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((_, wanted)) = self.ends_of(migration) else {
            return;
        };
        let Some(destination) = self.choose(number, EVACUATE, wanted, at) else {
            return self.evacuation_failed(number, migration, (NO_VALID_HOST, "error"), at);
        };
        self.mark(migration, "pre-migrating", at);
        if let Some(record) = self.migrations.get_mut(&migration) {
            record.destination = Some(destination);
        }
        if let Some(instance) = self.instances.get(&number) {
            // What it holds at the source stays until that host is back.
            let (id, needs) = (instance.id.clone(), self.needs(instance));
            self.allocate(&id, destination, needs);
        }
        self.next(number, Stage::EvacuationBuild(migration), PARTS, at);
    }

    pub(super) fn evacuation_build(&mut self, number: u64, migration: u64, at: Moment) {
        self.change(number, at, |instance| {
            instance.task_state = Some(TaskState::RebuildSpawning);
        });
        self.next(number, Stage::EvacuationEnd(migration), PARTS, at);
    }

    pub(super) fn evacuation_end(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((source, Some(destination))) = self.ends_of(migration) else {
            return;
        };
        if self.is_to_end(number, EVACUATE, BadEnd::Error) || !self.is_well(destination) {
            self.give_back(number, destination);
            let why = ("The instance could not be built anew.", "failed");
            return self.evacuation_failed(number, migration, why, at);
        }
        self.leave_behind(number, source, destination);
        self.place(number, destination);
        let runs = self
            .migrations
            .get(&migration)
            .is_some_and(|it| it.runs_after);
        self.change(number, at, |instance| {
            instance.task_state = None;
            instance.fault = None;
            instance.is_alive = false;
            instance.vm_state = if runs {
                VmState::Active
            } else {
                VmState::Stopped
            };
        });
        if runs {
            self.runs_now(number);
        }
        self.mark(migration, "done", at);
    }

    fn evacuation_failed(
        &mut self,
        number: u64,
        migration: u64,
        (why, status): (&str, &'static str),
        at: Moment,
    ) {
        self.set_fault(number, 500, why, at);
        self.change(number, at, |instance| {
            instance.vm_state = VmState::Error;
            instance.task_state = None;
        });
        self.mark(migration, status, at);
    }

    /// Writes it down when the instance still runs where it was.
    fn leave_behind(&mut self, number: u64, source: usize, destination: usize) {
        let is_powered = self.hosts[source].condition != HostCondition::PoweredOff;
        let Some(instance) = self.instances.get_mut(&number) else {
            return;
        };
        if instance.is_alive && is_powered {
            instance.left_running_on.push(source);
            let two = TwoHosts {
                instance: instance.id.clone(),
                old_host: self.hosts[source].name.clone(),
                new_host: self.hosts[destination].name.clone(),
            };
            self.counters.evacuated_while_running.push(two);
        }
    }

    fn give_back(&mut self, number: u64, host: usize) {
        let id = self.instances.get(&number).map(|it| it.id.clone());
        if let Some(id) = id {
            self.release(&id, Some(host));
        }
    }

    /// Ends the moves of an instance that are not going to end by themselves, because another takes their place.
    pub(super) fn abandon_moves(&mut self, number: u64, now: Moment) {
        let open = |status: &str| {
            matches!(
                status,
                "queued"
                    | "preparing"
                    | "running"
                    | "accepted"
                    | "pre-migrating"
                    | "migrating"
                    | "post-migrating"
            )
        };
        let of_it = self.migrations.values().filter(|it| it.instance == number);
        let open: Vec<_> = of_it.filter(|it| open(it.status)).cloned().collect();
        for record in open {
            if record.kind != MigrationKind::Evacuation {
                self.hold_one(record.id, false);
            } else if let Some(destination) = record.destination
                && record.status == "pre-migrating"
            {
                self.give_back(number, destination);
            }
            self.mark(record.id, "error", now);
        }
    }
}

/// Nova's refusal of what the state of an instance does not allow.
pub(super) fn invalid_state(id: &str, action: &str, attribute: &str, value: &str) -> Refusal {
    Refusal::conflict(format!(
        "Cannot '{action}' instance {id} while it is in {attribute} {value}"
    ))
}

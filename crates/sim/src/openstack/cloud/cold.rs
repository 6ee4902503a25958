//! Cold migration: the instance is shut down, moved, started, and waits for a confirmation.

use super::clock::Moment;
use super::migration::MigrationKind;
use super::scheduler::NO_VALID_HOST;
use super::{Cloud, Stage, TaskState, VmState};
use crate::openstack::answer::Refusal;
use crate::openstack::faults::BadEnd;

const COLD: &str = "migrate";
const PARTS: (&str, u32) = (COLD, 4);

impl Cloud {
    /// Begins a cold migration.
    pub(in crate::openstack) fn cold_migrate(
        &mut self,
        id: &str,
        host: Option<&str>,
        now: Moment,
    ) -> Result<(), Refusal> {
        let (number, source) = self.movable(id, COLD, &[VmState::Active, VmState::Stopped])?;
        if !self.is_up(source, now) {
            let message = "Service is unavailable at this time.";
            return Err(Refusal::conflict(message));
        }
        let wanted = host.map(|name| self.compute_host(name)).transpose()?;
        if wanted == Some(source) {
            return Err(Refusal::bad(
                "Cannot migrate to the host where the server exists.",
            ));
        }
        self.begin(number, COLD, TaskState::ResizePrep, now);
        let kind = (MigrationKind::Cold, "pre-migrating");
        let migration = self.record(number, kind, (source, wanted), now);
        self.next(number, Stage::ColdPrepare(migration), PARTS, now);
        Ok(())
    }

    pub(super) fn cold_prepare(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((_, wanted)) = self.ends_of(migration) else {
            return;
        };
        let Some(destination) = self.choose(number, COLD, wanted, at) else {
            // It stays as it was.
            self.change(number, at, |instance| instance.task_state = None);
            self.set_fault(number, 400, NO_VALID_HOST, at);
            return self.mark(migration, "error", at);
        };
        self.hold_both(migration, destination, at);
        self.next(number, Stage::ColdMove(migration), PARTS, at);
    }

    pub(super) fn cold_move(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((source, _)) = self.ends_of(migration) else {
            return;
        };
        if !self.is_well(source) {
            return;
        }
        self.mark(migration, "migrating", at);
        self.change(number, at, |instance| {
            instance.task_state = Some(TaskState::ResizeMigrating);
            instance.was_running = instance.is_alive;
            instance.is_alive = false;
        });
        self.next(number, Stage::ColdArrive(migration), PARTS, at);
    }

    pub(super) fn cold_arrive(&mut self, number: u64, migration: u64, at: Moment) {
        self.mark(migration, "post-migrating", at);
        self.change(number, at, |instance| {
            instance.task_state = Some(TaskState::ResizeFinish);
        });
        self.next(number, Stage::ColdEnd(migration), PARTS, at);
    }

    pub(super) fn cold_end(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((_, Some(destination))) = self.ends_of(migration) else {
            return;
        };
        if self.is_to_end(number, COLD, BadEnd::Error) || !self.is_well(destination) {
            self.hold_one(migration, false);
            self.set_fault(number, 500, "The migration failed.", at);
            self.change(number, at, |instance| {
                instance.vm_state = VmState::Error;
                instance.task_state = None;
            });
            return self.mark(migration, "error", at);
        }
        self.place(number, destination);
        self.change(number, at, |instance| {
            instance.vm_state = VmState::Resized;
            instance.task_state = None;
        });
        if self.instances.get(&number).is_some_and(|it| it.was_running) {
            self.runs_now(number);
        }
        self.mark(migration, "finished", at);
    }

    /// Ends a cold migration, to keep it or to go back.
    pub(in crate::openstack) fn settle(
        &mut self,
        id: &str,
        keeps: bool,
        now: Moment,
    ) -> Result<(), Refusal> {
        let action = if keeps {
            "confirmResize"
        } else {
            "revertResize"
        };
        let (number, _) = self.movable(id, action, &[VmState::Resized])?;
        let migration = self.migrations.values().rev().find(|record| {
            record.instance == number
                && record.kind == MigrationKind::Cold
                && record.status == "finished"
        });
        let migration = migration
            .map(|record| record.id)
            .ok_or_else(|| Refusal::bad("Instance has not been resized."))?;
        if keeps {
            self.counters.accept(id, action);
            self.mark(migration, "confirming", now);
            self.next(number, Stage::Confirm(migration), (action, 1), now);
        } else {
            self.begin(number, action, TaskState::ResizeReverting, now);
            self.mark(migration, "reverting", now);
            self.next(number, Stage::Revert(migration), (action, 1), now);
        }
        Ok(())
    }

    pub(super) fn confirmed(&mut self, number: u64, migration: u64, at: Moment) {
        self.hold_one(migration, true);
        self.change(number, at, |instance| {
            instance.vm_state = active_if(instance.is_alive);
        });
        self.mark(migration, "confirmed", at);
    }

    pub(super) fn reverted(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((source, _)) = self.ends_of(migration) else {
            return;
        };
        if !self.is_well(source) {
            return;
        }
        self.hold_one(migration, false);
        self.place(number, source);
        self.change(number, at, |instance| {
            instance.vm_state = active_if(instance.is_alive);
            instance.task_state = None;
        });
        self.mark(migration, "reverted", at);
    }
}

fn active_if(is_alive: bool) -> VmState {
    if is_alive {
        VmState::Active
    } else {
        VmState::Stopped
    }
}

//! Live migration: queued, preparing, running, completed.

use super::clock::Moment;
use super::lifecycle::check_state;
use super::migration::MigrationKind;
use super::scheduler::NO_VALID_HOST;
use super::{Cloud, Stage, TaskState, VmState};
use crate::openstack::answer::Refusal;
use crate::openstack::faults::BadEnd;

pub(super) const LIVE: &str = "os-migrateLive";
const PARTS: (&str, u32) = (LIVE, 3);

/// What a live migration is asked for with.
#[derive(Debug, Clone, Copy)]
pub(in crate::openstack) struct LiveOrder<'a> {
    pub(in crate::openstack) host: Option<&'a str>,
    /// Since 2.34 what is wrong shows in the migration and not in the answer.
    pub(in crate::openstack) minor: u16,
}

impl Cloud {
    /// Begins a live migration.
    pub(in crate::openstack) fn live_migrate(
        &mut self,
        id: &str,
        order: LiveOrder<'_>,
        now: Moment,
    ) -> Result<(), Refusal> {
        let (number, source) = self.movable(id, LIVE, &[VmState::Active, VmState::Paused])?;
        let wanted = order.host.map(|name| self.compute_host(name)).transpose()?;
        let mut chosen = wanted;
        if order.minor < 34 {
            chosen = self.choose(number, LIVE, wanted, now);
            if chosen.is_none() {
                return Err(Refusal::bad(NO_VALID_HOST));
            }
        }
        self.begin(number, LIVE, TaskState::Migrating, now);
        let kind = (MigrationKind::Live, "queued");
        let migration = self.record(number, kind, (source, chosen), now);
        self.next(number, Stage::LivePrepare(migration), PARTS, now);
        Ok(())
    }

    pub(super) fn live_prepare(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((source, wanted)) = self.ends_of(migration) else {
            return;
        };
        let chosen = self.choose(number, LIVE, wanted, at);
        match chosen.filter(|_| self.is_up(source, at)) {
            Some(destination) => {
                self.mark(migration, "preparing", at);
                self.hold_both(migration, destination, at);
                self.next(number, Stage::LiveRun(migration), PARTS, at);
            }
            None => self.live_failed(number, migration, "error", at),
        }
    }

    pub(super) fn live_run(&mut self, number: u64, migration: u64, at: Moment) {
        self.mark(migration, "running", at);
        self.next(number, Stage::LiveEnd(migration), PARTS, at);
    }

    pub(super) fn live_end(&mut self, number: u64, migration: u64, at: Moment) {
        let Some((source, Some(destination))) = self.ends_of(migration) else {
            return;
        };
        if !self.is_well(source) {
            // Nobody is there who could end it; the host does when it comes back.
            return;
        }
        if self.is_to_end(number, LIVE, BadEnd::Error) || !self.is_well(destination) {
            return self.live_failed(number, migration, "error", at);
        }
        self.hold_one(migration, true);
        self.place(number, destination);
        self.change(number, at, |instance| instance.task_state = None);
        self.mark(migration, "completed", at);
    }

    /// The instance goes on where it was.
    pub(super) fn live_failed(
        &mut self,
        number: u64,
        migration: u64,
        status: &'static str,
        at: Moment,
    ) {
        self.hold_one(migration, false);
        self.change(number, at, |instance| {
            instance.task_state = None;
            instance.generation += 1;
        });
        self.mark(migration, status, at);
    }

    /// Ends a live migration that somebody does not want any more.
    pub(in crate::openstack) fn abort(
        &mut self,
        id: &str,
        migration: u64,
        minor: u16,
        now: Moment,
    ) -> Result<(), Refusal> {
        let number = self.instance(id)?.number;
        let record = self.migrations.get(&migration);
        let record = record
            .filter(|record| record.instance == number)
            .ok_or_else(|| {
                Refusal::not_found(format!(
                    "Migration {migration} for server {id} could not be found."
                ))
            })?;
        let is_early = matches!(record.status, "queued" | "preparing");
        if record.kind != MigrationKind::Live
            || !(record.status == "running" || is_early && minor >= 65)
        {
            return Err(Refusal::bad(format!(
                "Migration {migration} state of instance {id} is {}. Cannot abort while the migration is in \
                 this state.",
                record.status
            )));
        }
        self.counters.accept(id, "abort");
        self.live_failed(number, migration, "cancelled", now);
        Ok(())
    }

    /// An instance that may be moved now, and the host that it is on.
    pub(super) fn movable(
        &self,
        id: &str,
        action: &str,
        states: &[VmState],
    ) -> Result<(u64, usize), Refusal> {
        let instance = self.instance(id)?;
        check_state(instance, action, states)?;
        let home = instance.host.ok_or_else(|| {
            Refusal::conflict(format!("Cannot '{action}' instance {id}: it has no host"))
        })?;
        Ok((instance.number, home))
    }

    /// A host by its name, for a move.
    pub(super) fn compute_host(&self, name: &str) -> Result<usize, Refusal> {
        let missing = || Refusal::bad(format!("Compute host {name} could not be found."));
        self.host_place(name).ok_or_else(missing)
    }

    /// Source and destination of a move.
    pub(super) fn ends_of(&self, migration: u64) -> Option<(usize, Option<usize>)> {
        let record = self.migrations.get(&migration)?;
        Some((record.source, record.destination))
    }
}

//! The records that Nova keeps of moves.

use super::Cloud;
use super::clock::Moment;

/// What kind of move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::openstack) enum MigrationKind {
    Live,
    Cold,
    Evacuation,
}

impl MigrationKind {
    /// Its name in the API.
    pub(in crate::openstack) fn name(self) -> &'static str {
        match self {
            Self::Live => "live-migration",
            Self::Cold => "migration",
            Self::Evacuation => "evacuation",
        }
    }
}

/// A move of an instance.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Migration {
    pub(in crate::openstack) id: u64,
    pub(in crate::openstack) uuid: String,
    pub(in crate::openstack) instance: u64,
    pub(in crate::openstack) instance_id: String,
    pub(in crate::openstack) flavor: usize,
    pub(in crate::openstack) project_id: String,
    pub(in crate::openstack) user_id: String,
    pub(in crate::openstack) kind: MigrationKind,
    /// As the API names it.
    pub(in crate::openstack) status: &'static str,
    pub(in crate::openstack) source: usize,
    /// The host that somebody wished for, until the scheduler has chosen.
    pub(in crate::openstack) destination: Option<usize>,
    /// Whether the instance is to run when all is done.
    pub(in crate::openstack) runs_after: bool,
    pub(in crate::openstack) created: Moment,
    pub(in crate::openstack) updated: Moment,
}

impl Migration {
    /// Whether it is a live migration that has not ended.
    pub(in crate::openstack) fn is_live_now(&self) -> bool {
        let is_going_on = matches!(self.status, "queued" | "preparing" | "running");
        self.kind == MigrationKind::Live && is_going_on
    }
}

impl Cloud {
    /// A new record.
    pub(super) fn record(
        &mut self,
        number: u64,
        (kind, status): (MigrationKind, &'static str),
        (source, destination): (usize, Option<usize>),
        now: Moment,
    ) -> u64 {
        let uuid = self.id();
        let id = self.migrations.last_key_value().map_or(1, |(id, _)| id + 1);
        if let Some(instance) = self.instances.get(&number) {
            let migration = Migration {
                id,
                uuid,
                instance: number,
                instance_id: instance.id.clone(),
                flavor: instance.flavor,
                project_id: instance.project_id.clone(),
                user_id: instance.user_id.clone(),
                kind,
                status,
                source,
                destination,
                runs_after: instance.is_alive,
                created: now,
                updated: now,
            };
            self.migrations.insert(id, migration);
        }
        id
    }

    /// Writes down how far a move is.
    pub(super) fn mark(&mut self, migration: u64, status: &'static str, now: Moment) {
        if let Some(migration) = self.migrations.get_mut(&migration) {
            migration.status = status;
            migration.updated = now;
        }
    }

    /// Takes what is needed at the destination for the instance; what it holds at the source is the migration's now.
    pub(super) fn hold_both(&mut self, migration: u64, destination: usize, now: Moment) {
        let Some(record) = self.migrations.get_mut(&migration) else {
            return;
        };
        record.destination = Some(destination);
        record.updated = now;
        let (uuid, id, source) = (
            record.uuid.clone(),
            record.instance_id.clone(),
            record.source,
        );
        let Some(needs) = self
            .instances
            .get(&record.instance)
            .map(|it| self.needs(it))
        else {
            return;
        };
        self.release(&id, None);
        self.allocate(&uuid, source, needs);
        self.allocate(&id, destination, needs);
    }

    /// Leaves the instance with what it holds at the destination, or gives that back and leaves it at the source.
    pub(super) fn hold_one(&mut self, migration: u64, at_destination: bool) {
        let Some(record) = self.migrations.get(&migration) else {
            return;
        };
        let (uuid, id, source) = (
            record.uuid.clone(),
            record.instance_id.clone(),
            record.source,
        );
        let Some((needs, _)) = self.allocations.get(&uuid).cloned() else {
            return;
        };
        self.release(&uuid, None);
        if !at_destination {
            self.release(&id, None);
            self.allocate(&id, source, needs);
        }
    }
}

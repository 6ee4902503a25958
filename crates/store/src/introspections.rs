//! Introspections: beginning, events, phases, lists.

use assay_domain::{Event, Introspection, NewTask, Page, Phase, PhaseStamp, Result, Timestamp};

use crate::{Change, NewIntrospection, Store};

impl Store {
    /// Begins an introspection and stores the task that drives it, with `introspection_id` added
    /// to its payload. The introspection before it stays as history.
    ///
    /// # Errors
    /// `Conflict` while the node's current introspection runs; `NotFound` for the node.
    pub async fn start_introspection(
        &self,
        new: NewIntrospection,
        task: Option<NewTask>,
        now: Timestamp,
    ) -> Result<Introspection> {
        write!(self, introspections::start(&new, task.as_ref(), now))
    }

    /// Applies an event and all that comes with it; a task becomes the introspection's owner.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the state does not allow the event.
    pub async fn apply_event(
        &self,
        id: i64,
        event: Event,
        change: Change,
        now: Timestamp,
    ) -> Result<Introspection> {
        write!(self, introspections::apply_event(id, event, &change, now))
    }

    /// Stamps a phase; the first stamp stays.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn stamp_phase(&self, id: i64, phase: Phase, now: Timestamp) -> Result<()> {
        write!(self, introspections::stamp(id, phase, now))
    }

    /// The phases that were reached, in order of time.
    pub async fn phases(&self, id: i64) -> Result<Vec<PhaseStamp>> {
        read!(self, introspections::phases(id))
    }

    /// The phases that these introspections reached, each with its introspection's key, in order of
    /// time.
    pub async fn phases_of(&self, ids: Vec<i64>) -> Result<Vec<(i64, PhaseStamp)>> {
        read!(self, report_lists::phases_of(&ids))
    }

    /// The most likely causes that were found for these introspections, each with its key.
    pub async fn causes_of(&self, ids: Vec<i64>) -> Result<Vec<(i64, String)>> {
        read!(self, report_lists::causes_of(&ids))
    }

    /// The introspection with that key.
    pub async fn introspection(&self, id: i64) -> Result<Option<Introspection>> {
        read!(self, introspection_lists::find(id))
    }

    /// The newest introspection of a node.
    pub async fn current_introspection(&self, node_id: i64) -> Result<Option<Introspection>> {
        read!(self, introspection_lists::current(node_id))
    }

    /// The newest introspection of a node, by the node's UUID.
    pub async fn current_by_node_uuid(&self, node_uuid: &str) -> Result<Option<Introspection>> {
        let node_uuid = node_uuid.to_owned();
        read!(self, introspection_lists::current_by_uuid(&node_uuid))
    }

    /// The introspection whose last boot script has the nonce with this hash.
    pub async fn introspection_by_nonce(&self, hash: &str) -> Result<Option<Introspection>> {
        let hash = hash.to_owned();
        read!(self, introspection_lists::by_nonce(&hash))
    }

    /// Whether any introspection waits for a machine that was not given a boot script.
    pub async fn any_waiting_without_script(&self) -> Result<bool> {
        read!(self, introspection_lists::any_without_script())
    }

    /// The newest introspection of each node, newest first by time and node UUID, after the node
    /// `marker`.
    ///
    /// # Errors
    /// `Invalid` for a marker that is no introspected node.
    pub async fn list_current(
        &self,
        marker: Option<String>,
        limit: i64,
    ) -> Result<Vec<Introspection>> {
        read!(
            self,
            introspection_lists::list_current(marker.as_deref(), limit)
        )
    }

    /// All introspections of a node, newest first.
    pub async fn introspections_of(&self, node_id: i64, page: Page) -> Result<Vec<Introspection>> {
        read!(self, introspection_lists::of_node(node_id, page))
    }

    /// Introspections that have not ended by their deadline.
    pub async fn expired_introspections(
        &self,
        now: Timestamp,
        limit: i64,
    ) -> Result<Vec<Introspection>> {
        read!(self, introspection_lists::expired(now, limit))
    }

    /// Introspections that start, process, reapply or abort, and whose task has ended or is
    /// missing, so that nobody would end them.
    pub async fn orphaned_introspections(&self, limit: i64) -> Result<Vec<Introspection>> {
        read!(self, introspection_lists::orphaned(limit))
    }
}

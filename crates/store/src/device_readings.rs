//! What was read of devices beside power.

use assay_domain::{Aspect, DeviceFacts, DeviceReading, NewTask, Result, Timestamp};

use crate::Store;

impl Store {
    /// What was read last of an aspect of a node's device; none when nobody has asked for it yet.
    pub async fn device_reading(
        &self,
        node_id: i64,
        aspect: Aspect,
    ) -> Result<Option<DeviceReading>> {
        read!(self, device_readings::find(node_id, aspect))
    }

    /// Stores a task that reads an aspect of a node's device, unless there is one that has not ended;
    /// gives the UUID of the one there is, and whether it is the new one.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn ask_device(
        &self,
        node_id: i64,
        aspect: Aspect,
        task: NewTask,
        now: Timestamp,
    ) -> Result<(String, bool)> {
        write!(self, device_readings::ask(node_id, aspect, &task, now))
    }

    /// Forgets what an aspect of a node's device was, because it is another one now.
    pub async fn forget_device_facts(&self, node_id: i64, aspect: Aspect) -> Result<()> {
        write!(self, device_readings::forget_aspect(node_id, aspect))
    }

    /// Keeps what a device said at `now`, which a task has asked for. Nothing is kept when the node is gone,
    /// or has another device than when the task was stored.
    pub async fn keep_device_facts(
        &self,
        node_id: i64,
        aspect: Aspect,
        facts: DeviceFacts,
        task_uuid: &str,
        now: Timestamp,
    ) -> Result<()> {
        let task_uuid = task_uuid.to_owned();
        write!(
            self,
            device_readings::keep(node_id, aspect, &facts, &task_uuid, now)
        )
    }
}

//! What tasks do with the hosts and instances of a cloud, and how far they are.

use assay_domain::cloud::{HostProgress, InstanceMove};
use assay_domain::{NewTask, Result, Task, Timestamp};

use crate::Store;

impl Store {
    /// Stores a task that works on hosts of the cloud, with these hosts in their order.
    ///
    /// # Errors
    /// `Conflict` when an open task works on one of them.
    pub async fn create_host_job(
        &self,
        task: NewTask,
        hosts: Vec<HostProgress>,
        now: Timestamp,
    ) -> Result<Task> {
        write!(self, cloud_jobs::create(&task, &hosts, now))
    }

    /// The hosts that a task works on, in their order.
    pub async fn job_hosts(&self, task_uuid: &str) -> Result<Vec<HostProgress>> {
        let task_uuid = task_uuid.to_owned();
        read!(self, cloud_jobs::hosts(&task_uuid))
    }

    /// Records how far a host is.
    pub async fn advance_host(&self, host: HostProgress) -> Result<()> {
        write!(self, cloud_jobs::advance(&host))
    }

    /// Stores moves of a task; those whose place is taken stay as they are.
    pub async fn plan_moves(&self, moves: Vec<InstanceMove>) -> Result<()> {
        write!(self, cloud_jobs::plan(&moves))
    }

    /// The moves of a task, in their order.
    pub async fn instance_moves(&self, task_uuid: &str) -> Result<Vec<InstanceMove>> {
        let task_uuid = task_uuid.to_owned();
        read!(self, cloud_jobs::moves(&task_uuid))
    }

    /// Has a task begin nothing new: moves of which the cloud was not told stay, and its hosts know.
    pub async fn cancel_cloud_job(
        &self,
        task_uuid: &str,
        user: &str,
        now: Timestamp,
    ) -> Result<()> {
        let (task_uuid, user) = (task_uuid.to_owned(), user.to_owned());
        write!(self, cloud_jobs::cancel(&task_uuid, &user, now))
    }

    /// Records how far a move is; false when it has ended already.
    pub async fn record_move(&self, one: InstanceMove) -> Result<bool> {
        write!(self, cloud_jobs::record(&one))
    }
}

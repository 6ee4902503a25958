//! Copies of instances that tasks make, and how far they are.

use assay_domain::cloud::CloneProgress;
use assay_domain::{NewTask, Result, Task, Timestamp};

use crate::Store;

impl Store {
    /// Stores a task that copies an instance, with the copies that it is to make.
    ///
    /// # Errors
    /// `Conflict` when an open task makes one of the same name.
    pub async fn create_clone_job(
        &self,
        task: NewTask,
        clones: Vec<CloneProgress>,
        now: Timestamp,
    ) -> Result<Task> {
        write!(self, server_clones::create(&task, &clones, now))
    }

    /// The copies that a task makes, in their order.
    pub async fn clones(&self, task_uuid: &str) -> Result<Vec<CloneProgress>> {
        let task_uuid = task_uuid.to_owned();
        read!(self, server_clones::of_task(&task_uuid))
    }

    /// The names of the copies that open tasks make.
    pub async fn clone_names(&self) -> Result<Vec<String>> {
        read!(self, server_clones::open_names())
    }

    /// Records how far a copy is.
    pub async fn advance_clone(&self, clone: CloneProgress) -> Result<()> {
        write!(self, server_clones::advance(&clone))
    }

    /// Has a task stop: it makes nothing more, and removes what is half made.
    pub async fn cancel_clones(&self, task_uuid: &str, user: &str) -> Result<()> {
        let (task_uuid, user) = (task_uuid.to_owned(), user.to_owned());
        write!(self, server_clones::cancel(&task_uuid, &user))
    }
}

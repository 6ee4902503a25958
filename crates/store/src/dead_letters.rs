//! Announcements of tasks, and dead letters.

use assay_domain::{DeadLetter, NewDeadLetter, Page, Result, Task, Timestamp};

use crate::Store;
use crate::types::{Announcement, Revival, Waiting};

impl Store {
    /// Takes up to `limit` tasks that must be announced now, the oldest first. Nobody else takes
    /// them before `until`; [`Store::confirm_announcements`] says that the broker has them.
    pub async fn take_announcements(
        &self,
        limit: usize,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<Announcement>> {
        write!(self, announcements::take(limit, now, until))
    }

    /// Records that tasks were announced: they are announced again at `next` if they still wait
    /// then, those that were begun before at `next_begun`. `taken_until` is the time that they were
    /// taken until; gives how many nobody had changed meanwhile.
    pub async fn confirm_announcements(
        &self,
        ids: &[i64],
        taken_until: Timestamp,
        next: Timestamp,
        next_begun: Timestamp,
    ) -> Result<usize> {
        if ids.is_empty() {
            return Ok(0);
        }
        let ids = ids.to_vec();
        write!(
            self,
            announcements::confirm(&ids, taken_until, next, next_begun)
        )
    }

    /// Has all tasks of a class that wait for a worker announced again, for a broker that has lost
    /// its messages; gives how many.
    pub async fn repeat_announcements(&self, class: &str, now: Timestamp) -> Result<usize> {
        let class = class.to_owned();
        write!(self, announcements::repeat(&class, now))
    }

    /// Has one task announced again at once, if it waits for a worker.
    pub async fn announce_again(&self, id: i64, now: Timestamp) -> Result<()> {
        write!(self, announcements::again(id, now))
    }

    /// How many tasks of each class wait for a worker; a class without any is left out.
    pub async fn waiting_tasks(&self, now: Timestamp) -> Result<Vec<Waiting>> {
        read!(self, announcements::waiting(now))
    }

    /// Ends a task as failed for the reason, and puts it among the dead letters; false when
    /// `owner` does not hold it any more.
    pub async fn give_up_task(
        &self,
        id: i64,
        owner: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (owner, reason) = (owner.to_owned(), reason.to_owned());
        write!(self, dead_letters::give_up(id, &owner, &reason, now))
    }

    /// Puts a message that no worker understood among the dead letters; gives its key.
    pub async fn add_dead_letter(&self, new: NewDeadLetter, now: Timestamp) -> Result<i64> {
        write!(self, dead_letters::add(&new, now))
    }

    /// Dead letters, newest first.
    pub async fn list_dead_letters(&self, page: Page) -> Result<Vec<DeadLetter>> {
        read!(self, dead_letters::list(page))
    }

    /// The dead letter with that key.
    pub async fn dead_letter(&self, id: i64) -> Result<Option<DeadLetter>> {
        read!(self, dead_letters::find(id))
    }

    /// Forgets a dead letter.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn delete_dead_letter(&self, id: i64) -> Result<()> {
        write!(self, dead_letters::delete(id))
    }

    /// Forgets the dead letters that were redelivered before that time; gives how many.
    pub async fn prune_dead_letters(&self, before: Timestamp) -> Result<i64> {
        write!(self, dead_letters::prune(before))
    }

    /// Gives the task of a dead letter to the workers again, as if it had never been tried, with
    /// what it works on brought back to where the task can begin.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when it was redelivered before, when its task is not kept any more
    /// or has not failed, and when what it works on does not allow it.
    pub async fn redeliver_dead_letter(
        &self,
        id: i64,
        revival: Revival,
        now: Timestamp,
    ) -> Result<Task> {
        write!(self, dead_letters::redeliver(id, &revival, now))
    }
}

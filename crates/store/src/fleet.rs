//! The fleet: processes, leases, and what they hold.

use assay_domain::fleet::{HeldTask, Lease, Process, Reservation, Waiter};
use assay_domain::{Page, Result, Timestamp};

use crate::Store;

impl Store {
    /// Records that a process lives, as of its `seen_at`.
    pub async fn present_process(&self, process: Process) -> Result<()> {
        write!(self, fleet::present(&process))
    }

    /// All processes that were not forgotten, in order of their start.
    pub async fn processes(&self) -> Result<Vec<Process>> {
        read!(self, fleet::processes())
    }

    /// Removes a process that ends.
    pub async fn leave_process(&self, name: &str) -> Result<()> {
        let name = name.to_owned();
        write!(self, fleet::leave(&name))
    }

    /// Removes the processes that were seen last before that time; gives how many.
    pub async fn forget_processes(&self, before: Timestamp) -> Result<usize> {
        write!(self, fleet::forget(before))
    }

    /// Takes or renews a lease until `expires`; false while another holder's has not expired.
    pub async fn hold_lease(
        &self,
        name: &str,
        holder: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        write!(self, fleet::hold(&name, &holder, now, expires))
    }

    /// Gives a lease up; nothing happens when the holder does not have it.
    pub async fn release_lease(&self, name: &str, holder: &str) -> Result<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        write!(self, fleet::release(&name, &holder))
    }

    /// All leases, by name.
    pub async fn leases(&self) -> Result<Vec<Lease>> {
        read!(self, fleet::leases())
    }

    /// A page of the tasks that are being worked on, oldest first.
    pub async fn held_tasks(&self, page: Page) -> Result<Vec<HeldTask>> {
        read!(self, fleet::held_tasks(page))
    }

    /// A page of the nodes that are held now, by key.
    pub async fn reservations(&self, now: Timestamp, page: Page) -> Result<Vec<Reservation>> {
        read!(self, reservations::list(now, page))
    }

    /// Who holds a node now, and who waits for it, first come first.
    pub async fn reservation(
        &self,
        node_id: i64,
        now: Timestamp,
    ) -> Result<(Option<Reservation>, Vec<Waiter>)> {
        read!(self, reservations::of_node(node_id, now))
    }

    /// A page of the tasks that wait for nodes, first come first.
    pub async fn waiters(&self, page: Page) -> Result<Vec<Waiter>> {
        read!(self, reservations::waiters(page))
    }

    /// Removes those who wait for a node and whose task has ended; gives how many.
    pub async fn forget_waiters(&self) -> Result<usize> {
        write!(self, reservations::forget_waiters())
    }
}

//! Telling machines apart, discovery, held reports.

use assay_domain::{Facts, HeldReport, HeldState, NewTask, NodePatch, Page, Result, Timestamp};

use crate::compression::compress;
use crate::{
    BootClaim, Candidates, DiscoveryBoot, DiscoveryLimits, Enrolled, Enrolment, Held,
    NewHeldReport, NewIntrospection, ScriptGiven, Store,
};

impl Store {
    /// The nodes that a machine may be: those of which any of its facts is known. Whether any of
    /// that decides is the caller's business.
    pub async fn candidates(&self, machine: Facts) -> Result<Candidates> {
        read!(self, lookup::candidates(&machine))
    }

    /// Keeps the hash of the nonce of the boot script that is being served, and whom it is served
    /// to, and stamps that phase. False, and nothing is kept, unless the machine is awaited and the
    /// nonce before this one is still `before`. The first machine stays the one that the
    /// introspection is for.
    pub async fn give_script(
        &self,
        id: i64,
        before: Option<String>,
        nonce_hash: String,
        claim: BootClaim,
        now: Timestamp,
    ) -> Result<bool> {
        write!(
            self,
            claims::give_script(id, before.as_deref(), &nonce_hash, &claim, now)
        )
    }

    /// The machine that was given the first boot script of an introspection.
    pub async fn boot_claim(&self, introspection_id: i64) -> Result<Option<BootClaim>> {
        read!(self, claims::of_introspection(introspection_id))
    }

    /// Keeps the boot of an unknown machine with the hash of its nonce, within the limits.
    pub async fn give_discovery(
        &self,
        nonce_hash: String,
        claim: BootClaim,
        limits: DiscoveryLimits,
        now: Timestamp,
    ) -> Result<ScriptGiven> {
        write!(
            self,
            claims::give_discovery(&nonce_hash, &claim, limits, now)
        )
    }

    /// The boot of an unknown machine with the nonce of this hash, unless it has expired.
    pub async fn discovery_boot(
        &self,
        nonce_hash: String,
        now: Timestamp,
    ) -> Result<Option<DiscoveryBoot>> {
        read!(self, claims::discovery_boot(&nonce_hash, now))
    }

    /// Removes boots of unknown machines that have expired; gives how many.
    pub async fn prune_discovery_boots(&self, now: Timestamp) -> Result<i64> {
        write!(self, claims::prune(now))
    }

    /// Enrols a machine from its report: node, ports, fingerprint, introspection in the state
    /// `processing`, report and task, in one transaction.
    ///
    /// # Errors
    /// `Conflict` for a name that is taken, and for a held report that has been decided.
    pub async fn enrol(&self, new: Enrolment, raw: Vec<u8>, now: Timestamp) -> Result<Enrolled> {
        let raw = compress(raw).await?;
        write!(self, enrolments::enrol(&new, &raw, now))
    }

    /// Holds a report for a decision; an earlier one of the same machine is replaced.
    pub async fn hold_report(
        &self,
        new: NewHeldReport,
        raw: Vec<u8>,
        now: Timestamp,
    ) -> Result<Held> {
        let raw = compress(raw).await?;
        write!(self, held_reports::hold(&new, &raw, now))
    }

    /// The held report with that UUID.
    pub async fn held_report(&self, uuid: &str) -> Result<Option<HeldReport>> {
        let uuid = uuid.to_owned();
        read!(self, held_reports::find(&uuid))
    }

    /// The data of a held report, as JSON text.
    pub async fn held_report_bytes(&self, uuid: &str) -> Result<Option<Vec<u8>>> {
        let uuid = uuid.to_owned();
        read!(self, held_reports::bytes(&uuid))
    }

    /// Held reports, newest first: those in one state, or all.
    pub async fn list_held_reports(
        &self,
        state: Option<HeldState>,
        page: Page,
    ) -> Result<Vec<HeldReport>> {
        read!(self, held_reports::list(state, page))
    }

    /// Gives a held report to a node: the decision, what changes at the node, and an introspection
    /// that processes the report, in one transaction.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the report has been decided, or the node's introspection runs.
    #[allow(
        clippy::too_many_arguments,
        reason = "one transaction of several parts"
    )]
    pub async fn assign_held_report(
        &self,
        uuid: &str,
        by: &str,
        raw: Vec<u8>,
        identity: NodePatch,
        new: NewIntrospection,
        task: NewTask,
        now: Timestamp,
    ) -> Result<HeldReport> {
        let raw = compress(raw).await?;
        let (uuid, by) = (uuid.to_owned(), by.to_owned());
        write!(
            self,
            held_reports::assign(&uuid, &by, &raw, &identity, &new, &task, now)
        )
    }

    /// Records that a held report is thrown away.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the report has been decided.
    pub async fn discard_held_report(
        &self,
        uuid: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<HeldReport> {
        let (uuid, by) = (uuid.to_owned(), by.to_owned());
        let state = HeldState::Discarded;
        write!(self, held_reports::decide(&uuid, state, &by, None, now))
    }

    /// Removes held reports, decided or not, whose last report came before this time; gives how
    /// many.
    pub async fn prune_held_reports(&self, before: Timestamp) -> Result<i64> {
        write!(self, held_reports::prune(before))
    }
}

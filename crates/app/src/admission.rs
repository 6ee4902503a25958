//! Use cases of PXE admission: the DHCP server serves the machines that are to boot, and no others.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use assay_domain::admission::{Others, PxeAdmission, Wanted};
use assay_domain::{Error, Result, Timestamp};
use assay_inventory::Mac;
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::App;

/// The database is asked for all again after this long, be it that a running introspection's node
/// has got another network card.
const REFRESH: Duration = Duration::from_secs(10);

/// What one process knows of the DHCP server beside it.
pub(crate) struct Desk {
    driver: Arc<dyn PxeAdmission>,
    /// Requests so far; an application covers those that came before it began.
    requests: AtomicU64,
    turn: tokio::sync::Mutex<Turn>,
    state: Mutex<AdmissionState>,
}

/// Held by whoever applies, so that what was asked of the database last is applied last.
struct Turn {
    covered: u64,
    result: Result<()>,
    mark: (i64, Option<i64>),
    at: Option<Instant>,
}

/// What the DHCP server beside this process has been told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdmissionState {
    /// The driver's name.
    pub driver: &'static str,
    /// When it was last told, and took it.
    pub applied_at: Option<Timestamp>,
    /// How many network cards it was told to serve.
    pub served: usize,
    /// Whether it was told to serve machines that nobody knows.
    pub serves_unknown: bool,
    /// Why it could not be told, if it could not.
    pub error: Option<String>,
}

/// PXE admission as it concerns this process alone.
pub struct PxeAdmissions<'a> {
    app: &'a App,
}

impl Desk {
    pub(crate) fn new(driver: Arc<dyn PxeAdmission>) -> Self {
        let state = AdmissionState {
            driver: driver.name(),
            ..AdmissionState::default()
        };
        Self {
            driver,
            requests: AtomicU64::new(0),
            turn: tokio::sync::Mutex::new(Turn {
                covered: 0,
                result: Ok(()),
                mark: (0, None),
                at: None,
            }),
            state: Mutex::new(state),
        }
    }
}

impl<'a> PxeAdmissions<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Whether there is a DHCP server that must be told.
    pub fn is_active(&self) -> bool {
        self.desk().driver.is_active()
    }

    /// What the DHCP server has been told.
    pub fn state(&self) -> AdmissionState {
        self.desk().state.lock().clone()
    }

    /// How it is, in a sentence for operators; nothing when there is no DHCP server to tell.
    pub fn summary(&self) -> Option<String> {
        if !self.is_active() {
            return None;
        }
        let state = self.state();
        let strangers = if state.serves_unknown {
            " and unknown machines"
        } else {
            ""
        };
        Some(match (&state.error, state.applied_at) {
            (Some(error), _) => format!("{} FAILS: {error}", state.driver),
            (None, None) => format!("{} has not been told yet", state.driver),
            (None, Some(_)) => format!(
                "{} serves {} network cards{strangers}",
                state.driver, state.served
            ),
        })
    }

    /// Tells the DHCP server whom to serve, if that has changed since it was last told; called again
    /// and again by one loop of each process that works. A failure is kept in [`Self::state`].
    pub async fn reconcile(&self) {
        if !self.is_active() {
            return;
        }
        let mut turn = self.desk().turn.lock().await;
        let told = match self.is_up_to_date(&turn).await {
            Ok(true) => return,
            Ok(false) => self.tell(&mut turn).await,
            Err(error) => Err(error),
        };
        self.note(told.as_ref().err());
    }

    /// Has the DHCP server serve a node's machine before it is switched on.
    ///
    /// # Errors
    /// [`Error::Conflict`] when the server cannot be told, or would not serve the machine because no
    /// MAC address of it is known.
    pub(crate) async fn admit(&self, node_id: i64) -> Result<()> {
        if !self.is_active() {
            return Ok(());
        }
        let macs = self.app.store().macs_of_node(node_id).await?;
        if usable(macs).is_empty() && !self.serves_unknown() {
            return Err(Error::conflict(format!(
                "PXE admission by {}: no MAC address of the node is known, so it would get no answer; give it a port",
                self.desk().driver.name()
            )));
        }
        self.apply().await
    }

    /// Tells the server what the database says now. Callers at one time share one application, but
    /// for each it begins after its call.
    async fn apply(&self) -> Result<()> {
        let desk = self.desk();
        let ticket = desk.requests.fetch_add(1, Ordering::SeqCst) + 1;
        let mut turn = desk.turn.lock().await;
        if turn.covered >= ticket {
            return turn.result.clone();
        }
        let result = self.tell(&mut turn).await;
        self.note(result.as_ref().err());
        result
    }

    async fn is_up_to_date(&self, turn: &Turn) -> Result<bool> {
        let fresh = turn.at.is_some_and(|at| at.elapsed() < REFRESH);
        if !fresh || turn.result.is_err() || self.desk().driver.is_disturbed().await {
            return Ok(false);
        }
        Ok(self.app.store().booting_mark().await? == turn.mark)
    }

    async fn tell(&self, turn: &mut Turn) -> Result<()> {
        let covered = self.desk().requests.load(Ordering::SeqCst);
        turn.result = self.tell_all(turn).await;
        turn.covered = covered;
        turn.result.clone()
    }

    async fn tell_all(&self, turn: &mut Turn) -> Result<()> {
        let store = self.app.store();
        // The mark comes first: what changes after it is seen the next time.
        turn.mark = store.booting_mark().await?;
        let wanted = Wanted {
            served: usable(store.booting_macs().await?),
            others: self.others().await?,
        };
        self.desk().driver.apply(&wanted).await?;
        turn.at = Some(Instant::now());
        let mut state = self.desk().state.lock();
        state.applied_at = Some(self.app.clock().now());
        state.served = wanted.served.len();
        metrics::gauge!("assay_admission_served").set(wanted.served.len() as f64);
        state.serves_unknown = wanted.others != Others::Refused;
        Ok(())
    }

    async fn others(&self) -> Result<Others> {
        if !self.serves_unknown() {
            return Ok(Others::Refused);
        }
        let known = self.app.store().macs_of_all_nodes().await?;
        Ok(Others::ServedExcept(usable(known)))
    }

    /// Machines that nobody knows must boot to be discovered.
    fn serves_unknown(&self) -> bool {
        self.app.settings().discovery.enabled
    }

    /// Keeps how it went, and logs a change to the worse or the better.
    fn note(&self, error: Option<&Error>) {
        let text = error.map(crate::work::error_text);
        metrics::gauge!("assay_admission_failing").set(f64::from(u8::from(text.is_some())));
        let former = {
            let mut state = self.desk().state.lock();
            std::mem::replace(&mut state.error, text.clone())
        };
        match text {
            Some(text) if former.as_ref() != Some(&text) => {
                tracing::error!(error = text, "the DHCP server was not told whom to serve");
            }
            None if former.is_some() => {
                tracing::info!("the DHCP server is told again whom to serve");
            }
            _ => {}
        }
    }

    fn desk(&self) -> &'a Desk {
        self.app.desk()
    }
}

/// The addresses that stand for one network card.
fn usable(macs: Vec<String>) -> BTreeSet<Mac> {
    let parsed = macs.iter().filter_map(|mac| mac.parse::<Mac>().ok());
    parsed.filter(|mac| mac.is_unicast()).collect()
}

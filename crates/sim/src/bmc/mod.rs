//! A simulated BMC that speaks Redfish (DMTF DSP0266) on an address of its own.

mod access;
mod accounts;
mod answer;
mod boot;
mod chassis;
mod counters;
mod documents;
mod faults;
mod log;
mod parts;
mod power;
mod routes;
mod server;
mod storage;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use boot::{BootOverride, OverrideEnabled, OverrideMode, OverrideTarget};
pub use counters::{Counters, ResetSeen};
pub use faults::{Failure, Faults, Scope};
pub use power::ResetType;

use crate::Error;
use crate::machine::Machine;
use crate::restart::Restart;
use crate::web;
use crate::work::Work;

/// How a BMC is set up.
#[derive(Clone)]
pub struct BmcOptions {
    /// Where it listens; port 0 takes a free one. On loopback a fleet can give each BMC an address of its own.
    pub listen: SocketAddr,
    /// The one account's name.
    pub username: String,
    /// The one account's password.
    pub password: String,
    /// Certificate and key: HTTPS when given, else HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// How many sessions may be open at once; real BMCs have as few as four.
    pub session_limit: usize,
    /// A session ends when it is not used for this long.
    pub session_timeout: Duration,
    /// Faults from the first moment on.
    pub faults: Faults,
    /// Stops the BMC when cancelled.
    pub stop: CancellationToken,
}

impl Default for BmcOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            username: "admin".to_owned(),
            password: "simulated".to_owned(),
            tls: None,
            session_limit: 8,
            session_timeout: Duration::from_mins(30),
            faults: Faults::default(),
            stop: CancellationToken::new(),
        }
    }
}

/// A running BMC. Dropping it stops it; its machine is switched off when the last handle to that is dropped.
pub struct Bmc {
    shared: Arc<Shared>,
}

/// What the connections of one BMC share.
struct Shared {
    machine: Arc<dyn Machine>,
    options: BmcOptions,
    address: SocketAddr,
    faults: watch::Sender<Faults>,
    counters: Mutex<Counters>,
    access: Mutex<access::Access>,
    boot: Mutex<BootOverride>,
    light: Mutex<bool>,
    log: Mutex<log::Log>,
    restart: Restart,
    power: power::PowerQueue,
    work: Work,
}

impl Bmc {
    /// Starts a BMC before `machine`; to be called inside a Tokio runtime.
    pub fn start(machine: Arc<dyn Machine>, options: BmcOptions) -> Result<Self, Error> {
        let listener = web::bind(options.listen)?;
        let address = listener
            .local_addr()
            .map_err(Error::host("listener of a BMC"))?;
        let (power, orders) = power::queue();
        let shared = Arc::new(Shared {
            machine,
            address,
            faults: watch::Sender::new(options.faults.clone()),
            counters: Mutex::default(),
            access: Mutex::new(access::Access::new(
                options.session_limit,
                options.session_timeout,
            )),
            boot: Mutex::default(),
            light: Mutex::default(),
            log: Mutex::default(),
            restart: Restart::default(),
            power,
            work: Work::new(&options.stop),
            options,
        });
        shared
            .work
            .spawn(server::run(Arc::clone(&shared), listener));
        shared.work.spawn(power::run(Arc::clone(&shared), orders));
        Ok(Self { shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Its address as a URL without a path: `http://127.0.0.1:1234`.
    pub fn url(&self) -> String {
        let scheme = if self.shared.options.tls.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.shared.address)
    }

    /// The one account's name.
    pub fn username(&self) -> &str {
        &self.shared.options.username
    }

    /// The one account's password.
    pub fn password(&self) -> &str {
        &self.shared.options.password
    }

    /// The path of its only system.
    pub fn system_path(&self) -> &'static str {
        documents::SYSTEM
    }

    /// The machine it stands before.
    pub fn machine(&self) -> Arc<dyn Machine> {
        Arc::clone(&self.shared.machine)
    }

    /// The faults it has now.
    pub fn faults(&self) -> Faults {
        self.shared.faults.borrow().clone()
    }

    /// Changes its faults; requests that arrive from now on feel them.
    pub fn change_faults(&self, change: impl FnOnce(&mut Faults)) {
        self.shared.faults.send_modify(change);
    }

    /// What it has counted so far.
    pub fn counters(&self) -> Counters {
        let open = self.shared.access.lock().open_sessions();
        let mut counters = self.shared.counters.lock().clone();
        counters.open_sessions = open;
        counters
    }

    /// The boot override as it is now.
    pub fn boot_override(&self) -> BootOverride {
        *self.shared.boot.lock()
    }

    /// Whether the light that shows where the machine is shines.
    pub fn is_lit(&self) -> bool {
        *self.shared.light.lock()
    }

    /// Writes an event of a crossed threshold into its log: the upper critical one of the temperature.
    pub fn overheat(&self) {
        self.shared.log.lock().overheat();
    }

    /// Stops listening, ends the connections and switches the machine off.
    pub async fn stop(self) -> Result<(), Error> {
        self.shared.work.end().await;
        self.shared.machine.power_off().await
    }
}

impl Drop for Bmc {
    fn drop(&mut self) {
        self.shared.work.stop();
    }
}

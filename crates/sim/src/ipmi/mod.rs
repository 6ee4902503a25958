//! A simulated BMC that speaks IPMI over LAN, 2.0 (RMCP+, cipher suites 3 and 17) and 1.5, on an
//! address of its own.
//!
//! It shares the codec with Assay's client; that both read the standard rightly is tested against
//! peers of others on the other side of each.

mod boot;
mod commands;
mod counters;
mod faults;
mod legacy;
mod plus;
mod power;
mod presence;
mod server;
mod sessions;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_ipmi::Suite;
use assay_ipmi::command::boot::BootFlags;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

pub use counters::{ControlSeen, IpmiCounters};
pub use faults::IpmiFaults;

use crate::Error;
use crate::machine::Machine;
use crate::restart::Restart;
use crate::work::Work;

/// How an IPMI BMC is set up.
#[derive(Clone)]
pub struct IpmiOptions {
    /// Where it listens (UDP); port 0 takes a free one. On loopback a fleet can give each BMC an address
    /// of its own.
    pub listen: SocketAddr,
    /// The one account's name, at most 16 bytes; it is an administrator.
    pub username: String,
    /// The one account's password, at most 20 bytes.
    pub password: String,
    /// The key K_G, where the BMC has one.
    pub key: Option<Vec<u8>>,
    /// The cipher suites it has.
    pub suites: Vec<Suite>,
    /// How many sessions may be open at once; real BMCs have as few as four.
    pub session_limit: usize,
    /// A session ends when it is not used for this long (60 s in section 6.12.15).
    pub session_timeout: Duration,
    /// Faults from the first moment on.
    pub faults: IpmiFaults,
    /// Stops the BMC when cancelled.
    pub stop: CancellationToken,
}

impl Default for IpmiOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            username: "admin".to_owned(),
            password: "simulated".to_owned(),
            key: None,
            suites: Suite::ALL.to_vec(),
            session_limit: 8,
            session_timeout: Duration::from_secs(60),
            faults: IpmiFaults::default(),
            stop: CancellationToken::new(),
        }
    }
}

/// A running BMC. Dropping it stops it; its machine is switched off when the last handle to that is
/// dropped.
pub struct IpmiBmc {
    shared: Arc<Shared>,
}

/// What all of one BMC's work shares.
struct Shared {
    machine: Arc<dyn Machine>,
    options: IpmiOptions,
    address: SocketAddr,
    faults: Mutex<IpmiFaults>,
    counters: Mutex<IpmiCounters>,
    sessions: Mutex<sessions::Sessions>,
    boot: Mutex<BootFlags>,
    log: Mutex<commands::Log>,
    restart: Restart,
    /// Held by the change of power that is under way; the others wait in their order.
    turn: tokio::sync::Mutex<()>,
    work: Work,
}

impl IpmiBmc {
    /// Starts a BMC before `machine`; to be called inside a Tokio runtime.
    pub fn start(machine: Arc<dyn Machine>, options: IpmiOptions) -> Result<Self, Error> {
        let socket = server::bind(options.listen)?;
        let address = socket
            .local_addr()
            .map_err(Error::host("socket of a BMC"))?;
        let shared = Arc::new(Shared {
            machine,
            address,
            faults: Mutex::new(options.faults.clone()),
            counters: Mutex::default(),
            sessions: Mutex::new(sessions::Sessions::new(
                options.session_limit,
                options.session_timeout,
            )),
            boot: Mutex::new(boot::NOTHING),
            log: Mutex::default(),
            restart: Restart::default(),
            turn: tokio::sync::Mutex::default(),
            work: Work::new(&options.stop),
            options,
        });
        shared.work.spawn(server::run(Arc::clone(&shared), socket));
        Ok(Self { shared })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// The one account's name.
    pub fn username(&self) -> &str {
        &self.shared.options.username
    }

    /// The one account's password.
    pub fn password(&self) -> &str {
        &self.shared.options.password
    }

    /// The machine it stands before.
    pub fn machine(&self) -> Arc<dyn Machine> {
        Arc::clone(&self.shared.machine)
    }

    /// The faults it has now.
    pub fn faults(&self) -> IpmiFaults {
        self.shared.faults.lock().clone()
    }

    /// Changes its faults; datagrams that arrive from now on feel them.
    pub fn change_faults(&self, change: impl FnOnce(&mut IpmiFaults)) {
        change(&mut self.shared.faults.lock());
    }

    /// What it has counted so far.
    pub fn counters(&self) -> IpmiCounters {
        let (open, expired) = {
            let mut sessions = self.shared.sessions.lock();
            (sessions.open(), sessions.expired())
        };
        let mut counters = self.shared.counters.lock().clone();
        counters.open_sessions = open;
        counters.expired_sessions = expired;
        counters
    }

    /// The boot flags as they are now.
    pub fn boot_flags(&self) -> BootFlags {
        *self.shared.boot.lock()
    }

    /// Writes an event of a crossed threshold into its log: the upper critical one of the temperature
    /// sensor.
    pub fn overheat(&self) {
        self.shared.log.lock().overheat();
    }

    /// Stops listening and switches the machine off.
    pub async fn stop(self) -> Result<(), Error> {
        self.shared.work.end().await;
        self.shared.machine.power_off().await
    }
}

impl Drop for IpmiBmc {
    fn drop(&mut self) {
        self.shared.work.stop();
    }
}

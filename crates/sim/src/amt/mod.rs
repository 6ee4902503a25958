//! A simulated Intel AMT device: WS-Management (DMTF DSP0226 and DSP0227) behind digest authentication
//! on an address of its own, with the classes and instances that Intel's AMT reference names.

mod access;
mod answer;
mod boot;
mod classes;
mod faults;
mod methods;
mod power;
mod request;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use boot::AmtBoot;
pub use faults::{AmtCounters, AmtFaults, AmtPowerCommand};

use crate::Error;
use crate::machine::Machine;
use crate::restart::Restart;
use crate::web;
use crate::work::Work;

/// How an AMT device is set up.
#[derive(Clone)]
pub struct AmtOptions {
    /// Where it listens; port 0 takes a free one. Real devices use 16992 for HTTP and 16993 for HTTPS.
    pub listen: SocketAddr,
    /// The one account's name.
    pub username: String,
    /// The one account's password.
    pub password: String,
    /// Certificate and key: HTTPS when given, else HTTP.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Faults from the first moment on.
    pub faults: AmtFaults,
    /// Stops the device when cancelled.
    pub stop: CancellationToken,
}

impl Default for AmtOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            username: "admin".to_owned(),
            password: "simulated".to_owned(),
            tls: None,
            faults: AmtFaults::default(),
            stop: CancellationToken::new(),
        }
    }
}

/// A running device. Dropping it stops it; its machine is switched off when the last handle to that is dropped.
pub struct Amt {
    shared: Arc<Shared>,
}

/// What the connections of one device share.
struct Shared {
    machine: Arc<dyn Machine>,
    options: AmtOptions,
    address: SocketAddr,
    faults: watch::Sender<AmtFaults>,
    counters: Mutex<AmtCounters>,
    access: Mutex<access::Access>,
    boot: Mutex<boot::BootSettings>,
    restart: Restart,
    /// The event log's records, the newest first.
    log: Mutex<Vec<[u8; 21]>>,
    power: power::PowerQueue,
    work: Work,
}

impl Amt {
    /// Starts a device before `machine`; to be called inside a Tokio runtime.
    pub fn start(machine: Arc<dyn Machine>, options: AmtOptions) -> Result<Self, Error> {
        let listener = web::bind(options.listen)?;
        let address = listener
            .local_addr()
            .map_err(Error::host("listener of an AMT device"))?;
        let (power, orders) = power::queue();
        let shared = Arc::new(Shared {
            access: Mutex::new(access::Access::new(&machine.hardware().uuid)),
            machine,
            address,
            faults: watch::Sender::new(options.faults.clone()),
            counters: Mutex::default(),
            boot: Mutex::default(),
            restart: Restart::default(),
            log: Mutex::new(classes::first_records()),
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

    /// The machine it stands before.
    pub fn machine(&self) -> Arc<dyn Machine> {
        Arc::clone(&self.shared.machine)
    }

    /// Changes its faults; requests that arrive from now on feel them.
    pub fn change_faults(&self, change: impl FnOnce(&mut AmtFaults)) {
        self.shared.faults.send_modify(change);
    }

    /// What it has counted so far.
    pub fn counters(&self) -> AmtCounters {
        self.shared.counters.lock().clone()
    }

    /// What the machine boots next.
    pub fn next_boot(&self) -> AmtBoot {
        self.shared.boot.lock().next()
    }

    /// Changes a boot option as another console could have done, e.g. `UseSOL`; true when there is such an option.
    pub fn set_boot_option(&self, name: &str, value: &str) -> bool {
        self.shared.boot.lock().set_option(name, value)
    }

    /// Stops listening, ends the connections and switches the machine off.
    pub async fn stop(self) -> Result<(), Error> {
        self.shared.work.end().await;
        self.shared.machine.power_off().await
    }
}

impl Drop for Amt {
    fn drop(&mut self) {
        self.shared.work.stop();
    }
}

//! A machine that is played over HTTP: for fleets, and for tests that need one that misbehaves.

mod agent;
mod report;

pub use report::simulated_report;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::console::Console;
use crate::hardware::{BootPlan, SimMachine};
use crate::http::Http;
use crate::machine::played::{Boots, Played};

/// How a played machine behaves.
#[derive(Debug, Clone, Default)]
pub struct Behaviour {
    /// How long each step takes.
    pub pace: Pace,
    /// What goes wrong.
    pub fault: Option<ScriptedFault>,
    /// How often its firmware tries again to boot after a failure; most real firmware gives up.
    pub boot_retries: u32,
    /// Loads kernel and initramfs whole, and not only their first KiB.
    pub loads_whole_files: bool,
}

/// How long the steps of a played machine take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pace {
    /// From power-on to the boot script.
    pub firmware: Duration,
    /// From the initramfs to the agent.
    pub kernel: Duration,
    /// From the agent to the collected inventory.
    pub collectors: Duration,
}

/// What a played machine does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptedFault {
    /// It never asks for its boot script.
    NeverAsks,
    /// It stops after the boot script.
    StopsAfterScript,
    /// It stops after the kernel.
    StopsAfterKernel,
    /// It stops after the initramfs.
    StopsAfterInitramfs,
    /// It boots anew as soon as it has the initramfs, again and again.
    BootLoops,
    /// It stops after its agent has said that it runs.
    StopsAfterAgent,
    /// It stops after its agent has said that the inventory is collected, and never reports.
    StopsAfterCollectors,
    /// Its agent reports an error and no inventory.
    ReportsError,
    /// Its agent reports twice.
    ReportsTwice,
    /// Its agent reports with a nonce that nobody gave it.
    WrongNonce,
    /// Its agent reports what is not JSON.
    ReportsNonsense,
    /// Its agent closes the connection in the middle of its report, and never tries again.
    BreaksOff,
}

/// What became of a post of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Posted {
    /// It was answered with this HTTP status.
    Answered(u16),
    /// It was not answered.
    Failed(String),
}

/// A machine that fetches its boot script, kernel and initramfs, tells its phases, and posts a report made from its
/// hardware data. Reports of such a machine say that they are simulated.
pub type ScriptedMachine = Played<Script>;

/// What a scripted machine is, how it behaves, and what became of its reports.
#[derive(Debug)]
pub struct Script {
    hardware: SimMachine,
    boot_url: String,
    http: Http,
    behaviour: Mutex<Behaviour>,
    posted: Mutex<Vec<Posted>>,
    console: Arc<Console>,
}

impl ScriptedMachine {
    /// A machine of this hardware, switched off; `boot_url` is what its DHCP names as the boot file.
    pub fn new(
        hardware: SimMachine,
        boot_url: impl Into<String>,
        http: Http,
        behaviour: Behaviour,
    ) -> Self {
        Self::playing(Script {
            hardware,
            boot_url: boot_url.into(),
            http,
            behaviour: Mutex::new(behaviour),
            posted: Mutex::default(),
            console: Arc::default(),
        })
    }

    /// Changes its behaviour; a run that is under way feels it at its next step.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) {
        change(&mut self.inner.behaviour.lock());
    }

    /// What became of its reports, over all runs.
    pub fn posted(&self) -> Vec<Posted> {
        self.inner.posted.lock().clone()
    }
}

#[async_trait]
impl Boots for Script {
    fn hardware(&self) -> &SimMachine {
        &self.hardware
    }

    fn console(&self) -> &Arc<Console> {
        &self.console
    }

    async fn boot(&self, plan: BootPlan) {
        self.live(plan).await;
    }
}

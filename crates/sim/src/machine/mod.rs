//! What stands behind a simulated BMC: something that can be switched on and off.

pub(crate) mod idle;
mod played;
pub(crate) mod process;
pub(crate) mod qemu;
pub(crate) mod scripted;

use std::sync::Arc;

use async_trait::async_trait;

use crate::Error;
use crate::console::Console;
use crate::hardware::{BootPlan, SimMachine};

/// Whether a machine runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// It runs.
    On,
    /// It does not.
    Off,
}

/// A machine behind a BMC. Dropping it switches it off.
#[async_trait]
pub trait Machine: Send + Sync + 'static {
    /// What it is made of.
    fn hardware(&self) -> &SimMachine;

    /// Whether it runs now; a machine may switch itself off.
    fn power(&self) -> Power;

    /// Switches it on to boot as planned; a running machine is left alone.
    async fn power_on(&self, plan: BootPlan) -> Result<(), Error>;

    /// Cuts its power; a machine that is off is left alone.
    async fn power_off(&self) -> Result<(), Error>;

    /// Presses the power button of a running machine: its system may switch off, or may not.
    async fn press_power_button(&self) -> Result<(), Error>;

    /// Sends a running machine a non-maskable interrupt.
    async fn interrupt(&self) -> Result<(), Error>;

    /// Starts it anew, whatever it was doing.
    async fn reset(&self, plan: BootPlan) -> Result<(), Error> {
        self.power_off().await?;
        self.power_on(plan).await
    }

    /// Its serial console.
    fn console(&self) -> Arc<Console>;
}

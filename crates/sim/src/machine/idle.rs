//! A machine that does nothing but be on or off, for tests of what talks to its BMC.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;

use crate::Error;
use crate::console::Console;
use crate::hardware::{BootPlan, SimMachine};
use crate::machine::{Machine, Power};

/// A machine that stays in its firmware. It obeys its power button unless told not to.
#[derive(Debug)]
pub struct IdleMachine {
    hardware: SimMachine,
    obeys_button: bool,
    console: Arc<Console>,
    plan: Mutex<Option<BootPlan>>,
    starts: Mutex<Vec<BootPlan>>,
}

impl IdleMachine {
    /// A machine of this hardware, switched off.
    pub fn new(hardware: SimMachine) -> Self {
        Self {
            hardware,
            obeys_button: true,
            console: Arc::default(),
            plan: Mutex::default(),
            starts: Mutex::default(),
        }
    }

    /// Makes it one whose system does not listen to the power button.
    #[must_use]
    pub fn ignoring_button(mut self) -> Self {
        self.obeys_button = false;
        self
    }

    /// Makes it one that runs, having booted as planned.
    #[must_use]
    pub fn started(self, plan: BootPlan) -> Self {
        *self.plan.lock() = Some(plan);
        self.console.start();
        self.starts.lock().push(plan);
        self
    }

    /// How it was started, each time.
    pub fn starts(&self) -> Vec<BootPlan> {
        self.starts.lock().clone()
    }
}

#[async_trait]
impl Machine for IdleMachine {
    fn hardware(&self) -> &SimMachine {
        &self.hardware
    }

    fn power(&self) -> Power {
        if self.plan.lock().is_some() {
            Power::On
        } else {
            Power::Off
        }
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        let mut current = self.plan.lock();
        if current.is_none() {
            *current = Some(plan);
            self.console.start();
            self.starts.lock().push(plan);
        }
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        *self.plan.lock() = None;
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        if self.obeys_button {
            *self.plan.lock() = None;
        }
        Ok(())
    }

    async fn interrupt(&self) -> Result<(), Error> {
        Ok(())
    }

    fn console(&self) -> Arc<Console> {
        Arc::clone(&self.console)
    }
}

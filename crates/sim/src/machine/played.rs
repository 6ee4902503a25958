//! The switch of a machine whose life is a task of this program: on starts it, off ends it.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::console::Console;
use crate::hardware::{BootDevice, BootPlan, SimMachine};
use crate::machine::{Machine, Power};

/// What a played machine is and does once it is switched on.
#[async_trait]
pub trait Boots: Send + Sync + 'static {
    /// What it is made of.
    fn hardware(&self) -> &SimMachine;

    /// Its serial console.
    fn console(&self) -> &Arc<Console>;

    /// Boots over the network and runs; dropped where it stands when the power is cut. The machine stays on when this
    /// ends.
    async fn boot(&self, plan: BootPlan);
}

/// A machine that lives as a task: switched on to boot over the network, it does what `B` does, with any other boot
/// device it stays in its firmware. Its power button cuts the power, and a non-maskable interrupt does nothing.
#[derive(Debug)]
pub struct Played<B> {
    pub(super) inner: Arc<B>,
    tasks: TaskTracker,
    /// The run that is under way.
    run: Mutex<Option<CancellationToken>>,
}

impl<B> Played<B> {
    /// A machine that does this, switched off.
    pub(super) fn playing(inner: B) -> Self {
        Self {
            inner: Arc::new(inner),
            tasks: TaskTracker::new(),
            run: Mutex::default(),
        }
    }

    fn cancel(&self) {
        if let Some(stop) = self.run.lock().take() {
            stop.cancel();
        }
    }
}

#[async_trait]
impl<B: Boots> Machine for Played<B> {
    fn hardware(&self) -> &SimMachine {
        self.inner.hardware()
    }

    fn power(&self) -> Power {
        if self.run.lock().is_some() {
            Power::On
        } else {
            Power::Off
        }
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        let mut run = self.run.lock();
        if run.is_some() {
            return Ok(());
        }
        self.inner.console().start();
        let stop = CancellationToken::new();
        if plan.device == BootDevice::Network {
            let (inner, stop) = (Arc::clone(&self.inner), stop.clone());
            self.tasks
                .spawn(async move { stop.run_until_cancelled(inner.boot(plan)).await });
        }
        *run = Some(stop);
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        self.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        self.power_off().await
    }

    async fn interrupt(&self) -> Result<(), Error> {
        Ok(())
    }

    fn console(&self) -> Arc<Console> {
        Arc::clone(self.inner.console())
    }
}

impl<B> Drop for Played<B> {
    fn drop(&mut self) {
        self.cancel();
    }
}

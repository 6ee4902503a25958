//! Power commands of an AMT device, and their effect on the machine some time after the answer.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{AmtFaults, Shared};
use crate::Error;
use crate::machine::Power;

/// A command that was answered and has yet to take effect.
pub(super) struct Order {
    command: Command,
    due: Instant,
}

/// What a device can do with its machine's power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Command {
    On,
    Off,
    Restart,
    Shutdown,
}

impl Command {
    /// By the number of the power state that is asked for (CIM_PowerManagementService).
    fn of(state: u32) -> Option<Self> {
        Some(match state {
            2 => Self::On,
            8 => Self::Off,
            5 | 10 => Self::Restart,
            12 => Self::Shutdown,
            _ => return None,
        })
    }
}

/// The way to [`run`].
pub(super) struct PowerQueue(mpsc::UnboundedSender<Order>);

/// A queue and the end from which [`run`] reads it.
pub(super) fn queue() -> (PowerQueue, mpsc::UnboundedReceiver<Order>) {
    let (orders, receiver) = mpsc::unbounded_channel();
    (PowerQueue(orders), receiver)
}

/// The power states that can be asked for now.
pub(super) fn available(now: Power, faults: &AmtFaults) -> Vec<u32> {
    match now {
        Power::Off => vec![2],
        Power::On if faults.no_graceful => vec![10, 8, 5],
        Power::On => vec![10, 8, 5, 12],
    }
}

impl PowerQueue {
    /// Has a command take effect after `delay`; false when there is none of this number.
    pub(super) fn order(&self, state: u32, delay: Duration) -> bool {
        let Some(command) = Command::of(state) else {
            return false;
        };
        // The receiver goes away only when the device stops.
        let _ = self.0.send(Order {
            command,
            due: Instant::now() + delay,
        });
        true
    }
}

/// Carries out orders one after the other.
pub(super) async fn run(shared: Arc<Shared>, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        tokio::time::sleep_until(order.due).await;
        if let Err(error) = carry_out(&shared, order.command).await {
            tracing::warn!(machine = shared.machine.hardware().name, command = ?order.command, %error, "power command failed");
            shared.counters.lock().disobeyed += 1;
        }
    }
}

async fn carry_out(shared: &Shared, command: Command) -> Result<(), Error> {
    let machine = &shared.machine;
    let plan = || {
        let default = machine.hardware().default_plan();
        shared.boot.lock().consume(default)
    };
    match (command, machine.power()) {
        (Command::On, Power::Off) => machine.power_on(plan()).await,
        (Command::Off, Power::On) => machine.power_off().await,
        (Command::Restart, Power::On) => machine.reset(plan()).await,
        (Command::Shutdown, Power::On) => machine.press_power_button().await,
        // The machine has got there by itself.
        _ => Ok(()),
    }
}

//! Resets: which there are, and their effect on the machine some time after the answer.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Shared;
use crate::Error;
use crate::machine::Power;

/// The reset types a simulated system takes (Resource.ResetType).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ResetType {
    /// Switch on.
    On,
    /// Switch on, whatever the state.
    ForceOn,
    /// Cut the power.
    ForceOff,
    /// Ask the system to switch off.
    GracefulShutdown,
    /// Ask the system to start anew; one that does not listen stays as it is.
    GracefulRestart,
    /// Start anew at once.
    ForceRestart,
    /// Cut the power and give it back; a machine that was off is on afterwards.
    PowerCycle,
    /// Press the power button: switches on what is off and asks what is on to switch off.
    PushPowerButton,
    /// Non-maskable interrupt.
    Nmi,
}

impl ResetType {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::On,
        Self::ForceOn,
        Self::ForceOff,
        Self::GracefulShutdown,
        Self::GracefulRestart,
        Self::ForceRestart,
        Self::PowerCycle,
        Self::PushPowerButton,
        Self::Nmi,
    ];

    /// The state a machine is in afterwards, where that is certain.
    pub(super) fn aim(self, now: Power) -> Option<Power> {
        match self {
            Self::On | Self::ForceOn | Self::PowerCycle | Self::ForceRestart => Some(Power::On),
            Self::PushPowerButton if now == Power::Off => Some(Power::On),
            Self::ForceOff | Self::GracefulShutdown | Self::PushPowerButton => Some(Power::Off),
            Self::GracefulRestart | Self::Nmi => None,
        }
    }

    /// Whether this changes nothing on a machine in that state.
    pub(super) fn is_idle(self, now: Power) -> bool {
        match self {
            Self::On | Self::ForceOn => now == Power::On,
            Self::ForceOff | Self::GracefulShutdown | Self::GracefulRestart | Self::Nmi => {
                now == Power::Off
            }
            Self::ForceRestart | Self::PowerCycle | Self::PushPowerButton => false,
        }
    }
}

/// A graceful restart waits this long for the system to go down.
const PATIENCE: Duration = Duration::from_secs(30);

/// A reset that was answered and has yet to take effect.
pub(super) struct Order {
    kind: ResetType,
    due: Instant,
}

/// The way to [`run`], and what it is waiting to do.
pub(super) struct PowerQueue {
    orders: mpsc::UnboundedSender<Order>,
    pending: Mutex<Vec<ResetType>>,
}

/// A queue and the end from which [`run`] reads it.
pub(super) fn queue() -> (PowerQueue, mpsc::UnboundedReceiver<Order>) {
    let (orders, receiver) = mpsc::unbounded_channel();
    (
        PowerQueue {
            orders,
            pending: Mutex::default(),
        },
        receiver,
    )
}

impl PowerQueue {
    /// Has a reset take effect after `delay`.
    pub(super) fn order(&self, kind: ResetType, delay: Duration) {
        self.pending.lock().push(kind);
        // The receiver goes away only when the BMC stops.
        let _ = self.orders.send(Order {
            kind,
            due: Instant::now() + delay,
        });
    }

    /// The reset that takes effect next.
    pub(super) fn next(&self) -> Option<ResetType> {
        self.pending.lock().first().copied()
    }
}

/// Carries out orders one after the other.
pub(super) async fn run(shared: Arc<Shared>, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        tokio::time::sleep_until(order.due).await;
        if let Err(error) = carry_out(&shared, order.kind).await {
            tracing::warn!(machine = shared.machine.hardware().name, reset = ?order.kind, %error, "reset failed");
            shared.counters.lock().disobeyed += 1;
        }
        shared.power.pending.lock().remove(0);
    }
}

async fn carry_out(shared: &Shared, kind: ResetType) -> Result<(), Error> {
    let machine = &shared.machine;
    let plan = || {
        shared
            .boot
            .lock()
            .consume(machine.hardware().default_plan())
    };
    let now = machine.power();
    if kind.is_idle(now) {
        return Ok(());
    }
    match kind {
        ResetType::On | ResetType::ForceOn => machine.power_on(plan()).await,
        ResetType::ForceOff => machine.power_off().await,
        ResetType::ForceRestart | ResetType::PowerCycle => machine.reset(plan()).await,
        ResetType::PushPowerButton if now == Power::Off => machine.power_on(plan()).await,
        ResetType::GracefulShutdown | ResetType::PushPowerButton => {
            machine.press_power_button().await
        }
        ResetType::Nmi => machine.interrupt().await,
        ResetType::GracefulRestart => {
            machine.press_power_button().await?;
            let begun = Instant::now();
            while machine.power() == Power::On {
                // Whoever sends another reset does not want to wait for this one.
                if begun.elapsed() > PATIENCE || shared.power.pending.lock().len() > 1 {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            machine.power_on(plan()).await
        }
    }
}

//! What the application does with machines through the gate.

use std::time::Duration;

use assay_domain::capability::{
    BootDeviceCapability, BootOverride, PowerCapability, SendError, SystemCapability, SystemInfo,
};
use assay_domain::{DriverError, PowerCommand, PowerState, Session, Target};
use futures::FutureExt;
use tokio::time::{Instant, sleep, timeout};

use super::{Gate, Open, Repeat, lost};
use crate::peer::Peer;

impl Gate {
    /// The power state of a machine as its device says now.
    pub async fn power_state(
        &self,
        target: &Target,
        protocol: &str,
    ) -> Result<PowerState, DriverError> {
        let peer = Peer::of(target);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let peer = peer.clone();
            async move { power_of(session, &peer)?.power_state().await }.boxed()
        })
        .await
    }

    /// As [`Self::power_state`], for those who ask again soon anyway: one attempt, and at most `limit`
    /// for each of waiting for the device's turn, connecting and asking.
    ///
    /// # Errors
    /// [`DriverError::NotAsked`] also when somebody else is at the device.
    pub async fn glance(
        &self,
        target: &Target,
        protocol: &str,
        limit: Duration,
    ) -> Result<PowerState, DriverError> {
        let open = self
            .open(target, protocol, self.limits.brief(limit))
            .await?;
        let reading = async {
            power_of(open.session.as_ref(), &open.peer)?
                .power_state()
                .await
        };
        let outcome = open.limited(reading).await;
        self.finish(target, open, outcome).await
    }

    /// Brings a machine into a state and waits until it is there, at most `limit`. Done at once when
    /// it is there already. When the answer to a command is lost, the state is read before anything
    /// is sent again. Safe to repeat, also after a crash. Other operations on the same power control
    /// wait meanwhile.
    ///
    /// # Errors
    /// [`DriverError::TimedOut`] when the machine is not in the state after `limit`.
    pub async fn ensure_power(
        &self,
        target: &Target,
        protocol: &str,
        wanted: PowerState,
        limit: Duration,
    ) -> Result<(), DriverError> {
        let command = match wanted {
            PowerState::On => PowerCommand::On,
            PowerState::Off => PowerCommand::Off,
        };
        self.reach(target, protocol, command, wanted, limit).await
    }

    /// Asks a machine's operating system to shut down and waits until the machine is off, at most
    /// `limit`. Done at once when it is off already.
    ///
    /// # Errors
    /// [`DriverError::TimedOut`] when the operating system did not comply within `limit`.
    pub async fn shut_down_machine(
        &self,
        target: &Target,
        protocol: &str,
        limit: Duration,
    ) -> Result<(), DriverError> {
        let command = PowerCommand::Shutdown;
        self.reach(target, protocol, command, PowerState::Off, limit)
            .await
    }

    /// Sets what a machine boots next; a `device` of `None` clears the override.
    pub async fn set_boot(
        &self,
        target: &Target,
        protocol: &str,
        wanted: BootOverride,
    ) -> Result<(), DriverError> {
        let peer = Peer::of(target);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let peer = peer.clone();
            async move { boot_of(session, &peer)?.set_boot_override(wanted).await }.boxed()
        })
        .await
    }

    /// As [`Self::set_boot`], and gives what the device shows afterwards, in the same session; none
    /// when it does not tell.
    pub async fn set_boot_and_look(
        &self,
        target: &Target,
        protocol: &str,
        wanted: BootOverride,
    ) -> Result<Option<BootOverride>, DriverError> {
        let peer = Peer::of(target);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let peer = peer.clone();
            async move {
                let boot = boot_of(session, &peer)?;
                boot.set_boot_override(wanted).await?;
                Ok(boot.boot_override().await.ok())
            }
            .boxed()
        })
        .await
    }

    /// Lets a machine boot in its own order again.
    pub async fn clear_boot(&self, target: &Target, protocol: &str) -> Result<(), DriverError> {
        let nothing = BootOverride {
            device: None,
            persistent: false,
            mode: None,
        };
        self.set_boot(target, protocol, nothing).await
    }

    /// What a machine boots next, as its device says.
    pub async fn boot(&self, target: &Target, protocol: &str) -> Result<BootOverride, DriverError> {
        let peer = Peer::of(target);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let peer = peer.clone();
            async move { boot_of(session, &peer)?.boot_override().await }.boxed()
        })
        .await
    }

    /// Which machine a device belongs to.
    pub async fn system_info(
        &self,
        target: &Target,
        protocol: &str,
    ) -> Result<SystemInfo, DriverError> {
        let peer = Peer::of(target);
        self.with(target, protocol, Repeat::Idempotent, move |session| {
            let peer = peer.clone();
            async move { system_of(session, &peer)?.system_info().await }.boxed()
        })
        .await
    }

    async fn reach(
        &self,
        target: &Target,
        protocol: &str,
        command: PowerCommand,
        wanted: PowerState,
        limit: Duration,
    ) -> Result<(), DriverError> {
        let deadline = Instant::now() + limit;
        let open = self.open(target, protocol, self.limits).await?;
        let outcome = match self.send_until_sent(&open, command, wanted, deadline).await {
            Ok(()) => self.wait(&open, wanted, deadline).await,
            Err(error) => Err(error),
        };
        self.finish(target, open, outcome).await
    }

    /// Sends a command until the device has taken it. The driver reads the state before each
    /// sending, and sends nothing when the machine is there.
    async fn send_until_sent(
        &self,
        open: &Open,
        command: PowerCommand,
        wanted: PowerState,
        deadline: Instant,
    ) -> Result<(), DriverError> {
        let power = power_of(open.session.as_ref(), &open.peer)?;
        let retry = open.limits.retry();
        let mut attempt = 1;
        loop {
            let error = match self.limited_send(open, power, command).await {
                Ok(()) => return Ok(()),
                Err(SendError::Unknown(error)) => {
                    let settle = deadline
                        .saturating_duration_since(Instant::now())
                        .min(self.limits.settle);
                    match power.wait_for(wanted, settle).await {
                        Ok(()) => return Ok(()),
                        Err(refused @ DriverError::Refused { .. }) => return Err(refused),
                        Err(_) => error,
                    }
                }
                Err(SendError::NotSent(error)) => error,
            };
            if !retry.again(attempt, &error) || Instant::now() >= deadline {
                return Err(error);
            }
            sleep(retry.pause(attempt)).await;
            attempt += 1;
        }
    }

    /// Sends a command once, within the time limit of operations.
    pub(super) async fn limited_send(
        &self,
        open: &Open,
        power: &dyn PowerCapability,
        command: PowerCommand,
    ) -> Result<(), SendError> {
        let limit = self.limits.operation;
        let sending = timeout(limit, power.send(command));
        match open.pass.hold(sending).await {
            Some(Ok(sent)) => sent,
            Some(Err(_)) => Err(SendError::Unknown(open.peer.timed_out(format!(
                "the command took longer than {} s",
                limit.as_secs_f64()
            )))),
            None => Err(SendError::Unknown(lost(&open.peer))),
        }
    }

    async fn wait(
        &self,
        open: &Open,
        wanted: PowerState,
        deadline: Instant,
    ) -> Result<(), DriverError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let power = power_of(open.session.as_ref(), &open.peer)?;
        let waiting = open.pass.hold(power.wait_for(wanted, left));
        waiting.await.unwrap_or_else(|| Err(lost(&open.peer)))
    }
}

/// The power of a session's machine, if the device can tell.
pub(super) fn power_of<'a>(
    session: &'a dyn Session,
    peer: &Peer,
) -> Result<&'a dyn PowerCapability, DriverError> {
    let power = session.power();
    power.ok_or_else(|| peer.unsupported("the device does not switch power"))
}

fn boot_of<'a>(
    session: &'a dyn Session,
    peer: &Peer,
) -> Result<&'a dyn BootDeviceCapability, DriverError> {
    let boot = session.boot_device();
    boot.ok_or_else(|| peer.unsupported("the device does not choose what a machine boots"))
}

fn system_of<'a>(
    session: &'a dyn Session,
    peer: &Peer,
) -> Result<&'a dyn SystemCapability, DriverError> {
    let system = session.system();
    system.ok_or_else(|| peer.unsupported("the device does not say which machine it belongs to"))
}

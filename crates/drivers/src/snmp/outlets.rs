//! A device with outlets that a profile describes: rack PDUs and relay boards.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::capability::{
    ManagementCapability, ManagementInfo, Output, OutputsCapability, PowerCapability, SendError,
};
use assay_domain::{DriverError, PowerCommand, PowerState};
use async_snmp::{Oid, Value};
use async_trait::async_trait;
use tokio_util::task::TaskTracker;

use super::fault::Fault;
use super::oid::{Pattern, Place};
use super::profile::{MOST_OUTLETS, Profile, Reported, Write};
use super::stroke::Stroke;
use super::wire::{Wire, number, text};
use crate::poll;

/// A session's view of a device with outlets.
pub(super) struct Outlets {
    pub(super) wire: Arc<Wire>,
    pub(super) profile: Arc<Profile>,
    /// Which PDU of a chain.
    pub(super) unit: u32,
    /// The outlet that feeds the machine; none for a look at the whole device.
    pub(super) outlet: Option<u32>,
    /// How long an outlet is off in a reset that the device has no command for.
    pub(super) off_time: Duration,
    pub(super) strokes: TaskTracker,
}

impl Outlets {
    /// Whether the outlet exists, as far as the device says how many it has.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] for one that does not.
    pub(super) async fn check_outlet(&self) -> Result<(), DriverError> {
        let count = self.count().await?;
        let (Some(outlet), Some(count)) = (self.outlet, count) else {
            return Ok(());
        };
        if (1..=count).contains(&outlet) {
            return Ok(());
        }
        Err(self.wire.peer.unsupported(format!(
            "it has no outlet {outlet}, only 1 to {count} ({})",
            self.profile.title
        )))
    }

    /// How many outlets there are, if the profile or the device tells.
    async fn count(&self) -> Result<Option<u32>, DriverError> {
        let outlets = &self.profile.outlets;
        let Some(oid) = &outlets.count_oid else {
            return Ok(outlets.count);
        };
        let oid = oid.of_unit(self.unit);
        match self.wire.number(&oid).await {
            Ok(count) => u32::try_from(count)
                .ok()
                .filter(|count| *count <= MOST_OUTLETS)
                .map(Some)
                .ok_or_else(|| {
                    let peer = &self.wire.peer;
                    peer.malformed(format!("it says that it has {count} outlets"))
                }),
            Err(Fault::NoObject(_)) => Err(self.wire.peer.unsupported(format!(
                "it does not say how many outlets it has ({oid}): is it number {} of its chain, and \
                 can its outlets be switched?",
                self.unit
            ))),
            Err(fault) => Err(fault.into_driver(&self.wire.peer)),
        }
    }

    /// The outlet of the machine.
    fn place(&self) -> Result<Place, DriverError> {
        self.outlet
            .map(|outlet| self.profile.place(self.unit, outlet))
            .ok_or_else(|| self.wire.peer.unsupported("no outlet is named"))
    }

    async fn reported(&self, place: Place) -> Result<Reported, DriverError> {
        let oid = self.profile.state.oid.at(place);
        let value = self
            .wire
            .number(&oid)
            .await
            .map_err(|fault| fault.into_driver(&self.wire.peer))?;
        self.profile.state.reported(value).ok_or_else(|| {
            self.wire.peer.malformed(format!(
                "the outlet's state is {value}, which means nothing ({})",
                self.profile.title
            ))
        })
    }

    /// Whether the device is busy with a command of its own at the outlet, e.g. with the off and on
    /// again of a reset.
    async fn is_pending(&self, place: Place) -> Result<bool, DriverError> {
        let Some(pending) = &self.profile.pending else {
            return Ok(false);
        };
        match self.wire.number(&pending.oid.at(place)).await {
            Ok(value) => Ok(pending.values.contains(&value)),
            Err(Fault::NoObject(_)) => Ok(false),
            Err(fault) => Err(fault.into_driver(&self.wire.peer)),
        }
    }

    /// Whether an outlet is where it should be, or will be without us. A reset that the device has
    /// under way must not be cut short by switching on, while off is for those who mean it.
    async fn needs_nothing(&self, place: Place, wanted: PowerState) -> Result<bool, DriverError> {
        match (self.reported(place).await?, wanted) {
            (Reported::On | Reported::TurningOn, PowerState::On)
            | (Reported::Off | Reported::TurningOff, PowerState::Off) => Ok(true),
            (Reported::Off, PowerState::On) => self.is_pending(place).await,
            _ => Ok(false),
        }
    }

    async fn write(&self, place: Place, write: &Write) -> Result<(), SendError> {
        self.wire
            .write(&write.oid.at(place), write.value)
            .await
            .map_err(|fault| fault.into_send(&self.wire.peer))
    }

    /// The device's own cycle is one command, so it is either sent or not. Without one, off and on
    /// are two, and what becomes of the machine when the second fails is not known. The state is read
    /// first, so that nothing is sent, and nothing unknown, when the device does not answer at all.
    async fn reset(&self, place: Place) -> Result<(), SendError> {
        self.reported(place).await.map_err(SendError::NotSent)?;
        let commands = &self.profile.commands;
        if let Some(cycle) = &commands.cycle {
            return self.write(place, cycle).await;
        }
        let stroke = Stroke {
            first: (commands.off.oid.at(place), commands.off.value),
            pause: self.off_time,
            last: (commands.on.oid.at(place), commands.on.value),
            left: "the outlet was switched off and may still be off",
        };
        stroke.run(&self.wire, &self.strokes).await
    }

    /// One column of the device's outlets, by number.
    async fn column(&self, pattern: &Pattern) -> Result<BTreeMap<u32, Value>, DriverError> {
        let rows = match pattern.column(self.unit).filter(|_| self.profile.walk) {
            Some(column) => self.walk(pattern, column).await,
            None => self.each(pattern).await,
        };
        rows.map_err(|fault| fault.into_driver(&self.wire.peer))
    }

    async fn walk(&self, pattern: &Pattern, column: Oid) -> Result<BTreeMap<u32, Value>, Fault> {
        let rows = self.wire.walk(column).await?;
        let of = |oid: &Oid| {
            pattern
                .outlet_of(oid, self.unit)
                .filter(|outlet| (1..=MOST_OUTLETS).contains(outlet))
        };
        Ok(rows
            .into_iter()
            .filter_map(|(oid, value)| Some((of(&oid)?, value)))
            .collect())
    }

    /// Reads outlets one by one, up to the last, or to the first that is missing.
    async fn each(&self, pattern: &Pattern) -> Result<BTreeMap<u32, Value>, Fault> {
        let last = self.profile.outlets.count.unwrap_or(MOST_OUTLETS);
        let mut rows = BTreeMap::new();
        for outlet in 1..=last {
            let oid = pattern.at(self.profile.place(self.unit, outlet));
            match self.wire.look(&oid).await? {
                Some(value) => rows.insert(outlet, value),
                None => break,
            };
        }
        Ok(rows)
    }
}

/// The state as far as Assay tells states apart. An outlet on its way counts as still where it came
/// from.
fn state_of(reported: Reported) -> PowerState {
    match reported {
        Reported::On | Reported::TurningOff => PowerState::On,
        Reported::Off | Reported::TurningOn => PowerState::Off,
    }
}

#[async_trait]
impl PowerCapability for Outlets {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        self.reported(self.place()?).await.map(state_of)
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let place = self.place().map_err(SendError::NotSent)?;
        let (wanted, write) = match command {
            PowerCommand::On => (PowerState::On, &self.profile.commands.on),
            PowerCommand::Off => (PowerState::Off, &self.profile.commands.off),
            PowerCommand::Reset => return self.reset(place).await,
            PowerCommand::Shutdown => {
                return Err(SendError::NotSent(self.wire.peer.unsupported(
                    "an outlet cannot ask an operating system to shut down",
                )));
            }
        };
        if self
            .needs_nothing(place, wanted)
            .await
            .map_err(SendError::NotSent)?
        {
            return Ok(());
        }
        self.write(place, write).await
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.wire.peer, wanted, limit, || self.power_state()).await
    }
}

#[async_trait]
impl OutputsCapability for Outlets {
    async fn outputs(&self) -> Result<Vec<Output>, DriverError> {
        let states = self.column(&self.profile.state.oid).await?;
        if states.is_empty() {
            return Err(self.wire.peer.unsupported(format!(
                "it shows no outlets that can be switched ({})",
                self.profile.title
            )));
        }
        let names = match &self.profile.outlets.name_oid {
            Some(pattern) => self.column(pattern).await?,
            None => BTreeMap::new(),
        };
        let outputs = states.iter().map(|(outlet, value)| Output {
            name: outlet.to_string(),
            label: names.get(outlet).and_then(text),
            state: number(value)
                .and_then(|value| self.profile.state.reported(value))
                .map(state_of),
        });
        Ok(outputs.collect())
    }
}

#[async_trait]
impl ManagementCapability for Outlets {
    async fn management_info(&self) -> Result<ManagementInfo, DriverError> {
        let mut info = ManagementInfo::default();
        if let Some(oid) = &self.profile.device.firmware_oid {
            let value = self.wire.look(&oid.of_unit(self.unit)).await;
            let value = value.map_err(|fault| fault.into_driver(&self.wire.peer))?;
            info.firmware = value.as_ref().and_then(text);
        }
        Ok(info)
    }
}

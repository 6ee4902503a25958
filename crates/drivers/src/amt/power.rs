//! Power of a machine over AMT (DMTF DSP1027, Power State Management Profile).

use std::time::Duration;

use assay_domain::capability::{PowerCapability, SendError};
use assay_domain::{DriverError, PowerCommand, PowerState};
use async_trait::async_trait;

use super::device::POWER_STATE;
use super::fault::Fault;
use super::message::{parameter, reference};
use super::session::Machine;
use super::xml::Element;
use crate::poll;

/// Ways to carry out a command, the best first: values of the parameter PowerState of
/// CIM_PowerManagementService.RequestPowerStateChange, with the schema's names.
fn ways(command: PowerCommand) -> &'static [(u32, &'static str)] {
    match command {
        PowerCommand::On => &[(2, "power on")],
        PowerCommand::Off => &[(8, "power off (soft)"), (6, "power off (hard)")],
        PowerCommand::Reset => &[
            (10, "master bus reset"),
            (5, "power cycle (off - soft)"),
            (9, "power cycle (off - hard)"),
        ],
        PowerCommand::Shutdown => &[
            (12, "power off (soft graceful)"),
            (13, "power off (hard graceful)"),
        ],
    }
}

/// The state as far as Assay tells states apart (values of the property PowerState). A machine that
/// is being reset or cycled counts as on, where it came from.
fn state_of(value: u32) -> Option<PowerState> {
    match value {
        // On, asleep (it wakes by itself), cycles, resets, the diagnostic interrupt.
        2..=5 | 9..=11 | 14..=16 => Some(PowerState::On),
        // Off hard, hibernating, off soft, off graceful.
        6..=8 | 12 | 13 => Some(PowerState::Off),
        _ => None,
    }
}

/// What the device says of its machine's power.
struct Power {
    state: PowerState,
    /// The changes that it takes now; `None` when it does not tell, as before AMT 10.
    available: Option<Vec<u32>>,
}

impl Power {
    fn of(service: &Element) -> Result<Self, Fault> {
        let value = service
            .number("PowerState")
            .ok_or_else(|| Fault::Answer(format!("{POWER_STATE} has no power state")))?;
        let state = state_of(value).ok_or_else(|| {
            Fault::Answer(format!(
                "it reports {value}, which is no power state of CIM"
            ))
        })?;
        let available: Vec<u32> = service
            .properties("AvailableRequestedPowerStates")
            .filter_map(|value| value.text.parse().ok())
            .collect();
        Ok(Self {
            state,
            available: Some(available).filter(|available| !available.is_empty()),
        })
    }

    /// The best way to carry out a command now; what it takes is the error's text.
    fn way(&self, command: PowerCommand) -> Result<u32, String> {
        let ways = ways(command);
        let Some(available) = &self.available else {
            // A device that does not tell what it takes knows nothing of graceful changes yet.
            return match command {
                PowerCommand::Shutdown => Err("it does not offer a graceful power off".into()),
                _ => Ok(ways[0].0),
            };
        };
        let way = ways.iter().find(|(way, _)| available.contains(way));
        way.map(|(way, _)| *way).ok_or_else(|| {
            let taken: Vec<String> = available.iter().map(u32::to_string).collect();
            format!(
                "it takes no {} now, only the power states {}",
                ways[0].1,
                taken.join(", ")
            )
        })
    }
}

impl Machine {
    async fn power_now(&self) -> Result<Power, Fault> {
        Power::of(&self.device.get(POWER_STATE).await?)
    }

    async fn request(&self, state: u32) -> Result<(), Fault> {
        let machine = [
            ("CreationClassName", "CIM_ComputerSystem"),
            ("Name", "ManagedSystem"),
        ];
        let parameters = [
            parameter("PowerState", &state.to_string()),
            reference("ManagedElement", "CIM_ComputerSystem", &machine),
        ]
        .concat();
        let method = "RequestPowerStateChange";
        self.device
            .call("CIM_PowerManagementService", method, &parameters)
            .await
            .map(drop)
    }
}

#[async_trait]
impl PowerCapability for Machine {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        let power = self.power_now().await;
        power
            .map(|power| power.state)
            .map_err(|fault| self.device.error(fault))
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        let power = self
            .power_now()
            .await
            .map_err(|fault| SendError::NotSent(self.device.error(fault)))?;
        let wanted = command.wanted_state();
        if wanted == Some(power.state) {
            return Ok(());
        }
        let way = power
            .way(command)
            .map_err(|cause| SendError::NotSent(self.device.peer.unsupported(cause)))?;
        let Err(fault) = self.request(way).await else {
            return Ok(());
        };
        // A machine that got there meanwhile makes the device say no as well.
        if let (Some(wanted), true, Fault::Method { .. }) = (wanted, fault.is_refusal(), &fault)
            && self.power_state().await == Ok(wanted)
        {
            return Ok(());
        }
        Err(fault.into_send(&self.device.peer))
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        poll::until(&self.device.peer, wanted, limit, || self.power_state()).await
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn power(properties: &str) -> Result<Power, Fault> {
        let document = format!("<p>{properties}</p>");
        Power::of(&Element::parse(document.as_bytes()).unwrap())
    }

    fn available(state: u32, available: &[u32]) -> Power {
        let listed = available
            .iter()
            .map(|value| {
                format!("<AvailableRequestedPowerStates>{value}</AvailableRequestedPowerStates>")
            })
            .collect::<Vec<_>>()
            .concat();
        power(&format!("{listed}<PowerState>{state}</PowerState>")).unwrap()
    }

    #[test]
    fn the_way_is_one_that_the_device_takes_now() {
        let running = available(2, &[10, 8, 5, 11, 12]);
        assert_eq!(running.state, PowerState::On);
        assert_eq!(running.way(PowerCommand::Off), Ok(8));
        assert_eq!(running.way(PowerCommand::Reset), Ok(10));
        assert_eq!(running.way(PowerCommand::Shutdown), Ok(12));
        let without_agent = available(2, &[8, 5]);
        assert_eq!(without_agent.way(PowerCommand::Reset), Ok(5));
        let error = without_agent.way(PowerCommand::Shutdown).unwrap_err();
        assert!(
            error.contains("graceful") && error.contains("8, 5"),
            "{error}"
        );
    }

    #[test]
    fn a_device_that_does_not_tell_gets_the_plain_ways_only() {
        let silent = available(8, &[]);
        assert_eq!(silent.way(PowerCommand::On), Ok(2));
        assert_eq!(silent.way(PowerCommand::Reset), Ok(10));
        assert!(silent.way(PowerCommand::Shutdown).is_err());
    }

    #[test]
    fn states_that_cim_does_not_have_are_errors() {
        for wrong in [
            "",
            "<PowerState/>",
            "<PowerState>on</PowerState>",
            "<PowerState>99</PowerState>",
        ] {
            assert!(matches!(power(wrong), Err(Fault::Answer(_))), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_number_makes_reading_panic(value in any::<u32>(), offered in prop::collection::vec(any::<u32>(), 0..8)) {
            prop_assert!(state_of(value).is_none() || value <= 16);
            let power = Power { state: PowerState::On, available: Some(offered) };
            for command in [PowerCommand::On, PowerCommand::Off, PowerCommand::Reset, PowerCommand::Shutdown] {
                let _ = power.way(command);
            }
        }
    }
}

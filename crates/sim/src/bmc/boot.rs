//! The boot override of a system (ComputerSystem.Boot) and what it makes the machine do.

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::hardware::{BootDevice, BootPlan, Firmware};

/// For how long an override holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverrideEnabled {
    /// There is none.
    #[default]
    Disabled,
    /// For the next start.
    Once,
    /// Until it is changed.
    Continuous,
}

/// From where to start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverrideTarget {
    /// As configured.
    #[default]
    None,
    /// The network.
    Pxe,
    /// A disk.
    Hdd,
    /// A CD drive, which no simulated machine has.
    Cd,
    /// A USB drive, which no simulated machine has.
    Usb,
    /// The firmware's setup.
    BiosSetup,
    /// The network, by HTTP.
    UefiHttp,
}

/// With which firmware to start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum OverrideMode {
    /// Legacy BIOS.
    Legacy,
    /// UEFI.
    #[serde(rename = "UEFI")]
    Uefi,
}

/// The override as it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct BootOverride {
    /// For how long.
    pub enabled: OverrideEnabled,
    /// From where.
    pub target: OverrideTarget,
    /// With which firmware; `None` as configured.
    pub mode: Option<OverrideMode>,
}

impl BootOverride {
    /// How the machine starts now; an override for one start is used up by that.
    pub(super) fn consume(&mut self, default: BootPlan) -> BootPlan {
        if self.enabled == OverrideEnabled::Disabled {
            return default;
        }
        let plan = BootPlan {
            device: match self.target {
                OverrideTarget::None => default.device,
                OverrideTarget::Pxe | OverrideTarget::UefiHttp => BootDevice::Network,
                OverrideTarget::Hdd => BootDevice::Disk,
                OverrideTarget::Cd | OverrideTarget::Usb | OverrideTarget::BiosSetup => {
                    BootDevice::Nothing
                }
            },
            firmware: match self.mode {
                Some(OverrideMode::Legacy) => Firmware::Bios,
                Some(OverrideMode::Uefi) => Firmware::Uefi,
                None => default.firmware,
            },
        };
        if self.enabled == OverrideEnabled::Once {
            *self = Self {
                mode: self.mode,
                ..Self::default()
            };
        }
        plan
    }

    /// The property `Boot` of a system.
    pub(super) fn document(self, firmware: Firmware) -> Value {
        let mode = self.mode.unwrap_or(match firmware {
            Firmware::Bios => OverrideMode::Legacy,
            Firmware::Uefi => OverrideMode::Uefi,
        });
        json!({
            "BootSourceOverrideEnabled": self.enabled,
            "BootSourceOverrideEnabled@Redfish.AllowableValues": ["Disabled", "Once", "Continuous"],
            "BootSourceOverrideTarget": self.target,
            "BootSourceOverrideTarget@Redfish.AllowableValues":
                ["None", "Pxe", "Hdd", "Cd", "Usb", "BiosSetup", "UefiHttp"],
            "BootSourceOverrideMode": mode,
            "BootSourceOverrideMode@Redfish.AllowableValues": ["Legacy", "UEFI"],
        })
    }

    /// Applies the `Boot` object of a PATCH as a whole or not at all.
    pub(super) fn patch(&mut self, changes: &Map<String, Value>) -> Result<(), Answer> {
        let mut new = *self;
        for (property, value) in changes {
            match property.as_str() {
                "BootSourceOverrideEnabled" => new.enabled = listed(property, value)?,
                "BootSourceOverrideTarget" => new.target = listed(property, value)?,
                "BootSourceOverrideMode" => new.mode = Some(listed(property, value)?),
                other => {
                    let message =
                        format!("The property {other} is not in the list of valid properties.");
                    return Err(Answer::error(
                        StatusCode::BAD_REQUEST,
                        "PropertyUnknown",
                        message,
                    ));
                }
            }
        }
        *self = new;
        Ok(())
    }
}

fn listed<'a, T: Deserialize<'a>>(property: &str, value: &'a Value) -> Result<T, Answer> {
    T::deserialize(value).map_err(|_| {
        let message = format!(
            "The value {value} for the property {property} is not in the list of acceptable values."
        );
        Answer::error(StatusCode::BAD_REQUEST, "PropertyValueNotInList", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: BootPlan = BootPlan {
        device: BootDevice::Disk,
        firmware: Firmware::Bios,
    };

    fn patched(changes: &Value) -> Result<BootOverride, Answer> {
        let mut boot = BootOverride::default();
        boot.patch(changes.as_object().unwrap())?;
        Ok(boot)
    }

    #[test]
    fn once_is_used_up_and_continuous_is_not() {
        let changes = json!({"BootSourceOverrideEnabled": "Once", "BootSourceOverrideTarget": "Pxe", "BootSourceOverrideMode": "UEFI"});
        let mut boot = patched(&changes).unwrap();
        let network = BootPlan {
            device: BootDevice::Network,
            firmware: Firmware::Uefi,
        };
        assert_eq!(boot.consume(DEFAULT), network);
        assert_eq!(boot.enabled, OverrideEnabled::Disabled);
        assert_eq!(boot.consume(DEFAULT), DEFAULT);

        boot.enabled = OverrideEnabled::Continuous;
        boot.target = OverrideTarget::UefiHttp;
        assert_eq!(boot.consume(DEFAULT), network);
        assert_eq!(boot.consume(DEFAULT), network);
    }

    #[test]
    fn a_wrong_value_changes_nothing() {
        let wrong =
            json!({"BootSourceOverrideTarget": "Pxe", "BootSourceOverrideEnabled": "Sometimes"});
        assert!(patched(&wrong).is_err());
        assert!(patched(&json!({"Boots": 1})).is_err());
    }
}

//! The boot override of a machine over IPMI.

use assay_domain::DriverError;
use assay_domain::capability::{BootDevice, BootDeviceCapability, BootMode, BootOverride};
use assay_ipmi::command::boot::{BootFlags, Device};
use async_trait::async_trait;

use super::session::Bmc;

#[async_trait]
impl BootDeviceCapability for Bmc {
    async fn boot_override(&self) -> Result<BootOverride, DriverError> {
        let flags = self.session.boot_flags().await;
        let flags = flags.map_err(|error| self.error(&error))?;
        read(flags).map_err(|cause| self.peer.unsupported(cause))
    }

    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError> {
        // IPMI cannot leave the mode out: what is not wanted otherwise stays as it is.
        let uefi = match wanted.mode {
            Some(mode) => mode == BootMode::Uefi,
            None => match self.session.boot_flags().await {
                Ok(flags) => flags.uefi,
                Err(error) if error.is_unsupported() => false,
                Err(error) => return Err(self.error(&error)),
            },
        };
        let set = self.session.set_boot_flags(flags(wanted, uefi)).await;
        set.map_err(|error| self.error(&error))
    }
}

/// The flags of an override; without a device they do not hold.
fn flags(wanted: BootOverride, uefi: bool) -> BootFlags {
    BootFlags {
        valid: wanted.device.is_some(),
        persistent: wanted.device.is_some() && wanted.persistent,
        uefi,
        device: match wanted.device {
            None => Device::None,
            Some(BootDevice::Network) => Device::Network,
            Some(BootDevice::Disk) => Device::Disk,
            Some(BootDevice::Cd) => Device::Cd,
            Some(BootDevice::Setup) => Device::Setup,
        },
    }
}

fn read(flags: BootFlags) -> Result<BootOverride, String> {
    if !flags.valid {
        return Ok(BootOverride {
            device: None,
            persistent: false,
            mode: None,
        });
    }
    let device = match flags.device {
        Device::None => None,
        Device::Network => Some(BootDevice::Network),
        Device::Disk => Some(BootDevice::Disk),
        Device::Cd => Some(BootDevice::Cd),
        Device::Setup => Some(BootDevice::Setup),
        Device::Other(number) => {
            return Err(format!(
                "the boot override is set to device {number}, which Assay does not know"
            ));
        }
    };
    Ok(BootOverride {
        device,
        persistent: device.is_some() && flags.persistent,
        mode: Some(if flags.uefi {
            BootMode::Uefi
        } else {
            BootMode::Bios
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overrides_round_trip_and_nothing_holds_without_a_device() {
        let wanted = BootOverride {
            device: Some(BootDevice::Network),
            persistent: true,
            mode: Some(BootMode::Uefi),
        };
        assert_eq!(read(flags(wanted, true)), Ok(wanted));
        let cleared = BootOverride {
            device: None,
            ..wanted
        };
        let flags = flags(cleared, true);
        assert!(!flags.valid && !flags.persistent);
        assert_eq!(read(flags).map(|read| read.device), Ok(None));
        let other = BootFlags {
            valid: true,
            device: Device::Other(15),
            ..flags
        };
        assert!(read(other).is_err());
    }
}

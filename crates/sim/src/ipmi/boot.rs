//! What the boot flags make the machine do.

use assay_ipmi::command::boot::{BootFlags, Device};

use crate::hardware::{BootDevice, BootPlan, Firmware};

/// No flags at all.
pub(super) const NOTHING: BootFlags = BootFlags {
    valid: false,
    persistent: false,
    uefi: false,
    device: Device::None,
};

/// How the machine starts now; flags for one start are used up by that.
pub(super) fn consume(flags: &mut BootFlags, default: BootPlan) -> BootPlan {
    if !flags.valid {
        return default;
    }
    let plan = BootPlan {
        device: match flags.device {
            Device::None => default.device,
            Device::Network => BootDevice::Network,
            Device::Disk => BootDevice::Disk,
            Device::Cd | Device::Setup | Device::Other(_) => BootDevice::Nothing,
        },
        firmware: if flags.uefi {
            Firmware::Uefi
        } else {
            Firmware::Bios
        },
    };
    if !flags.persistent {
        *flags = NOTHING;
    }
    plan
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn once_is_used_up_and_persistent_is_not() {
        let default = BootPlan {
            device: BootDevice::Disk,
            firmware: Firmware::Bios,
        };
        let network = BootPlan {
            device: BootDevice::Network,
            firmware: Firmware::Uefi,
        };
        let mut flags = BootFlags {
            valid: true,
            persistent: false,
            uefi: true,
            device: Device::Network,
        };
        assert_eq!(consume(&mut flags, default), network);
        assert_eq!(consume(&mut flags, default), default);
        (flags.valid, flags.persistent, flags.uefi) = (true, true, true);
        flags.device = Device::Network;
        assert_eq!(consume(&mut flags, default), network);
        assert_eq!(consume(&mut flags, default), network);
    }
}

//! Power and boot flags.

use std::sync::Arc;

use assay_ipmi::command::boot::{BootFlags, CLEARING, FLAGS};
use assay_ipmi::command::chassis::Control;

use super::super::power;
use super::{Answer, INVALID_FIELD, Shared, WRONG_LENGTH};
use crate::machine::Power;

/// Get System Boot Options: the parameter is not there (section 28.13).
const NO_PARAMETER: u8 = 0x80;

/// Get Chassis Status: power, no faults; the machine stays off after power was lost.
pub(super) fn status(shared: &Shared) -> Answer {
    let on = u8::from(shared.machine.power() == Power::On);
    (0, vec![on, 0, 0])
}

pub(super) fn control(shared: &Arc<Shared>, body: &[u8]) -> Answer {
    let Some(bits) = body.first() else {
        return (WRONG_LENGTH, Vec::new());
    };
    let Some(control) = Control::from_bits(bits & 0x0f) else {
        return (INVALID_FIELD, Vec::new());
    };
    power::order(shared, control);
    (0, Vec::new())
}

pub(super) fn set_boot(shared: &Shared, body: &[u8]) -> Answer {
    match body {
        [FLAGS, how, device, _, _, _] => {
            if !shared.faults.lock().forget_boot_flags {
                *shared.boot.lock() = BootFlags::of_bytes([*how, *device]);
            }
            (0, Vec::new())
        }
        [FLAGS, ..] | [] => (WRONG_LENGTH, Vec::new()),
        // Set in progress, when flags are taken back, and who has seen them: taken and forgotten.
        [0 | CLEARING | 4, ..] => (0, Vec::new()),
        _ => (NO_PARAMETER, Vec::new()),
    }
}

pub(super) fn get_boot(shared: &Shared, body: &[u8]) -> Answer {
    match body {
        [FLAGS, ..] => {
            let mut data = vec![1, FLAGS];
            data.extend(shared.boot.lock().encode());
            (0, data)
        }
        [parameter @ (0 | CLEARING), ..] => (0, vec![1, *parameter, 0]),
        [] => (WRONG_LENGTH, Vec::new()),
        _ => (NO_PARAMETER, Vec::new()),
    }
}

//! Changes of power: their effect on the machine some time after the answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use assay_ipmi::command::chassis::Control;

use super::{ControlSeen, Shared, boot};
use crate::Error;
use crate::machine::Power;

/// Has a control take effect; one after the other, in the order in which they came.
pub(super) fn order(shared: &Arc<Shared>, control: Control) {
    shared.counters.lock().controls.push(ControlSeen {
        control,
        at: SystemTime::now(),
    });
    let (ignored, delay) = {
        let faults = shared.faults.lock();
        (faults.ignore_power, faults.state_change_delay)
    };
    if ignored {
        return;
    }
    let later = Arc::clone(shared);
    let work = async move { take_effect(&later, control, delay).await };
    shared.work.spawn(work);
}

async fn take_effect(shared: &Shared, control: Control, delay: Duration) {
    let _turn = shared.turn.lock().await;
    tokio::time::sleep(delay).await;
    if let Err(error) = carry_out(shared, control).await {
        tracing::warn!(machine = shared.machine.hardware().name, ?control, %error, "power control failed");
        shared.counters.lock().disobeyed += 1;
    }
}

async fn carry_out(shared: &Shared, control: Control) -> Result<(), Error> {
    let machine = &shared.machine;
    let plan = || {
        let default = machine.hardware().default_plan();
        boot::consume(&mut shared.boot.lock(), default)
    };
    match (control, machine.power()) {
        (Control::On, Power::Off) => machine.power_on(plan()).await,
        (Control::Off, Power::On) => machine.power_off().await,
        (Control::Cycle | Control::Reset, Power::On) => machine.reset(plan()).await,
        (Control::Soft, Power::On) => machine.press_power_button().await,
        (Control::Diagnostic, Power::On) => machine.interrupt().await,
        (Control::On, Power::On) | (_, Power::Off) => Ok(()),
    }
}

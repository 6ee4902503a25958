//! Against Assay's simulator: what the machine boots next.

use std::time::Duration;

use assay_domain::capability::{BootDevice, BootMode, BootOverride};
use assay_domain::{DriverError, PowerState};
use assay_sim::{AmtBoot, AmtFaults, BootDevice as Started};

use super::{AMT, Rig};
use crate::support::gate;

const LIMIT: Duration = Duration::from_secs(10);
const NOTHING: BootOverride = BootOverride {
    device: None,
    persistent: false,
    mode: None,
};

fn once(device: BootDevice) -> BootOverride {
    BootOverride {
        device: Some(device),
        ..NOTHING
    }
}

#[tokio::test]
async fn an_override_is_set_read_and_cleared() {
    let rig = Rig::new(AmtFaults::default());
    let (gate, _) = gate();
    assert_eq!(gate.boot(&rig.target, AMT).await, Ok(NOTHING));
    for (device, next) in [
        (BootDevice::Network, AmtBoot::Network),
        (BootDevice::Setup, AmtBoot::Setup),
        (BootDevice::Disk, AmtBoot::Disk),
        (BootDevice::Cd, AmtBoot::Cd),
        (BootDevice::Network, AmtBoot::Network),
    ] {
        let set = gate.set_boot(&rig.target, AMT, once(device)).await;
        assert_eq!(set, Ok(()), "{device:?}");
        assert_eq!(rig.amt.next_boot(), next);
        let read = gate.boot(&rig.target, AMT).await;
        assert_eq!(read, Ok(once(device)));
    }
    gate.clear_boot(&rig.target, AMT).await.unwrap();
    assert_eq!(gate.boot(&rig.target, AMT).await, Ok(NOTHING));
    assert_eq!(rig.amt.next_boot(), AmtBoot::Configured);
}

#[tokio::test]
async fn the_next_start_is_from_the_network_and_the_one_after_is_not() {
    let rig = Rig::new(AmtFaults::default());
    let (gate, _) = gate();
    let set = gate.set_boot_and_look(&rig.target, AMT, once(BootDevice::Network));
    assert_eq!(set.await, Ok(Some(once(BootDevice::Network))));
    for wanted in [PowerState::On, PowerState::Off, PowerState::On] {
        let reached = gate.ensure_power(&rig.target, AMT, wanted, LIMIT).await;
        assert_eq!(reached, Ok(()));
    }
    let starts: Vec<Started> = rig
        .machine
        .starts()
        .iter()
        .map(|plan| plan.device)
        .collect();
    assert_eq!(starts, [Started::Network, Started::Disk]);
    assert_eq!(gate.boot(&rig.target, AMT).await, Ok(NOTHING));
}

#[tokio::test]
async fn options_that_another_console_has_left_are_taken_back_first() {
    let rig = Rig::new(AmtFaults::default());
    for option in ["UseSOL", "BIOSPause", "UseIDER"] {
        assert!(rig.amt.set_boot_option(option, "true"));
    }
    let (gate, _) = gate();
    let set = gate.set_boot(&rig.target, AMT, once(BootDevice::Network));
    assert_eq!(set.await, Ok(()));
    assert_eq!(rig.amt.next_boot(), AmtBoot::Network);
}

#[tokio::test]
async fn what_amt_cannot_do_is_unsupported_and_changes_nothing() {
    let rig = Rig::new(AmtFaults::default());
    let (gate, _) = gate();
    let network = once(BootDevice::Network);
    for wanted in [
        BootOverride {
            persistent: true,
            ..network
        },
        BootOverride {
            mode: Some(BootMode::Uefi),
            ..network
        },
    ] {
        let error = gate.set_boot(&rig.target, AMT, wanted).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    let writes = |(name, _): &(&String, &u64)| !name.starts_with("Get ");
    assert_eq!(rig.amt.counters().requests.iter().filter(writes).count(), 0);

    rig.amt.change_faults(|faults| faults.read_only = true);
    let error = gate.set_boot(&rig.target, AMT, network).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("AccessDenied"), "{error}");
}

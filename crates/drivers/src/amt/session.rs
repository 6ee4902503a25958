//! A session with AMT. There is nothing to end on the device: each request proves itself.

use assay_domain::capability::{
    BootDeviceCapability, EventLogCapability, ManagementCapability, PowerCapability,
    SystemCapability,
};
use assay_domain::{DriverError, Session, Target};
use async_trait::async_trait;

use super::device::Device;
use super::settings::validate_settings;
use crate::peer::Peer;

/// The machine that a device belongs to.
pub(super) struct Machine {
    pub(super) device: Device,
}

impl Machine {
    /// Reaches the device of a target.
    pub(super) async fn reach(target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        validate_settings(&target.settings).map_err(|error| peer.unsupported(error))?;
        let device = Device::reach(target, peer).await?;
        Ok(Self { device })
    }
}

#[async_trait]
impl Session for Machine {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(self)
    }

    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        Some(self)
    }

    fn system(&self) -> Option<&dyn SystemCapability> {
        Some(self)
    }

    fn event_log(&self) -> Option<&dyn EventLogCapability> {
        Some(self)
    }

    fn management(&self) -> Option<&dyn ManagementCapability> {
        Some(self)
    }

    async fn close(self: Box<Self>) {}
}

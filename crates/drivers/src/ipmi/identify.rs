//! The identification light over IPMI.

use assay_domain::DriverError;
use assay_domain::capability::{Identify, IdentifyCapability};
use assay_ipmi::command::chassis::Light;
use async_trait::async_trait;

use super::session::Bmc;

#[async_trait]
impl IdentifyCapability for Bmc {
    async fn identify(&self, how: Identify) -> Result<(), DriverError> {
        let light = match how {
            Identify::Off => Light::Off,
            Identify::For(time) if time.is_zero() => Light::Off,
            Identify::For(time) => Light::For(time),
            Identify::On => Light::On,
        };
        let switched = self.session.chassis_identify(light).await;
        switched.map_err(|error| self.error(&error))
    }
}

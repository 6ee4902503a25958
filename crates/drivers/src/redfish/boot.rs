//! The boot override of a machine over Redfish.

use assay_domain::DriverError;
use assay_domain::capability::{BootDevice, BootDeviceCapability, BootMode, BootOverride};
use async_trait::async_trait;
use nv_redfish::core::{Bmc, EntityTypeRef, ModificationResponse, ODataETag, Reference};
use nv_redfish::schema::computer_system::{
    Boot, BootSource, BootSourceOverrideEnabled as Enabled, BootSourceOverrideMode as Mode,
    BootUpdate, ComputerSystem, ComputerSystemUpdate,
};
use serde_json::Value;

use super::fault::{HttpFault, of_read};
use super::quirks::BOOT_QUIRKS;
use super::session::Machine;

impl Machine {
    async fn boot(&self) -> Result<(ComputerSystem, Value), DriverError> {
        let (system, document) = self.read().await?;
        if system.boot.is_none() {
            return Err(self.wire.peer.unsupported("the BMC has no boot override"));
        }
        Ok((system, document))
    }

    /// Sends an update with the document's ETag; when the BMC says that the document has changed
    /// meanwhile (412), once more with the new one.
    async fn update(&self, etag: Option<&ODataETag>, boot: &BootUpdate) -> Result<(), HttpFault> {
        match self.patch(etag, boot).await {
            Err(fault) if fault.has_status(412) => {
                let Ok((system, _)) = self.read().await else {
                    return Err(fault);
                };
                self.patch(system.etag(), boot).await
            }
            outcome => outcome,
        }
    }

    async fn patch(&self, etag: Option<&ODataETag>, boot: &BootUpdate) -> Result<(), HttpFault> {
        let mut update = ComputerSystemUpdate::builder();
        update.boot = Some(copy(boot));
        let outcome: Result<ModificationResponse<Reference>, _> =
            self.wire.bmc.update(&self.system, etag, &update).await;
        outcome.map(drop).map_err(of_read)
    }

    /// After an update without the mode: the machine must boot in the wanted one all the same.
    async fn check_mode(&self, wanted: Option<Mode>) -> Result<(), DriverError> {
        let Some(wanted) = wanted else { return Ok(()) };
        let (system, _) = self.boot().await?;
        let mode = system
            .boot
            .and_then(|boot| boot.boot_source_override_mode.flatten());
        match mode {
            Some(mode) if mode != wanted => Err(self.wire.peer.unsupported(
                "the BMC does not change the boot mode, and the machine is in the other one",
            )),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl BootDeviceCapability for Machine {
    async fn boot_override(&self) -> Result<BootOverride, DriverError> {
        let (system, _) = self.boot().await?;
        let Some(boot) = system.boot else {
            return Err(self.wire.peer.unsupported("the BMC has no boot override"));
        };
        read_override(&boot).map_err(|cause| self.wire.peer.unsupported(cause))
    }

    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError> {
        let (system, document) = self.boot().await?;
        let update = update_for(wanted);
        check_allowed(&update, &document).map_err(|cause| self.wire.peer.unsupported(cause))?;
        let etag = system.etag();
        let Err(mut fault) = self.update(etag, &update).await else {
            return Ok(());
        };
        for quirk in &BOOT_QUIRKS {
            let Some(other) = (quirk.instead)(&update).filter(|_| fault.is_refusal()) else {
                continue;
            };
            match self.update(etag, &other).await {
                Ok(()) => {
                    tracing::debug!(
                        endpoint = self.wire.peer.endpoint(),
                        quirk = quirk.name,
                        "the boot override was set in another form"
                    );
                    return self.check_mode(update.boot_source_override_mode).await;
                }
                Err(next) => fault = next,
            }
        }
        Err(self.wire.error(fault))
    }
}

/// The library's update has no Clone; these are the fields that this driver sets.
fn copy(boot: &BootUpdate) -> BootUpdate {
    let mut copy = BootUpdate::builder();
    copy.boot_source_override_target = boot.boot_source_override_target;
    copy.boot_source_override_enabled = boot.boot_source_override_enabled;
    copy.boot_source_override_mode = boot.boot_source_override_mode;
    copy
}

fn update_for(wanted: BootOverride) -> BootUpdate {
    let mut update = BootUpdate::builder();
    let Some(device) = wanted.device else {
        return update.with_boot_source_override_enabled(Enabled::Disabled);
    };
    update = update
        .with_boot_source_override_target(source_of(device))
        .with_boot_source_override_enabled(if wanted.persistent {
            Enabled::Continuous
        } else {
            Enabled::Once
        });
    match wanted.mode {
        Some(BootMode::Bios) => update.with_boot_source_override_mode(Mode::Legacy),
        Some(BootMode::Uefi) => update.with_boot_source_override_mode(Mode::Uefi),
        None => update,
    }
}

fn source_of(device: BootDevice) -> BootSource {
    match device {
        BootDevice::Network => BootSource::Pxe,
        BootDevice::Disk => BootSource::Hdd,
        BootDevice::Cd => BootSource::Cd,
        BootDevice::Setup => BootSource::BiosSetup,
    }
}

fn read_override(boot: &Boot) -> Result<BootOverride, String> {
    let mode = match boot.boot_source_override_mode.flatten() {
        Some(Mode::Legacy) => Some(BootMode::Bios),
        Some(Mode::Uefi) => Some(BootMode::Uefi),
        Some(Mode::UnsupportedValue) | None => None,
    };
    let enabled = boot.boot_source_override_enabled.flatten();
    let device = match boot.boot_source_override_target.flatten() {
        None | Some(BootSource::None) => None,
        Some(_) if matches!(enabled, None | Some(Enabled::Disabled)) => None,
        Some(BootSource::Pxe | BootSource::UefiHttp) => Some(BootDevice::Network),
        Some(BootSource::Hdd) => Some(BootDevice::Disk),
        Some(BootSource::Cd) => Some(BootDevice::Cd),
        Some(BootSource::BiosSetup) => Some(BootDevice::Setup),
        Some(other) => {
            return Err(format!(
                "the boot override is set to {}, which Assay does not know",
                serde_json::to_string(&other).unwrap_or_default()
            ));
        }
    };
    Ok(BootOverride {
        device,
        persistent: device.is_some() && enabled == Some(Enabled::Continuous),
        mode,
    })
}

/// Refuses a device that the BMC does not list, before anything is sent.
fn check_allowed(update: &BootUpdate, document: &Value) -> Result<(), String> {
    let Some(wanted) = update.boot_source_override_target else {
        return Ok(());
    };
    let Some(allowed) = document
        .pointer("/Boot/BootSourceOverrideTarget@Redfish.AllowableValues")
        .and_then(Value::as_array)
    else {
        return Ok(());
    };
    if serde_json::to_value(wanted).is_ok_and(|wanted| allowed.contains(&wanted)) {
        return Ok(());
    }
    let names: Vec<&str> = allowed.iter().filter_map(Value::as_str).collect();
    Err(format!(
        "the BMC cannot boot from that, only from: {}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(boot: Value) -> Result<BootOverride, String> {
        read_override(&serde_json::from_value(boot).unwrap())
    }

    #[test]
    fn overrides_are_read() {
        let once = read(json!({"BootSourceOverrideTarget": "Pxe",
            "BootSourceOverrideEnabled": "Once", "BootSourceOverrideMode": "UEFI"}));
        let wanted = BootOverride {
            device: Some(BootDevice::Network),
            persistent: false,
            mode: Some(BootMode::Uefi),
        };
        assert_eq!(once, Ok(wanted));
        let off = read(json!({"BootSourceOverrideTarget": "Pxe",
            "BootSourceOverrideEnabled": "Disabled"}));
        assert_eq!(off.unwrap().device, None);
        assert!(
            read(json!({"BootSourceOverrideTarget": "Usb",
            "BootSourceOverrideEnabled": "Once"}))
            .is_err()
        );
    }

    #[test]
    fn a_device_that_the_bmc_does_not_list_is_refused() {
        let update = update_for(BootOverride {
            device: Some(BootDevice::Setup),
            persistent: false,
            mode: None,
        });
        let document =
            json!({"Boot": {"BootSourceOverrideTarget@Redfish.AllowableValues": ["Pxe"]}});
        assert!(
            check_allowed(&update, &document)
                .unwrap_err()
                .contains("Pxe")
        );
        assert_eq!(check_allowed(&update, &json!({"Boot": {}})), Ok(()));
    }
}

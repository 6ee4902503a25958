//! What a machine boots next over AMT (DMTF DSP1012, Boot Control Profile, as far as Intel supports
//! it): one source, for the next boot only.

use assay_domain::DriverError;
use assay_domain::capability::{BootDevice, BootDeviceCapability, BootOverride};
use async_trait::async_trait;

use super::answer::key;
use super::fault::{Fault, ReturnValue};
use super::message::{parameter, reference};
use super::session::Machine;
use super::xml::Element;

/// The one boot configuration that AMT has.
const CONFIGURATION: (&str, &str) = ("InstanceID", "Intel(r) AMT: Boot Configuration 0");
/// The boot options beside the source.
const OPTIONS: &str = "AMT_BootSettingData";
/// The role of a configuration that counts for the next boot and no other (SetBootConfigRole).
const NEXT_SINGLE_USE: &str = "1";
/// The role of a configuration that does not count (SetBootConfigRole; from AMT 7 on).
const NOT_NEXT: &str = "32768";
/// The same role as NEXT_SINGLE_USE, as CIM_ElementSettingData.IsNext shows it.
const IS_NEXT_SINGLE_USE: u32 = 3;

/// Properties of [`OPTIONS`] that only the device writes: what its BIOS reports and can do. A Put
/// that holds one is refused.
const READ_ONLY: [&str; 8] = [
    "BIOSLastStatus",
    "BootguardStatus",
    "OptionsCleared",
    "RPEEnabled",
    "SecureBootControlEnabled",
    "UEFIHTTPSBootEnabled",
    "UEFILocalPBABootEnabled",
    "WinREBootEnabled",
];
/// Properties of [`OPTIONS`] that name it.
const NAMES: [&str; 3] = ["ElementName", "InstanceID", "OwningEntity"];
/// The option that opens the firmware's set-up.
const SETUP: &str = "BIOSSetup";

/// How AMT is told to boot from a device, and the property of AMT_BootCapabilities that says
/// whether the BIOS can.
enum Way {
    /// A CIM_BootSourceSetting.
    Source(&'static str, &'static str),
    /// An option of [`OPTIONS`].
    Option(&'static str, &'static str),
}

fn way(device: BootDevice) -> Way {
    match device {
        BootDevice::Network => Way::Source("Intel(r) AMT: Force PXE Boot", "ForcePXEBoot"),
        BootDevice::Disk => {
            Way::Source("Intel(r) AMT: Force Hard-drive Boot", "ForceHardDriveBoot")
        }
        BootDevice::Cd => Way::Source("Intel(r) AMT: Force CD/DVD Boot", "ForceCDorDVDBoot"),
        BootDevice::Setup => Way::Option(SETUP, "BIOSSetup"),
    }
}

fn device_of(source: &str) -> Option<BootDevice> {
    [BootDevice::Network, BootDevice::Disk, BootDevice::Cd]
        .into_iter()
        .find(|device| matches!(way(*device), Way::Source(name, _) if name == source))
}

/// The options as they are written: all off, but for `on`. Only what the device has shown is sent
/// back, because each firmware refuses the options that it does not know.
fn cleared(options: &Element, on: Option<&str>) -> Vec<(String, String)> {
    let written = options.children.iter().filter(|property| {
        property.namespace == options.namespace
            && property.children.is_empty()
            && !READ_ONLY.contains(&property.name.as_str())
    });
    written
        .map(|property| {
            let name = property.name.as_str();
            let value = match property.text.as_str() {
                text if NAMES.contains(&name) => text,
                "true" | "false" if on == Some(name) => "true",
                "true" | "false" => "false",
                text if text.parse::<i64>().is_ok() => "0",
                _ => "",
            };
            (property.name.clone(), value.to_owned())
        })
        .collect()
}

impl Machine {
    async fn change_order(&self, source: Option<&str>) -> Result<(), Fault> {
        let parameters = source.map_or_else(String::new, |source| {
            reference("Source", "CIM_BootSourceSetting", &[("InstanceID", source)])
        });
        self.device
            .call("CIM_BootConfigSetting", "ChangeBootOrder", &parameters)
            .await
            .map(drop)
    }

    async fn set_role(&self, role: &str) -> Result<(), Fault> {
        let parameters = [
            reference(
                "BootConfigSetting",
                "CIM_BootConfigSetting",
                &[CONFIGURATION],
            ),
            parameter("Role", role),
        ]
        .concat();
        self.device
            .call("CIM_BootService", "SetBootConfigRole", &parameters)
            .await
            .map(drop)
    }

    /// Takes back whatever was set before: first the source, which forbids some options, then the
    /// options, which forbid any source.
    async fn reset_boot(&self, on: Option<&str>) -> Result<(), Fault> {
        self.change_order(None).await?;
        let options = self.device.get(OPTIONS).await?;
        self.device.put(OPTIONS, &cleared(&options, on)).await
    }

    async fn clear_boot(&self) -> Result<(), Fault> {
        self.reset_boot(None).await?;
        match self.set_role(NOT_NEXT).await {
            // Before AMT 7 there is no such role; an empty configuration does the same.
            Err(Fault::Method {
                value: ReturnValue::INVALID_PARAMETER | ReturnValue::NOT_SUPPORTED,
                ..
            }) => Ok(()),
            outcome => outcome,
        }
    }

    /// Sets the device for the next boot, in the order of Intel's guide: check, reset, choose,
    /// activate.
    async fn boot_once(&self, device: BootDevice) -> Result<(), DriverError> {
        let (Way::Source(_, capability) | Way::Option(_, capability)) = way(device);
        let capabilities = self.device.find("AMT_BootCapabilities").await;
        let capabilities = capabilities.map_err(|fault| self.device.error(fault))?;
        if capabilities.and_then(|all| all.truth(capability)) == Some(false) {
            return Err(self.device.peer.unsupported(format!(
                "the BIOS cannot be made to boot from that ({capability} is false)"
            )));
        }
        let set = async {
            match way(device) {
                Way::Source(source, _) => {
                    self.reset_boot(None).await?;
                    self.change_order(Some(source)).await?;
                }
                Way::Option(option, _) => self.reset_boot(Some(option)).await?,
            }
            self.set_role(NEXT_SINGLE_USE).await
        };
        set.await.map_err(|fault| self.device.error(fault))
    }

    /// Whether the boot configuration counts for the next boot.
    async fn is_next(&self) -> Result<bool, Fault> {
        let settings = self.device.list("CIM_ElementSettingData").await?;
        let (name, value) = CONFIGURATION;
        Ok(settings.iter().any(|setting| {
            setting.number("IsNext") == Some(IS_NEXT_SINGLE_USE)
                && setting
                    .properties("SettingData")
                    .any(|data| key(data, "CIM_BootConfigSetting", name) == Some(value))
        }))
    }

    /// The source that comes first in the boot configuration; the others are never tried.
    async fn source(&self) -> Result<Option<String>, Fault> {
        let components = self.device.list("CIM_OrderedComponent").await?;
        let chosen = components.iter().filter_map(|component| {
            let sequence = component.number("AssignedSequence").filter(|at| *at > 0)?;
            let part = component.properties("PartComponent").next()?;
            let source = key(part, "CIM_BootSourceSetting", "InstanceID")?;
            Some((sequence, source.to_owned()))
        });
        Ok(chosen.min().map(|(_, source)| source))
    }

    async fn next_boot(&self) -> Result<Option<BootDevice>, Fault> {
        if !self.is_next().await? {
            return Ok(None);
        }
        if let Some(source) = self.source().await? {
            return device_of(&source).map(Some).ok_or_else(|| {
                Fault::Answer(format!(
                    "it boots from '{source}', which Assay does not know"
                ))
            });
        }
        let options = self.device.get(OPTIONS).await?;
        Ok((options.truth(SETUP) == Some(true)).then_some(BootDevice::Setup))
    }
}

#[async_trait]
impl BootDeviceCapability for Machine {
    async fn boot_override(&self) -> Result<BootOverride, DriverError> {
        let device = self.next_boot().await;
        Ok(BootOverride {
            device: device.map_err(|fault| self.device.error(fault))?,
            persistent: false,
            mode: None,
        })
    }

    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError> {
        let Some(device) = wanted.device else {
            let cleared = self.clear_boot().await;
            return cleared.map_err(|fault| self.device.error(fault));
        };
        if wanted.persistent {
            return Err(self
                .device
                .peer
                .unsupported("AMT overrides the next boot only, not every one"));
        }
        if wanted.mode.is_some() {
            return Err(self
                .device
                .peer
                .unsupported("AMT does not choose between BIOS and UEFI"));
        }
        self.boot_once(device).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "<o xmlns='urn:o'><BIOSLastStatus>2</BIOSLastStatus><BIOSPause>true</BIOSPause>\
        <BIOSSetup>false</BIOSSetup><BootMediaIndex>3</BootMediaIndex><ElementName>Options</ElementName>\
        <InstanceID>AMT 0</InstanceID><OptionsCleared>true</OptionsCleared><RSEPassword>p</RSEPassword>\
        <WinREBootEnabled>true</WinREBootEnabled><x:other xmlns:x='urn:x'>true</x:other></o>";

    #[test]
    fn options_are_cleared_and_only_those_that_may_be_written_are_sent() {
        let options = Element::parse(SHOWN.as_bytes()).unwrap();
        let wanted = |setup: &str| {
            [
                ("BIOSPause", "false"),
                ("BIOSSetup", setup),
                ("BootMediaIndex", "0"),
                ("ElementName", "Options"),
                ("InstanceID", "AMT 0"),
                ("RSEPassword", ""),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec()
        };
        assert_eq!(cleared(&options, None), wanted("false"));
        assert_eq!(cleared(&options, Some(SETUP)), wanted("true"));
    }

    #[test]
    fn sources_are_known_by_their_names() {
        for device in [BootDevice::Network, BootDevice::Disk, BootDevice::Cd] {
            let Way::Source(name, _) = way(device) else {
                panic!("no source");
            };
            assert_eq!(device_of(name), Some(device));
        }
        assert_eq!(device_of("Intel(r) AMT: Force Diagnostic Boot"), None);
    }
}

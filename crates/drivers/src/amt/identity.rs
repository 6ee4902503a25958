//! Identity of a machine over AMT: what its BIOS has told the device.

use assay_domain::DriverError;
use assay_domain::capability::{SystemCapability, SystemInfo};
use assay_inventory::Mac;
use async_trait::async_trait;
use uuid::Uuid;

use super::fault::Fault;
use super::session::Machine;
use super::xml::Element;

/// The settings of AMT's network ports, wired and wireless.
pub(super) const PORTS: &str = "AMT_EthernetPortSettings";

impl Machine {
    /// The system's UUID. PlatformGUID shows its sixteen bytes in the order of SMBIOS, the first
    /// three fields with their lowest byte first.
    async fn uuid(&self) -> Result<Option<String>, Fault> {
        let package = self.device.find("CIM_ComputerSystemPackage").await?;
        Ok(package.and_then(|package| uuid_of(package.property("PlatformGUID")?)))
    }

    async fn info(&self) -> Result<SystemInfo, Fault> {
        let uuid = self.uuid().await?;
        let chassis = self.device.find("CIM_Chassis").await?;
        let told = |name: &str| {
            let text = chassis.as_ref()?.property(name)?;
            is_telling(text).then(|| text.to_owned())
        };
        let mut info = SystemInfo {
            uuid,
            serial_number: told("SerialNumber"),
            manufacturer: told("Manufacturer"),
            model: told("Model"),
            macs: macs(&self.device.list(PORTS).await?),
        };
        if info.manufacturer.is_none() || info.model.is_none() {
            self.ask_board(&mut info).await?;
        }
        Ok(info)
    }

    /// Fills gaps with what the board says: boards are sold without a chassis. The serial number of
    /// a board is not its system's, and stays out.
    async fn ask_board(&self, info: &mut SystemInfo) -> Result<(), Fault> {
        let Some(board) = self.device.find("CIM_Card").await? else {
            return Ok(());
        };
        let told = |name: &str| {
            let text = board.property(name)?;
            is_telling(text).then(|| text.to_owned())
        };
        info.manufacturer = info.manufacturer.take().or_else(|| told("Manufacturer"));
        info.model = info.model.take().or_else(|| told("Model"));
        Ok(())
    }
}

/// Whether a text says something; firmware fills empty fields with dots and dashes.
fn is_telling(text: &str) -> bool {
    text.chars().any(char::is_alphanumeric)
}

fn uuid_of(text: &str) -> Option<String> {
    // The bytes come as 32 digits; a dashed text would have the order of its digits already.
    let digits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let shown = Uuid::try_parse(text).ok()?;
    let uuid = if digits {
        Uuid::from_bytes_le(shown.into_bytes())
    } else {
        shown
    };
    (!uuid.is_nil() && !uuid.is_max()).then(|| uuid.hyphenated().to_string())
}

/// The MAC of a port, unless it is none that tells machines apart.
pub(super) fn mac_of(port: &Element) -> Option<Mac> {
    let mac: Mac = port.property("MACAddress")?.parse().ok()?;
    mac.is_unicast().then_some(mac)
}

/// The machine's own MACs: those of ports that the device shares with it. A port with a MAC of the
/// device alone says so.
fn macs(ports: &[Element]) -> Vec<String> {
    let mut macs: Vec<String> = Vec::new();
    for port in ports
        .iter()
        .filter(|port| port.truth("SharedMAC") != Some(false))
    {
        let mac = mac_of(port).map(|mac| mac.to_string());
        macs.extend(mac.filter(|mac| !macs.contains(mac)));
    }
    macs
}

#[async_trait]
impl SystemCapability for Machine {
    async fn system_info(&self) -> Result<SystemInfo, DriverError> {
        self.info().await.map_err(|fault| self.device.error(fault))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_platform_guid_is_read_in_the_order_of_smbios() {
        // SMBIOS 3.6, 7.2.1 has this example of the two orders.
        let wanted = "00112233-4455-6677-8899-aabbccddeeff";
        assert_eq!(
            uuid_of("33221100554477668899AABBCCDDEEFF").as_deref(),
            Some(wanted)
        );
        assert_eq!(uuid_of(wanted).as_deref(), Some(wanted));
        for none in [
            "",
            "0",
            "00000000000000000000000000000000",
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        ] {
            assert_eq!(uuid_of(none), None, "{none}");
        }
    }

    #[test]
    fn only_the_machines_own_macs_count() {
        let port = |mac: &str, shared: &str| {
            let text = format!("<p><MACAddress>{mac}</MACAddress>{shared}</p>");
            Element::parse(text.as_bytes()).unwrap()
        };
        let ports = [
            port("00-16-3E-00-00-01", ""),
            port("00-16-3e-00-00-01", ""),
            port("00-16-3e-00-00-02", "<SharedMAC>false</SharedMAC>"),
            port("00-00-00-00-00-00", "<SharedMAC>true</SharedMAC>"),
            port("none", ""),
            port("00:16:3e:00:00:03", "<SharedMAC>true</SharedMAC>"),
        ];
        assert_eq!(macs(&ports), ["00:16:3e:00:00:01", "00:16:3e:00:00:03"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_uuid_panic(text in "[0-9a-fA-F{}urn:\\-é]{0,40}") {
            let uuid = uuid_of(&text);
            prop_assert!(uuid.is_none_or(|uuid| uuid.len() == 36));
        }
    }
}

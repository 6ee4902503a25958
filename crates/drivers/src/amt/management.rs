//! The device itself: AMT's firmware and its network ports.

use std::net::{IpAddr, Ipv4Addr};

use assay_domain::DriverError;
use assay_domain::capability::{ManagementCapability, ManagementInfo, ManagementInterface};
use async_trait::async_trait;

use super::fault::Fault;
use super::identity::{PORTS, mac_of};
use super::session::Machine;
use super::xml::Element;

impl Machine {
    async fn about_itself(&self) -> Result<ManagementInfo, Fault> {
        let parts = self.device.list("CIM_SoftwareIdentity").await?;
        let ports = self.device.list(PORTS).await?;
        Ok(ManagementInfo {
            firmware: firmware(&parts),
            interfaces: ports.iter().map(interface).collect(),
            // Reading accounts needs the rights of an administrator of accounts, and one call each.
            users: None,
        })
    }
}

/// The version of the part named AMT; the other parts are the flash's, the BIOS's, and numbers.
fn firmware(parts: &[Element]) -> Option<String> {
    let part = parts
        .iter()
        .find(|part| part.property("InstanceID") == Some("AMT"))?;
    part.property("VersionString").map(str::to_owned)
}

fn interface(port: &Element) -> ManagementInterface {
    let address = |name: &str| {
        let address: Ipv4Addr = port.property(name)?.parse().ok()?;
        (!address.is_unspecified()).then_some(address)
    };
    let source = port.truth("DHCPEnabled").map(|by_dhcp| {
        let word = if by_dhcp { "dhcp" } else { "static" };
        word.to_owned()
    });
    ManagementInterface {
        name: port.property("InstanceID").unwrap_or_default().to_owned(),
        mac: mac_of(port).map(|mac| mac.to_string()),
        address: address("IPAddress").map(IpAddr::V4),
        prefix: address("SubnetMask").and_then(prefix),
        gateway: address("DefaultGateway").map(IpAddr::V4),
        source,
        // A tag of 0 means none, and 4095 is reserved (IEEE 802.1Q, 9.6).
        vlan: port
            .number("VLANTag")
            .and_then(|tag| u16::try_from(tag).ok())
            .filter(|tag| (1..4095).contains(tag)),
    }
}

/// The length of a network mask; `None` for one with gaps.
fn prefix(mask: Ipv4Addr) -> Option<u8> {
    let bits = mask.to_bits();
    let length = bits.leading_ones();
    (length == bits.count_ones())
        .then_some(length)
        .and_then(|length| u8::try_from(length).ok())
}

#[async_trait]
impl ManagementCapability for Machine {
    async fn management_info(&self) -> Result<ManagementInfo, DriverError> {
        let info = self.about_itself().await;
        info.map_err(|fault| self.device.error(fault))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(text: &str) -> Element {
        Element::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn a_port_is_read_as_far_as_it_tells() {
        let port = element(
            "<p><DHCPEnabled>false</DHCPEnabled><DefaultGateway>192.0.2.1</DefaultGateway>\
             <IPAddress>192.0.2.7</IPAddress><InstanceID>Port 0</InstanceID>\
             <MACAddress>00-16-3e-00-00-01</MACAddress><SubnetMask>255.255.254.0</SubnetMask>\
             <VLANTag>0</VLANTag></p>",
        );
        let wanted = ManagementInterface {
            name: "Port 0".into(),
            mac: Some("00:16:3e:00:00:01".into()),
            address: "192.0.2.7".parse().ok(),
            prefix: Some(23),
            gateway: "192.0.2.1".parse().ok(),
            source: Some("static".into()),
            vlan: None,
        };
        assert_eq!(interface(&port), wanted);
        let odd = element("<p><SubnetMask>255.0.255.0</SubnetMask><IPAddress>x</IPAddress></p>");
        assert_eq!(interface(&odd), ManagementInterface::default());
    }

    #[test]
    fn the_firmware_is_the_part_named_amt() {
        let part = |name: &str, version: &str| {
            element(&format!(
                "<p><InstanceID>{name}</InstanceID><VersionString>{version}</VersionString></p>"
            ))
        };
        let parts = [part("Flash", "1"), part("AMT", "16.1.25"), part("Sku", "7")];
        assert_eq!(firmware(&parts).as_deref(), Some("16.1.25"));
        assert_eq!(firmware(&parts[..1]), None);
    }
}

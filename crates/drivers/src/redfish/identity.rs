//! Identity of a machine over Redfish.

use assay_domain::DriverError;
use assay_domain::capability::{SystemCapability, SystemInfo};
use assay_inventory::normalize_mac;
use async_trait::async_trait;
use nv_redfish::core::{NavProperty, ODataId};
use nv_redfish::schema::ethernet_interface::EthernetInterface;

use super::service::members;
use super::session::Machine;

/// Interfaces that are read; a machine has fewer.
const INTERFACE_LIMIT: usize = 64;

impl Machine {
    /// The machine's MACs, in the BMC's order. An interface that the BMC lists and does not have is
    /// passed over.
    async fn macs(&self, interfaces: &ODataId) -> Result<Vec<String>, DriverError> {
        let mut macs: Vec<String> = Vec::new();
        let listed = members(&self.wire, interfaces).await?;
        for id in listed.iter().take(INTERFACE_LIMIT) {
            let document = match self.wire.read(id).await {
                Ok(document) => document,
                Err(DriverError::Unsupported { .. }) => continue,
                Err(error) => return Err(error),
            };
            let interface: EthernetInterface = self.wire.typed(document)?;
            let mac = [interface.permanent_mac_address, interface.mac_address]
                .into_iter()
                .flatten()
                .flatten()
                .find_map(|mac| normalize_mac(&mac).filter(|mac| is_real(mac)));
            macs.extend(mac.filter(|mac| !macs.contains(mac)));
        }
        Ok(macs)
    }
}

/// Whether a MAC can be an interface's own: firmware shows a missing card as all zeros or all ones.
fn is_real(mac: &str) -> bool {
    !matches!(mac, "00:00:00:00:00:00" | "ff:ff:ff:ff:ff:ff")
}

/// A text that says something.
fn told(text: Option<String>) -> Option<String> {
    let text = text?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[async_trait]
impl SystemCapability for Machine {
    async fn system_info(&self) -> Result<SystemInfo, DriverError> {
        let (system, _) = self.read().await?;
        let interfaces = system
            .ethernet_interfaces
            .as_ref()
            .map(NavProperty::id)
            .cloned();
        let macs = match interfaces {
            Some(interfaces) => self.macs(&interfaces).await?,
            None => Vec::new(),
        };
        let uuid = system
            .uuid
            .flatten()
            .filter(|uuid| !uuid.is_nil() && !uuid.is_max());
        Ok(SystemInfo {
            uuid: uuid.map(|uuid| uuid.hyphenated().to_string()),
            serial_number: told(system.serial_number.flatten()),
            manufacturer: told(system.manufacturer.flatten()),
            model: told(system.model.flatten()),
            macs,
        })
    }
}

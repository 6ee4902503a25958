//! Identity of a machine over IPMI: its GUID, and the FRU data of the machine itself.

use assay_domain::DriverError;
use assay_domain::capability::{SystemCapability, SystemInfo};
use assay_ipmi::command::fru::{Area, Fru};
use async_trait::async_trait;

use super::session::Bmc;

/// The FRU data of the machine itself (section 34 of the IPMI specification).
pub(super) const MACHINE: u8 = 0;

#[async_trait]
impl SystemCapability for Bmc {
    async fn system_info(&self) -> Result<SystemInfo, DriverError> {
        let uuid = match self.session.uuid().await {
            Err(error) if error.is_unsupported() => None,
            outcome => outcome.map_err(|error| self.error(&error))?,
        };
        let fru = match self.session.fru(MACHINE).await {
            Ok(fru) => fru,
            // A BMC may have none, or an empty memory in its place.
            Err(
                error @ (assay_ipmi::Error::Malformed(_) | assay_ipmi::Error::Completion { .. }),
            ) => {
                tracing::debug!(endpoint = self.peer.endpoint(), %error, "no FRU data");
                Fru::default()
            }
            Err(error) => return Err(self.error(&error)),
        };
        Ok(info(uuid, fru))
    }
}

/// The product tells best, then the board, then the chassis. IPMI does not know the MACs of a
/// machine's network cards.
fn info(uuid: Option<String>, fru: Fru) -> SystemInfo {
    let areas: Vec<Area> = [fru.product, fru.board, fru.chassis]
        .into_iter()
        .flatten()
        .collect();
    let first = |field: fn(&Area) -> Option<&String>| areas.iter().find_map(field).cloned();
    SystemInfo {
        uuid,
        serial_number: first(|area| area.serial_number.as_ref()),
        manufacturer: first(|area| area.manufacturer.as_ref()),
        model: first(|area| area.product.as_ref()),
        macs: Vec::new(),
    }
}

//! Replaceable parts of a machine over IPMI: all FRU data that the BMC itself keeps.

use assay_domain::DriverError;
use assay_domain::capability::{Part, PartsCapability};
use assay_ipmi::Error;
use assay_ipmi::command::fru::{Area, Fru};
use assay_ipmi::command::sdr::Record;
use async_trait::async_trait;

use super::session::Bmc;
use super::system::MACHINE;

#[async_trait]
impl PartsCapability for Bmc {
    async fn parts(&self) -> Result<Vec<Part>, DriverError> {
        let records = match self.records().await {
            // Without records the machine's own data are left.
            Err(DriverError::Unsupported { .. }) => &[],
            outcome => outcome?,
        };
        let listed = records.iter().filter_map(|record| match record {
            Record::Fru { id, name } => Some((*id, name.as_str())),
            Record::Sensors(_) | Record::Other(_) => None,
        });
        let mut places: Vec<(u8, &str)> = listed.collect();
        // The machine itself need not be listed.
        if !places.iter().any(|(id, _)| *id == MACHINE) {
            places.insert(0, (MACHINE, "machine"));
        }
        let (mut parts, mut lacks) = (Vec::new(), None);
        for (id, name) in places {
            match self.session.fru(id).await {
                Ok(fru) => parts.extend(parts_of(name, fru)),
                // The machine's own data stand for the command: who does not have those has none.
                Err(error) if id == MACHINE && error.is_unsupported() => lacks = Some(error),
                // A part that is not there, or whose memory is empty.
                Err(error @ (Error::Malformed(_) | Error::Completion { .. })) => {
                    tracing::debug!(endpoint = self.peer.endpoint(), id, %error, "no FRU data");
                }
                Err(error) => return Err(self.error(&error)),
            }
        }
        match lacks {
            Some(error) if parts.is_empty() => Err(self.error(&error)),
            _ => Ok(parts),
        }
    }
}

/// One part for each area that says something.
fn parts_of(name: &str, fru: Fru) -> impl Iterator<Item = Part> {
    [
        ("product", fru.product),
        ("board", fru.board),
        ("chassis", fru.chassis),
    ]
    .into_iter()
    .filter_map(move |(what, area)| {
        let area = area.filter(|area| *area != Area::default())?;
        Some(Part {
            name: format!("{name} {what}"),
            manufacturer: area.manufacturer,
            product: area.product,
            part_number: area.part_number,
            serial_number: area.serial_number,
            version: area.version,
            asset_tag: area.asset_tag,
        })
    })
}

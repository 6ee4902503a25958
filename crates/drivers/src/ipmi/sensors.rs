//! Sensors of a machine over IPMI.

use std::collections::HashMap;

use assay_domain::DriverError;
use assay_domain::capability::{Sensor, SensorCapability};
use assay_ipmi::command::events;
use assay_ipmi::command::sdr::{Record, SensorRecord};
use async_trait::async_trait;

use super::session::Bmc;

#[async_trait]
impl SensorCapability for Bmc {
    async fn sensors(&self) -> Result<Vec<Sensor>, DriverError> {
        let records: Vec<&SensorRecord> = self
            .records()
            .await?
            .iter()
            .filter_map(|record| match record {
                Record::Sensors(sensors) => Some(sensors),
                Record::Fru { .. } | Record::Other(_) => None,
            })
            .flatten()
            .collect();
        let names = names(&records);
        let mut sensors = Vec::with_capacity(records.len());
        for (record, name) in records.into_iter().zip(names) {
            let shown = self.session.sensor(record).await;
            let shown = shown.map_err(|error| self.error(&error))?;
            sensors.push(Sensor {
                name,
                kind: kind(record),
                value: shown.value,
                unit: record.unit.clone(),
                states: shown.states,
                health: shown.health,
            });
        }
        Ok(sensors)
    }
}

/// What a sensor measures. IPMI has no kind for power: such sensors are "other" and count watts.
fn kind(record: &SensorRecord) -> String {
    if record.unit == "W" {
        "power".to_owned()
    } else {
        events::kind(record.kind)
    }
}

/// The names, made unique by the sensors' numbers where BMCs repeat them.
fn names(records: &[&SensorRecord]) -> Vec<String> {
    let mut seen: HashMap<&str, usize> = HashMap::new();
    for record in records {
        *seen.entry(record.name.as_str()).or_default() += 1;
    }
    let place = |record: &SensorRecord| {
        format!(
            "{:#04x}.{}.{:#04x}",
            record.owner, record.lun, record.number
        )
    };
    records
        .iter()
        .map(|record| match seen.get(record.name.as_str()) {
            Some(1) if !record.name.is_empty() => record.name.clone(),
            _ => format!("{} {}", record.name, place(record))
                .trim()
                .to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_watts_are_power() {
        let record = |name: &str, number| SensorRecord {
            name: name.into(),
            owner: 0x20,
            channel: 0,
            lun: 0,
            number,
            kind: 0x0b,
            reading: 1,
            unit: "W".into(),
            formula: None,
        };
        let (one, two, three) = (record("PSU", 1), record("PSU", 2), record("Total", 3));
        assert_eq!(
            names(&[&one, &two, &three]),
            ["PSU 0x20.0.0x01", "PSU 0x20.0.0x02", "Total"]
        );
        assert_eq!(kind(&one), "power");
    }
}

//! AMT's log of events: records of 21 bytes in the shape of a Platform Event Trap (Intel's AMT guide,
//! "Get a Record from the Event Log"; the numbers in them are those of IPMI 2.0, 42 and 43.14).

use assay_domain::capability::{EventLogCapability, EventLogEntry, Health};
use assay_domain::{DriverError, Timestamp};
use async_trait::async_trait;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::fault::Fault;
use super::message::parameter;
use super::session::Machine;

const LOG: &str = "AMT_MessageLog";
/// The most records that AMT keeps, and gives at once.
const RECORD_LIMIT: usize = 390;
/// How often it is asked for more; one answer with all records is the rule.
const PART_LIMIT: usize = 16;

/// A record.
struct Record {
    /// Seconds since 1970 by the device's clock; zero when it had no time.
    seconds: u32,
    sensor_type: u8,
    event_type: u8,
    offset: u8,
    severity: u8,
    entity: u8,
    data: [u8; 8],
}

impl Record {
    fn decode(text: &str) -> Option<Self> {
        let bytes: [u8; 21] = BASE64_STANDARD.decode(text).ok()?.try_into().ok()?;
        let [
            t0,
            t1,
            t2,
            t3,
            _,
            sensor_type,
            event_type,
            offset,
            _,
            severity,
            _,
            entity,
            _,
            data @ ..,
        ] = bytes;
        Some(Self {
            seconds: u32::from_le_bytes([t0, t1, t2, t3]),
            sensor_type,
            event_type,
            offset,
            severity,
            entity,
            data,
        })
    }

    fn entry(&self, number: usize) -> EventLogEntry {
        let data: Vec<String> = self.data.iter().map(|byte| format!("{byte:02x}")).collect();
        EventLogEntry {
            id: number.to_string(),
            at: Some(self.seconds)
                .filter(|seconds| *seconds > 0)
                .and_then(|seconds| Timestamp::from_timestamp(i64::from(seconds), 0)),
            subject: entity(self.entity)
                .map_or_else(|| format!("entity {}", self.entity), str::to_owned),
            text: format!(
                "{}, event type {} offset {}, data {}",
                sensor(self.sensor_type).map_or_else(
                    || format!("sensor type {}", self.sensor_type),
                    str::to_owned
                ),
                self.event_type,
                self.offset,
                data.join(" ")
            ),
            severity: severity(self.severity),
        }
    }
}

/// IPMI 2.0, table 42-3, as far as AMT uses it.
fn sensor(number: u8) -> Option<&'static str> {
    Some(match number {
        1 => "temperature",
        2 => "voltage",
        4 => "fan",
        5 => "chassis intrusion",
        6 => "failed authentication",
        7 => "processor",
        12 => "memory",
        15 => "system firmware",
        18 => "system event",
        30 => "boot error",
        31 => "operating system boot",
        32 => "operating system stop",
        35 => "watchdog",
        37 => "presence",
        39 => "network",
        _ => return None,
    })
}

/// IPMI 2.0, table 43-13, as far as AMT uses it; 38 is the device itself.
fn entity(number: u8) -> Option<&'static str> {
    Some(match number {
        3 => "processor",
        4 => "disk",
        7 => "system board",
        8 => "memory module",
        10 => "power supply",
        11 => "add-in card",
        23 => "chassis",
        32 => "memory device",
        34 => "BIOS",
        35 => "operating system",
        38 => "AMT",
        _ => return None,
    })
}

/// The severities of a Platform Event Trap (PET specification 1.0, event severity).
fn severity(number: u8) -> Option<Health> {
    match number {
        1 | 2 | 4 => Some(Health::Ok),
        8 => Some(Health::Warning),
        16 | 32 => Some(Health::Critical),
        _ => None,
    }
}

impl Machine {
    /// All records, the newest first, as the device has them.
    async fn records(&self) -> Result<Vec<Record>, Fault> {
        let mut records = Vec::new();
        let most = parameter("MaxReadRecords", &RECORD_LIMIT.to_string());
        for _ in 0..PART_LIMIT {
            let first = (records.len() + 1).to_string();
            let parameters = [parameter("IterationIdentifier", &first), most.clone()].concat();
            let part = self.device.call(LOG, "GetRecords", &parameters).await?;
            let before = records.len();
            for record in part.properties("RecordArray") {
                records.push(Record::decode(&record.text).ok_or_else(|| {
                    Fault::Answer("its log has a record that is not 21 bytes".into())
                })?);
            }
            let is_all = part.truth("NoMoreRecords") != Some(false);
            if is_all || records.len() == before || records.len() >= RECORD_LIMIT {
                break;
            }
        }
        Ok(records)
    }
}

#[async_trait]
impl EventLogCapability for Machine {
    async fn event_log(&self) -> Result<Vec<EventLogEntry>, DriverError> {
        let records = self.records().await;
        let records = records.map_err(|fault| self.device.error(fault))?;
        let oldest_first = records.iter().rev().enumerate();
        Ok(oldest_first
            .map(|(before, record)| record.entry(before + 1))
            .collect())
    }

    async fn clear_event_log(&self) -> Result<(), DriverError> {
        let cleared = self.device.call(LOG, "ClearLog", "").await;
        cleared.map(drop).map_err(|fault| self.device.error(fault))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(bytes: &[u8]) -> Option<Record> {
        Record::decode(&BASE64_STANDARD.encode(bytes))
    }

    #[test]
    fn a_record_is_put_into_words() {
        let mut bytes = [0; 21];
        bytes[..4].copy_from_slice(&1_700_000_000_u32.to_le_bytes());
        bytes[5] = 15;
        bytes[6] = 0x6f;
        bytes[7] = 2;
        bytes[9] = 8;
        bytes[11] = 34;
        bytes[13] = 0x40;
        let entry = record(&bytes).unwrap().entry(3);
        assert_eq!(entry.id, "3");
        assert_eq!(entry.at.unwrap().timestamp(), 1_700_000_000);
        assert_eq!(entry.subject, "BIOS");
        assert!(
            entry
                .text
                .starts_with("system firmware, event type 111 offset 2, data 40 00")
        );
        assert_eq!(entry.severity, Some(Health::Warning));
    }

    #[test]
    fn a_record_of_another_length_is_none() {
        assert!(record(&[0; 20]).is_none() && record(&[0; 22]).is_none());
        assert!(Record::decode("not base64").is_none());
        assert_eq!(record(&[0; 21]).unwrap().entry(1).at, None);
    }

    proptest! {
        #[test]
        fn no_record_makes_reading_panic(bytes in prop::collection::vec(any::<u8>(), 21)) {
            let entry = record(&bytes).unwrap().entry(1);
            prop_assert!(!entry.text.is_empty() && !entry.subject.is_empty());
        }

        #[test]
        fn no_text_makes_decoding_panic(text in ".{0,40}") {
            let _ = Record::decode(&text);
        }
    }
}

//! The event log of a system as Redfish shows it, in pages.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::documents::{SYSTEM, collection, link};

/// The action that empties the log.
pub(super) const CLEAR: &str = "/redfish/v1/Systems/1/LogServices/SEL/Actions/LogService.ClearLog";

/// Entries that there is room for.
const ROOM: usize = 512;
/// Entries of a page.
const PAGE: usize = 20;

/// The entries.
#[derive(Debug, Default)]
pub(super) struct Log {
    entries: Vec<Entry>,
    last_id: u64,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    id: u64,
    at: SystemTime,
}

impl Log {
    /// The temperature went above its upper critical threshold.
    pub(super) fn overheat(&mut self) {
        if self.entries.len() < ROOM {
            self.last_id += 1;
            self.entries.push(Entry {
                id: self.last_id,
                at: SystemTime::now(),
            });
        }
    }

    /// Removes all entries.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The resource at a path below the system's `LogServices`.
    pub(super) fn document(&self, path: &[&str], query: Option<&str>) -> Option<Value> {
        Some(match path {
            [] => collection("LogService", "Systems/1/LogServices", &["SEL".to_owned()]),
            ["SEL"] => service(),
            ["SEL", "Entries"] => self.page(query),
            ["SEL", "Entries", id] => {
                let found = self
                    .entries
                    .iter()
                    .find(|entry| entry.id.to_string() == *id);
                found?.document()
            }
            _ => return None,
        })
    }

    /// The entries from `$skip` on, as many as go into one page, and where the next are.
    fn page(&self, query: Option<&str>) -> Value {
        let skip = query.and_then(|query| query.strip_prefix("$skip="));
        let skip: usize = skip.and_then(|skip| skip.parse().ok()).unwrap_or(0);
        let path = format!("{SYSTEM}/LogServices/SEL/Entries");
        let rest = self.entries.get(skip..).unwrap_or_default();
        let page = rest.iter().take(PAGE).map(|entry| entry.document());
        let mut document = json!({
            "@odata.id": path,
            "@odata.type": "#LogEntryCollection.LogEntryCollection",
            "Name": "LogEntry collection",
            "Members@odata.count": self.entries.len(),
            "Members": page.collect::<Vec<Value>>(),
        });
        if rest.len() > PAGE {
            let next = format!("{path}?$skip={}", skip + PAGE);
            document["Members@odata.nextLink"] = next.into();
        }
        document
    }
}

impl Entry {
    fn document(self) -> Value {
        let at = DateTime::<Utc>::from(self.at);
        json!({
            "@odata.id": format!("{SYSTEM}/LogServices/SEL/Entries/{}", self.id),
            "@odata.type": "#LogEntry.v1_15_0.LogEntry",
            "Id": self.id.to_string(),
            "Name": format!("Log entry {}", self.id),
            "EntryType": "SEL",
            "Created": at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "EntryCode": "Upper Critical - going high",
            "SensorType": "Temperature",
            "SensorNumber": 1,
            "Message": "CPU Temp is above its upper critical threshold",
            "Severity": "Critical",
        })
    }
}

fn service() -> Value {
    json!({
        "@odata.id": format!("{SYSTEM}/LogServices/SEL"),
        "@odata.type": "#LogService.v1_4_0.LogService",
        "Id": "SEL",
        "Name": "System event log",
        "LogEntryType": "SEL",
        "MaxNumberOfRecords": ROOM,
        "OverWritePolicy": "NeverOverWrites",
        "ServiceEnabled": true,
        "Entries": link(&format!("{SYSTEM}/LogServices/SEL/Entries")),
        "Actions": { "#LogService.ClearLog": { "target": CLEAR } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_through_all_entries_and_a_cleared_log_is_empty() {
        let mut log = Log::default();
        (0..=PAGE * 2).for_each(|_| log.overheat());
        let page = |log: &Log, query| log.document(&["SEL", "Entries"], query).unwrap();
        let first = page(&log, None);
        assert_eq!(first["Members"].as_array().unwrap().len(), PAGE);
        let next = first["Members@odata.nextLink"].as_str().unwrap();
        let query = next.split_once('?').unwrap().1.to_owned();
        assert_eq!(page(&log, Some(&query))["Members"][0]["Id"], "21");
        let last = page(&log, Some("$skip=40"));
        assert_eq!(last["Members"].as_array().unwrap().len(), 1);
        assert!(last.get("Members@odata.nextLink").is_none());
        log.clear();
        assert_eq!(page(&log, None)["Members@odata.count"], 0);
    }
}

//! The event log of a machine over Redfish: one of the log services of the system or of its managers.

use assay_domain::DriverError;
use assay_domain::capability::{EventLogCapability, EventLogEntry};
use async_trait::async_trait;
use chrono::DateTime;
use nv_redfish::core::action::{Action, ActionTarget};
use nv_redfish::core::{Bmc, ModificationResponse};
use serde_json::{Value, json};

use super::fault::{HttpFault, of_read};
use super::session::Machine;
use super::told::{first_text, health, id, text, words};
use super::walk::Walk;

/// Parts of the names of logs that keep something else than the machine's events: what people and
/// the BMC's software did, dumps, and what the firmware's POST went through.
const OTHER_LOGS: [&str; 11] = [
    "audit",
    "crash",
    "debug",
    "dump",
    "faultlog",
    "hostlog",
    "journal",
    "lclog",
    "lifecycle",
    "postcode",
    "security",
];
/// Names under which BMCs keep their event log when they do not say of what type it is.
const EVENT_LOGS: [&str; 8] = [
    "eventlog",
    "iml",
    "log",
    "log1",
    "platformlog",
    "standardlog",
    "systemeventlog",
    "systemlog",
];
/// Purposes of a log (LogService 1.4) that the machine's events are not.
const OTHER_PURPOSES: [&str; 3] = ["ExternalEntity", "Security", "Telemetry"];

impl Machine {
    /// The log service that keeps the machine's events, and the walk that found it: of the system, else
    /// of its managers, since that is where some BMCs have it.
    async fn log(&self) -> Result<(Walk<'_>, Value), DriverError> {
        let (mut walk, system) = self.walk().await?;
        let found = find(&mut walk, system).await;
        match found.map_err(|fault| self.wire.error(fault))? {
            Some(service) => Ok((walk, service)),
            None => Err(walk.lacks("the BMC shows no log of the machine's events")),
        }
    }
}

async fn find(walk: &mut Walk<'_>, system: Value) -> Result<Option<Value>, HttpFault> {
    if let Some(service) = best_of(walk, &system).await? {
        return Ok(Some(service));
    }
    for manager in walk.linked(&system, "/Links/ManagedBy").await? {
        if let Some(service) = best_of(walk, &manager).await? {
            return Ok(Some(service));
        }
    }
    Ok(None)
}

/// The best of the log services of a system or a manager, if one will do.
async fn best_of(walk: &mut Walk<'_>, holder: &Value) -> Result<Option<Value>, HttpFault> {
    let services = walk.members_of(holder, "LogServices").await?;
    let ranked = services
        .unwrap_or_default()
        .into_iter()
        .filter_map(|service| Some((rank(&service)?, service)));
    Ok(ranked.min_by_key(|(rank, _)| *rank).map(|(_, it)| it))
}

/// How well a log service fits, 0 best; `None` when it is something else or off. What the service says
/// of itself comes before what its name says.
fn rank(service: &Value) -> Option<u8> {
    if service.get("ServiceEnabled") == Some(&json!(false)) {
        return None;
    }
    let name = first_text(service, &["Id", "Name"]).unwrap_or_default();
    let name: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    let name = name.to_ascii_lowercase();
    let purposes = service.get("LogPurposes").and_then(Value::as_array);
    let is_other = purposes.is_some_and(|purposes| {
        let other = |purpose: &Value| OTHER_PURPOSES.iter().any(|other| purpose == other);
        !purposes.is_empty() && purposes.iter().all(other)
    });
    let kind = text(service, "LogEntryType");
    if kind.as_deref() == Some("SEL") {
        return Some(0);
    }
    if is_other || OTHER_LOGS.iter().any(|other| name.contains(other)) {
        return None;
    }
    Some(match kind.as_deref() {
        _ if name == "sel" => 1,
        _ if EVENT_LOGS.contains(&name.as_str()) => 2,
        Some("Event" | "Multiple") => 3,
        _ => 4,
    })
}

#[async_trait]
impl EventLogCapability for Machine {
    async fn event_log(&self) -> Result<Vec<EventLogEntry>, DriverError> {
        let (mut walk, service) = self.log().await?;
        let entries = walk.members_of(&service, "Entries").await;
        let Some(entries) = entries.map_err(|fault| self.wire.error(fault))? else {
            return Err(walk.lacks("the BMC's log shows no entries"));
        };
        Ok(oldest_first(entries.iter().map(entry).collect()))
    }

    async fn clear_event_log(&self) -> Result<(), DriverError> {
        let (_, service) = self.log().await?;
        let target = service.pointer("/Actions/#LogService.ClearLog/target");
        let Some(target) = target.and_then(Value::as_str) else {
            let cause = "the BMC's log cannot be cleared";
            return Err(self.wire.peer.unsupported(cause));
        };
        let action = Action::<Value, Value>::new(ActionTarget::new(target.to_owned()));
        let outcome: Result<ModificationResponse<Value>, _> =
            self.wire.bmc.action(&action, &json!({})).await;
        outcome
            .map(drop)
            .map_err(|error| self.wire.error(of_read(error)))
    }
}

fn entry(resource: &Value) -> EventLogEntry {
    let code = first_text(resource, &["OemLogEntryCode", "EntryCode"]);
    let message = first_text(resource, &["Message"]).or(code);
    let at = first_text(resource, &["Created", "EventTimestamp"]);
    EventLogEntry {
        id: id(resource).unwrap_or_default(),
        at: at.and_then(|at| {
            // Some firmware leaves the colon out of the offset.
            let read = DateTime::parse_from_rfc3339(&at);
            let read = read.or_else(|_| DateTime::parse_from_str(&at, "%Y-%m-%dT%H:%M:%S%.f%z"));
            Some(read.ok()?.to_utc())
        }),
        subject: subject(resource),
        text: message
            .or_else(|| text(resource, "MessageId"))
            .unwrap_or_default(),
        severity: health(resource.get("Severity")),
    }
}

/// What an entry is about: a sensor, the resource where it began, or the kind of message.
fn subject(resource: &Value) -> String {
    let kind = match text(resource, "SensorType").as_deref() {
        Some("OEM") => text(resource, "OemSensorType"),
        kind => kind.map(words),
    };
    if let Some(kind) = kind {
        let number = resource.get("SensorNumber").and_then(Value::as_u64);
        return match number {
            Some(number) => format!("{kind} {number:#04x}"),
            None => kind,
        };
    }
    let origin = resource.pointer("/Links/OriginOfCondition/@odata.id");
    let origin = origin.and_then(Value::as_str).and_then(|path| {
        let last = path.trim_end_matches('/').rsplit('/').next();
        last.filter(|last| !last.is_empty()).map(str::to_owned)
    });
    origin
        .or_else(|| first_text(resource, &["MessageId", "Name"]))
        .unwrap_or_default()
}

/// Puts the oldest first. BMCs list either way round; entries without a time, or of the same second, are
/// as the BMC has them.
fn oldest_first(mut entries: Vec<EventLogEntry>) -> Vec<EventLogEntry> {
    let key = |entry: &EventLogEntry| (entry.at, entry.id.parse::<u64>().ok());
    if let [first, .., last] = &entries[..] {
        let is_turned = match (key(first), key(last)) {
            ((Some(first), _), (Some(last), _)) if first != last => first > last,
            ((_, Some(first)), (_, Some(last))) => first > last,
            _ => false,
        };
        if is_turned {
            entries.reverse();
        }
    }
    if entries.iter().all(|entry| entry.at.is_some()) {
        entries.sort_by_key(|entry| entry.at);
    }
    entries
}

#[cfg(test)]
mod tests {
    use assay_domain::capability::Health;

    use super::*;

    fn best(services: &[Value]) -> Option<usize> {
        let ranked = services.iter().map(rank).enumerate();
        let ranked = ranked.filter_map(|(at, rank)| Some((rank?, at)));
        ranked.min().map(|(_, at)| at)
    }

    #[test]
    fn the_log_of_the_machines_events_is_chosen() {
        let named = |id: &str| json!({ "Id": id });
        let sel = json!({"Id": "Host", "LogEntryType": "SEL"});
        assert_eq!(best(&[named("Lclog"), named("Sel")]), Some(1));
        assert_eq!(best(&[named("IEL"), named("IML")]), Some(1));
        assert_eq!(best(&[named("EventLog"), named("PostCodes"), sel]), Some(2));
        assert_eq!(
            best(&[named("AuditLog"), named("Journal"), named("BMC_Dump")]),
            None
        );
        assert_eq!(best(&[json!({"Id": "SEL", "ServiceEnabled": false})]), None);
        let security = json!({"Id": "Log", "LogPurposes": ["Security"]});
        assert_eq!(best(&[security, json!({"Id": 4})]), Some(1));
    }

    #[test]
    fn an_entry_is_described() {
        let shown = entry(&json!({"Id": "7", "Created": "2026-03-01T10:00:00+0100",
            "EntryType": "SEL", "SensorType": "Temperature", "SensorNumber": 1,
            "Message": "Upper critical going high", "Severity": "Critical"}));
        assert_eq!(shown.at.unwrap().to_rfc3339(), "2026-03-01T09:00:00+00:00");
        assert_eq!(shown.subject, "temperature 0x01");
        assert_eq!(shown.severity, Some(Health::Critical));
        let other = entry(
            &json!({"MessageId": "Base.1.0.Power", "Created": "yesterday",
            "Links": {"OriginOfCondition": {"@odata.id": "/redfish/v1/Systems/437XR"}}}),
        );
        assert_eq!((other.at, other.subject.as_str()), (None, "437XR"));
        assert_eq!(other.text, "Base.1.0.Power");
    }

    #[test]
    fn the_oldest_comes_first_whichever_way_it_is_listed() {
        let of = |ids: &[&str], times: &[Option<i64>]| {
            let entries = ids.iter().zip(times).map(|(id, at)| EventLogEntry {
                id: (*id).to_owned(),
                at: at.and_then(|at| DateTime::from_timestamp(at, 0)),
                subject: String::new(),
                text: String::new(),
                severity: None,
            });
            let sorted = oldest_first(entries.collect());
            sorted.into_iter().map(|entry| entry.id).collect::<Vec<_>>()
        };
        assert_eq!(
            of(&["3", "2", "1"], &[Some(9), Some(9), Some(5)]),
            ["1", "2", "3"]
        );
        assert_eq!(
            of(&["3", "2", "1"], &[None, Some(2), None]),
            ["1", "2", "3"]
        );
        assert_eq!(of(&["1", "2"], &[Some(5), Some(5)]), ["1", "2"]);
        assert_eq!(
            of(&["a", "b", "c"], &[Some(5), Some(3), Some(8)]),
            ["b", "a", "c"]
        );
    }
}

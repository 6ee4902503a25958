//! Actions on a port of the node.

use std::fmt;

use assay_domain::Port;
use assay_inventory::normalize_mac;
use serde_json::{Map, Value};

use crate::{Subject, ports};

/// Which port, and what of it.
#[derive(Debug, Clone)]
pub(crate) struct PortPath {
    port: String,
    attribute: Attribute,
}

#[derive(Debug, Clone)]
enum Attribute {
    PxeEnabled,
    Link(String),
    Extra(String),
}

impl PortPath {
    /// A port by its MAC address, its UUID or its interface's name in the report, and
    /// `pxe_enabled`, `local_link_connection/KEY` or `extra/KEY`.
    pub(crate) fn parse(port: String, path: &str) -> Result<Self, String> {
        let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
        let attribute = match *parts.as_slice() {
            ["pxe_enabled"] => Attribute::PxeEnabled,
            ["local_link_connection", key] if !key.is_empty() => Attribute::Link(key.to_owned()),
            ["extra", key] if !key.is_empty() => Attribute::Extra(key.to_owned()),
            _ => return Err(format!("{path:?} of a port cannot be set")),
        };
        if port.is_empty() {
            return Err("port_id is empty".to_owned());
        }
        Ok(Self { port, attribute })
    }

    fn find<'a>(&self, subject: &'a mut Subject) -> Result<&'a mut Port, String> {
        let card = subject
            .data
            .get("all_interfaces")
            .and_then(|all| all.get(&self.port)?.get("mac")?.as_str());
        let mac = card.or(Some(&self.port)).and_then(normalize_mac);
        let is_it = |port: &Port| {
            port.uuid == self.port || mac.as_ref().is_some_and(|mac| ports::has_mac(port, mac))
        };
        let port = subject.ports.iter_mut().find(|port| is_it(port));
        port.ok_or_else(|| format!("the node has no port {:?}", self.port))
    }
}

impl fmt::Display for PortPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.attribute {
            Attribute::PxeEnabled => write!(f, "{}/pxe_enabled", self.port),
            Attribute::Link(key) => write!(f, "{}/local_link_connection/{key}", self.port),
            Attribute::Extra(key) => write!(f, "{}/extra/{key}", self.port),
        }
    }
}

/// Sets an attribute of a port.
pub(crate) fn set(subject: &mut Subject, path: &PortPath, value: Value) -> Result<(), String> {
    let port = path.find(subject)?;
    match (&path.attribute, value) {
        (Attribute::PxeEnabled, Value::Bool(enabled)) => port.pxe_enabled = enabled,
        (Attribute::PxeEnabled, _) => return Err(format!("{path}: must be true or false")),
        (Attribute::Link(key), value) => insert(&mut port.local_link_connection, key, value),
        (Attribute::Extra(key), value) => insert(&mut port.extra, key, value),
    }
    Ok(())
}

/// Appends to a list among the attributes of a port.
pub(crate) fn extend(
    subject: &mut Subject,
    path: &PortPath,
    value: Value,
    unique: bool,
) -> Result<(), String> {
    let port = path.find(subject)?;
    let (map, key) = match &path.attribute {
        Attribute::PxeEnabled => return Err(format!("{path}: is not a list")),
        Attribute::Link(key) => (&mut port.local_link_connection, key),
        Attribute::Extra(key) => (&mut port.extra, key),
    };
    let list = map
        .entry(key.as_str())
        .or_insert_with(|| Value::Array(Vec::new()));
    let Value::Array(list) = list else {
        return Err(format!("{path}: is not a list"));
    };
    if !unique || !list.contains(&value) {
        list.push(value);
    }
    Ok(())
}

fn insert(map: &mut Map<String, Value>, key: &str, value: Value) {
    map.insert(key.to_owned(), value);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn subject() -> Subject {
        let mac = "52:54:00:4e:3d:30";
        let mut subject = fixture::subject(json!({"all_interfaces": {"eth0": {"mac": mac}}}));
        subject.ports = vec![fixture::port(1, "02:00:00:00:00:01"), fixture::port(2, mac)];
        subject
    }

    fn path(port: &str, path: &str) -> Result<PortPath, String> {
        PortPath::parse(port.to_owned(), path)
    }

    #[test]
    fn a_port_is_found_by_name_address_and_uuid() {
        let mut subject = subject();
        for port in ["eth0", "52-54-00-4E-3D-30", "port-2"] {
            let path = path(port, "/extra/seen").unwrap();
            extend(&mut subject, &path, json!(port), true).unwrap();
            extend(&mut subject, &path, json!(port), true).unwrap();
        }
        let expected = json!(["eth0", "52-54-00-4E-3D-30", "port-2"]);
        assert_eq!(subject.ports[1].extra["seen"], expected);
        set(
            &mut subject,
            &path("eth0", "pxe_enabled").unwrap(),
            json!(false),
        )
        .unwrap();
        assert!(!subject.ports[1].pxe_enabled && subject.ports[0].pxe_enabled);
        let link = path("eth0", "local_link_connection/port_id").unwrap();
        set(&mut subject, &link, json!("p1")).unwrap();
        assert_eq!(subject.ports[1].local_link_connection["port_id"], "p1");
    }

    #[test]
    fn what_cannot_be_set_says_why() {
        assert!(
            path("eth0", "/address")
                .unwrap_err()
                .contains("cannot be set")
        );
        assert!(path("", "/pxe_enabled").unwrap_err().contains("port_id"));
        let mut subject = subject();
        let missing = path("eth7", "pxe_enabled").unwrap();
        let error = set(&mut subject, &missing, json!(true)).unwrap_err();
        assert_eq!(error, "the node has no port \"eth7\"");
        let boot = path("eth0", "pxe_enabled").unwrap();
        assert!(
            set(&mut subject, &boot, json!("yes"))
                .unwrap_err()
                .contains("true or false")
        );
        assert!(
            extend(&mut subject, &boot, json!(1), false)
                .unwrap_err()
                .contains("not a list")
        );
    }
}

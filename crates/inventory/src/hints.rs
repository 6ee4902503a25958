//! Root device hints: how an operator says which disk to install to.

use serde_json::{Map, Value};

use crate::expression::{Expression, Ordering};
use crate::{Disk, Error, lenient};

const GIB: u64 = 1 << 30;

/// What a hint looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HintKey {
    /// Size in GiB, the only numeric one.
    Size,
    /// Model.
    Model,
    /// World wide name.
    Wwn,
    /// World wide name with its vendor extension.
    WwnWithExtension,
    /// Vendor extension of the world wide name.
    WwnVendorExtension,
    /// Serial number.
    Serial,
    /// Vendor.
    Vendor,
    /// Spinning or not, the only boolean one.
    Rotational,
    /// Device node, or a `/dev/disk/by-path/…` name.
    Name,
    /// SCSI address.
    Hctl,
    /// `/dev/disk/by-path/…` name.
    ByPath,
    /// Transport.
    Tran,
}

const KEYS: [(&str, HintKey); 12] = [
    ("size", HintKey::Size),
    ("model", HintKey::Model),
    ("wwn", HintKey::Wwn),
    ("wwn_with_extension", HintKey::WwnWithExtension),
    ("wwn_vendor_extension", HintKey::WwnVendorExtension),
    ("serial", HintKey::Serial),
    ("vendor", HintKey::Vendor),
    ("rotational", HintKey::Rotational),
    ("name", HintKey::Name),
    ("hctl", HintKey::Hctl),
    ("by_path", HintKey::ByPath),
    ("tran", HintKey::Tran),
];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Expression(Expression),
    Boolean(bool),
}

/// Hints that a disk must satisfy, all of them.
///
/// Each is `[operator] value`. Operators, as in ironic's documentation of
/// root device hints: `=` (at least), `==`, `!=`, `<`, `<=`, `>`, `>=` compare
/// numbers; `s==`, `s!=`, `s<`, `s<=`, `s>`, `s>=` compare texts; `<in>`
/// contains; `<or> A <or> B` is one of; `<range-in> [ A B ]` lies between.
/// Without an operator a number means `==` and a text `s==`. Texts are
/// compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RootDeviceHints(Vec<(HintKey, Wanted)>);

impl RootDeviceHints {
    /// From the object that a node's `root_device` property holds.
    pub fn from_map(map: &Map<String, Value>) -> Result<Self, Error> {
        map.iter()
            .map(|(name, value)| {
                let text = match value {
                    Value::String(text) => text.clone(),
                    Value::Number(_) | Value::Bool(_) => value.to_string(),
                    _ => {
                        return Err(Error::HintShape(
                            value.to_string().chars().take(80).collect(),
                        ));
                    }
                };
                parse_one(name, &text)
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// From `root_device=` of the kernel line: `name=value` pairs divided by
    /// commas, values percent-encoded (the kernel line has no spaces, and a
    /// comma within a value is `%2C`).
    pub fn from_kernel_argument(text: &str) -> Result<Self, Error> {
        text.split(',')
            .filter(|part| !part.trim().is_empty())
            .map(|part| {
                let (name, value) = part
                    .split_once('=')
                    .ok_or_else(|| Error::HintShape(part.chars().take(80).collect()))?;
                parse_one(name.trim(), &percent_decode(value))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Are there no hints, so that the default rule applies?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The hints' keys, in the order given.
    pub fn keys(&self) -> impl Iterator<Item = HintKey> {
        self.0.iter().map(|(key, _)| *key)
    }

    /// Does this disk satisfy every hint? A fact that is not known satisfies none.
    pub fn matches(&self, disk: &Disk) -> bool {
        self.0.iter().all(|(key, wanted)| match wanted {
            Wanted::Boolean(wanted) => disk.rotational == Some(*wanted),
            Wanted::Expression(expression) => matches_fact(*key, expression, disk),
        })
    }
}

fn matches_fact(key: HintKey, expression: &Expression, disk: &Disk) -> bool {
    let text = |fact: &Option<String>| {
        fact.as_deref()
            .is_some_and(|fact| !fact.trim().is_empty() && expression.matches_text(fact))
    };
    match key {
        HintKey::Size => disk
            .size
            .is_some_and(|size| expression.matches_number(size as f64 / GIB as f64)),
        HintKey::Model => text(&disk.model),
        HintKey::Wwn => text(&disk.wwn),
        HintKey::WwnWithExtension => text(&disk.wwn_with_extension),
        HintKey::WwnVendorExtension => text(&disk.wwn_vendor_extension),
        HintKey::Serial => text(&disk.serial),
        HintKey::Vendor => text(&disk.vendor),
        HintKey::Name => text(&disk.name) || text(&disk.by_path),
        HintKey::Hctl => text(&disk.hctl),
        HintKey::ByPath => text(&disk.by_path),
        HintKey::Tran => text(&disk.tran),
        HintKey::Rotational => false,
    }
}

fn parse_one(name: &str, text: &str) -> Result<(HintKey, Wanted), Error> {
    let (name, key) = *KEYS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| Error::UnknownHint(name.chars().take(80).collect()))?;
    let wrong = |reason: String| Error::Hint { hint: name, reason };
    if text.trim().is_empty() {
        return Err(wrong("is empty".to_owned()));
    }
    if key == HintKey::Rotational {
        let wanted =
            lenient::parse_bool(text).ok_or_else(|| wrong("is not a boolean".to_owned()))?;
        return Ok((key, Wanted::Boolean(wanted)));
    }
    let value = || text.trim().to_lowercase();
    let expression = match Expression::parse(text).map_err(wrong)? {
        Some(expression) => expression,
        None if key == HintKey::Size => Expression::Number(Ordering::Equal, value()),
        None => Expression::Text(Ordering::Equal, value()),
    };
    if key == HintKey::Size {
        let positive = |value: &&str| value.parse::<u64>().is_ok_and(|gib| gib > 0);
        if let Some(value) = expression
            .values()
            .into_iter()
            .find(|value| !positive(value))
        {
            return Err(wrong(format!(
                "{value:?} is not a positive whole number of GiB"
            )));
        }
    }
    Ok((key, Wanted::Expression(expression)))
}

fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escaped = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(escaped.unwrap_or(byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn hints(value: Value) -> Result<RootDeviceHints, Error> {
        RootDeviceHints::from_map(value.as_object().unwrap())
    }

    fn disk() -> Disk {
        Disk {
            name: Some("/dev/sda".into()),
            model: Some("Fast Disk 9".into()),
            size: Some(10 * GIB),
            rotational: Some(false),
            by_path: Some("/dev/disk/by-path/pci-0000:00:1f.2-ata-1".into()),
            ..Disk::default()
        }
    }

    #[test]
    fn all_hints_must_hold() {
        let wanted = |value| hints(value).unwrap().matches(&disk());
        assert!(wanted(
            json!({"size": 10, "model": "fast disk 9", "rotational": "false"})
        ));
        assert!(wanted(json!({"size": ">= 9", "model": "<in> disk"})));
        assert!(!wanted(json!({"size": 9})) && wanted(json!({"size": "= 9"})));
        assert!(!wanted(json!({"size": 10, "rotational": true})));
        assert!(!wanted(json!({"serial": "x"})) && !wanted(json!({"serial": "s!= x"})));
        assert!(wanted(
            json!({"name": "/dev/disk/by-path/pci-0000:00:1f.2-ata-1"})
        ));
        assert!(wanted(json!({})));
    }

    #[test]
    fn bad_hints_are_refused_with_their_reason() {
        for (value, reason) in [
            (
                json!({"color": "red"}),
                "unknown root device hint \"color\"",
            ),
            (
                json!({"size": "big"}),
                "root device hint size: \"big\" is not a positive whole number of GiB",
            ),
            (
                json!({"size": 0}),
                "root device hint size: \"0\" is not a positive whole number of GiB",
            ),
            (
                json!({"rotational": "maybe"}),
                "root device hint rotational: is not a boolean",
            ),
            (json!({"model": " "}), "root device hint model: is empty"),
            (
                json!({"model": "s=="}),
                "root device hint model: no value after s==",
            ),
        ] {
            assert_eq!(hints(value).unwrap_err().to_string(), reason);
        }
        assert!(matches!(
            hints(json!({"model": ["a"]})),
            Err(Error::HintShape(_))
        ));
    }

    #[test]
    fn the_kernel_line_form_is_percent_encoded() {
        let parsed =
            RootDeviceHints::from_kernel_argument("size=%3E%3D%2010,model=Fast%20Disk%209")
                .unwrap();
        assert!(parsed.matches(&disk()));
        let parsed = RootDeviceHints::from_kernel_argument("size=>=11").unwrap();
        assert!(!parsed.matches(&disk()));
        assert!(
            RootDeviceHints::from_kernel_argument("")
                .unwrap()
                .is_empty()
        );
        assert!(RootDeviceHints::from_kernel_argument("size").is_err());
    }

    proptest! {
        #[test]
        fn no_argument_panics(text in "((size|model|name|rotational)=)?\\PC{0,40}(,wwn=%\\PC{0,4})?") {
            if let Ok(parsed) = RootDeviceHints::from_kernel_argument(&text) {
                parsed.matches(&disk());
            }
        }
    }
}

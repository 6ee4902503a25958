//! Settings (`${net0/mac:hexhyp}`) and their expansion in a line.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::hardware::{Firmware, SimMachine};

/// Replacements in one line; a line that wants more refers to itself.
const MOST: usize = 256;
/// Longest line that expansion may make.
const LONGEST: usize = 64 * 1024;

/// The settings of one machine while it boots.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(String),
    Hex(Vec<u8>),
}

impl Settings {
    /// What the firmware of `machine` knows after DHCP on its first card.
    ///
    /// The addresses are those of TEST-NET-1 (RFC 5737): they say where nothing real is.
    pub(crate) fn of(machine: &SimMachine, boot_url: &str) -> Self {
        let mut settings = Self::default();
        let text = [
            ("uuid", machine.uuid.to_string()),
            ("serial", machine.serial.clone()),
            ("manufacturer", machine.manufacturer.clone()),
            ("product", machine.model.clone()),
            ("buildarch", "x86_64".to_owned()),
            ("filename", boot_url.to_owned()),
        ];
        for (name, value) in text {
            settings.set(name, value);
        }
        for (slot, nic) in machine.nics.iter().enumerate() {
            settings.values.insert(
                format!("net{slot}/mac"),
                Value::Hex(nic.mac.bytes().to_vec()),
            );
        }
        for (name, value) in [
            ("ip", "192.0.2.10"),
            ("netmask", "255.255.255.0"),
            ("gateway", "192.0.2.1"),
            ("dns", "192.0.2.1"),
        ] {
            settings.set(&format!("net0/{name}"), value.to_owned());
        }
        settings.boots_with(machine.firmware);
        settings
    }

    /// Names the firmware that runs this time.
    pub(crate) fn boots_with(&mut self, firmware: Firmware) {
        let platform = match firmware {
            Firmware::Bios => "pcbios",
            Firmware::Uefi => "efi",
        };
        self.set("platform", platform.to_owned());
    }

    /// Sets a text; an empty one removes the setting.
    pub(crate) fn set(&mut self, name: &str, value: String) {
        if value.is_empty() {
            self.values.remove(name);
        } else {
            self.values.insert(name.to_owned(), Value::Text(value));
        }
    }

    /// Replaces every `${name}` and `${name:type}`, inner ones first; unknown settings are empty.
    pub(crate) fn expand(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for _ in 0..MOST {
            let Some((start, end)) = innermost(&line) else {
                break;
            };
            let value = self.render(&line[start + 2..end]);
            if line.len() + value.len() > LONGEST {
                break;
            }
            line.replace_range(start..=end, &value);
        }
        line
    }

    fn render(&self, reference: &str) -> String {
        let (name, kind) = reference.split_once(':').unwrap_or((reference, ""));
        // The card that booted is always the first.
        let name = name.replace("netX/", "net0/");
        let short = format!("net0/{name}");
        let value = self.values.get(&name).or_else(|| self.values.get(&short));
        value.map(|value| value.render(kind)).unwrap_or_default()
    }
}

impl Value {
    fn render(&self, kind: &str) -> String {
        let hex = |separator: &str| match self {
            Self::Hex(bytes) => joined(bytes, separator),
            Self::Text(text) => joined(text.as_bytes(), separator),
        };
        match (kind, self) {
            ("hexhyp", _) => hex("-"),
            ("hex", _) | ("", Self::Hex(_)) => hex(":"),
            ("hexraw", _) => hex(""),
            ("uristring", Self::Text(text)) => uri(text),
            ("uristring", Self::Hex(_)) => uri(&hex(":")),
            (_, Self::Text(text)) => text.clone(),
            (_, Self::Hex(_)) => hex(":"),
        }
    }
}

/// Where the first reference without another one inside it begins and ends.
fn innermost(line: &str) -> Option<(usize, usize)> {
    let mut from = 0;
    loop {
        let end = from + line[from..].find('}')?;
        if let Some(start) = line[..end].rfind("${") {
            return Some((start, end));
        }
        from = end + 1;
    }
}

fn joined(bytes: &[u8], separator: &str) -> String {
    bytes
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<Vec<_>>()
        .join(separator)
}

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
fn uri(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::fleet;
    use proptest::prelude::*;

    fn settings() -> Settings {
        let mut machine = fleet(1, 0x3e).remove(0);
        machine.serial = "S/N 1".to_owned();
        machine.nics[0].mac = assay_inventory::Mac::new([0x52, 0x54, 0, 0x12, 0x34, 0xab]);
        Settings::of(&machine, "http://127.0.0.1/x")
    }

    #[test]
    fn settings_are_written_by_their_type() {
        let settings = settings();
        let cases = [
            ("${net0/mac}", "52:54:00:12:34:ab"),
            ("${netX/mac:hexhyp}", "52-54-00-12-34-ab"),
            ("${mac:hexraw}", "5254001234ab"),
            ("${serial:uristring}", "S%2FN%201"),
            ("${serial}", "S/N 1"),
            ("${none}x", "x"),
            ("a } b", "a } b"),
        ];
        for (line, expected) in cases {
            assert_eq!(settings.expand(line), expected, "{line}");
        }
    }

    #[test]
    fn inner_references_come_first_and_circles_end() {
        let mut settings = settings();
        settings.set("which", "net0".to_owned());
        assert_eq!(settings.expand("${${which}/ip}"), "192.0.2.10");
        settings.set("circle", "${circle}${circle}".to_owned());
        assert!(settings.expand("${circle}").len() <= LONGEST + 32);
    }

    proptest! {
        #[test]
        fn any_line_expands(line in "[a-z0-9:/$ {}é]{0,60}") {
            settings().expand(&line);
        }
    }
}

//! MAC addresses in the notations that firmware, boot loaders and agents use.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Error;

/// A 48-bit hardware address. Displayed in lower case with colons.
///
/// Parsed from `11:22:33:44:55:66`, `11-22-33-44-55-66`, `1122.3344.5566`,
/// `112233445566`, the boot loader's `BOOTIF` form with the ARP hardware type
/// in front (`01-11-22-33-44-55-66`, `20-` for InfiniBand), and the 20-byte
/// IP-over-InfiniBand address, of which the port GUID without its two middle
/// bytes is taken, as InfiniBand's boot firmware does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mac([u8; 6]);

impl Mac {
    /// The address of these six bytes, most significant first.
    pub fn new(bytes: [u8; 6]) -> Self {
        Self(bytes)
    }

    /// The six bytes, most significant first.
    pub fn bytes(self) -> [u8; 6] {
        self.0
    }

    /// Can this address tell one machine from another at all? False for
    /// all-zero, broadcast and multicast (IEEE 802: lowest bit of the first byte).
    pub fn is_unicast(self) -> bool {
        self.0 != [0; 6] && self.0[0] & 1 == 0
    }

    /// Was this address made up locally (IEEE 802: second bit of the first
    /// byte), so that another machine may carry the same?
    pub fn is_local(self) -> bool {
        self.0[0] & 2 != 0
    }

    /// The boot loader's notation with the Ethernet type in front.
    pub fn to_bootif(self) -> String {
        format!("01-{}", self.to_string().replace(':', "-"))
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, byte) in self.0.iter().enumerate() {
            let separator = if at == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02x}")?;
        }
        Ok(())
    }
}

impl FromStr for Mac {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text.trim()).ok_or_else(|| Error::Mac(text.chars().take(80).collect()))
    }
}

impl Serialize for Mac {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Mac {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The lower-case colon form of a MAC in any notation; `None` when it is none.
pub fn normalize_mac(text: &str) -> Option<String> {
    parse(text.trim()).map(|mac| mac.to_string())
}

fn parse(text: &str) -> Option<Mac> {
    let bytes = if let Some(separator) = [':', '-'].into_iter().find(|&c| text.contains(c)) {
        text.split(separator).map(octet).collect::<Option<_>>()?
    } else {
        bare(text)?
    };
    six(&bytes).map(Mac)
}

fn octet(text: &str) -> Option<u8> {
    let hex = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| u8::from_str_radix(text, 16).ok()).flatten()
}

fn bare(text: &str) -> Option<Vec<u8>> {
    let digits: String = if text.contains('.') {
        let groups: Vec<&str> = text.split('.').collect();
        let regular = groups.len() == 3 && groups.iter().all(|group| group.len() == 4);
        regular.then(|| groups.concat())?
    } else {
        text.to_owned()
    };
    if digits.len() != 12 || !digits.is_ascii() {
        return None;
    }
    (0..6)
        .map(|at| digits.get(2 * at..2 * at + 2).and_then(octet))
        .collect()
}

fn six(bytes: &[u8]) -> Option<[u8; 6]> {
    match bytes {
        [0x01 | 0x20, rest @ ..] if rest.len() == 6 => rest.try_into().ok(),
        // RFC 4391, section 9.1.1: four bytes of queue pair, then the GID,
        // whose last eight bytes are the port GUID.
        _ if bytes.len() == 20 => [&bytes[12..15], &bytes[17..]].concat().try_into().ok(),
        _ => bytes.try_into().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_notation_is_understood() {
        for text in [
            "aa:bb:cc:0d:ee:ff",
            "AA-BB-CC-0D-EE-FF",
            "01-aa-bb-cc-0d-ee-ff",
            "20-aa-bb-cc-0d-ee-ff",
            "aabb.cc0d.eeff",
            " aabbcc0deeff\n",
            "aa:bb:cc:d:ee:ff",
            "80:00:02:08:fe:80:00:00:00:00:00:00:aa:bb:cc:03:00:0d:ee:ff",
        ] {
            assert_eq!(
                normalize_mac(text).as_deref(),
                Some("aa:bb:cc:0d:ee:ff"),
                "{text}"
            );
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            ":",
            "aa:bb:cc:dd:ee",
            "02-aa-bb-cc-dd-ee-ff",
            "gg:bb:cc:dd:ee:ff",
            "aa:bb:cc:dd:ee:+f",
            "aabb.ccdd",
            "äabbccddeeff",
            "aa:bb-cc:dd:ee:ff",
        ] {
            assert_eq!(normalize_mac(text), None, "{text}");
        }
    }

    #[test]
    fn addresses_that_identify_nothing_are_told_apart() {
        for text in [
            "00:00:00:00:00:00",
            "ff:ff:ff:ff:ff:ff",
            "01:00:5e:00:00:01",
        ] {
            assert!(!text.parse::<Mac>().unwrap().is_unicast(), "{text}");
        }
        assert!("52:54:00:12:34:56".parse::<Mac>().unwrap().is_unicast());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            let _ = text.parse::<Mac>();
        }

        #[test]
        fn printing_and_parsing_agree(bytes: [u8; 6]) {
            let mac = Mac::new(bytes);
            prop_assert_eq!(mac.to_string().parse::<Mac>().unwrap(), mac);
            prop_assert_eq!(mac.to_bootif().parse::<Mac>().unwrap(), mac);
        }
    }
}

//! Names of PCI vendors and devices by the PCI ID Repository.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};

use flate2::bufread::GzDecoder;

/// Lines `vvvv name`, each followed by its devices' `\tdddd name`.
static PACKED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/pci-names.gz"));

/// Vendor id, and device id where the device is meant.
pub(crate) type Key = (u16, Option<u16>);

/// Names of those of the keys that have one. One pass over the packed list,
/// so ask for all at once.
pub(crate) fn find(keys: &BTreeSet<Key>) -> BTreeMap<Key, String> {
    let mut vendor = 0;
    let mut found = BTreeMap::new();
    for line in BufReader::new(GzDecoder::new(PACKED)).lines() {
        let Ok(line) = line else { break };
        let Some((id, name)) = line.trim_start_matches('\t').split_once(' ') else {
            continue;
        };
        let Ok(id) = u16::from_str_radix(id, 16) else {
            continue;
        };
        let key = if line.starts_with('\t') {
            (vendor, Some(id))
        } else {
            vendor = id;
            (vendor, None)
        };
        if keys.contains(&key) {
            found.insert(key, name.to_owned());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_cards_have_names() {
        let names = find(&BTreeSet::from([
            (0x8086, None),
            (0x8086, Some(0x100e)),
            (0x8086, Some(0xfffe)),
        ]));
        assert_eq!(names[&(0x8086, None)], "Intel Corporation");
        assert_eq!(
            names[&(0x8086, Some(0x100e))],
            "82540EM Gigabit Ethernet Controller"
        );
        assert_eq!(names.len(), 2);
    }
}

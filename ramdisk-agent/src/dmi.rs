//! SMBIOS tables as the kernel exports them: the few structures that matter here.
//!
//! A reader of our own, since the tables come from firmware of every quality
//! and each access must be checked. Sections are those of DMTF's DSP0134.

use crate::host::{Host, hex_digits};

const BIOS: u8 = 0;
const SYSTEM: u8 = 1;
const BOARD: u8 = 2;
const CHASSIS: u8 = 3;
const MEMORY_DEVICE: u8 = 17;
const END: u8 = 127;

/// A copy of the tables.
pub(crate) struct Tables {
    version: (u8, u8),
    bytes: Vec<u8>,
}

/// One structure.
#[derive(Clone, Copy)]
pub(crate) struct Structure<'a> {
    kind: u8,
    /// The formatted part, header included, so that offsets are the standard's.
    formatted: &'a [u8],
    strings: &'a [u8],
}

impl Tables {
    /// Reads `/sys/firmware/dmi/tables`; `None` when there are none, or they
    /// may not be read (only root may).
    pub(crate) fn read(host: &Host) -> Option<Self> {
        let folder = host.sys("firmware/dmi/tables");
        let entry = std::fs::read(folder.join("smbios_entry_point")).ok()?;
        let bytes = std::fs::read(folder.join("DMI")).ok()?;
        Some(Self {
            version: version(&entry)?,
            bytes,
        })
    }

    pub(crate) fn bios(&self) -> Option<Structure<'_>> {
        self.structures().find(|found| found.kind == BIOS)
    }

    pub(crate) fn system(&self) -> Option<Structure<'_>> {
        self.structures().find(|found| found.kind == SYSTEM)
    }

    /// The first board, which is the main one where the tables name several (section 7.3).
    pub(crate) fn board(&self) -> Option<Structure<'_>> {
        self.structures().find(|found| found.kind == BOARD)
    }

    pub(crate) fn chassis(&self) -> Option<Structure<'_>> {
        self.structures().find(|found| found.kind == CHASSIS)
    }

    /// MiB in all memory devices; `None` when the tables name none.
    pub(crate) fn memory_mb(&self) -> Option<u64> {
        let devices = self
            .structures()
            .filter(|found| found.kind == MEMORY_DEVICE);
        let kib: u64 = devices.filter_map(memory_device_kib).sum();
        Some(kib >> 10).filter(|&mib| mib > 0)
    }

    /// The system's UUID as text, in the byte order of section 7.2.1: the
    /// first three fields are little-endian from version 2.6 on.
    pub(crate) fn uuid(&self) -> Option<String> {
        let raw: [u8; 16] = self.system()?.formatted.get(8..24)?.try_into().ok()?;
        if raw == [0; 16] || raw == [0xff; 16] {
            return None;
        }
        let mut ordered = raw;
        if self.version >= (2, 6) {
            ordered[0..4].reverse();
            ordered[4..6].reverse();
            ordered[6..8].reverse();
        }
        let hex = hex_digits(&ordered);
        let parts = [
            &hex[0..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..],
        ];
        Some(parts.join("-"))
    }

    fn structures(&self) -> impl Iterator<Item = Structure<'_>> {
        let mut rest = self.bytes.as_slice();
        std::iter::from_fn(move || {
            let (found, after) = split_structure(rest)?;
            rest = after;
            (found.kind != END).then_some(found)
        })
    }
}

impl Structure<'_> {
    /// The string that the byte at this offset numbers; `None` when it is absent or blank.
    pub(crate) fn string(&self, offset: usize) -> Option<String> {
        let number = usize::from(*self.formatted.get(offset)?).checked_sub(1)?;
        let raw = self.strings.split(|&byte| byte == 0).nth(number)?;
        let text = String::from_utf8_lossy(raw).trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn word(&self, offset: usize) -> Option<u16> {
        let raw = self.formatted.get(offset..offset + 2)?;
        Some(u16::from_le_bytes(raw.try_into().ok()?))
    }

    fn double_word(&self, offset: usize) -> Option<u32> {
        let raw = self.formatted.get(offset..offset + 4)?;
        Some(u32::from_le_bytes(raw.try_into().ok()?))
    }
}

/// Version in an entry point, 32-bit or 64-bit (sections 5.2.1 and 5.2.2).
fn version(entry: &[u8]) -> Option<(u8, u8)> {
    let at = if entry.starts_with(b"_SM3_") {
        7
    } else if entry.starts_with(b"_SM_") {
        6
    } else {
        return None;
    };
    Some((*entry.get(at)?, *entry.get(at + 1)?))
}

/// One structure and what follows it (section 6.1.2: the strings end with two zeros).
fn split_structure(bytes: &[u8]) -> Option<(Structure<'_>, &[u8])> {
    let length = usize::from(*bytes.get(1)?);
    if length < 4 {
        return None;
    }
    let (formatted, tail) = bytes.split_at_checked(length)?;
    let end = tail.windows(2).position(|pair| pair == [0, 0])?;
    let structure = Structure {
        kind: *formatted.first()?,
        formatted,
        strings: tail.get(..end)?,
    };
    Some((structure, tail.get(end + 2..)?))
}

/// KiB of one memory device, `None` for an empty slot, an unknown size, or
/// memory that no program can use as such (section 7.18).
fn memory_device_kib(device: Structure<'_>) -> Option<u64> {
    // Types 8 to 12 are kinds of ROM and flash, 31 is persistent memory.
    if matches!(device.formatted.get(0x12), Some(8..=12 | 31)) {
        return None;
    }
    match device.word(0x0c)? {
        0 | 0xffff => None,
        0x7fff => Some(u64::from(device.double_word(0x1c)? & 0x7fff_ffff) << 10),
        kib if kib & 0x8000 != 0 => Some(u64::from(kib & 0x7fff)),
        mib => Some(u64::from(mib) << 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn structure(kind: u8, formatted: &[u8], strings: &[u8]) -> Vec<u8> {
        let mut bytes = vec![kind, u8::try_from(formatted.len() + 4).unwrap(), 0, 0];
        bytes.extend(formatted);
        bytes.extend(strings);
        bytes.extend([0, 0]);
        bytes
    }

    fn memory(size: u16, kind: u8, extended: u32) -> Vec<u8> {
        let mut formatted = vec![0u8; 0x22 - 4];
        formatted[8..10].copy_from_slice(&size.to_le_bytes());
        formatted[0x12 - 4] = kind;
        formatted[0x1c - 4..0x20 - 4].copy_from_slice(&extended.to_le_bytes());
        structure(MEMORY_DEVICE, &formatted, b"")
    }

    fn system() -> Vec<u8> {
        let mut formatted = vec![1, 2, 0, 3];
        formatted.extend(0..16u8);
        structure(SYSTEM, &formatted, b"Maker\0 Model \0S-1")
    }

    #[test]
    fn the_uuid_depends_on_the_version() {
        let tables = |version| Tables {
            version,
            bytes: system(),
        };
        assert_eq!(
            tables((2, 8)).uuid().unwrap(),
            "03020100-0504-0706-0809-0a0b0c0d0e0f"
        );
        assert_eq!(
            tables((2, 4)).uuid().unwrap(),
            "00010203-0405-0607-0809-0a0b0c0d0e0f"
        );
    }

    #[test]
    fn strings_are_found_by_their_number() {
        let tables = Tables {
            version: (3, 0),
            bytes: system(),
        };
        let system = tables.system().unwrap();
        assert_eq!(system.string(4).as_deref(), Some("Maker"));
        assert_eq!(system.string(5).as_deref(), Some("Model"));
        assert_eq!(system.string(6), None);
        assert_eq!(system.string(7).as_deref(), Some("S-1"));
    }

    #[test]
    fn memory_is_summed_over_every_coding_of_size() {
        let bytes = [
            memory(4096, 0x1a, 0),
            memory(0x7fff, 0x1a, 32768),
            memory(0x8000 | 1024, 0x1a, 0),
            memory(0, 0x1a, 0),
            memory(0xffff, 0x1a, 0),
            memory(16, 9, 0),
            memory(0x7fff, 31, 131_072),
            structure(END, &[], b""),
            memory(1, 0x1a, 0),
        ]
        .concat();
        let tables = Tables {
            version: (3, 0),
            bytes,
        };
        assert_eq!(tables.memory_mb(), Some(4096 + 32768 + 1));
    }

    #[test]
    fn both_entry_points_name_their_version() {
        assert_eq!(version(b"_SM3_\0\x18\x03\x02\0"), Some((3, 2)));
        assert_eq!(version(b"_SM_\0\x1f\x02\x08"), Some((2, 8)));
        assert_eq!(version(b"_DMI_"), None);
    }

    proptest! {
        #[test]
        fn no_table_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), kind in 0u8..18) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = kind; }
            let tables = Tables { version: (3, 0), bytes };
            tables.uuid();
            tables.memory_mb();
            tables.bios().map(|found| found.string(4));
        }
    }
}

//! Vital product data of SCSI devices (SPC-4, section 7.8; SAT-3, section 12.4).

use crate::host::hex_digits;

/// Designator type: name by a naming authority (SPC-4, section 7.8.6.6).
const NAA: u8 = 3;
/// Words 27 to 46 of IDENTIFY DEVICE in page 89h, where its data begin at byte 60.
const ATA_MODEL: std::ops::Range<usize> = 60 + 2 * 27..60 + 2 * 47;

/// The world wide name of a disk, in udev's three forms.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wwn {
    pub(super) plain: Option<String>,
    pub(super) with_extension: Option<String>,
    pub(super) extension: Option<String>,
}

impl Wwn {
    /// From page 83h: the NAA designator of the logical unit itself.
    pub(super) fn from_page(page: &[u8]) -> Option<Self> {
        let mut rest = page.get(4..)?;
        loop {
            let length = usize::from(*rest.get(3)?);
            let data = rest.get(4..4 + length)?;
            let (of_unit, kind) = (rest[1] & 0x30 == 0, rest[1] & 0x0f);
            if of_unit && kind == NAA && !data.is_empty() {
                let digits = hex_digits(data);
                return Some(Self::from_digits(&digits));
            }
            rest = rest.get(4 + length..)?;
        }
    }

    /// From the kernel's `wwid`: `naa.…`, `eui.…`, `nvme.…`, `uuid.…`; a
    /// `t10.…` is no world wide name.
    pub(super) fn from_wwid(wwid: &str) -> Option<Self> {
        let (kind, rest) = wwid.split_once('.')?;
        match kind {
            "naa" => Some(Self::from_digits(rest)),
            "eui" | "nvme" | "uuid" => Some(Self {
                plain: Some(wwid.to_owned()),
                with_extension: Some(wwid.to_owned()),
                extension: None,
            }),
            _ => None,
        }
    }

    /// Sixteen digits are the name; of the thirty-two of an NAA 6 the second
    /// half is the vendor's extension.
    fn from_digits(digits: &str) -> Self {
        let (plain, extension) = digits.split_at_checked(16).unwrap_or((digits, ""));
        let hex = |text: &str| (!text.is_empty()).then(|| format!("0x{text}"));
        Self {
            plain: hex(plain),
            with_extension: hex(digits),
            extension: hex(extension),
        }
    }
}

/// The serial number of page 80h.
pub(super) fn serial(page: &[u8]) -> Option<String> {
    let length = usize::from(u16::from_be_bytes([*page.get(2)?, *page.get(3)?]));
    printable(page.get(4..)?.iter().copied().take(length))
}

/// The whole model name out of page 89h; ATA swaps the bytes of each word.
pub(super) fn ata_model(page: &[u8]) -> Option<String> {
    let words = page.get(ATA_MODEL)?.chunks_exact(2);
    printable(words.flat_map(|word| [word[1], word[0]]))
}

fn printable(bytes: impl Iterator<Item = u8>) -> Option<String> {
    let text: String = bytes
        .filter(|byte| byte.is_ascii_graphic() || *byte == b' ')
        .map(char::from)
        .collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(designators: &[&[u8]]) -> Vec<u8> {
        let body = designators.concat();
        [&[0, 0x83, 0, u8::try_from(body.len()).unwrap()][..], &body].concat()
    }

    #[test]
    fn the_logical_units_name_is_taken_not_the_ports() {
        let vendor = [2, 1, 0, 3, b'A', b'B', b'C'];
        let port = [0x61, 0x93, 0, 8, 0x50, 0, 0, 0, 0, 0, 0, 9];
        let unit = [1, 3, 0, 8, 0x50, 0, 0xc5, 0, 0xa1, 0xb2, 0xc3, 0xd4];
        let wwn = Wwn::from_page(&page(&[&vendor, &port, &unit])).unwrap();
        assert_eq!(wwn.plain.as_deref(), Some("0x5000c500a1b2c3d4"));
        assert_eq!(wwn.with_extension, wwn.plain);
        assert_eq!(wwn.extension, None);
        assert_eq!(Wwn::from_page(&page(&[&vendor, &port])), None);
    }

    #[test]
    fn a_long_name_has_an_extension() {
        let wwn = Wwn::from_wwid("naa.600508b1001c7e3a0123456789abcdef").unwrap();
        assert_eq!(wwn.plain.as_deref(), Some("0x600508b1001c7e3a"));
        assert_eq!(wwn.extension.as_deref(), Some("0x0123456789abcdef"));
        assert_eq!(
            wwn.with_extension.as_deref(),
            Some("0x600508b1001c7e3a0123456789abcdef")
        );
        assert_eq!(
            Wwn::from_wwid("eui.0025385b71b0e0a1")
                .unwrap()
                .plain
                .as_deref(),
            Some("eui.0025385b71b0e0a1")
        );
        assert_eq!(Wwn::from_wwid("t10.ATA     QEMU"), None);
    }

    #[test]
    fn serials_and_models_are_trimmed() {
        assert_eq!(serial(b"\0\x80\0\x08  S123  ").as_deref(), Some("S123"));
        assert_eq!(serial(b"\0\x80\0\0"), None);
        let mut identify = vec![0u8; 60 + 512];
        identify[ATA_MODEL].fill(b' ');
        let swapped: Vec<u8> = b"A Long Model Name 1T"
            .chunks(2)
            .flat_map(|w| [w[1], w[0]])
            .collect();
        identify[ATA_MODEL][..swapped.len()].copy_from_slice(&swapped);
        assert_eq!(
            ata_model(&identify).as_deref(),
            Some("A Long Model Name 1T")
        );
    }

    proptest! {
        #[test]
        fn no_page_panics(bytes in prop::collection::vec(any::<u8>(), 0..700), wwid in "\\PC{0,20}") {
            Wwn::from_page(&bytes);
            serial(&bytes);
            ata_model(&bytes);
            Wwn::from_wwid(&wwid);
            Wwn::from_wwid(&format!("naa.{wwid}"));
        }
    }
}

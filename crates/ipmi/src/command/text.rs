//! Texts with a type and a length before them, in SDRs (section 43.15) and in FRU areas (FRU storage
//! definition, section 13).

use std::fmt::Write;

use crate::Error;
use crate::cursor::Cursor;

/// The digits of "BCD plus"; the last three have no meaning yet.
const DIGITS: [char; 16] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ' ', '-', '.', ':', ',', '_',
];

/// The byte that ends the fields of a FRU area.
const END: u8 = 0xc1;

/// What type 0 is: binary in FRU areas, Unicode in SDRs, which nobody uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Sdr,
    Fru,
}

/// The next text, without spaces and zeros at its ends; none at the end of a FRU area's fields.
pub(super) fn next(cursor: &mut Cursor<'_>, place: Place) -> Result<Option<String>, Error> {
    let head = cursor.u8()?;
    if place == Place::Fru && head == END {
        return Ok(None);
    }
    let mask = match place {
        Place::Sdr => 0x1f,
        Place::Fru => 0x3f,
    };
    let bytes = cursor.bytes(usize::from(head & mask))?;
    let text = match head >> 6 {
        0 if place == Place::Fru => hex(bytes),
        0 => String::from_utf8_lossy(bytes).into_owned(),
        1 => decimal(bytes),
        2 => six_bits(bytes),
        _ => latin(bytes),
    };
    let ends = |c: char| c == '\0' || c.is_whitespace();
    Ok(Some(text.trim_matches(ends).to_owned()))
}

/// Two hexadecimal digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Latin-1, each byte a character.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn decimal(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// Four characters in three bytes, the first in the lowest bits, counted from the space.
fn six_bits(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut count) = (0_u32, 0);
    for byte in bytes {
        held |= u32::from(*byte) << count;
        count += 8;
        while count >= 6 {
            let [low, ..] = (held & 0x3f).to_le_bytes();
            text.push(char::from(low + b' '));
            held >>= 6;
            count -= 6;
        }
    }
    text
}

/// A text as both places take it, as Latin-1; cut off after 31 characters, others than Latin-1's are
/// question marks. One character alone would be the end mark of a FRU area, so it gets a space.
pub fn encode(text: &str) -> Vec<u8> {
    let mut bytes: Vec<u8> = text
        .chars()
        .take(31)
        .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
        .collect();
    if bytes.len() == 1 {
        bytes.push(b' ');
    }
    let length = u8::try_from(bytes.len()).unwrap_or(0);
    bytes.insert(0, 0xc0 | length);
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8], place: Place) -> Option<String> {
        next(&mut Cursor::new("a text", bytes), place).unwrap()
    }

    #[test]
    fn each_type_is_read() {
        // "IPMI" is the example of section 13.
        assert_eq!(
            read(&[0x83, 0x29, 0xdc, 0xa6], Place::Fru).as_deref(),
            Some("IPMI")
        );
        assert_eq!(
            read(&[0x42, 0x12, 0x3b], Place::Fru).as_deref(),
            Some("123-")
        );
        assert_eq!(
            read(&[0x02, 0x0a, 0xff], Place::Fru).as_deref(),
            Some("0aff")
        );
        assert_eq!(
            read(&[0xc3, b'C', b'P', b'U'], Place::Sdr).as_deref(),
            Some("CPU")
        );
        assert_eq!(read(&[0xc0], Place::Fru).as_deref(), Some(""));
        assert_eq!(read(&[0xc1], Place::Fru), None);
    }

    proptest! {
        #[test]
        fn texts_round_trip(text in "[!-~]{1,31}") {
            for place in [Place::Sdr, Place::Fru] {
                prop_assert_eq!(read(&encode(&text), place), Some(text.clone()));
            }
        }

        #[test]
        fn no_bytes_make_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..70)) {
            for place in [Place::Sdr, Place::Fru] {
                let _ = next(&mut Cursor::new("a text", &bytes), place);
            }
        }
    }
}

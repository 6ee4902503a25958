//! FRU data: what parts say of themselves (section 34, and the FRU Information Storage Definition).

use super::text;
use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;
use crate::wire::message::checksum;

const STORAGE: u8 = 0x0a;

/// Get FRU Inventory Area Info.
pub const INFO: Command = Command::new(STORAGE, 0x10, "Get FRU Inventory Area Info");
/// Read FRU Data.
pub const READ: Command = Command::new(STORAGE, 0x11, "Read FRU Data");

/// Length of the common header in bytes (section 8).
const HEADER: usize = 8;

/// How many bytes are asked for at once, at first.
const CHUNK: u8 = 32;

/// How few every BMC can give.
const SMALLEST_CHUNK: u8 = 8;

/// The most bytes of FRU data that are read; areas lie within the first 2 KiB.
const SIZE_LIMIT: u16 = 4096;

/// What one area says. What it does not say is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Area {
    /// Who made it.
    pub manufacturer: Option<String>,
    /// What it is called.
    pub product: Option<String>,
    /// The maker's number of the product, or its model.
    pub part_number: Option<String>,
    /// Its serial number.
    pub serial_number: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The owner's mark.
    pub asset_tag: Option<String>,
}

/// The FRU data of a part, as far as its areas are there and right.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fru {
    /// The chassis (section 10).
    pub chassis: Option<Area>,
    /// The board (section 11).
    pub board: Option<Area>,
    /// The product (section 12).
    pub product: Option<Area>,
}

impl Fru {
    /// Reads the data. An area with a wrong checksum or a cut-off field is left out.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the common header is not right.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let header = Cursor::new("a FRU header", bytes).bytes(HEADER)?;
        if header[0] & 0x0f != 1 || checksum(header) != 0 {
            return Err(Error::Malformed(
                "a FRU header has a wrong version or checksum".into(),
            ));
        }
        let at = |offset: u8, decode: fn(&mut Cursor<'_>) -> Result<Area, Error>| {
            area(bytes, offset).and_then(|area| decode(&mut Cursor::new("a FRU area", area)).ok())
        };
        Ok(Self {
            chassis: at(header[2], chassis),
            board: at(header[3], board),
            product: at(header[4], product),
        })
    }
}

/// The area that begins at an offset of eight bytes each, if it is there and its checksum is right.
fn area(bytes: &[u8], offset: u8) -> Option<&[u8]> {
    if offset == 0 {
        return None;
    }
    let area = bytes.get(usize::from(offset) * 8..)?;
    let area = area.get(..usize::from(*area.get(1)?) * 8)?;
    (!area.is_empty() && checksum(area) == 0).then_some(area)
}

/// The next field; none at the end of the fields, and for one that says nothing.
fn field(cursor: &mut Cursor<'_>, ended: &mut bool) -> Result<Option<String>, Error> {
    if *ended {
        return Ok(None);
    }
    let text = text::next(cursor, text::Place::Fru)?;
    *ended = text.is_none();
    Ok(text.filter(|text| !text.is_empty()))
}

fn chassis(cursor: &mut Cursor<'_>) -> Result<Area, Error> {
    // Version, length, type of the chassis.
    cursor.skip(3)?;
    let mut ended = false;
    Ok(Area {
        part_number: field(cursor, &mut ended)?,
        serial_number: field(cursor, &mut ended)?,
        ..Area::default()
    })
}

fn board(cursor: &mut Cursor<'_>) -> Result<Area, Error> {
    // Version, length, language, date.
    cursor.skip(6)?;
    let mut ended = false;
    Ok(Area {
        manufacturer: field(cursor, &mut ended)?,
        product: field(cursor, &mut ended)?,
        serial_number: field(cursor, &mut ended)?,
        part_number: field(cursor, &mut ended)?,
        ..Area::default()
    })
}

fn product(cursor: &mut Cursor<'_>) -> Result<Area, Error> {
    // Version, length, language.
    cursor.skip(3)?;
    let mut ended = false;
    Ok(Area {
        manufacturer: field(cursor, &mut ended)?,
        product: field(cursor, &mut ended)?,
        part_number: field(cursor, &mut ended)?,
        version: field(cursor, &mut ended)?,
        serial_number: field(cursor, &mut ended)?,
        asset_tag: field(cursor, &mut ended)?,
    })
}

/// An area of FRU data: its first bytes after version and length, and its fields; filled up and with
/// its checksum.
pub fn encode_area(head: &[u8], fields: &[&str]) -> Vec<u8> {
    let mut bytes = vec![1, 0];
    bytes.extend_from_slice(head);
    for field in fields {
        if field.is_empty() {
            bytes.push(0xc0);
        } else {
            bytes.extend(text::encode(field));
        }
    }
    bytes.push(0xc1);
    while !(bytes.len() + 1).is_multiple_of(8) {
        bytes.push(0);
    }
    bytes[1] = u8::try_from((bytes.len() + 1) / 8).unwrap_or(u8::MAX);
    bytes.push(checksum(&bytes));
    bytes
}

/// FRU data of these areas: chassis, board, product.
pub fn encode(areas: [Vec<u8>; 3]) -> Vec<u8> {
    let mut header = vec![1, 0];
    let mut offset = HEADER;
    for area in &areas {
        header.push(if area.is_empty() {
            0
        } else {
            u8::try_from(offset / 8).unwrap_or(0)
        });
        offset += area.len();
    }
    header.extend([0, 0]);
    header.push(checksum(&header));
    header
        .into_iter()
        .chain(areas.into_iter().flatten())
        .collect()
}

impl Session {
    /// The FRU data of a part of the BMC's own; number 0 is the machine.
    ///
    /// # Errors
    /// A completion code that [`Error::is_unsupported`] knows when there is no such part.
    pub async fn fru(&self, id: u8) -> Result<Fru, Error> {
        let info = self.request(INFO, &[id]).await?;
        let mut info = Cursor::new(INFO.name, &info);
        let size = info.u16()?.min(SIZE_LIMIT);
        let in_words = info.u8()? & 1 != 0;
        let mut bytes: Vec<u8> = Vec::new();
        let mut chunk = CHUNK;
        while bytes.len() < usize::from(size) {
            let at = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
            let left = u8::try_from(size - at).unwrap_or(u8::MAX).min(chunk);
            // Areas begin and chunks end at even bytes, so that both can be counted in words.
            let (at, count) = if in_words {
                (at / 2, left.div_ceil(2))
            } else {
                (at, left)
            };
            let [low, high] = at.to_le_bytes();
            let body = match self.request(READ, &[id, low, high, count]).await {
                Err(Error::Completion {
                    code: 0xc7 | 0xc8 | 0xca | 0xff,
                    ..
                }) if chunk > SMALLEST_CHUNK => {
                    chunk /= 2;
                    continue;
                }
                outcome => outcome?,
            };
            let mut cursor = Cursor::new(READ.name, &body);
            cursor.skip(1)?;
            let more = cursor.rest();
            if more.is_empty() {
                return Err(Error::too_short(READ.name));
            }
            bytes.extend_from_slice(&more[..more.len().min(left.into())]);
        }
        Fru::decode(&bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sample() -> Vec<u8> {
        encode([
            encode_area(&[23], &["CH-1", "SER-C"]),
            encode_area(&[0, 0, 0, 0], &["Maker", "Board", "SER-B", "PN-B", ""]),
            encode_area(&[0], &["Maker", "Server", "Model 5", "", "SER-P", "mine"]),
        ])
    }

    #[test]
    fn areas_are_read() {
        let fru = Fru::decode(&sample()).unwrap();
        let product = fru.product.unwrap();
        assert_eq!(product.serial_number.as_deref(), Some("SER-P"));
        assert_eq!(product.part_number.as_deref(), Some("Model 5"));
        assert_eq!(
            (product.version, product.asset_tag),
            (None, Some("mine".into()))
        );
        let board = fru.board.unwrap();
        assert_eq!(board.serial_number.as_deref(), Some("SER-B"));
        assert_eq!(fru.chassis.unwrap().serial_number.as_deref(), Some("SER-C"));
    }

    #[test]
    fn an_area_with_a_wrong_checksum_is_left_out() {
        let mut bytes = sample();
        bytes[12] ^= 1;
        let fru = Fru::decode(&bytes).unwrap();
        assert!(fru.chassis.is_none() && fru.board.is_some());
        bytes[2] ^= 1;
        assert!(Fru::decode(&bytes).is_err());
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(mut bytes in proptest::collection::vec(any::<u8>(), 8..90)) {
            let _ = Fru::decode(&bytes);
            let _ = Fru::decode(&bytes[..7]);
            for decode in [chassis, board, product] {
                let _ = decode(&mut Cursor::new("an area", &bytes));
            }
            bytes[0] = 1;
            bytes[7] = checksum(&bytes[..7]);
            prop_assert!(Fru::decode(&bytes).is_ok());
        }
    }
}

//! The repository of sensor data records (section 33) and the records in it (section 43).

use super::sensor::Formula;
use super::{text, units};
use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;

const STORAGE: u8 = 0x0a;

/// Get SDR Repository Info.
pub const INFO: Command = Command::new(STORAGE, 0x20, "Get SDR Repository Info");
/// Reserve SDR Repository.
pub const RESERVE: Command = Command::new(STORAGE, 0x22, "Reserve SDR Repository");
/// Get SDR.
pub const GET: Command = Command::new(STORAGE, 0x23, "Get SDR");

/// The number after the last record.
pub const LAST: u16 = 0xffff;

/// The most records that are read; the largest machines have a few hundred.
const RECORD_LIMIT: usize = 2048;

/// Length of a record's head in bytes.
const HEAD: u8 = 5;

/// How many bytes are asked for at once, at first.
const CHUNK: u8 = 32;

/// How few bytes every BMC can give; the answer must fit into 32 bytes on its own bus.
const SMALLEST_CHUNK: u8 = 8;

/// How often a record is read anew because the reservation ended.
const RESERVATIONS: u32 = 5;

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A sensor that can be read (types 1 and 2); a compact record can stand for several.
    Sensors(Vec<SensorRecord>),
    /// A part whose FRU data can be read (type 0x11).
    Fru {
        /// Its number for Read FRU Data.
        id: u8,
        /// Its name.
        name: String,
    },
    /// A record that Assay has no use for, by its type: sensors that only send events (3),
    /// associations (8, 9), controllers (0x12), makers' own (0xc0).
    Other(u8),
}

/// A sensor as its record describes it.
#[derive(Debug, Clone, PartialEq)]
pub struct SensorRecord {
    /// Its name.
    pub name: String,
    /// Address of the controller that has it; 0x20 is the BMC.
    pub owner: u8,
    /// Channel to that controller; 0 is the BMC's own bus.
    pub channel: u8,
    /// Logical unit of that controller.
    pub lun: u8,
    /// Its number there.
    pub number: u8,
    /// What kind of sensor it is (table 42-3).
    pub kind: u8,
    /// What kind of reading it has (table 42-1): 1 has thresholds, others have states.
    pub reading: u8,
    /// Its unit as people write it; empty without one.
    pub unit: String,
    /// How its reading becomes a value; none when it has states only.
    pub formula: Option<Formula>,
}

impl Record {
    /// Reads a whole record, head included.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short for its type.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new("a sensor data record", bytes);
        cursor.skip(3)?;
        let kind = cursor.u8()?;
        cursor.skip(1)?;
        match kind {
            0x01 => full(&mut cursor).map(|sensor| Self::Sensors(vec![sensor])),
            0x02 => compact(&mut cursor).map(Self::Sensors),
            0x11 => fru(&mut cursor),
            other => Ok(Self::Other(other)),
        }
    }
}

/// What full and compact records begin with; the name comes later.
fn sensor(cursor: &mut Cursor<'_>) -> Result<(SensorRecord, u8), Error> {
    let [owner, lun, number, _, _, _, _, kind, reading] = cursor.array()?;
    // Masks of events and states.
    cursor.skip(6)?;
    let unit: [u8; 3] = cursor.array()?;
    let sensor = SensorRecord {
        name: String::new(),
        owner,
        channel: lun >> 4,
        lun: lun & 3,
        number,
        kind,
        reading: reading & 0x7f,
        unit: units::of_bytes(unit),
        formula: None,
    };
    Ok((sensor, unit[0]))
}

fn full(cursor: &mut Cursor<'_>) -> Result<SensorRecord, Error> {
    let (mut sensor, unit) = sensor(cursor)?;
    let factors: [u8; 7] = cursor.array()?;
    sensor.formula = Formula::of_record(unit, factors);
    // Analog characteristics, nominal reading, limits, thresholds, hysteresis, reserved, maker's.
    cursor.skip(17)?;
    sensor.name = text::next(cursor, text::Place::Sdr)?.unwrap_or_default();
    Ok(sensor)
}

/// A compact record stands for as many sensors as it says, with numbers one after the other.
fn compact(cursor: &mut Cursor<'_>) -> Result<Vec<SensorRecord>, Error> {
    let (sensor, _) = sensor(cursor)?;
    let [sharing, offset] = cursor.array()?;
    // Hysteresis, reserved, maker's.
    cursor.skip(6)?;
    let name = text::next(cursor, text::Place::Sdr)?.unwrap_or_default();
    let count = (sharing & 0x0f).max(1);
    let numbered = |nth: u8| {
        let number = (offset & 0x7f) + nth;
        match sharing >> 4 & 3 {
            _ if count == 1 => name.clone(),
            0 => format!("{name}{number}"),
            1 => format!("{name}{}", letters(number)),
            _ => format!("{name} {}", nth + 1),
        }
    };
    Ok((0..count)
        .map(|nth| SensorRecord {
            name: numbered(nth),
            number: sensor.number.wrapping_add(nth),
            ..sensor.clone()
        })
        .collect())
}

/// A, B, … Z, AA, AB, … for 0, 1, …
fn letters(number: u8) -> String {
    let letter = |digit: u8| char::from(b'A' + digit % 26);
    match number / 26 {
        0 => letter(number).to_string(),
        first => format!("{}{}", letter(first - 1), letter(number)),
    }
}

fn fru(cursor: &mut Cursor<'_>) -> Result<Record, Error> {
    let [owner, id, how, _, _, _, _, _, _, _] = cursor.array()?;
    let name = text::next(cursor, text::Place::Sdr)?.unwrap_or_default();
    // Only logical devices of the BMC itself are read by their number.
    if how & 0x80 == 0 || owner != crate::wire::message::BMC {
        return Ok(Record::Other(0x11));
    }
    Ok(Record::Fru { id, name })
}

/// Reads the repository, record by record, in pieces that the BMC can give.
struct Reader<'a> {
    session: &'a Session,
    reservation: [u8; 2],
    chunk: u8,
}

impl Reader<'_> {
    async fn reserve(&mut self) -> Result<(), Error> {
        match self.session.request(RESERVE, &[]).await {
            Ok(body) => self.reservation = Cursor::new(RESERVE.name, &body).array()?,
            // Those without reservations give pieces all the same.
            Err(error) if error.is_unsupported() => self.reservation = [0; 2],
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// A record, and the number of the next one.
    async fn record(&mut self, id: u16) -> Result<(u16, Vec<u8>), Error> {
        let mut left = RESERVATIONS;
        loop {
            match self.pieces(id).await {
                Err(error) if error.code() == Some(0xc5) && left > 0 => {
                    left -= 1;
                    self.reserve().await?;
                }
                outcome => return outcome,
            }
        }
    }

    async fn pieces(&mut self, id: u16) -> Result<(u16, Vec<u8>), Error> {
        let (next, mut bytes) = self.piece(id, 0, HEAD).await?;
        let mut length = Cursor::new(GET.name, &bytes);
        length.skip(usize::from(HEAD) - 1)?;
        let total = usize::from(length.u8()?) + usize::from(HEAD);
        while bytes.len() < total {
            let offset = u8::try_from(bytes.len()).map_err(|_| Error::too_short(GET.name))?;
            let left = u8::try_from(total - bytes.len()).unwrap_or(u8::MAX);
            let (_, more) = match self.piece(id, offset, left.min(self.chunk)).await {
                // Too many bytes at once; each BMC has its own way to say so.
                Err(Error::Completion {
                    code: 0xc7 | 0xc8 | 0xca | 0xff,
                    ..
                }) if self.chunk > SMALLEST_CHUNK => {
                    self.chunk /= 2;
                    continue;
                }
                outcome => outcome?,
            };
            if more.is_empty() {
                return Err(Error::too_short(GET.name));
            }
            bytes.extend(more);
        }
        Ok((next, bytes))
    }

    async fn piece(&self, id: u16, offset: u8, count: u8) -> Result<(u16, Vec<u8>), Error> {
        let [low, high] = id.to_le_bytes();
        let [first, second] = self.reservation;
        let data = [first, second, low, high, offset, count];
        let body = self.session.request(GET, &data).await?;
        let mut cursor = Cursor::new(GET.name, &body);
        let next = cursor.u16()?;
        let mut bytes = cursor.rest().to_vec();
        bytes.truncate(count.into());
        Ok((next, bytes))
    }
}

impl Session {
    /// All records of the repository, in its order; records that make no sense are left out.
    pub async fn sdr(&self) -> Result<Vec<Record>, Error> {
        let mut reader = Reader {
            session: self,
            reservation: [0; 2],
            chunk: CHUNK,
        };
        reader.reserve().await?;
        let mut records = Vec::new();
        let mut id = 0;
        for _ in 0..RECORD_LIMIT {
            let (next, bytes) = match reader.record(id).await {
                // An empty repository.
                Err(error) if id == 0 && error.code() == Some(0xcb) => break,
                outcome => outcome?,
            };
            match Record::decode(&bytes) {
                Ok(record) => records.push(record),
                Err(error) => tracing::debug!(id, %error, "a sensor data record is left out"),
            }
            if next == LAST || next == id {
                break;
            }
            id = next;
        }
        Ok(records)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A compact record of two fans' presence, made after table 43-2.
    const COMPACT: [u8; 38] = [
        1, 0, 0x51, 0x02, 33, 0x20, 0, 0x30, 29, 1, 0, 0, 4, 0x08, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02,
        0x01, 0, 0, 0, 0, 0, 0, 0xc6, b'F', b'a', b'n', b' ', b'#', b' ',
    ];

    #[test]
    fn a_compact_record_stands_for_several_sensors() {
        let Ok(Record::Sensors(sensors)) = Record::decode(&COMPACT) else {
            unreachable!()
        };
        let seen: Vec<_> = sensors
            .iter()
            .map(|sensor| {
                (
                    sensor.name.as_str(),
                    sensor.number,
                    sensor.kind,
                    sensor.reading,
                )
            })
            .collect();
        assert_eq!(seen, [("Fan #1", 0x30, 4, 8), ("Fan #2", 0x31, 4, 8)]);
    }

    #[test]
    fn letters_go_on_after_z() {
        assert_eq!(
            (letters(0), letters(25), letters(26)),
            ("A".into(), "Z".into(), "AA".into())
        );
        let _ = letters(u8::MAX);
    }

    proptest! {
        #[test]
        fn no_record_makes_decoding_panic(
            kind in prop_oneof![Just(1_u8), Just(2), Just(0x11), any::<u8>()],
            rest in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let mut bytes = vec![0, 0, 0x51, kind];
            bytes.extend(&rest);
            let _ = Record::decode(&bytes);
            let _ = Record::decode(&rest);
        }
    }
}

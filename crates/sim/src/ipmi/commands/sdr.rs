//! Sensors: their records, the same for all machines, and their readings.

use std::sync::LazyLock;

use assay_ipmi::command::text;

use super::{Answer, INVALID_FIELD, NO_SUCH_RECORD, Shared, WRONG_LENGTH, number};
use crate::machine::Power;

/// The most bytes of a record in one answer; real BMCs have such limits.
const PIECE: u8 = 0x20;

/// It cannot give so many bytes.
const TOO_MANY: u8 = 0xca;

/// The one reservation, which nothing ends.
const RESERVATION: u16 = 1;

/// Number, kind, unit, M, and the exponent of the result of the sensors with thresholds.
const ANALOG: [(u8, u8, u8, u8, u8, &str); 4] = [
    (1, 0x01, 1, 1, 0x00, "CPU Temp"),
    (2, 0x02, 4, 6, 0xe0, "12V"),
    (3, 0x04, 18, 100, 0x00, "Fan 1"),
    (4, 0x0b, 6, 4, 0x00, "Power"),
];

/// Number of the sensor that shows whether there is a power supply.
const SUPPLY: u8 = 5;

/// All records, with the number of each in its first two bytes.
static RECORDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let analog = ANALOG
        .iter()
        .map(|(number, kind, unit, m, exponents, name)| {
            // Owner, unit, number, entity, initialisation, capabilities, kind, thresholds.
            let mut body = vec![0x20, 0, *number, 7, 1, 0x7f, 0x68, *kind, 0x01];
            body.extend([0; 6]);
            body.extend([0, *unit, 0]);
            body.extend([0, *m, 0, 0, 0, 0, *exponents]);
            body.extend([0; 17]);
            body.extend(text::encode(name));
            (0x01, body)
        });
    let mut supply = vec![0x20, 0, SUPPLY, 10, 1, 0x67, 0x40, 0x08, 0x6f];
    supply.extend([0; 6]);
    supply.extend([0xc0, 0, 0]);
    supply.extend([1, 0]);
    supply.extend([0; 6]);
    supply.extend(text::encode("PSU 1"));
    let mut fru = vec![0x20, 0, 0x80, 0, 0, 0x10, 0, 7, 1, 0];
    fru.extend(text::encode("Machine"));
    let bodies = analog.chain([(0x02, supply), (0x11, fru)]);
    (1_u16..)
        .zip(bodies)
        .map(|(id, (kind, body))| {
            let [low, high] = id.to_le_bytes();
            let length = u8::try_from(body.len()).unwrap_or(u8::MAX);
            let mut record = vec![low, high, 0x51, kind, length];
            record.extend(body);
            record
        })
        .collect()
});

pub(super) fn info() -> Answer {
    let count = u16::try_from(RECORDS.len()).unwrap_or(u16::MAX);
    let mut data = vec![0x51];
    data.extend(count.to_le_bytes());
    data.extend([0xff, 0xff]);
    data.extend([0; 8]);
    // Reservations are supported.
    data.push(0x02);
    (0, data)
}

pub(super) fn reserve() -> Answer {
    (0, RESERVATION.to_le_bytes().to_vec())
}

pub(super) fn get(body: &[u8]) -> Answer {
    let (Some(id), Some(offset), Some(count)) = (number(body, 2), body.get(4), body.get(5)) else {
        return (WRONG_LENGTH, Vec::new());
    };
    let at = usize::from(id.max(1)) - 1;
    let Some(record) = RECORDS.get(at) else {
        return (NO_SUCH_RECORD, Vec::new());
    };
    if *count > PIECE {
        return (TOO_MANY, Vec::new());
    }
    let Some(rest) = record.get((*offset).into()..) else {
        return (INVALID_FIELD, Vec::new());
    };
    let next = match RECORDS.get(at + 1) {
        Some(next) => [next[0], next[1]],
        None => [0xff, 0xff],
    };
    let mut data = next.to_vec();
    data.extend_from_slice(&rest[..rest.len().min((*count).into())]);
    (0, data)
}

/// Get Sensor Reading: a machine that is off is cold, still, and draws 8 W.
pub(super) fn reading(shared: &Shared, body: &[u8]) -> Answer {
    let Some(number) = body.first() else {
        return (WRONG_LENGTH, Vec::new());
    };
    let on = shared.machine.power() == Power::On;
    let raw = match (number, on) {
        (1, true) => 48,
        (1, false) => 22,
        (2, true) => 200,
        (3, true) => 54,
        (2 | 3, false) => 0,
        (4, true) => 61,
        (4, false) => 2,
        (&SUPPLY, _) => return (0, vec![0, 0xc0, 0x01, 0x80]),
        _ => return (NO_SUCH_RECORD, Vec::new()),
    };
    (0, vec![raw, 0xc0, 0xc0])
}

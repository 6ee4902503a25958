//! FRU data of the machine, made of its hardware.

use assay_ipmi::command::fru;

use super::{Answer, NO_SUCH_RECORD, OUT_OF_RANGE, Shared, WRONG_LENGTH, number};

/// The size of the memory that the data are kept in, in bytes.
const SIZE: usize = 512;

/// The type of a rack mount chassis (SMBIOS table 17).
const RACK_MOUNT: u8 = 0x17;

fn data(shared: &Shared) -> Vec<u8> {
    let hardware = shared.machine.hardware();
    let (maker, serial) = (hardware.manufacturer.as_str(), hardware.serial.as_str());
    let chassis = fru::encode_area(&[RACK_MOUNT], &["", serial]);
    // English, no date.
    let board = fru::encode_area(
        &[0, 0, 0, 0],
        &[maker, "Simulated board", serial, "SIM-B", ""],
    );
    let product = fru::encode_area(
        &[0],
        &[
            maker,
            &hardware.model,
            "SIM-1",
            "1.0",
            serial,
            &hardware.name,
            "",
        ],
    );
    let mut data = fru::encode([chassis, board, product]);
    data.resize(SIZE, 0);
    data
}

pub(super) fn info(shared: &Shared, body: &[u8]) -> Answer {
    match body.first() {
        None => (WRONG_LENGTH, Vec::new()),
        Some(0) => {
            let size = u16::try_from(data(shared).len()).unwrap_or(u16::MAX);
            let [low, high] = size.to_le_bytes();
            (0, vec![low, high, 0])
        }
        Some(_) => (NO_SUCH_RECORD, Vec::new()),
    }
}

pub(super) fn read(shared: &Shared, body: &[u8]) -> Answer {
    let (Some(id), Some(offset), Some(count)) = (body.first(), number(body, 1), body.get(3)) else {
        return (WRONG_LENGTH, Vec::new());
    };
    if *id != 0 {
        return (NO_SUCH_RECORD, Vec::new());
    }
    let data = data(shared);
    let Some(rest) = data.get(offset.into()..) else {
        return (OUT_OF_RANGE, Vec::new());
    };
    let chunk = &rest[..rest.len().min((*count).into())];
    let mut answer = vec![u8::try_from(chunk.len()).unwrap_or(u8::MAX)];
    answer.extend_from_slice(chunk);
    (0, answer)
}

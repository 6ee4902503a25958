//! The event log.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Answer, INVALID_FIELD, NO_SUCH_RECORD, WRONG_LENGTH, number};

/// The reservation has ended.
const NO_RESERVATION: u8 = 0xc5;

/// Entries that there is room for.
const ROOM: usize = 512;

/// The entries and the reservation to clear them.
#[derive(Debug, Default)]
pub(in crate::ipmi) struct Log {
    entries: Vec<[u8; 16]>,
    last_id: u16,
    reservation: u16,
    reserved: bool,
}

/// Seconds since 1970.
pub(super) fn now() -> u32 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u32::try_from(since.as_secs()).unwrap_or(u32::MAX)
    })
}

impl Log {
    /// An event of a sensor with the number 1 (table 32-1).
    fn add(&mut self, [kind, reading, data]: [u8; 3]) {
        if self.entries.len() >= ROOM {
            return;
        }
        self.last_id = self.last_id.wrapping_add(1).max(1);
        // A reservation ends with every change.
        self.reserved = false;
        let mut entry = [0; 16];
        entry[..2].copy_from_slice(&self.last_id.to_le_bytes());
        entry[2] = 0x02;
        entry[3..7].copy_from_slice(&now().to_le_bytes());
        entry[7..].copy_from_slice(&[0x20, 0, 0x04, kind, 0x01, reading, data, 0, 0]);
        self.entries.push(entry);
    }

    /// The temperature went above its upper critical threshold.
    pub(in crate::ipmi) fn overheat(&mut self) {
        self.add([0x01, 0x01, 0x09]);
    }

    pub(super) fn info(&self) -> Answer {
        let count = u16::try_from(self.entries.len()).unwrap_or(u16::MAX);
        let free = u16::try_from((ROOM - self.entries.len()) * 16).unwrap_or(u16::MAX);
        let mut data = vec![0x51];
        data.extend(count.to_le_bytes());
        data.extend(free.to_le_bytes());
        data.extend(now().to_le_bytes());
        data.extend([0xff; 4]);
        // Reservations are supported.
        data.push(0x02);
        (0, data)
    }

    pub(super) fn reserve(&mut self) -> Answer {
        self.reservation = self.reservation.wrapping_add(1).max(1);
        self.reserved = true;
        (0, self.reservation.to_le_bytes().to_vec())
    }

    pub(super) fn get(&self, body: &[u8]) -> Answer {
        let (Some(id), Some(offset), Some(count)) = (number(body, 2), body.get(4), body.get(5))
        else {
            return (WRONG_LENGTH, Vec::new());
        };
        let at = match id {
            0 => Some(0),
            0xffff => self.entries.len().checked_sub(1),
            id => self
                .entries
                .iter()
                .position(|entry| entry[..2] == id.to_le_bytes()),
        };
        let Some((at, entry)) = at.and_then(|at| Some((at, self.entries.get(at)?))) else {
            return (NO_SUCH_RECORD, Vec::new());
        };
        let next = match self.entries.get(at + 1) {
            Some(next) => [next[0], next[1]],
            None => [0xff, 0xff],
        };
        let rest = entry.get((*offset).into()..).unwrap_or_default();
        let mut data = next.to_vec();
        data.extend_from_slice(&rest[..rest.len().min((*count).into())]);
        (0, data)
    }

    pub(super) fn clear(&mut self, body: &[u8]) -> Answer {
        let [first, second, b'C', b'L', b'R', action] = body else {
            return (INVALID_FIELD, Vec::new());
        };
        let given = u16::from_le_bytes([*first, *second]);
        if !self.reserved || given != self.reservation {
            return (NO_RESERVATION, Vec::new());
        }
        if *action == 0xaa {
            self.entries.clear();
        }
        // Done.
        (0, vec![0x01])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_ends_the_reservation() {
        let mut log = Log::default();
        log.overheat();
        let (_, id) = log.reserve();
        let clear = [id[0], id[1], b'C', b'L', b'R', 0xaa];
        log.overheat();
        assert_eq!(log.clear(&clear).0, NO_RESERVATION);
        let (_, id) = log.reserve();
        let clear = [id[0], id[1], b'C', b'L', b'R', 0xaa];
        assert_eq!(log.clear(&clear), (0, vec![1]));
        assert_eq!(log.get(&[0, 0, 0, 0, 0, 0xff]).0, NO_SUCH_RECORD);
    }
}

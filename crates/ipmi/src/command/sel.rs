//! The system event log (section 31) and its records (section 32).

use std::time::Duration;

use tokio::time::{Instant, sleep};

use assay_domain::capability::Health;

use super::events::{self, THRESHOLD};
use super::sdr::LAST;
use super::text;
use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;

const STORAGE: u8 = 0x0a;

/// Get SEL Info.
pub const INFO: Command = Command::new(STORAGE, 0x40, "Get SEL Info");
/// Reserve SEL.
pub const RESERVE: Command = Command::new(STORAGE, 0x42, "Reserve SEL");
/// Get SEL Entry.
pub const GET: Command = Command::new(STORAGE, 0x43, "Get SEL Entry");
/// Clear SEL.
pub const CLEAR: Command = Command::new(STORAGE, 0x47, "Clear SEL");
/// Get SEL Time.
pub const TIME: Command = Command::new(STORAGE, 0x48, "Get SEL Time");

/// The most entries that are read; logs hold a few thousand.
const ENTRY_LIMIT: usize = 16_384;

/// How long clearing may take; BMCs erase flash for it.
const CLEAR_LIMIT: Duration = Duration::from_secs(60);

/// The pause between two looks whether it is done.
const CLEAR_PAUSE: Duration = Duration::from_millis(250);

/// How often clearing begins anew because the reservation ended.
const RESERVATIONS: u32 = 3;

/// Times below this one are seconds since the BMC started, not since 1970 (section 37.1).
const FIRST_DATE: u32 = 0x2000_0000;

/// An entry (table 32-1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub id: u16,
    /// When, in seconds since 1970 by the BMC's clock; none when the BMC did not know the date.
    pub at: Option<u32>,
    /// What it says.
    pub event: Event,
}

/// What an entry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A sensor's event.
    Sensor {
        /// What kind of sensor (table 42-3).
        kind: u8,
        /// Its number.
        number: u8,
        /// What kind of reading (table 42-1).
        reading: u8,
        /// Whether the state has come, else gone.
        asserted: bool,
        /// The event's own data.
        data: [u8; 3],
    },
    /// A maker's own entry: its type (0xc0 to 0xff) and its bytes.
    Maker {
        /// Its type.
        kind: u8,
        /// Everything after the time, or after the type where there is no time.
        data: Vec<u8>,
    },
}

impl Entry {
    /// Reads a record.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is shorter than its 16 bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(GET.name, bytes);
        let id = cursor.u16()?;
        let kind = cursor.u8()?;
        if kind >= 0xe0 {
            let data = cursor.bytes(13)?.to_vec();
            return Ok(Self {
                id,
                at: None,
                event: Event::Maker { kind, data },
            });
        }
        let at = Some(cursor.u32()?).filter(|at| (FIRST_DATE..u32::MAX).contains(at));
        if kind >= 0xc0 {
            let data = cursor.bytes(9)?.to_vec();
            return Ok(Self {
                id,
                at,
                event: Event::Maker { kind, data },
            });
        }
        cursor.skip(3)?;
        let [sensor, number, reading] = cursor.array()?;
        Ok(Self {
            id,
            at,
            event: Event::Sensor {
                kind: sensor,
                number,
                reading: reading & 0x7f,
                asserted: reading & 0x80 == 0,
                data: cursor.array()?,
            },
        })
    }

    /// What it is about, in words.
    pub fn subject(&self) -> String {
        match &self.event {
            Event::Sensor { kind, number, .. } => {
                format!("{} {number:#04x}", events::kind(*kind))
            }
            Event::Maker { .. } => "maker's own".to_owned(),
        }
    }

    /// What happened, in words, and how it is to be taken; a state that has gone does no harm.
    pub fn meaning(&self) -> (String, Option<Health>) {
        let (text, health, asserted) = match &self.event {
            Event::Maker { kind, data } => {
                let data = text::hex(data);
                return (format!("record of type {kind:#04x}: {data}"), None);
            }
            Event::Sensor {
                kind,
                reading,
                asserted,
                data,
                ..
            } => {
                let offset = data[0] & 0x0f;
                let (text, health) = if *reading == THRESHOLD {
                    events::crossing(offset)
                } else {
                    events::state(*reading, *kind, offset)
                };
                (text, health, *asserted)
            }
        };
        if asserted {
            (text, health)
        } else {
            (format!("{text} (no longer)"), health.map(|_| Health::Ok))
        }
    }
}

impl Session {
    /// All entries of the log, the oldest first; entries that make no sense are left out.
    pub async fn event_log(&self) -> Result<Vec<Entry>, Error> {
        let info = self.request(INFO, &[]).await?;
        let mut info = Cursor::new(INFO.name, &info);
        info.skip(1)?;
        let count = info.u16()?;
        let mut entries = Vec::new();
        if count == 0 {
            return Ok(entries);
        }
        let mut id = 0_u16;
        for _ in 0..ENTRY_LIMIT {
            let [low, high] = id.to_le_bytes();
            // A whole record needs no reservation (section 31.4).
            let body = match self.request(GET, &[0, 0, low, high, 0, 0xff]).await {
                // The log was cleared, or its last entry taken, meanwhile.
                Err(error) if error.code() == Some(0xcb) => break,
                outcome => outcome?,
            };
            let mut cursor = Cursor::new(GET.name, &body);
            let next = cursor.u16()?;
            match Entry::decode(cursor.rest()) {
                Ok(entry) => entries.push(entry),
                Err(error) => tracing::debug!(id, %error, "an entry of the event log is left out"),
            }
            if next == LAST || next == id {
                break;
            }
            id = next;
        }
        Ok(entries)
    }

    /// Removes all entries and waits until they are gone.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when the BMC has not done it within a minute.
    pub async fn clear_event_log(&self) -> Result<(), Error> {
        let mut left = RESERVATIONS;
        loop {
            match self.try_clear().await {
                Err(error) if error.code() == Some(0xc5) && left > 0 => left -= 1,
                outcome => return outcome,
            }
        }
    }

    async fn try_clear(&self) -> Result<(), Error> {
        let body = self.request(RESERVE, &[]).await?;
        let [first, second] = Cursor::new(RESERVE.name, &body).array()?;
        let deadline = Instant::now() + CLEAR_LIMIT;
        // 0xaa begins, 0x00 asks how far it is (table 31-9).
        let mut action = 0xaa;
        loop {
            let data = [first, second, b'C', b'L', b'R', action];
            let body = self.request(CLEAR, &data).await?;
            if Cursor::new(CLEAR.name, &body).u8()? & 0x0f == 1 {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(Error::TimedOut {
                    what: CLEAR.name,
                    after: CLEAR_LIMIT,
                });
            }
            action = 0x00;
            sleep(CLEAR_PAUSE).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_are_read() {
        let hot = [
            7, 0, 2, 0x80, 0x43, 0x6d, 0x65, 0x20, 0, 4, 1, 0x30, 0x01, 0x59, 0x60, 0x50,
        ];
        let entry = Entry::decode(&hot).unwrap();
        assert_eq!((entry.id, entry.at), (7, Some(0x656d_4380)));
        assert_eq!(entry.subject(), "temperature 0x30");
        let (text, health) = entry.meaning();
        assert_eq!(text, "above upper critical, going high");
        assert_eq!(health, Some(Health::Critical));

        let mut over = hot;
        over[12] |= 0x80;
        over[3..7].copy_from_slice(&[60, 0, 0, 0]);
        let entry = Entry::decode(&over).unwrap();
        assert_eq!(entry.at, None, "a minute after the start");
        assert_eq!(entry.meaning().1, Some(Health::Ok));

        let mut own = hot;
        own[2] = 0xe5;
        let entry = Entry::decode(&own).unwrap();
        assert!(matches!(entry.event, Event::Maker { kind: 0xe5, ref data } if data.len() == 13));
        assert!(Entry::decode(&hot[..15]).is_err());
    }

    proptest! {
        #[test]
        fn no_entry_makes_decoding_panic(bytes in proptest::collection::vec(any::<u8>(), 0..20)) {
            if let Ok(entry) = Entry::decode(&bytes) {
                let _ = (entry.subject(), entry.meaning());
            }
        }
    }
}

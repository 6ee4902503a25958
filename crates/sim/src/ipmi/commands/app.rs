//! The BMC itself: who it is, its channel, its one account.

use super::{Answer, INVALID_FIELD, OUT_OF_RANGE, Shared, WRONG_LENGTH};

/// The channel's number.
pub(super) const CHANNEL: u8 = 1;

/// Places for accounts; number 2 is the one account.
const PLACES: u8 = 10;

/// The number of the one account.
const ACCOUNT: u8 = 2;

/// Bytes of cipher suites in one answer (table 22-17).
const LIST_CHUNK: usize = 16;

pub(super) fn authentication(shared: &Shared) -> Vec<u8> {
    // MD5, password, and the fields of IPMI 2.0.
    let types = 0x80 | 0x04 | 0x10;
    // Accounts with names; a key K_G where there is one.
    let status = 0x04
        | if shared.options.key.is_some() {
            0x20
        } else {
            0
        };
    // Both versions; no maker's own.
    vec![CHANNEL, types, status, 0x03, 0, 0, 0, 0]
}

/// Get Device ID (table 20-2): firmware 1.02, IPMI 2.0, sensors, SDRs, SEL, FRU, chassis.
pub(super) fn device_id() -> Answer {
    (
        0,
        vec![
            0x20, 0x01, 1, 0x02, 0x02, 0x8f, 0, 0, 0, 0x01, 0, 0, 0, 0, 0,
        ],
    )
}

/// Get System GUID, in SMBIOS's order as most BMCs have it.
pub(super) fn guid(shared: &Shared) -> Answer {
    (0, shared.machine.hardware().uuid.to_bytes_le().to_vec())
}

/// Get Channel Info (table 22-29): 802.3 LAN, IPMB protocol, many sessions.
pub(super) fn channel_info() -> Answer {
    (0, vec![CHANNEL, 0x04, 0x01, 0x80, 0xf2, 0x1b, 0, 0, 0])
}

/// Get Channel Cipher Suites (section 22.15).
pub(super) fn cipher_suites(shared: &Shared, body: &[u8]) -> Answer {
    let Some(index) = body.get(2) else {
        return (WRONG_LENGTH, Vec::new());
    };
    let list: Vec<u8> = shared
        .options
        .suites
        .iter()
        .flat_map(|suite| {
            let [authentication, integrity, confidentiality] = suite.algorithms();
            [
                0xc0,
                suite.id(),
                authentication,
                0x40 | integrity,
                0x80 | confidentiality,
            ]
        })
        .collect();
    let start = usize::from(index & 0x3f) * LIST_CHUNK;
    let chunk = list.iter().skip(start).take(LIST_CHUNK);
    (0, std::iter::once(&CHANNEL).chain(chunk).copied().collect())
}

/// Get User Access (table 22-32).
pub(super) fn user_access(body: &[u8]) -> Answer {
    match body.get(1) {
        None => (WRONG_LENGTH, Vec::new()),
        Some(&ACCOUNT) => (0, vec![PLACES, 0x41, 0x01, 0x34]),
        Some(1..=PLACES) => (0, vec![PLACES, 0x81, 0x01, 0x0f]),
        Some(_) => (OUT_OF_RANGE, Vec::new()),
    }
}

/// Get User Name.
pub(super) fn user_name(shared: &Shared, body: &[u8]) -> Answer {
    let name: &[u8] = match body.first() {
        None => return (WRONG_LENGTH, Vec::new()),
        Some(&ACCOUNT) => shared.options.username.as_bytes(),
        Some(1..=PLACES) => &[],
        Some(_) => return (INVALID_FIELD, Vec::new()),
    };
    let mut bytes = name.to_vec();
    bytes.resize(16, 0);
    (0, bytes)
}

//! The commands of a BMC, one file per group.

mod app;
mod chassis;
mod fru;
mod lan;
mod log;
mod sdr;

use std::sync::Arc;

use assay_ipmi::Privilege;
use assay_ipmi::command::app::{CLOSE_SESSION, SET_PRIVILEGE};
use assay_ipmi::command::chassis::CONTROL;
use assay_ipmi::wire::Message;

pub(super) use log::Log;

use super::Shared;
use super::sessions::Open;

/// A completion code and the data after it.
type Answer = (u8, Vec<u8>);

const UNKNOWN_COMMAND: u8 = 0xc1;
const WRONG_LENGTH: u8 = 0xc7;
const OUT_OF_RANGE: u8 = 0xc9;
const NO_SUCH_RECORD: u8 = 0xcb;
const INVALID_FIELD: u8 = 0xcc;
const PRIVILEGE_TOO_LOW: u8 = 0xd4;

/// Set Session Privilege Level: more than the account may do (section 22.18).
const LEVEL_TOO_HIGH: u8 = 0x81;

/// Counts a command.
pub(super) fn count(shared: &Shared, request: &Message) {
    let mut counters = shared.counters.lock();
    let key = (request.netfn, request.command);
    *counters.commands.entry(key).or_default() += 1;
}

/// Get Channel Authentication Capabilities (table 22-15).
pub(super) fn authentication(shared: &Shared) -> Vec<u8> {
    app::authentication(shared)
}

/// What is answered outside of sessions (appendix G).
pub(super) fn without_session(shared: &Shared, request: &Message) -> Answer {
    match (request.netfn, request.command) {
        (0x06, 0x37) => app::guid(shared),
        (0x06, 0x54) => app::cipher_suites(shared, &request.body),
        _ => (PRIVILEGE_TOO_LOW, Vec::new()),
    }
}

/// The answer to a request in a session, and whether the session goes on. No answer: the session was
/// forgotten, or a fault says so.
pub(super) fn inside(
    shared: &Arc<Shared>,
    open: &mut Open,
    id: u32,
    request: &Message,
) -> (Option<Message>, bool) {
    if let Some((last, answer)) = &open.last
        && last == request
    {
        return (Some(answer.clone()), true);
    }
    count(shared, request);
    open.commands += 1;
    let (limit, mute_power) = {
        let faults = shared.faults.lock();
        (faults.drop_session_after, faults.mute_power)
    };
    if limit.is_some_and(|limit| open.commands > limit) {
        return (None, false);
    }
    let is = |command: assay_ipmi::Command| {
        request.netfn == command.netfn && request.command == command.code
    };
    let ((code, data), goes_on) = if is(SET_PRIVILEGE) {
        (raise(open, &request.body), true)
    } else if is(CLOSE_SESSION) {
        close(id, &request.body)
    } else if open.privilege < needed(request) {
        ((PRIVILEGE_TOO_LOW, Vec::new()), true)
    } else {
        (dispatch(shared, request), true)
    };
    if mute_power && is(CONTROL) {
        return (None, true);
    }
    let answer = request.answer(code, &data);
    open.last = Some((request.clone(), answer.clone()));
    (Some(answer), goes_on)
}

fn raise(open: &mut Open, body: &[u8]) -> Answer {
    let Some(level) = body.first() else {
        return (WRONG_LENGTH, Vec::new());
    };
    match Privilege::from_bits(*level & 0x0f) {
        Some(level) if level <= open.most => open.privilege = level,
        Some(_) => return (LEVEL_TOO_HIGH, Vec::new()),
        // Zero asks for the level as it is.
        None if *level == 0 => {}
        None => return (INVALID_FIELD, Vec::new()),
    }
    (0, vec![open.privilege.bits()])
}

fn close(id: u32, body: &[u8]) -> (Answer, bool) {
    match body.get(..4) {
        Some(bytes) if bytes == id.to_le_bytes() => ((0, Vec::new()), false),
        Some(_) => ((0x87, Vec::new()), true),
        None => ((WRONG_LENGTH, Vec::new()), true),
    }
}

/// The privilege level that a command needs (appendix G).
fn needed(request: &Message) -> Privilege {
    match (request.netfn, request.command) {
        (0x00, 0x02 | 0x04 | 0x08) | (0x06, 0x44 | 0x46) | (0x0a, 0x47) | (0x0c, 0x02) => {
            Privilege::Operator
        }
        _ => Privilege::User,
    }
}

fn dispatch(shared: &Arc<Shared>, request: &Message) -> Answer {
    let body = &request.body[..];
    match (request.netfn, request.command) {
        (0x00, 0x01) => chassis::status(shared),
        (0x00, 0x02) => chassis::control(shared, body),
        (0x00, 0x04) => (0, Vec::new()),
        (0x00, 0x08) => chassis::set_boot(shared, body),
        (0x00, 0x09) => chassis::get_boot(shared, body),
        (0x04, 0x2d) => sdr::reading(shared, body),
        (0x06, 0x01) => app::device_id(),
        (0x06, 0x08 | 0x37) => app::guid(shared),
        (0x06, 0x38) => (0, app::authentication(shared)),
        (0x06, 0x42) => app::channel_info(),
        (0x06, 0x44) => app::user_access(body),
        (0x06, 0x46) => app::user_name(shared, body),
        (0x06, 0x54) => app::cipher_suites(shared, body),
        (0x0a, 0x10) => fru::info(shared, body),
        (0x0a, 0x11) => fru::read(shared, body),
        (0x0a, 0x20) => sdr::info(),
        (0x0a, 0x22) => sdr::reserve(),
        (0x0a, 0x23) => sdr::get(body),
        (0x0a, 0x40) => shared.log.lock().info(),
        (0x0a, 0x42) => shared.log.lock().reserve(),
        (0x0a, 0x43) => shared.log.lock().get(body),
        (0x0a, 0x47) => shared.log.lock().clear(body),
        (0x0a, 0x48) => (0, log::now().to_le_bytes().to_vec()),
        (0x0c, 0x02) => lan::get(shared, body),
        _ => (UNKNOWN_COMMAND, Vec::new()),
    }
}

/// The 16-bit number at an offset of a request.
fn number(body: &[u8], offset: usize) -> Option<u16> {
    let bytes = body.get(offset..offset + 2)?;
    bytes.try_into().ok().map(u16::from_le_bytes)
}

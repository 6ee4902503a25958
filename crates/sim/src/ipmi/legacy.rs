//! IPMI 1.5: requests outside of sessions, the handshake (section 6.12) and packets of sessions.

use std::sync::Arc;

use assay_ipmi::Privilege;
use assay_ipmi::command::app::{ACTIVATE_SESSION, CHANNEL_AUTHENTICATION, SESSION_CHALLENGE};
use assay_ipmi::wire::legacy::{Proof, padded};
use assay_ipmi::wire::{Message, packet};

use super::sessions::{Open, Protection, Sessions, State};
use super::{Shared, commands};

/// Get Session Challenge: the name is not known (section 22.16).
const NO_SUCH_NAME: u8 = 0x81;

/// Activate Session: no room (section 22.17).
const NO_ROOM: u8 = 0x81;

/// What a packet of a session has around its payload.
pub(super) struct Sealed {
    pub(super) auth: u8,
    pub(super) sequence: u32,
    pub(super) code: [u8; 16],
}

fn proof_of(number: u8) -> Option<Proof> {
    [Proof::Md5, Proof::Password]
        .into_iter()
        .find(|proof| proof.number() == number)
}

/// A request outside of any session.
pub(super) fn outside(shared: &Shared, payload: &[u8]) -> Option<Vec<u8>> {
    packet::legacy(None, 0, 0, &reply(shared, payload)?).ok()
}

/// The answer to a message outside of any session, in whichever version's packet it came.
pub(super) fn reply(shared: &Shared, payload: &[u8]) -> Option<Vec<u8>> {
    let request = Message::decode(payload).ok()?;
    commands::count(shared, &request);
    let (code, data) = if is(&request, CHANNEL_AUTHENTICATION) {
        (0, commands::authentication(shared))
    } else if is(&request, SESSION_CHALLENGE) {
        challenge(shared, &request.body)
    } else {
        commands::without_session(shared, &request)
    };
    Some(request.answer(code, &data).encode())
}

fn is(request: &Message, command: assay_ipmi::Command) -> bool {
    request.netfn == command.netfn && request.command == command.code
}

fn challenge(shared: &Shared, body: &[u8]) -> (u8, Vec<u8>) {
    let Some((kind, name)) = body.split_first() else {
        return (0xc7, Vec::new());
    };
    if proof_of(*kind).is_none() {
        return (0xcc, Vec::new());
    }
    if padded(shared.options.username.as_bytes())
        .as_ref()
        .map(<[u8; 16]>::as_slice)
        != Some(name)
    {
        shared.counters.lock().failed_logins += 1;
        return (NO_SUCH_NAME, Vec::new());
    }
    let text: [u8; 16] = rand::random();
    let full = shared.faults.lock().session_table_full;
    let begun = if full {
        None
    } else {
        shared.sessions.lock().begin(State::Challenged { text })
    };
    let Some(id) = begun else {
        shared.counters.lock().refused_sessions += 1;
        return (NO_ROOM, Vec::new());
    };
    let mut data = id.to_le_bytes().to_vec();
    data.extend(text);
    (0, data)
}

/// A packet of a session; one with a wrong code gets no answer (section 6.12.8).
pub(super) fn inside(
    shared: &Arc<Shared>,
    id: u32,
    sealed: &Sealed,
    payload: &[u8],
) -> Option<Vec<u8>> {
    let proof = proof_of(sealed.auth)?;
    let password = padded(shared.options.password.as_bytes())?;
    let mut sessions = shared.sessions.lock();
    let session = sessions.get(id)?;
    let right = proof.code(&password, id, sealed.sequence, payload) == sealed.code
        && !shared.faults.lock().refuse_login;
    if !right {
        if matches!(session.state, State::Challenged { .. }) {
            sessions.end(id);
            shared.counters.lock().failed_logins += 1;
        }
        return None;
    }
    let request = Message::decode(payload).ok()?;
    let (answer, goes_on) = match &mut session.state {
        State::Challenged { text } => {
            let text = *text;
            (
                activate(shared, &mut sessions, id, proof, &text, &request),
                true,
            )
        }
        State::Open(open) => {
            // The kind that activated the session holds to its end (section 22.17).
            if !matches!(open.protection, Protection::Legacy(kind) if kind == proof)
                || !open.window.take(sealed.sequence)
            {
                return None;
            }
            commands::inside(shared, open, id, &request)
        }
        State::Proposed { .. } | State::Proving(_) => return None,
    };
    let packet = answer.and_then(|answer| {
        let sequence = match &mut sessions.get(id)?.state {
            State::Open(open) => open.next(),
            _ => 0,
        };
        let payload = answer.encode();
        let code = proof.code(&password, id, sequence, &payload);
        packet::legacy(Some((proof.number(), code)), sequence, id, &payload).ok()
    });
    if !goes_on {
        sessions.end(id);
    }
    packet
}

/// Activate Session; the session keeps the id of its challenge.
fn activate(
    shared: &Shared,
    sessions: &mut Sessions,
    id: u32,
    proof: Proof,
    text: &[u8; 16],
    request: &Message,
) -> Option<Message> {
    commands::count(shared, request);
    let body: Option<[u8; 22]> = request.body.as_slice().try_into().ok();
    let Some([kind, privilege, given @ ..]) = body.filter(|_| is(request, ACTIVATE_SESSION)) else {
        return Some(request.answer(0xd4, &[]));
    };
    let privilege = Privilege::from_bits(privilege & 0x0f)?;
    if kind != proof.number() || given[..16] != text[..] {
        return Some(request.answer(0xcc, &[]));
    }
    let open = Open::new(Protection::Legacy(proof), privilege);
    sessions.get(id)?.state = State::Open(Box::new(open));
    let open = sessions.open();
    let mut counters = shared.counters.lock();
    counters.logins += 1;
    counters.most_sessions = counters.most_sessions.max(open);
    let mut data = vec![proof.number()];
    data.extend(id.to_le_bytes());
    // The number of the first packet that the console is to send.
    data.extend(1_u32.to_le_bytes());
    data.push(privilege.bits());
    Some(request.answer(0, &data))
}

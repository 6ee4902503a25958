//! RMCP+: the handshake (section 13.15) and packets of sessions.

use std::sync::Arc;

use assay_ipmi::wire::packet::{Plus, bare};
use assay_ipmi::wire::rakp::{OpenRequest, OpenResponse, Rakp1, Rakp2, Rakp3, Rakp4, failure};
use assay_ipmi::wire::{Exchange, Keys, Message, PayloadType};
use assay_ipmi::{Privilege, Status, Suite};

use super::sessions::{Open, Protection, State};
use super::{Shared, commands, legacy};

/// The answer to a packet; none to what a BMC is silent about.
pub(super) fn answer(shared: &Arc<Shared>, packet: &Plus<'_>) -> Option<Vec<u8>> {
    match packet.payload_type {
        PayloadType::OPEN_REQUEST => {
            bare(PayloadType::OPEN_RESPONSE, &open(shared, packet.payload)?)
        }
        PayloadType::RAKP_1 => bare(PayloadType::RAKP_2, &first(shared, packet.payload)?),
        PayloadType::RAKP_3 => bare(PayloadType::RAKP_4, &third(shared, packet.payload)?),
        PayloadType::IPMI if packet.session != 0 => return inside(shared, packet),
        // Section 13.6: a request without a session may come in either version's packet.
        PayloadType::IPMI if !packet.encrypted && !packet.authenticated => {
            bare(PayloadType::IPMI, &legacy::reply(shared, packet.payload)?)
        }
        _ => return None,
    }
    .ok()
}

/// Open Session Request.
fn open(shared: &Shared, payload: &[u8]) -> Option<Vec<u8>> {
    let request = OpenRequest::decode(payload).ok()?;
    let refuse = |status| Some(failure(request.tag, status, request.console));
    let suite = Suite::of_algorithms(request.algorithms)
        .filter(|suite| shared.options.suites.contains(suite));
    let Some(suite) = suite else {
        return refuse(Status::NO_SUITE);
    };
    if request.console == 0 || request.privilege > Privilege::Administrator.bits() {
        return refuse(Status::ILLEGAL);
    }
    let full = shared.faults.lock().session_table_full;
    let state = State::Proposed {
        console: request.console,
        suite,
    };
    let begun = if full {
        None
    } else {
        shared.sessions.lock().begin(state)
    };
    let Some(managed) = begun else {
        shared.counters.lock().refused_sessions += 1;
        return refuse(Status::NO_RESOURCES);
    };
    let response = OpenResponse {
        tag: request.tag,
        privilege: Privilege::Administrator.bits(),
        console: request.console,
        managed,
        algorithms: suite.algorithms(),
    };
    Some(response.encode())
}

/// The password that proofs are made with.
fn password(shared: &Shared) -> Vec<u8> {
    if shared.faults.lock().refuse_login {
        rand::random::<[u8; 16]>().to_vec()
    } else {
        shared.options.password.as_bytes().to_vec()
    }
}

/// RAKP 1.
fn first(shared: &Shared, payload: &[u8]) -> Option<Vec<u8>> {
    let message = Rakp1::decode(payload).ok()?;
    let mut sessions = shared.sessions.lock();
    let session = sessions.get(message.managed)?;
    let State::Proposed { console, suite } = session.state else {
        // As ipmi_sim does it: what comes twice gets no answer.
        return None;
    };
    if message.name != shared.options.username.as_bytes() {
        sessions.end(message.managed);
        shared.counters.lock().failed_logins += 1;
        return Some(failure(message.tag, Status::NO_NAME, console));
    }
    if Privilege::from_bits(message.role & 0x0f).is_none() {
        sessions.end(message.managed);
        return Some(failure(message.tag, Status::NO_PRIVILEGE, console));
    }
    let exchange = Exchange {
        suite,
        console,
        managed: message.managed,
        console_random: message.random,
        managed_random: rand::random(),
        guid: shared.machine.hardware().uuid.to_bytes_le(),
        role: message.role,
        name: message.name,
    };
    let answer = Rakp2 {
        tag: message.tag,
        console,
        random: exchange.managed_random,
        guid: exchange.guid,
        proof: exchange.second(&password(shared)).ok()?,
    };
    session.state = State::Proving(Box::new(exchange));
    Some(answer.encode())
}

/// RAKP 3.
fn third(shared: &Shared, payload: &[u8]) -> Option<Vec<u8>> {
    let message = Rakp3::decode(payload).ok()?;
    let mut sessions = shared.sessions.lock();
    let session = sessions.get(message.managed)?;
    let State::Proving(exchange) = &session.state else {
        return None;
    };
    let console = exchange.console;
    let password = password(shared);
    if message.status != 0 || exchange.third(&password).ok()? != message.proof {
        sessions.end(message.managed);
        shared.counters.lock().failed_logins += 1;
        return Some(failure(message.tag, Status::WRONG_PROOF, console));
    }
    let key = shared.options.key.as_ref().unwrap_or(&password);
    let session_key = exchange.session_key(key).ok()?;
    let answer = Rakp4 {
        tag: message.tag,
        console,
        proof: exchange.fourth(&session_key).ok()?,
    };
    let keys = Keys::new(exchange.suite, &session_key).ok()?;
    let most = Privilege::from_bits(exchange.role & 0x0f)?;
    let protection = Protection::Plus { keys, console };
    session.state = State::Open(Box::new(Open::new(protection, most)));
    let open = sessions.open();
    let mut counters = shared.counters.lock();
    counters.logins += 1;
    counters.most_sessions = counters.most_sessions.max(open);
    Some(answer.encode())
}

/// A packet of a session.
fn inside(shared: &Arc<Shared>, packet: &Plus<'_>) -> Option<Vec<u8>> {
    let mut sessions = shared.sessions.lock();
    let State::Open(open) = &mut sessions.get(packet.session)?.state else {
        return None;
    };
    let Protection::Plus { keys, .. } = &open.protection else {
        return None;
    };
    let request = Message::decode(&keys.open(packet).ok()?).ok()?;
    if !open.window.take(packet.sequence) {
        return None;
    }
    let (answer, goes_on) = commands::inside(shared, open, packet.session, &request);
    let sealed = answer.and_then(|answer| {
        let sequence = open.next();
        let Protection::Plus { keys, console } = &open.protection else {
            return None;
        };
        let sealed = keys.seal(PayloadType::IPMI, *console, sequence, &answer.encode());
        sealed.ok()
    });
    if !goes_on {
        sessions.end(packet.session);
    }
    sealed
}

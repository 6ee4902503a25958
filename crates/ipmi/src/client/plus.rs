//! The handshake of an RMCP+ session (section 13.15).

use std::time::Duration;

use subtle::ConstantTimeEq;
use tokio::time::Instant;

use super::channel::Channel;
use super::port::{Key, Route};
use super::{Access, Client, LONGEST_WAIT, Session, SuiteChoice, jittered};
use crate::error::{Error, Status};
use crate::wire::rakp::{BY_NAME, OpenRequest, OpenResponse, Rakp1, Rakp2, Rakp3, Rakp4};
use crate::wire::{Exchange, Keys, Packet, PayloadType, Suite, packet};

/// How long each answer of the first handshake is waited for; BMCs take their time over the hashes.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// How long an answer is waited for after we have given up.
const GIVE_UP_WAIT: Duration = Duration::from_millis(200);

/// Opens a session. A handshake that goes unanswered begins anew, with more patience, until the time
/// is over; one that is refused does not.
pub(super) async fn open(
    client: &Client,
    access: &Access,
    choice: SuiteChoice,
) -> Result<Session, Error> {
    let deadline = Instant::now() + access.limit;
    let mut suite = match choice {
        SuiteChoice::Only(suite) => suite,
        SuiteChoice::Best => Suite::Seventeen,
    };
    let mut wait = FIRST_WAIT;
    loop {
        let handshake = Handshake::new(client, access, choice, wait, deadline)?;
        match handshake.run(suite).await {
            Ok(session) => {
                session.raise(access.privilege).await?;
                return Ok(session);
            }
            Err(Error::TimedOut { .. }) if Instant::now() < deadline => {
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            Err(Error::Handshake { status, .. })
                if status.is_other_suite()
                    && choice == SuiteChoice::Best
                    && suite == Suite::Seventeen =>
            {
                tracing::info!(peer = %access.address, "the BMC has no cipher suite 17; suite 3 is used");
                suite = Suite::Three;
            }
            Err(Error::TimedOut { what, .. }) => {
                return Err(Error::TimedOut {
                    what,
                    after: access.limit,
                });
            }
            Err(error) => return Err(explained(error, suite)),
        }
    }
}

/// An error of the handshake as the caller is to hear it.
fn explained(error: Error, suite: Suite) -> Error {
    match error {
        Error::Handshake { what, status } if status.is_refusal() => {
            Error::Refused(format!("{what}: {status}"))
        }
        Error::Handshake { what, status } if status.is_other_suite() => {
            Error::Unsupported(format!(
                "the BMC does not have cipher suite {}, and nothing weaker is tried: {what}: {status}",
                suite.id()
            ))
        }
        error => error,
    }
}

struct Handshake<'a> {
    access: &'a Access,
    choice: SuiteChoice,
    route: Route,
    console: u32,
    tag: u8,
    wait: Duration,
    deadline: Instant,
}

impl<'a> Handshake<'a> {
    fn new(
        client: &Client,
        access: &'a Access,
        choice: SuiteChoice,
        wait: Duration,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let mut route = client.route(access.address)?;
        let mut console: u32 = rand::random();
        while console == 0 || route.is_taken(Key::Plus(console)) {
            console = rand::random();
        }
        let tag: u8 = rand::random();
        route.add(Key::Plus(console));
        route.add(Key::Tag(tag));
        Ok(Self {
            access,
            choice,
            route,
            console,
            tag,
            wait,
            deadline,
        })
    }

    async fn run(mut self, suite: Suite) -> Result<Session, Error> {
        let (managed, suite) = self.propose(suite).await?;
        let role = self.access.privilege.bits() | BY_NAME;
        let name = self.access.name.as_bytes().to_vec();
        let console_random: [u8; 16] = rand::random();
        let first = Rakp1 {
            tag: self.tag,
            managed,
            random: console_random,
            role,
            name: name.clone(),
        };
        let kinds = [PayloadType::RAKP_1, PayloadType::RAKP_2];
        let second = self
            .exchange("RAKP 1", kinds, first.encode(), Rakp2::decode)
            .await?;
        let exchange = Exchange {
            suite,
            console: self.console,
            managed,
            console_random,
            managed_random: second.random,
            guid: second.guid,
            role,
            name,
        };
        let keys = self.prove(&exchange, &second.proof).await?;
        let channel = Channel::plus(keys, self.console, managed);
        Ok(Session::new(self.route, channel, self.access.limit))
    }

    /// Open Session: agrees on ids and algorithms. The BMC must take what is proposed; with "best" it
    /// may choose the other of our two suites by itself, as pyghmi's does.
    async fn propose(&mut self, suite: Suite) -> Result<(u32, Suite), Error> {
        let request = OpenRequest {
            tag: self.tag,
            // "The highest you have": some BMCs stumble over any other value (freeipmi's workaround
            // opensesspriv). RAKP 1 says what is wanted.
            privilege: 0,
            console: self.console,
            algorithms: suite.algorithms(),
        };
        let kinds = [PayloadType::OPEN_REQUEST, PayloadType::OPEN_RESPONSE];
        let answer = self
            .exchange(
                "Open Session Request",
                kinds,
                request.encode(),
                OpenResponse::decode,
            )
            .await?;
        let agreed = Suite::of_algorithms(answer.algorithms)
            .filter(|agreed| *agreed == suite || self.choice == SuiteChoice::Best);
        match agreed {
            Some(agreed) if answer.managed != 0 => Ok((answer.managed, agreed)),
            Some(_) => Err(Error::Malformed("the BMC gives a session the id 0".into())),
            None => Err(Error::Unsupported(format!(
                "the BMC answers with other algorithms than those of cipher suite {}",
                suite.id()
            ))),
        }
    }

    /// Checks that the BMC knows the password and proves that we do, RAKP 3 and 4.
    async fn prove(&mut self, exchange: &Exchange, proof: &[u8]) -> Result<Keys, Error> {
        let password = self.access.password.expose().as_bytes();
        let expected = exchange.second(password)?;
        if !bool::from(expected.ct_eq(proof)) {
            self.give_up(exchange.managed).await;
            let text =
                "the password is wrong, or the name is: the BMC's proof does not fit (RAKP 2)";
            return Err(Error::Refused(text.into()));
        }
        let key = self
            .access
            .key
            .as_ref()
            .map_or(password, |key| key.as_slice());
        let session_key = exchange.session_key(key)?;
        let third = Rakp3 {
            tag: self.tag,
            status: 0,
            managed: exchange.managed,
            proof: exchange.third(password)?,
        };
        let kinds = [PayloadType::RAKP_3, PayloadType::RAKP_4];
        let fourth = self
            .exchange("RAKP 3", kinds, third.encode(), Rakp4::decode)
            .await?;
        let expected = exchange.fourth(&session_key)?;
        let given = fourth.proof.get(..expected.len()).unwrap_or_default();
        if !bool::from(expected.ct_eq(given)) {
            let text = "the BMC has another key K_G: its proof does not fit (RAKP 4)";
            return Err(Error::Refused(text.into()));
        }
        Keys::new(exchange.suite, &session_key)
    }

    /// Tells the BMC that the handshake ends here, so that it does not keep a place for it.
    async fn give_up(&mut self, managed: u32) {
        let message = Rakp3 {
            tag: self.tag,
            status: Status::WRONG_PROOF.0,
            managed,
            proof: Vec::new(),
        };
        self.wait = GIVE_UP_WAIT;
        let kinds = [PayloadType::RAKP_3, PayloadType::RAKP_4];
        // Some BMCs answer, others do not, and neither changes anything.
        let _ = self
            .exchange("RAKP 3", kinds, message.encode(), Rakp4::decode)
            .await;
    }

    /// Sends a message once and waits for its answer.
    async fn exchange<T>(
        &mut self,
        what: &'static str,
        [ask, answer]: [PayloadType; 2],
        message: Vec<u8>,
        decode: fn(&[u8]) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let datagram = packet::bare(ask, &message)?;
        self.route.send(&datagram).await?;
        let until = (Instant::now() + jittered(self.wait)).min(self.deadline);
        let mut fault = None;
        while let Some(datagram) = self.route.receive(until).await {
            let packet = match Packet::decode(&datagram) {
                Ok(Packet::Plus(packet)) => packet,
                Ok(Packet::Legacy { .. }) => continue,
                Err(error) => {
                    fault = Some(error);
                    continue;
                }
            };
            let is_ours =
                packet.payload_type == answer && packet.payload.first() == Some(&self.tag);
            if !is_ours {
                continue;
            }
            match decode(packet.payload) {
                Err(error @ Error::Malformed(_)) => fault = Some(error),
                outcome => return outcome,
            }
        }
        Err(fault.unwrap_or(Error::TimedOut {
            what,
            after: self.wait,
        }))
    }
}

//! A session: requests one after the other, and its end.

use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::channel::Channel;
use super::outside::completed;
use super::port::Route;
use super::{FIRST_WAIT, LONGEST_WAIT, jittered};
use crate::Error;
use crate::command::Command;
use crate::command::app::{CLOSE_SESSION, SET_PRIVILEGE};
use crate::wire::{Message, PayloadType, Privilege};

/// "Busy" (table 5-2).
const BUSY: u8 = 0xc0;

/// The pause before a busy BMC is asked again.
const BUSY_PAUSE: Duration = Duration::from_millis(200);

/// How long the end of a session may take; after that the BMC ends it by itself (6.12.15).
const CLOSE_LIMIT: Duration = Duration::from_secs(1);

/// Whether a request may be sent again when no answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    Yes,
    Never,
}

/// A session with a BMC. Its requests go one after the other; dropping it tells the BMC so, without
/// waiting whether that arrives.
pub struct Session {
    line: Mutex<Line>,
    limit: Duration,
}

/// The session's way to the BMC.
struct Line {
    route: Route,
    channel: Channel,
    seq: u8,
    open: bool,
}

impl Session {
    pub(super) fn new(route: Route, channel: Channel, limit: Duration) -> Self {
        Self {
            line: Mutex::new(Line {
                route,
                channel,
                seq: rand::random::<u8>() & 0x3f,
                open: true,
            }),
            limit,
        }
    }

    /// Asks the BMC and gives the data of its answer, without the completion code. The request is sent
    /// again while no answer comes.
    ///
    /// # Errors
    /// [`Error::Completion`] when the BMC says no, [`Error::TimedOut`] when it says nothing.
    pub async fn request(&self, command: Command, data: &[u8]) -> Result<Vec<u8>, Error> {
        let mut line = self.line.lock().await;
        line.ask(command, data, self.limit, Repeat::Yes).await
    }

    /// As [`Self::request`], and sends one datagram: for what must not happen twice.
    ///
    /// # Errors
    /// After [`Error::TimedOut`] and [`Error::Malformed`] nobody can tell whether it happened.
    pub async fn request_once(&self, command: Command, data: &[u8]) -> Result<Vec<u8>, Error> {
        let mut line = self.line.lock().await;
        line.ask(command, data, self.limit, Repeat::Never).await
    }

    /// Raises what the session may do; sessions begin as those of users (section 22.18).
    pub(super) async fn raise(&self, privilege: Privilege) -> Result<(), Error> {
        if privilege <= Privilege::User {
            return Ok(());
        }
        match self.request(SET_PRIVILEGE, &[privilege.bits()]).await {
            Err(Error::Completion { code, .. }) => Err(Error::Unsupported(format!(
                "the account may not act as {} (completion code {code:#04x})",
                privilege.as_str()
            ))),
            outcome => outcome.map(drop),
        }
    }

    /// Ends the session on the BMC.
    pub async fn close(self) {
        let mut line = self.line.into_inner();
        let id = line.channel.session().to_le_bytes();
        let limit = self.limit.min(CLOSE_LIMIT);
        if let Err(error) = line.ask(CLOSE_SESSION, &id, limit, Repeat::Yes).await {
            tracing::debug!(%error, "an IPMI session was not closed and ends by itself");
        }
        line.open = false;
    }
}

impl Line {
    async fn ask(
        &mut self,
        command: Command,
        data: &[u8],
        limit: Duration,
        repeat: Repeat,
    ) -> Result<Vec<u8>, Error> {
        let deadline = Instant::now() + limit;
        loop {
            let outcome = self.exchange(command, data, deadline, repeat).await;
            let outcome = outcome.map_err(|fault| {
                fault.unwrap_or(Error::TimedOut {
                    what: command.name,
                    after: limit,
                })
            });
            match outcome {
                Err(Error::Completion { code: BUSY, .. })
                    if repeat == Repeat::Yes && Instant::now() + BUSY_PAUSE < deadline =>
                {
                    sleep(BUSY_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    /// One request with its repetitions. The error is what was wrong with the last answer; none when
    /// there was no answer.
    async fn exchange(
        &mut self,
        command: Command,
        data: &[u8],
        deadline: Instant,
        repeat: Repeat,
    ) -> Result<Vec<u8>, Option<Error>> {
        self.seq = (self.seq + 1) & 0x3f;
        let message = Message::request(command, self.seq, data).encode();
        let mut wait = FIRST_WAIT;
        let mut fault = None;
        loop {
            let datagram = self
                .channel
                .wrap(PayloadType::IPMI, &message)
                .map_err(Some)?;
            self.route.send(&datagram).await.map_err(Some)?;
            let until = match repeat {
                Repeat::Yes => (Instant::now() + jittered(wait)).min(deadline),
                Repeat::Never => deadline,
            };
            while let Some(datagram) = self.route.receive(until).await {
                match self.read(&datagram) {
                    Ok(Some(answer)) if answer.answers(command, self.seq) => {
                        return completed(command, answer.body).map_err(Some);
                    }
                    Ok(_) => {}
                    Err(error) => fault = Some(error),
                }
            }
            if Instant::now() >= deadline {
                return Err(fault);
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// The IPMI message in a datagram; none in one of another payload.
    fn read(&mut self, datagram: &[u8]) -> Result<Option<Message>, Error> {
        let (payload_type, payload) = self.channel.unwrap(datagram)?;
        if payload_type == PayloadType::IPMI {
            Message::decode(&payload).map(Some)
        } else {
            Ok(None)
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let id = self.channel.session().to_le_bytes();
        let message = Message::request(CLOSE_SESSION, self.seq + 1, &id).encode();
        if let Ok(datagram) = self.channel.wrap(PayloadType::IPMI, &message) {
            self.route.send_now(&datagram);
        }
    }
}

//! One AMT device: WS-Management's operations, with the login that they need.

use assay_domain::{DriverError, Target};
use parking_lot::Mutex;

use super::answer::{content, context, instance, output, page};
use super::digest::{Challenge, ChallengeError, Login};
use super::fault::Fault;
use super::http::{Http, HttpAnswer, PATH};
use super::message::Message;
use super::xml::Element;
use crate::peer::Peer;

/// Pages of an enumeration that are read.
const PAGE_LIMIT: usize = 32;
/// The class that is asked for first, and most often.
pub(super) const POWER_STATE: &str = "CIM_AssociatedPowerManagementService";

/// A device that can be asked.
pub(super) struct Device {
    http: Http,
    login: Option<Login>,
    /// What the device wants to have answered with each request; `None` when it wants nothing.
    challenge: Mutex<Option<Challenge>>,
    /// The device, for errors.
    pub(super) peer: Peer,
}

impl Device {
    /// Reaches a device and hears how it wants a login, without giving one: that comes with the
    /// first operation.
    pub(super) async fn reach(target: &Target, peer: Peer) -> Result<Self, DriverError> {
        let http = Http::new(target).map_err(|error| peer.unsupported(error))?;
        let device = Self {
            http,
            login: login_of(target),
            challenge: Mutex::default(),
            peer,
        };
        match device.knock().await {
            Ok(challenge) => {
                *device.challenge.lock() = challenge;
                Ok(device)
            }
            Err(fault) => Err(device.error(fault)),
        }
    }

    /// Asks without a login, as nobody knows a nonce yet (RFC 7616, 3.3).
    async fn knock(&self) -> Result<Option<Challenge>, Fault> {
        let envelope = Message::get(POWER_STATE).envelope();
        let answer = self.http.post(envelope, None).await?;
        if answer.status == 401 {
            return self.challenged(&answer).map(Some);
        }
        match read(&answer) {
            // It speaks WS-Management and wants no login; what it lacks is found out later.
            Ok(_) | Err(Fault::Soap(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    fn challenged(&self, answer: &HttpAnswer) -> Result<Challenge, Fault> {
        if self.login.is_none() {
            return Err(Fault::Refused("it wants a login, and none is known"));
        }
        Ok(Challenge::read(&answer.challenges)?)
    }

    /// Sends a message with the login. One that the device turned away because its nonce had run out
    /// is sent once more with the new nonce: it was not looked at (RFC 7616, 3.4.5).
    async fn ask(&self, message: &Message) -> Result<Option<Element>, Fault> {
        let envelope = message.envelope();
        let mut renewed = false;
        loop {
            let (authorization, proven) = self.authorization()?;
            let had_nonce = authorization.is_some();
            let answer = self.http.post(envelope.clone(), authorization).await?;
            if answer.status != 401 {
                self.accepted();
                return read(&answer);
            }
            let challenge = self.challenged(&answer)?;
            // A nonce that was good before may have run out without the device saying so; with one
            // that was never good, it is the login that is not.
            let ran_out = challenge.is_stale() || proven || !had_nonce;
            if !ran_out {
                return Err(Fault::Refused(
                    "HTTP status 401: wrong, locked, or not allowed here",
                ));
            }
            if renewed {
                return Err(Fault::Stale);
            }
            renewed = true;
            *self.challenge.lock() = Some(challenge);
        }
    }

    /// The header for the next request, and whether its nonce has been good before.
    fn authorization(&self) -> Result<(Option<String>, bool), Fault> {
        let mut challenge = self.challenge.lock();
        let (Some(challenge), Some(login)) = (challenge.as_mut(), &self.login) else {
            return Ok((None, false));
        };
        let header = challenge
            .answer(login, "POST", PATH)
            .map_err(|error| Fault::Login(ChallengeError::Malformed(error)))?;
        Ok((Some(header), challenge.proven))
    }

    fn accepted(&self) {
        if let Some(challenge) = self.challenge.lock().as_mut() {
            challenge.proven = true;
        }
    }

    /// The only instance of a class.
    pub(super) async fn get(&self, class: &str) -> Result<Element, Fault> {
        instance(self.ask(&Message::get(class)).await?, class)
    }

    /// The only instance of a class; `None` when the device has none.
    pub(super) async fn find(&self, class: &str) -> Result<Option<Element>, Fault> {
        match self.get(class).await {
            Ok(instance) => Ok(Some(instance)),
            Err(fault) if fault.is_absence() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Replaces the properties of the only instance of a class.
    pub(super) async fn put(
        &self,
        class: &str,
        properties: &[(String, String)],
    ) -> Result<(), Fault> {
        self.ask(&Message::put(class, properties)).await.map(drop)
    }

    /// All instances of a class.
    pub(super) async fn list(&self, class: &str) -> Result<Vec<Element>, Fault> {
        let mut next = Some(context(self.ask(&Message::enumerate(class)).await?)?);
        let mut found = Vec::new();
        for _ in 0..PAGE_LIMIT {
            let Some(at) = next.take() else {
                return Ok(found);
            };
            let (items, rest) = page(self.ask(&Message::pull(class, &at)).await?)?;
            found.extend(items);
            next = rest;
        }
        match next {
            None => Ok(found),
            Some(_) => Err(Fault::Answer(format!("its list of {class} has no end"))),
        }
    }

    /// Calls a method and gives what it put out.
    pub(super) async fn call(
        &self,
        class: &str,
        method: &'static str,
        parameters: &str,
    ) -> Result<Element, Fault> {
        let message = Message::invoke(class, method, parameters);
        output(self.ask(&message).await?, class, method)
    }

    /// The driver's error for a fault.
    pub(super) fn error(&self, fault: Fault) -> DriverError {
        fault.into_driver(&self.peer)
    }
}

/// The answer's content, or the fault that its status or its body tells.
fn read(answer: &HttpAnswer) -> Result<Option<Element>, Fault> {
    if (200..300).contains(&answer.status) {
        return content(&answer.body);
    }
    // DSP0226, A.2: faults come with 400 or 500. Other servers put pages of HTML there.
    match content(&answer.body) {
        Err(Fault::Soap(fault)) => Err(Fault::Soap(fault)),
        _ => Err(Fault::Status(answer.status)),
    }
}

fn login_of(target: &Target) -> Option<Login> {
    let name = target.login.clone()?;
    let password = target.password.clone();
    Some(Login {
        name,
        password: password.unwrap_or_else(|| assay_domain::Secret::new("")),
    })
}

//! A client of many BMCs: a few sockets for all of them, one task per socket that sorts what comes in.
//!
//! How losses are met: a request is sent again after 0.5 s, then after twice as long each time, with
//! the same sequence number inside and a new one outside, until its time is over. The handshake is not
//! sent again message by message, since a BMC that got the first copy has moved on: it begins anew with
//! other session ids. What a caller marks as "once" is one datagram.

mod channel;
mod legacy;
mod outside;
mod plus;
mod port;
mod session;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::Secret;
use rand::Rng;
use zeroize::Zeroizing;

pub use session::Session;

use crate::Error;
use crate::wire::legacy::Proof;
use crate::wire::{LEGACY_PASSWORD_LIMIT, NAME_LIMIT, PASSWORD_LIMIT, Privilege, Suite};

/// The first pause before a request is sent again.
const FIRST_WAIT: Duration = Duration::from_millis(500);

/// The longest one.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// Which cipher suite a session may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuiteChoice {
    /// This one and no other.
    Only(Suite),
    /// 17, and 3 where the BMC does not have 17.
    Best,
}

/// Which kind of session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// IPMI 2.0 (RMCP+).
    Two(SuiteChoice),
    /// IPMI 1.5, with this proof of the password and no other.
    OneFive(Proof),
}

/// A BMC, and how to log in to it.
pub struct Access {
    /// Where it listens.
    pub address: SocketAddr,
    /// The account's name, at most 16 bytes.
    pub name: String,
    /// Its password, at most 20 bytes, or 16 with IPMI 1.5.
    pub password: Secret,
    /// The BMC's key K_G, at most 20 bytes; none where the password is used for it.
    pub key: Option<Zeroizing<Vec<u8>>>,
    /// What the session may do.
    pub privilege: Privilege,
    /// Which kind of session.
    pub version: Version,
    /// How long one request may take with all its repetitions, and how long the handshake.
    pub limit: Duration,
}

impl Access {
    fn check(&self) -> Result<(), Error> {
        let limit = match self.version {
            Version::Two(_) => PASSWORD_LIMIT,
            Version::OneFive(_) => LEGACY_PASSWORD_LIMIT,
        };
        let key = self.key.as_ref().map_or(0, |key| key.len());
        let too_long = |what: &str, limit: usize| {
            Err(Error::Unsupported(format!(
                "{what} is longer than the {limit} bytes that IPMI has for it"
            )))
        };
        if self.name.len() > NAME_LIMIT {
            too_long("the login", NAME_LIMIT)
        } else if self.password.expose().len() > limit {
            too_long("the password", limit)
        } else if key > PASSWORD_LIMIT {
            too_long("the key K_G", PASSWORD_LIMIT)
        } else {
            Ok(())
        }
    }
}

/// The client. Cloning shares its sockets, which are closed when the last clone and the last session
/// are gone.
#[derive(Clone, Default)]
pub struct Client {
    ports: Arc<port::Ports>,
}

impl Client {
    /// A client without any socket yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Logs in; to be called inside a Tokio runtime, always the same one.
    ///
    /// # Errors
    /// [`Error::Refused`] at the first sign that the login is not right: nothing is sent again then.
    /// [`Error::Unsupported`] when the BMC does not have what `access` asks for; nothing weaker is
    /// tried in its place.
    pub async fn connect(&self, access: &Access) -> Result<Session, Error> {
        access.check()?;
        let offer = outside::capabilities(self, access).await?;
        match access.version {
            Version::Two(choice) => match plus::open(self, access, choice).await {
                Err(Error::TimedOut { .. }) if offer.is_some_and(|offer| !offer.has_plus()) => Err(
                    Error::Unsupported("the BMC does not speak IPMI 2.0 (RMCP+)".into()),
                ),
                outcome => outcome,
            },
            Version::OneFive(proof) => legacy::open(self, access, proof, offer).await,
        }
    }

    fn route(&self, peer: SocketAddr) -> Result<port::Route, Error> {
        port::Route::new(&self.ports, peer)
    }
}

/// A little more or less than `wait`, so that many requests that were lost at once do not come again
/// at once.
fn jittered(wait: Duration) -> Duration {
    wait.mul_f64(rand::rng().random_range(0.8..=1.2))
}

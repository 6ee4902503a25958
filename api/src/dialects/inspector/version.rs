//! Microversions: what a client asks for, and what is offered.
//!
//! What each version changed (API reference of OpenStack Ironic Inspector): 1.6 rules are created
//! with 201; 1.7 uuid and times in the status; 1.10 state in the status; 1.11 invert and multiple
//! in rules; 1.16 scope in rules; 1.17 unprocessed data; 1.18 lists by state. As in the real
//! server, every endpoint answers at every version: its own command line asks for 1.0.

use std::fmt;

use rocket::Request;
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};

use crate::context::reject;
use crate::fault::Failure;

/// The version that is asked for, and the one that answers.
pub(crate) const HEADER: &str = "X-OpenStack-Ironic-Inspector-API-Version";
/// The least version that is offered.
pub(crate) const MINIMUM_HEADER: &str = "X-OpenStack-Ironic-Inspector-API-Minimum-Version";
/// The greatest version that is offered.
pub(crate) const MAXIMUM_HEADER: &str = "X-OpenStack-Ironic-Inspector-API-Maximum-Version";

/// A microversion: major and minor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32);

/// The least version.
pub(crate) const MINIMUM: Version = Version(1, 0);
/// The greatest version, which answers who asks for none.
pub(crate) const CURRENT: Version = Version(1, 18);

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.0, self.1)
    }
}

impl Version {
    /// The version that answers a request.
    ///
    /// # Errors
    /// 400 for a malformed version, 406 for one that is not offered.
    pub(crate) fn requested(request: &Request<'_>) -> Result<Self, Failure> {
        let Some(text) = request.headers().get_one(HEADER) else {
            return Ok(CURRENT);
        };
        let version = Self::parse(text.trim()).ok_or_else(|| {
            Failure::http(
                Status::BadRequest,
                "Malformed API version: expected string in form of X.Y or latest",
            )
        })?;
        if (MINIMUM..=CURRENT).contains(&version) {
            return Ok(version);
        }
        Err(Failure::http(
            Status::NotAcceptable,
            format!("Unsupported API version {version}, supported range is {MINIMUM} to {CURRENT}"),
        ))
    }

    fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.eq_ignore_ascii_case("latest") {
            return Some(CURRENT);
        }
        let (major, minor) = text.split_once('.')?;
        let number = |digits: &str| {
            let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
            plain.then(|| digits.parse().ok()).flatten()
        };
        Some(Self(number(major)?, number(minor)?))
    }
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Version {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match Self::requested(request) {
            Ok(version) => Outcome::Success(version),
            Err(failure) => reject(request, failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CURRENT, Version};

    #[test]
    fn versions_are_two_numbers_or_latest() {
        assert_eq!(Version::parse("1.7"), Some(Version(1, 7)));
        assert_eq!(Version::parse("2.0"), Some(Version(2, 0)));
        assert_eq!(Version::parse("LATEST"), Some(CURRENT));
        for text in [
            "1",
            "1.",
            ".1",
            "1.2.3",
            "1.+2",
            "one",
            "1,2",
            "1.99999999999",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number_not_by_text() {
        assert!(Version(1, 9) < Version(1, 10));
    }
}

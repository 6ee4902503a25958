//! What went wrong with one HTTP request, and what a driver's caller hears of it.

use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use nv_redfish::bmc_http::{CacheableError, RejectedUriReferenceError, RequestError};
use nv_redfish::core::{ActionError, BmcError, BmcErrorClass, DecodeError, RepairError};
use serde_json::Value;

use crate::peer::Peer;

/// What went wrong with one HTTP request.
#[derive(Debug, thiserror::Error)]
pub(super) enum HttpFault {
    /// No connection was made, so nothing was sent.
    #[error("{0}")]
    Connect(String),
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The connection broke before the answer was whole.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The answer's status is an error, or its body says so.
    #[error("HTTP status {status}")]
    Status {
        /// The HTTP status.
        status: u16,
        /// The body as text.
        body: String,
    },
    /// The answer does not fit the schema.
    #[error("{}: {}", .0.path(), .0.inner())]
    Decode(DecodeError),
    /// The answer is none, e.g. not JSON or without end.
    #[error("{0}")]
    Malformed(String),
    /// The request was never sent.
    #[error("{0}")]
    Request(String),
    /// The BMC does not offer the action.
    #[error("the BMC does not offer this action")]
    NoAction,
}

/// How the requests of a session prove who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proof {
    /// The login itself, which the BMC has not accepted yet; or none.
    Login,
    /// The login itself goes with each request, and the BMC has accepted it.
    AcceptedLogin,
    /// The token of a session that the BMC has accepted.
    Token,
}

impl HttpFault {
    /// The driver's error. A refused token is no refused login: sessions expire.
    pub(super) fn into_driver(self, peer: &Peer, proof: Proof) -> DriverError {
        match self {
            Self::Connect(cause) => peer.unreachable(cause),
            Self::Timeout(_) => peer.timed_out(self.to_string()),
            Self::Broken(_) => peer.failed(self.to_string()),
            Self::Status { status, body } => of_status(status, &body, peer, proof),
            Self::Decode(_) | Self::Malformed(_) => peer.malformed(self.to_string()),
            Self::Request(cause) => peer.malformed(cause),
            Self::NoAction => peer.unsupported(self.to_string()),
        }
    }

    /// The error of a power command, by whether the BMC can have acted on it.
    pub(super) fn into_send(self, peer: &Peer, proof: Proof) -> SendError {
        let certainly_not = match self {
            Self::Connect(_) | Self::Request(_) | Self::NoAction => true,
            Self::Status { status, .. } => self.is_refusal() || status == 501,
            _ => false,
        };
        let error = self.into_driver(peer, proof);
        if certainly_not {
            SendError::NotSent(error)
        } else {
            SendError::Unknown(error)
        }
    }

    /// Whether the BMC has answered, though not as it should.
    pub(super) fn is_answer(&self) -> bool {
        !matches!(self, Self::Connect(_) | Self::Timeout(_) | Self::Broken(_))
    }

    /// Whether the BMC said no to what was asked (4xx), rather than failing at it.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self, Self::Status { status, .. } if (400..500).contains(status) && *status != 408)
    }

    /// Whether the BMC wanted to know who asks.
    pub(super) fn is_unauthorized(&self) -> bool {
        matches!(self, Self::Status { status: 401, .. })
    }

    /// Whether the answer has this status.
    pub(super) fn has_status(&self, wanted: u16) -> bool {
        matches!(self, Self::Status { status, .. } if *status == wanted)
    }

    /// Whether the resource is not there, or not for this account: nothing is wrong with the BMC.
    pub(super) fn is_missing(&self) -> bool {
        [403, 404, 405, 410, 501]
            .into_iter()
            .any(|status| self.has_status(status))
    }

    /// Whether it concerns one resource only, so that others may be read all the same; not a BMC that
    /// is away, busy, or has ended the session.
    pub(super) fn is_of_one_resource(&self) -> bool {
        match self {
            Self::Decode(_) | Self::Malformed(_) | Self::Request(_) => true,
            Self::Status { status, .. } => !matches!(status, 401 | 408 | 429 | 503),
            Self::Connect(_) | Self::Timeout(_) | Self::Broken(_) | Self::NoAction => false,
        }
    }

    /// Whether the body's messages have this key, e.g. `SessionLimitExceeded`.
    pub(super) fn names(&self, key: &str) -> bool {
        match self {
            Self::Status { body, .. } => message_ids(body).iter().any(|id| {
                id.rsplit_once('.')
                    .map_or(id.as_str(), |(_, last)| last)
                    .eq_ignore_ascii_case(key)
            }),
            _ => false,
        }
    }
}

fn of_status(status: u16, body: &str, peer: &Peer, proof: Proof) -> DriverError {
    match (status, proof) {
        (401 | 403, Proof::Login) | (401, Proof::AcceptedLogin) => {
            peer.refused(format!("HTTP status {status}"))
        }
        (401, Proof::Token) => peer.failed("the BMC has ended the session"),
        (403, Proof::Token | Proof::AcceptedLogin) => peer.unsupported(format!(
            "the account may not do this (HTTP status 403){}",
            messages(body)
        )),
        (300..=399, _) => peer.malformed(format!("it redirects elsewhere (HTTP status {status})")),
        (404 | 405 | 501, _) => peer.unsupported(format!("HTTP status {status}{}", messages(body))),
        _ => peer.failed(format!("HTTP status {status}{}", messages(body))),
    }
}

/// The messages of a Redfish error body (DSP0266, 8.6), `: ` before them; empty if there are none.
fn messages(body: &str) -> String {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return String::new();
    };
    let texts: Vec<&str> = extended(&value)
        .filter_map(|message| message.get("Message")?.as_str())
        .chain(value.pointer("/error/message").and_then(Value::as_str))
        .take(3)
        .collect();
    if texts.is_empty() {
        String::new()
    } else {
        format!(": {}", texts.join(" "))
    }
}

fn message_ids(body: &str) -> Vec<String> {
    let Ok(value) = serde_json::from_str::<Value>(body) else {
        return Vec::new();
    };
    extended(&value)
        .filter_map(|message| message.get("MessageId")?.as_str())
        .chain(value.pointer("/error/code").and_then(Value::as_str))
        .map(str::to_owned)
        .collect()
}

fn extended(body: &Value) -> impl Iterator<Item = &Value> {
    [
        body.pointer("/error/@Message.ExtendedInfo"),
        body.get("@Message.ExtendedInfo"),
    ]
    .into_iter()
    .flatten()
    .filter_map(Value::as_array)
    .flatten()
}

/// A read's fault: the transport's, or a document that does not fit after all repairs.
pub(super) fn of_read(error: RepairError<HttpFault>) -> HttpFault {
    match error {
        RepairError::Transport(fault) => fault,
        RepairError::Decode(error) => HttpFault::Decode(error),
    }
}

impl From<DecodeError> for HttpFault {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl BmcError for HttpFault {
    fn error_class(&self) -> BmcErrorClass {
        match self {
            Self::Status { status, .. } => BmcErrorClass::HttpResponse { status: *status },
            Self::Decode(_) | Self::Malformed(_) => BmcErrorClass::ResponseParse,
            Self::Connect(_) | Self::Timeout(_) | Self::Broken(_) => BmcErrorClass::Transport,
            Self::Request(_) | Self::NoAction => BmcErrorClass::Other,
        }
    }

    fn response_body(&self) -> Option<&str> {
        match self {
            Self::Status { body, .. } => Some(body),
            _ => None,
        }
    }

    fn into_decode_error(self) -> Result<DecodeError, Self> {
        match self {
            Self::Decode(error) => Ok(error),
            other => Err(other),
        }
    }
}

impl CacheableError for HttpFault {
    fn is_cached(&self) -> bool {
        false
    }

    fn cache_miss() -> Self {
        Self::Malformed("the BMC says that nothing has changed since never".into())
    }

    fn cache_error(reason: String) -> Self {
        Self::Malformed(reason)
    }
}

impl RequestError for HttpFault {
    fn rejected_uri_reference(error: RejectedUriReferenceError) -> Self {
        Self::Request(error.reason)
    }
}

impl ActionError for HttpFault {
    fn not_supported() -> Self {
        Self::NoAction
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_login_can_be_refused() {
        let peer = Peer::unknown();
        let refused = |status, proof| {
            let fault = HttpFault::Status {
                status,
                body: String::new(),
            };
            matches!(fault.into_driver(&peer, proof), DriverError::Refused { .. })
        };
        assert!(refused(401, Proof::Login) && refused(403, Proof::Login));
        assert!(refused(401, Proof::AcceptedLogin) && !refused(403, Proof::AcceptedLogin));
        assert!(!refused(401, Proof::Token) && !refused(403, Proof::Token));
    }

    #[test]
    fn the_bmcs_messages_are_read() {
        let body =
            json!({"error": {"code": "Base.1.8.GeneralError", "message": "See ExtendedInfo.",
            "@Message.ExtendedInfo": [{"MessageId": "Base.1.8.SessionLimitExceeded",
                "Message": "The session establishment failed."}]}})
            .to_string();
        assert_eq!(
            messages(&body),
            ": The session establishment failed. See ExtendedInfo."
        );
        let fault = HttpFault::Status { status: 503, body };
        assert!(fault.names("SessionLimitExceeded") && !fault.names("Exceeded"));
    }

    proptest! {
        #[test]
        fn no_body_makes_reading_panic(body in ".{0,200}") {
            prop_assert!(messages(&body).is_empty() || messages(&body).starts_with(": "));
            prop_assert!(message_ids(&body).len() < 200);
        }
    }
}

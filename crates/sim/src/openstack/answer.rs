//! Answers and refusals of the services, each in the shape of the service that gives it.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SERVER};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::request::Service;

/// What every answer says of its giver.
const SAYS_OF_ITSELF: &str = "Assay-OpenStack-simulator";

/// An answer before it is put into HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
}

/// What a handler gives.
pub(super) type Handled = Result<Answer, Refusal>;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    /// 400.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 401, in the words of Keystone.
    pub(super) fn unauthorized() -> Self {
        let message = "The request you have made requires authentication.";
        Self::new(StatusCode::UNAUTHORIZED, message)
    }

    /// 403.
    pub(super) fn forbidden(message: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404.
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 404 for a path that nothing listens on.
    pub(super) fn no_resource() -> Self {
        Self::not_found("The resource could not be found.")
    }

    /// 406.
    pub(super) fn not_acceptable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_ACCEPTABLE, message)
    }

    /// 409.
    pub(super) fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 413.
    pub(super) fn too_large() -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "The body is too large.")
    }

    /// Any other status, of a simulated fault.
    pub(super) fn simulated(status: u16) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self::new(status, "A simulated fault.")
    }

    /// In the shape of the errors of `service`.
    pub(super) fn answer(self, service: Service) -> Answer {
        let (code, message) = (self.status.as_u16(), self.message);
        let title = self.status.canonical_reason().unwrap_or("Error");
        let body = match service {
            Service::Compute | Service::Volume if code != 401 => {
                json!({ word(code): {"code": code, "message": message} })
            }
            Service::Placement if code != 401 => json!({"errors": [{
                "status": code, "title": title, "detail": message,
            }]}),
            _ => json!({"error": {"code": code, "message": message, "title": title}}),
        };
        let mut answer = Answer::ok(body);
        answer.status = self.status;
        answer
    }
}

/// The member that holds an error of Nova and Cinder.
fn word(code: u16) -> &'static str {
    match code {
        400 => "badRequest",
        403 => "forbidden",
        404 => "itemNotFound",
        409 => "conflictingRequest",
        413 => "overLimit",
        503 => "serviceUnavailable",
        _ => "computeFault",
    }
}

impl Answer {
    /// 200 with a document.
    pub(super) fn ok(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    /// A document with another status.
    pub(super) fn with_status(status: StatusCode, body: Value) -> Self {
        Self {
            status,
            ..Self::ok(body)
        }
    }

    /// A status alone.
    pub(super) fn empty(status: StatusCode) -> Self {
        Self {
            status,
            body: None,
            headers: Vec::new(),
        }
    }

    /// 202: taken, and done later.
    pub(super) fn accepted() -> Self {
        Self::empty(StatusCode::ACCEPTED)
    }

    /// Adds a header; one whose value cannot be a header is left out.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers
            .push((HeaderName::from_static(name), value.into()));
        self
    }

    /// Says when to come again, in seconds.
    pub(super) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        let header = seconds.map(|seconds| (RETRY_AFTER, seconds.to_string()));
        self.headers.extend(header);
        self
    }

    /// Puts it into HTTP; without a body for HEAD.
    pub(super) fn into_response(self, is_head: bool) -> Response<Full<Bytes>> {
        let has_body = self.body.is_some();
        let text = self.body.filter(|_| !is_head);
        let text = text.map(|body| body.to_string()).unwrap_or_default();
        let mut response = Response::new(Full::new(Bytes::from(text)));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static(SAYS_OF_ITSELF));
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.append(name, value);
            }
        }
        response
    }
}

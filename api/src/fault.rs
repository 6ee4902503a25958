//! Failures of requests, and the one place that turns them into HTTP in the dialect's words.

use std::io::Cursor;

use assay_app::App;
use assay_domain::{Dialect, DriverError, Error};
use rocket::http::{ContentType, Header, Status};
use rocket::response::{self, Responder};
use rocket::{Request, Response};

use crate::context::{Context, REQUEST_ID};
use crate::link;

/// Refuses a request by its headers, or lets it pass.
pub(crate) type Admit = fn(&Request<'_>) -> Result<(), Failure>;

/// How one dialect answers: its error codes, its error body, its headers.
pub(crate) struct Shape {
    /// Which dialect this is.
    pub(crate) dialect: Dialect,
    /// The status of each error of the domain.
    pub(crate) status: fn(&Error) -> Status,
    /// The JSON text of an error.
    pub(crate) body: fn(Status, &str) -> String,
    /// Refuses a request before routing, by its headers.
    pub(crate) admit: Option<Admit>,
    /// Adds the headers that every reply of the dialect carries.
    pub(crate) decorate: fn(&Request<'_>, &mut Response<'_>),
}

/// Why a request fails.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// A use case, or a guard in its stead, said no.
    UseCase(Error),
    /// Something that only HTTP knows: a wrong path, method or header.
    Http {
        /// The status to answer.
        status: Status,
        /// The text for the caller.
        message: String,
        /// For 405: the methods that the path knows.
        allow: Option<String>,
    },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::UseCase(error)
    }
}

impl Failure {
    /// A failure of HTTP itself.
    pub(crate) fn http(status: Status, message: impl Into<String>) -> Self {
        Self::Http {
            status,
            message: message.into(),
            allow: None,
        }
    }

    /// The status that a dialect gives to it.
    pub(crate) fn status(&self, shape: &Shape) -> Status {
        match self {
            Self::UseCase(error) => (shape.status)(error),
            Self::Http { status, .. } => *status,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::UseCase(error) => error.to_string(),
            Self::Http { message, .. } => message.clone(),
        }
    }

    fn retry_after(&self) -> Option<u64> {
        match self {
            Self::UseCase(
                Error::RateLimited { retry_after } | Error::Unavailable { retry_after, .. },
            ) => Some(*retry_after),
            _ => None,
        }
    }

    /// The whole answer in the dialect of the request.
    pub(crate) fn answer(&self, request: &Request<'_>) -> Response<'static> {
        let context = Context::of(request);
        let status = self.status(context.shape);
        self.log(&context.id, status);
        let body = (context.shape.body)(status, &self.message());
        let mut response = Response::build()
            .status(status)
            .header(ContentType::JSON)
            .raw_header(REQUEST_ID, context.id.clone())
            .sized_body(body.len(), Cursor::new(body))
            .finalize();
        if let Some(seconds) = self.retry_after() {
            response.set_raw_header("Retry-After", seconds.to_string());
        }
        if let Self::Http {
            allow: Some(allow), ..
        } = self
        {
            response.set_raw_header("Allow", allow.clone());
        }
        if status == Status::Unauthorized {
            response.set_header(challenge(request));
        }
        (context.shape.decorate)(request, &mut response);
        response
    }

    fn log(&self, id: &str, status: Status) {
        match self {
            Self::UseCase(Error::Internal { detail }) => {
                tracing::error!(request_id = id, detail, "request failed");
            }
            Self::UseCase(Error::Device(cause)) => {
                tracing::warn!(request_id = id, %cause, "device failed a request");
            }
            _ => {
                tracing::debug!(
                    request_id = id,
                    status = status.code,
                    reason = self.message(),
                    "request refused"
                );
            }
        }
    }
}

/// Where the caller gets a token: the external Keystone if there is one, else Assay's own.
fn login_url(request: &Request<'_>) -> String {
    let settings = request.rocket().state::<App>().map(App::settings);
    match settings.and_then(|settings| settings.keystone.as_ref()) {
        Some(keystone) => keystone.login_url().to_owned(),
        None => format!("{}/v3", link::base(request)),
    }
}

/// Names HTTP Basic only to callers who tried it, so that no browser asks on its own.
fn challenge(request: &Request<'_>) -> Header<'static> {
    let tried_basic = request
        .headers()
        .get_one("Authorization")
        .is_some_and(|value| value.starts_with("Basic"));
    let scheme = if tried_basic {
        "Basic realm=\"Assay\", charset=\"UTF-8\"".to_owned()
    } else {
        format!("Keystone uri=\"{}\"", login_url(request))
    };
    Header::new("WWW-Authenticate", scheme)
}

impl<'r> Responder<'r, 'static> for Failure {
    fn respond_to(self, request: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.answer(request))
    }
}

/// The status of an error as HTTP has it; a dialect names only those that it gives another one.
pub(crate) fn usual_status(error: &Error) -> Status {
    match error {
        Error::Invalid(_) => Status::BadRequest,
        Error::NotFound { .. } | Error::LookupFailed(_) => Status::NotFound,
        Error::Conflict(_) | Error::Locked(_) => Status::Conflict,
        Error::Unauthenticated(_) => Status::Unauthorized,
        Error::Forbidden(_) => Status::Forbidden,
        Error::Unsupported(_) => Status::UnprocessableEntity,
        Error::TooLarge(_) => Status::PayloadTooLarge,
        Error::RateLimited { .. } => Status::TooManyRequests,
        Error::Unavailable { .. } => Status::ServiceUnavailable,
        Error::Device(cause) => device_status(cause),
        Error::Internal { .. } => Status::InternalServerError,
    }
}

/// The status for a failure of a BMC, PDU or other device.
fn device_status(error: &DriverError) -> Status {
    match error {
        DriverError::Unreachable { .. }
        | DriverError::Refused { .. }
        | DriverError::Untrusted { .. }
        | DriverError::Malformed { .. }
        | DriverError::Failed { .. } => Status::BadGateway,
        DriverError::TimedOut { .. } => Status::GatewayTimeout,
        DriverError::NotAsked { .. } => Status::ServiceUnavailable,
        DriverError::Unsupported { .. } => Status::NotImplemented,
    }
}

/// The reason phrase of a status, as titles of errors show it.
pub(crate) fn title(status: Status) -> &'static str {
    status.reason().unwrap_or("Error")
}

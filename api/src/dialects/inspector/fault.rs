//! The inspector's errors: `{"error": {"message": …}}` and three version headers on every reply.

use assay_domain::{Dialect, Error};
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Failure, Shape, usual_status};

use super::version::{self, Version};

/// How the inspector answers.
pub(crate) static SHAPE: Shape = Shape {
    dialect: Dialect::Inspector,
    status,
    body,
    admit: Some(admit),
    decorate,
};

/// The body of every error.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    /// What went wrong.
    error: ErrorText<'a>,
}

/// An error in words.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorText<'a> {
    /// The full message.
    #[schema(example = "Node 5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b was not found")]
    message: &'a str,
}

fn status(error: &Error) -> Status {
    match error {
        Error::Unsupported(_) => Status::BadRequest,
        other => usual_status(other),
    }
}

fn body(_: Status, message: &str) -> String {
    let body = ErrorBody {
        error: ErrorText { message },
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn admit(request: &Request<'_>) -> Result<(), Failure> {
    Version::requested(request).map(|_| ())
}

fn decorate(request: &Request<'_>, response: &mut Response<'_>) {
    let version = Version::requested(request).unwrap_or(version::CURRENT);
    response.set_raw_header(version::MINIMUM_HEADER, version::MINIMUM.to_string());
    response.set_raw_header(version::MAXIMUM_HEADER, version::CURRENT.to_string());
    response.set_raw_header(version::HEADER, version.to_string());
}

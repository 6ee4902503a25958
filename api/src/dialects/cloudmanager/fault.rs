//! CloudManager's errors: `{"error": {"code": …, "title": …, "message": …}}`.
//!
//! Its document refers to another page for them; this shape is a reading, the one of OpenStack's
//! services that it stands beside.

use assay_domain::{Dialect, DriverError, Error};
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Shape, title, usual_status};

/// How CloudManager answers.
pub(crate) static SHAPE: Shape = Shape {
    dialect: Dialect::CloudManager,
    status,
    body,
    admit: None,
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
    /// The HTTP status.
    #[schema(example = 404)]
    code: u16,
    /// What went wrong.
    #[schema(example = "Node 7 was not found")]
    message: &'a str,
    /// The HTTP status in words.
    #[schema(example = "Not Found")]
    title: &'static str,
}

fn status(error: &Error) -> Status {
    match error {
        Error::Device(DriverError::Unsupported { .. }) => Status::UnprocessableEntity,
        other => usual_status(other),
    }
}

fn body(status: Status, message: &str) -> String {
    let body = ErrorBody {
        error: ErrorText {
            code: status.code,
            message,
            title: title(status),
        },
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn decorate(_: &Request<'_>, _: &mut Response<'_>) {}

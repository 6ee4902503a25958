//! Assay's own errors: `{"error": {"message": …}}`.

use assay_domain::{Dialect, Error};
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Shape, device_status};

/// How Assay's own API answers.
pub(crate) static SHAPE: Shape = Shape {
    dialect: Dialect::Assay,
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
    /// The full message.
    #[schema(example = "Task 3519adaf-7669-499e-88eb-8f05f64514e2 was not found")]
    message: &'a str,
}

fn status(error: &Error) -> Status {
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

fn body(_: Status, message: &str) -> String {
    let body = ErrorBody {
        error: ErrorText { message },
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn decorate(_: &Request<'_>, _: &mut Response<'_>) {}

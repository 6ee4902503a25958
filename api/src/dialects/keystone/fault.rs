//! Keystone's errors: `{"error": {"code": …, "title": …, "message": …}}`.

use assay_domain::{Dialect, Error};
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Shape, title, usual_status};

/// How Keystone answers.
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
    /// The HTTP status.
    #[schema(example = 401)]
    code: u16,
    /// What went wrong.
    #[schema(example = "The request you have made requires authentication.")]
    message: &'a str,
    /// The HTTP status in words.
    #[schema(example = "Unauthorized")]
    title: &'static str,
}

fn status(error: &Error) -> Status {
    match error {
        Error::Unsupported(_) => Status::BadRequest,
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

fn decorate(_: &Request<'_>, response: &mut Response<'_>) {
    response.set_raw_header("Vary", "X-Auth-Token");
}

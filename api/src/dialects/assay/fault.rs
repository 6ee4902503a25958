//! Assay's own errors: `{"error": {"message": …}}`.

use assay_domain::Dialect;
use rocket::http::Status;
use rocket::{Request, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::fault::{Shape, usual_status};

/// How Assay's own API answers.
pub(crate) static SHAPE: Shape = Shape {
    dialect: Dialect::Assay,
    status: usual_status,
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

fn body(_: Status, message: &str) -> String {
    let body = ErrorBody {
        error: ErrorText { message },
    };
    serde_json::to_string(&body).unwrap_or_default()
}

fn decorate(_: &Request<'_>, _: &mut Response<'_>) {}

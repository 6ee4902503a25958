//! Answers that several dialects give.

use rocket::http::{ContentType, Status};
use rocket::response::{self, Responder};
use rocket::serde::json::Json;
use rocket::{Request, Response};
use serde::Serialize;
use std::io::Cursor;

use crate::fault::Failure;

/// What a handler gives: the answer, or the failure in its dialect's shape.
pub(crate) type Reply<T> = Result<T, Failure>;

/// A JSON answer with 200.
pub(crate) type Answer<T> = Reply<Json<T>>;

/// A JSON answer with another status.
pub(crate) fn with_status<T: Serialize>(status: Status, body: T) -> (Status, Json<T>) {
    (status, Json(body))
}

/// JSON text that is stored as text and sent as it is.
pub(crate) struct StoredJson(pub(crate) Vec<u8>);

impl<'r> Responder<'r, 'static> for StoredJson {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build()
            .header(ContentType::JSON)
            .sized_body(self.0.len(), Cursor::new(self.0))
            .ok()
    }
}

/// The answer to what needs none: 204 without a body.
pub(crate) struct Nothing;

impl<'r> Responder<'r, 'static> for Nothing {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Response::build().status(Status::NoContent).ok()
    }
}

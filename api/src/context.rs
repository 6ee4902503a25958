//! What is known of a request before any route sees it: its id, its dialect, why it was refused.

use std::sync::OnceLock;
use std::time::Instant;

use rocket::Request;
use rocket::outcome::Outcome;
use rocket::request;
use uuid::Uuid;

use crate::dialects;
use crate::fault::{Failure, Shape};

/// The header that carries a request's id, both ways.
pub(crate) const REQUEST_ID: &str = "X-Request-Id";
const LONGEST_ID: usize = 64;

/// Facts about one request, kept in Rocket's per-request cache.
pub(crate) struct Context {
    /// The request's id: the caller's own when it is sane, else a new UUID.
    pub(crate) id: String,
    /// How its dialect answers.
    pub(crate) shape: &'static Shape,
    /// When it arrived.
    pub(crate) started: Instant,
    failure: OnceLock<Failure>,
}

impl Context {
    /// The context of a request; made at the first call.
    pub(crate) fn of<'r>(request: &'r Request<'_>) -> &'r Self {
        request.local_cache(|| Self::new(request))
    }

    fn new(request: &Request<'_>) -> Self {
        Self {
            id: request
                .headers()
                .get_one(REQUEST_ID)
                .filter(|id| is_sane(id))
                .map_or_else(|| Uuid::new_v4().to_string(), str::to_owned),
            shape: dialects::shape_of(request.uri().path().as_str()),
            started: Instant::now(),
            failure: OnceLock::new(),
        }
    }

    /// Remembers why the request fails, for the catcher to tell; the first reason stays.
    pub(crate) fn fail(&self, failure: Failure) {
        self.failure.get_or_init(|| failure);
    }

    /// Why the request fails, if a guard has said so.
    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.get()
    }
}

/// Ends a guard with a reason that the dialect's catcher will tell.
pub(crate) fn reject<T>(
    request: &Request<'_>,
    failure: impl Into<Failure>,
) -> request::Outcome<T, ()> {
    let context = Context::of(request);
    let failure = failure.into();
    let status = failure.status(context.shape);
    context.fail(failure);
    Outcome::Error((status, ()))
}

fn is_sane(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

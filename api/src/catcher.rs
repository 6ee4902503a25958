//! The last resort of every request: unknown paths, wrong methods, and what guards refused.

use rocket::http::{Method, Status};
use rocket::response::{self, Responder};
use rocket::{Catcher, Request, Response, Route};

use crate::context::Context;
use crate::fault::{Failure, title};

/// An answer that is whole already.
struct Answered(Response<'static>);

impl<'r> Responder<'r, 'static> for Answered {
    fn respond_to(self, _: &'r Request<'_>) -> response::Result<'static> {
        Ok(self.0)
    }
}

/// The catcher of all statuses under all paths; the dialect of the path decides the shape.
#[rocket::catch(default)]
fn refuse(status: Status, request: &Request<'_>) -> Answered {
    Answered(answer(status, request))
}

fn answer(status: Status, request: &Request<'_>) -> Response<'static> {
    if let Some(failure) = Context::of(request).failure() {
        return failure.answer(request);
    }
    // Rocket says 422 of a segment that is no key; it names nothing that exists.
    let is_lost = [Status::NotFound, Status::UnprocessableEntity].contains(&status);
    match allowed(request) {
        Some(methods) if is_lost => other_method(request, methods),
        None if is_lost => Failure::http(
            Status::NotFound,
            format!("{} was not found", request.uri().path()),
        )
        .answer(request),
        _ => Failure::http(status, words(status)).answer(request),
    }
}

/// What can be said of a status that no guard has given a reason for.
fn words(status: Status) -> &'static str {
    match status {
        Status::BadRequest => "the request is malformed, or its method is unknown",
        other => title(other),
    }
}

/// All catchers.
pub(crate) fn catchers() -> Vec<Catcher> {
    rocket::catchers![refuse]
}

fn other_method(request: &Request<'_>, allow: String) -> Response<'static> {
    if request.method() == Method::Options {
        return Response::build()
            .status(Status::NoContent)
            .raw_header("Allow", allow)
            .finalize();
    }
    Failure::Http {
        status: Status::MethodNotAllowed,
        message: format!(
            "{} is not allowed on {}; allowed: {allow}",
            request.method(),
            request.uri().path()
        ),
        allow: Some(allow),
    }
    .answer(request)
}

/// The methods of the path's routes; none when the request's own method is among them (the path
/// then names a thing that does not exist) or when there is no such path at all.
fn allowed(request: &Request<'_>) -> Option<String> {
    let mut methods: Vec<Method> = request
        .rocket()
        .routes()
        .filter(|route| fits(route, request))
        .map(|route| route.method)
        .collect();
    if methods.contains(&Method::Get) {
        methods.push(Method::Head);
    }
    if methods.is_empty() || methods.contains(&request.method()) {
        return None;
    }
    methods.push(Method::Options);
    methods.dedup();
    let names: Vec<&str> = methods.into_iter().map(Method::as_str).collect();
    Some(names.join(", "))
}

fn fits(route: &Route, request: &Request<'_>) -> bool {
    let path = route.uri.path();
    let mut wanted = path.split('/').filter(|segment| !segment.is_empty());
    let mut given = request
        .uri()
        .path()
        .raw_segments()
        .filter(|segment| !segment.is_empty());
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(pattern), _) if pattern.ends_with("..>") => return true,
            (Some(pattern), Some(_)) if pattern.starts_with('<') => {}
            (Some(pattern), Some(segment)) if segment == pattern => {}
            _ => return false,
        }
    }
}

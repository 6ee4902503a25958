//! Runs a route's handler inside a span that carries the request's id.

use rocket::route::{Handler, Outcome};
use rocket::{Data, Request, Route};
use tracing::Instrument;

use crate::context::Context;

#[derive(Clone)]
struct Traced(Box<dyn Handler>);

#[rocket::async_trait]
impl Handler for Traced {
    async fn handle<'r>(&self, request: &'r Request<'_>, data: Data<'r>) -> Outcome<'r> {
        let context = Context::of(request);
        let span = tracing::info_span!(
            "request",
            id = context.id,
            dialect = context.shape.dialect.as_str()
        );
        self.0.handle(request, data).instrument(span).await
    }
}

/// The same routes, traced.
pub(crate) fn traced(routes: Vec<Route>) -> Vec<Route> {
    routes
        .into_iter()
        .map(|mut route| {
            route.handler = Box::new(Traced(route.handler));
            route
        })
        .collect()
}

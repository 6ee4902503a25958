//! What happens to every request and every reply: size of headers, request id, metrics.

use assay_app::App;
use rocket::fairing::{Fairing, Info, Kind};
use rocket::http::Status;
use rocket::http::uri::Origin;
use rocket::{Data, Request, Response};

use crate::context::{Context, REQUEST_ID};
use crate::fault::Failure;

/// A path that no route has: a fairing cannot answer, so it sends the refused there, and the
/// catcher tells the reason.
const NOWHERE: &str = "/-";
/// Rocket sends bodies in chunks of 4 kB; long lists go out faster in longer ones.
const LONG_BODY: usize = 16 << 10;
const LONG_CHUNK: usize = 64 << 10;

/// The fairing in front of all routes.
pub(crate) struct Front {
    app: App,
}

impl Front {
    /// Over the settings of the application.
    pub(crate) fn new(app: App) -> Self {
        Self { app }
    }

    fn admit(&self, request: &Request<'_>) -> Result<(), Failure> {
        let limit = self.app.settings().max_header_bytes;
        if header_bytes(request) > limit {
            return Err(Failure::http(
                Status::RequestHeaderFieldsTooLarge,
                format!("the request's headers are larger than {limit} bytes"),
            ));
        }
        match Context::of(request).shape.admit {
            Some(admit) => admit(request),
            None => Ok(()),
        }
    }
}

#[rocket::async_trait]
impl Fairing for Front {
    fn info(&self) -> Info {
        Info {
            name: "front",
            kind: Kind::Request | Kind::Response,
        }
    }

    async fn on_request(&self, request: &mut Request<'_>, _: &mut Data<'_>) {
        if let Err(failure) = self.admit(request) {
            Context::of(request).fail(failure);
            if let Ok(nowhere) = Origin::parse(NOWHERE) {
                request.set_uri(nowhere);
            }
        }
    }

    async fn on_response<'r>(&self, request: &'r Request<'_>, response: &mut Response<'r>) {
        let context = Context::of(request);
        response.set_raw_header(REQUEST_ID, context.id.clone());
        (context.shape.decorate)(request, response);
        if response
            .body()
            .preset_size()
            .is_some_and(|size| size > LONG_BODY)
        {
            response.set_max_chunk_size(LONG_CHUNK);
        }
        let elapsed = context.started.elapsed();
        let dialect = context.shape.dialect.as_str();
        metrics::histogram!("assay_http_request_seconds", "dialect" => dialect)
            .record(elapsed.as_secs_f64());
        metrics::counter!("assay_http_requests_total", "dialect" => dialect, "class" => class(response.status()))
            .increment(1);
        tracing::debug!(
            request_id = context.id,
            method = %request.method(),
            path = %request.uri().path(),
            status = response.status().code,
            elapsed_us = elapsed.as_micros(),
            "request"
        );
    }
}

fn header_bytes(request: &Request<'_>) -> usize {
    const SEPARATORS: usize = ": \r\n".len();
    request
        .headers()
        .iter()
        .map(|header| header.name.as_str().len() + header.value.len() + SEPARATORS)
        .sum()
}

fn class(status: Status) -> &'static str {
    match status.code {
        0..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    }
}

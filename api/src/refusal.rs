//! Evidence of requests of machines that were refused before a use case saw them.

use std::net::IpAddr;

use assay_app::App;
use assay_domain::{Cause, Error};
use rocket::Request;

use crate::fault::Failure;

/// Notes why a report was not taken in.
fn note(app: &App, nonce: Option<&str>, source: Option<&str>, failure: &Failure) {
    let (cause, text) = match failure {
        Failure::UseCase(error @ Error::TooLarge(_)) => (Cause::ReportTooLarge, error.to_string()),
        Failure::UseCase(error @ Error::Unavailable { .. }) => {
            (Cause::IntakeFull, error.to_string())
        }
        Failure::UseCase(error @ Error::Invalid(_)) => (Cause::ReportCut, error.to_string()),
        Failure::Http { message, .. } => (Cause::ReportCut, message.clone()),
        Failure::UseCase(_) => return,
    };
    let source = source.unwrap_or("an unknown address");
    app.evidence().refused(nonce, source, cause, &text);
}

/// A report on its way in: one that breaks off ends the request without a word, and leaves evidence.
pub(crate) struct Arrival<'a> {
    app: &'a App,
    nonce: Option<&'a str>,
    source: Option<&'a str>,
    is_over: bool,
}

impl<'a> Arrival<'a> {
    /// It begins.
    pub(crate) fn begin(app: &'a App, nonce: Option<&'a str>, source: Option<&'a str>) -> Self {
        Self {
            app,
            nonce,
            source,
            is_over: false,
        }
    }

    /// It is here, or was refused: then why is noted.
    pub(crate) fn end<T>(mut self, received: Result<T, Failure>) -> Result<T, Failure> {
        self.is_over = true;
        received.inspect_err(|failure| note(self.app, self.nonce, self.source, failure))
    }
}

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            let source = self.source.unwrap_or("an unknown address");
            let text = "the connection closed before the report was whole";
            self.app
                .evidence()
                .refused(self.nonce, source, Cause::ReportCut, text);
        }
    }
}

/// Notes that a machine asked more often than is allowed. Its nonce is in the query of a report and
/// in the path of a boot file.
pub(crate) fn note_rate(request: &Request<'_>, peer: IpAddr, error: &Error) {
    let Some(app) = request.rocket().state::<App>() else {
        return;
    };
    let in_query = request.query_value::<&str>("nonce").and_then(Result::ok);
    let in_path = || {
        let mut segments = request.uri().path().segments().skip(3);
        segments.next().filter(|segment| *segment != "ipxe")
    };
    let nonce = in_query.or_else(in_path);
    let source = peer.to_string();
    app.evidence()
        .refused(nonce, &source, Cause::RateLimited, &error.to_string());
}

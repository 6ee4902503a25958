//! Answers of an AMT device: SOAP envelopes and faults, and their way into HTTP.

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue, SERVER, WWW_AUTHENTICATE};
use hyper::{Response, StatusCode};
use quick_xml::escape::escape;

use super::request::WsRequest;

/// SOAP 1.2.
pub(super) const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
/// WS-Addressing.
pub(super) const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
/// WS-Management.
pub(super) const WSMAN: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd";
/// WS-Enumeration.
pub(super) const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";
/// WS-Transfer.
pub(super) const TRANSFER: &str = "http://schemas.xmlsoap.org/ws/2004/09/transfer";

/// An answer before it is put into HTTP.
pub(super) enum Answer {
    /// A body, and the action that it is an answer by.
    Content {
        /// The action.
        action: String,
        /// The body's XML; prefixes `b` and `c` stand for addressing and WS-Management.
        body: String,
    },
    /// A SOAP fault: the request is to blame; its subcode and reason.
    Fault(&'static str, &'static str),
    /// A login is wanted: the challenge.
    Login(String),
    /// A status with a page of HTML.
    Page(StatusCode),
}

impl Answer {
    /// What WS-Management answers for a class that is not there (DSP0226, 14.7).
    pub(super) fn absent() -> Self {
        Self::Fault("b:DestinationUnreachable", "There is no such class here.")
    }

    /// What WS-Management answers for what the account may not do.
    pub(super) fn denied() -> Self {
        Self::Fault("c:AccessDenied", "The account may not do this.")
    }

    /// What WS-Management answers for a body that is not right.
    pub(super) fn invalid() -> Self {
        Self::Fault("c:SchemaValidationError", "The request is not valid.")
    }

    /// Puts it into HTTP; `cut` ends the XML in its middle.
    pub(super) fn into_response(
        self,
        request: Option<&WsRequest>,
        cut: bool,
    ) -> Response<Full<Bytes>> {
        let (status, kind, text, challenge) = match self {
            Self::Content { action, body } => {
                let text = envelope(&action, request, &body);
                (StatusCode::OK, SOAP_XML, text, None)
            }
            Self::Fault(subcode, reason) => {
                let text = envelope(
                    &format!("{ADDRESSING}/fault"),
                    request,
                    &fault(subcode, reason),
                );
                (StatusCode::BAD_REQUEST, SOAP_XML, text, None)
            }
            Self::Login(challenge) => {
                let text = page("Log on.");
                (StatusCode::UNAUTHORIZED, HTML, text, Some(challenge))
            }
            Self::Page(status) => (status, HTML, page(status.as_str()), None),
        };
        let end = if cut { text.len() / 2 } else { text.len() };
        let mut response = Response::new(Full::new(Bytes::from(text).slice(..end)));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(SERVER, HeaderValue::from_static("Assay simulator"));
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::try_from(text).ok()) {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        response
    }
}

const SOAP_XML: &str = "application/soap+xml; charset=UTF-8";
const HTML: &str = "text/html";

fn page(text: &str) -> String {
    format!(
        "<!DOCTYPE HTML><html><head><title>Assay simulator</title></head><body>{text}</body></html>"
    )
}

fn fault(subcode: &str, reason: &str) -> String {
    format!(
        r#"<a:Fault><a:Code><a:Value>a:Sender</a:Value><a:Subcode><a:Value>{subcode}</a:Value></a:Subcode></a:Code><a:Reason><a:Text xml:lang="en-US">{reason}</a:Text></a:Reason><a:Detail></a:Detail></a:Fault>"#
    )
}

fn envelope(action: &str, request: Option<&WsRequest>, body: &str) -> String {
    let id = request.map_or("", |request| &request.id);
    let resource = request.map_or("", |request| &request.resource);
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><a:Envelope xmlns:a="{SOAP}" xmlns:b="{ADDRESSING}" xmlns:c="{WSMAN}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><a:Header><b:To>{ADDRESSING}/role/anonymous</b:To><b:RelatesTo>{}</b:RelatesTo><b:Action a:mustUnderstand="true">{action}</b:Action><b:MessageID>uuid:{}</b:MessageID><c:ResourceURI>{}</c:ResourceURI></a:Header><a:Body>{body}</a:Body></a:Envelope>"#,
        escape(id),
        uuid::Uuid::new_v4(),
        escape(resource),
    )
}

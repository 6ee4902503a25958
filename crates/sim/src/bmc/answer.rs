//! Answers of a BMC, and errors in the shape of DSP0266, section "Error responses".

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ALLOW, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LOCATION, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde_json::{Map, Value, json};

/// An answer before it is put into HTTP.
#[derive(Debug)]
pub(super) struct Answer {
    status: StatusCode,
    body: Option<Value>,
    headers: Vec<(HeaderName, String)>,
}

impl Answer {
    /// 204.
    pub(super) fn empty() -> Self {
        Self {
            status: StatusCode::NO_CONTENT,
            body: None,
            headers: Vec::new(),
        }
    }

    /// 200 with a resource.
    pub(super) fn resource(body: Value) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    /// 201 with a resource and where it is.
    pub(super) fn created(body: Value, location: String) -> Self {
        Self {
            status: StatusCode::CREATED,
            body: Some(body),
            headers: vec![(LOCATION, location)],
        }
    }

    /// An error with a message of the Base registry (DSP8011).
    pub(super) fn error(status: StatusCode, message_id: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let body = json!({ "error": {
            "code": format!("Base.1.8.{message_id}"),
            "message": message,
            "@Message.ExtendedInfo": [{
                "@odata.type": "#Message.v1_1_1.Message",
                "MessageId": format!("Base.1.8.{message_id}"),
                "Message": message,
                "MessageArgs": [],
                "Severity": "Critical",
                "Resolution": "Correct the request, or the simulator's faults, and send it again.",
            }],
        }});
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
        }
    }

    pub(super) fn not_found(path: &str) -> Self {
        let message = format!("The resource at the URI {path} was not found.");
        Self::error(StatusCode::NOT_FOUND, "ResourceMissingAtURI", message)
    }

    pub(super) fn unauthorized() -> Self {
        Self::error(
            StatusCode::UNAUTHORIZED,
            "NoValidSession",
            "There is no valid session and no valid login.",
        )
        .with(WWW_AUTHENTICATE, "Basic realm=\"Assay simulator\"")
    }

    pub(super) fn not_allowed(allowed: &str) -> Self {
        Self::error(
            StatusCode::METHOD_NOT_ALLOWED,
            "OperationNotAllowed",
            "The resource does not know this method.",
        )
        .with(ALLOW, allowed)
    }

    pub(super) fn malformed() -> Self {
        Self::error(
            StatusCode::BAD_REQUEST,
            "MalformedJSON",
            "The body is not a JSON object.",
        )
    }

    /// Adds a header; one whose value cannot be a header is left out.
    pub(super) fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The entity tag of the resource in it.
    pub(super) fn etag(&self) -> Option<String> {
        self.body.as_ref().map(etag)
    }

    /// Takes properties out of the resource in it; errors stay whole.
    pub(super) fn without(mut self, properties: &[String]) -> Self {
        if self.status.is_success()
            && let Some(Value::Object(body)) = &mut self.body
        {
            for property in properties {
                body.remove(property);
            }
        }
        self
    }

    /// Puts it into HTTP; `cut` ends the JSON in its middle.
    pub(super) fn into_response(self, cut: bool) -> Response<Full<Bytes>> {
        let tag = self
            .body
            .as_ref()
            .filter(|_| self.status.is_success())
            .map(etag);
        let text = self
            .body
            .map(|body| tagged(body, tag.as_deref()).to_string())
            .unwrap_or_default();
        let end = if cut { text.len() / 2 } else { text.len() };
        let mut response = Response::new(Full::new(Bytes::from(text).slice(..end)));
        *response.status_mut() = self.status;
        let mut headers = self.headers;
        headers.push((HeaderName::from_static("odata-version"), "4.0".to_owned()));
        if self.status != StatusCode::NO_CONTENT {
            headers.push((CONTENT_TYPE, "application/json; charset=utf-8".to_owned()));
        }
        headers.extend(tag.map(|tag| (ETAG, tag)));
        for (name, value) in headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

/// Puts the entity tag into the resource, where clients look for it besides the header.
fn tagged(body: Value, tag: Option<&str>) -> Value {
    match (body, tag) {
        (Value::Object(mut body), Some(tag)) if body.contains_key("@odata.id") => {
            body.insert("@odata.etag".to_owned(), tag.into());
            Value::Object(body)
        }
        (body, _) => body,
    }
}

/// FNV-1a over the resource's text: the same content has the same tag.
fn etag(body: &Value) -> String {
    let hash = body
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    format!("W/\"{hash:016x}\"")
}

/// A body that must be a JSON object.
pub(super) fn object(body: &[u8]) -> Result<Map<String, Value>, Answer> {
    serde_json::from_slice(body).map_err(|_| Answer::malformed())
}

//! Request bodies within their limits: raw, or as JSON of a known shape.

use std::time::Duration;

use assay_app::App;
use assay_domain::Error;
use rocket::data::{self, FromData, ToByteUnit};
use rocket::http::Status;
use rocket::outcome::Outcome;
use rocket::{Data, Request};
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::fault::Failure;

use super::depth::is_deeper;

/// How long a caller may take to send a body.
const TIME_LIMIT: Duration = Duration::from_secs(30);

/// A body as it came, within the limit for bodies other than reports. Its type is not looked at:
/// clients of the original services send JSON with none or with a wrong one.
pub(crate) struct RawBody(pub(crate) Vec<u8>);

/// A JSON body of a known shape.
pub(crate) struct JsonBody<T>(pub(crate) T);

/// A JSON body of a known shape with a secret in it: a complaint names the place, and does not
/// repeat what stands there.
pub(crate) struct SecretBody<T>(pub(crate) T);

#[rocket::async_trait]
impl<'r> FromData<'r> for RawBody {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        match read(request, data).await {
            Ok(body) => Outcome::Success(Self(body)),
            Err(failure) => refuse(request, failure),
        }
    }
}

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for JsonBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let parsed = match read(request, data).await {
            Ok(body) => parse(request, &body),
            Err(failure) => Err(failure),
        };
        match parsed {
            Ok(value) => Outcome::Success(Self(value)),
            Err(failure) => refuse(request, failure),
        }
    }
}

#[rocket::async_trait]
impl<'r, T: DeserializeOwned> FromData<'r> for SecretBody<T> {
    type Error = ();

    async fn from_data(request: &'r Request<'_>, data: Data<'r>) -> data::Outcome<'r, Self> {
        let parsed = match read(request, data).await {
            Ok(body) => parse_discreetly(request, &body),
            Err(failure) => Err(failure),
        };
        match parsed {
            Ok(value) => Outcome::Success(Self(value)),
            Err(failure) => refuse(request, failure),
        }
    }
}

fn refuse<'r, T: FromData<'r, Error = ()>>(
    request: &'r Request<'_>,
    failure: Failure,
) -> data::Outcome<'r, T> {
    let context = Context::of(request);
    let status = failure.status(context.shape);
    context.fail(failure);
    Outcome::Error((status, ()))
}

async fn read(request: &Request<'_>, data: Data<'_>) -> Result<Vec<u8>, Failure> {
    let limit = settings(request)?.body_limits.other;
    let stream = data.open(limit.bytes());
    let body = rocket::tokio::time::timeout(TIME_LIMIT, stream.into_bytes())
        .await
        .map_err(|_| Failure::http(Status::RequestTimeout, "the body did not arrive in time"))?
        .map_err(|problem| Error::invalid(format!("the body could not be read: {problem}")))?;
    if !body.is_complete() {
        return Err(Error::TooLarge(format!("the body is larger than {limit} bytes")).into());
    }
    Ok(body.into_inner())
}

fn parse<T: DeserializeOwned>(request: &Request<'_>, body: &[u8]) -> Result<T, Failure> {
    check_object(request, body)?;
    serde_json::from_slice(body).map_err(|problem| {
        Error::invalid(format!("the body is not what is expected: {problem}")).into()
    })
}

fn parse_discreetly<T: DeserializeOwned>(request: &Request<'_>, body: &[u8]) -> Result<T, Failure> {
    check_object(request, body)?;
    let mut json = serde_json::Deserializer::from_slice(body);
    let parsed = serde_path_to_error::deserialize(&mut json).map_err(|problem| {
        let place = problem.path().to_string();
        let what = problem.inner().to_string();
        // Only these say nothing of what was sent; the others quote it.
        let is_plain = !problem.inner().is_data() || what.starts_with("missing field");
        let what = if is_plain {
            what.as_str()
        } else {
            "another type is expected"
        };
        Error::invalid(format!(
            "the body is not what is expected at {place}: {what}"
        ))
    })?;
    json.end()
        .map_err(|_| Error::invalid("something follows the body's JSON object"))?;
    Ok(parsed)
}

fn check_object(request: &Request<'_>, body: &[u8]) -> Result<(), Failure> {
    let limit = settings(request)?.json_depth;
    if is_deeper(body, limit) {
        return Err(Error::invalid(format!("the body nests deeper than {limit} levels")).into());
    }
    // A struct can also be read from a list of its values, which nobody means.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid("the body is not a JSON object").into());
    }
    Ok(())
}

fn settings<'r>(request: &Request<'r>) -> Result<&'r assay_app::Settings, Failure> {
    Ok(request
        .rocket()
        .state::<App>()
        .ok_or_else(|| Error::internal("the application is not managed"))?
        .settings())
}

impl RawBody {
    /// The body as a JSON object, or nothing when it is empty.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there is a body that is no JSON object, or one that nests too deep.
    pub(crate) fn object(
        &self,
        depth: usize,
    ) -> Result<Option<serde_json::Map<String, serde_json::Value>>, Error> {
        if self.0.trim_ascii().is_empty() {
            return Ok(None);
        }
        if is_deeper(&self.0, depth) {
            return Err(Error::invalid(format!(
                "the body nests deeper than {depth} levels"
            )));
        }
        serde_json::from_slice(&self.0)
            .map(Some)
            .map_err(|problem| {
                Error::invalid(format!("Invalid data: expected a JSON object: {problem}"))
            })
    }
}

//! Who is asking: a token, HTTP Basic, or anybody where authentication is off.

use assay_app::{App, AuthMode, Identity};
use assay_domain::{Actor, Error, Result, Role, Secret};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rocket::Request;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};

use crate::context::{Context, reject};

/// The header that carries a token.
pub(crate) const TOKEN: &str = "X-Auth-Token";

/// A caller whose credentials were verified. What the caller may do is decided by the use cases.
pub(crate) struct Caller(pub(crate) Actor);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Caller {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        match identify(request).await {
            Ok((name, role)) => Outcome::Success(Self(actor(request, name, role))),
            Err(error) => reject(request, error),
        }
    }
}

fn actor(request: &Request<'_>, name: String, role: Role) -> Actor {
    let context = Context::of(request);
    Actor {
        name,
        role,
        dialect: context.shape.dialect,
        request_id: context.id.clone(),
    }
}

async fn identify(request: &Request<'_>) -> Result<(String, Role)> {
    let app = request
        .rocket()
        .state::<App>()
        .ok_or_else(|| Error::internal("the application is not managed"))?;
    if app.settings().auth == AuthMode::None {
        return Ok(("anonymous".to_owned(), Role::Admin));
    }
    let identity = credentials(app, request).await?;
    Ok((identity.name, identity.role))
}

async fn credentials(app: &App, request: &Request<'_>) -> Result<Identity> {
    if let Some(token) = request.headers().get_one(TOKEN) {
        return app.identity().authenticate_token(token).await;
    }
    match request.headers().get_one("Authorization").map(basic) {
        Some(Some((name, password))) => app.identity().authenticate_basic(&name, &password).await,
        Some(None) => Err(Error::Unauthenticated(
            "the Authorization header is not HTTP Basic".to_owned(),
        )),
        None => Err(Error::Unauthenticated(
            "The request you have made requires authentication: send X-Auth-Token or HTTP Basic"
                .to_owned(),
        )),
    }
}

/// Name and password of an `Authorization: Basic` header (RFC 7617).
fn basic(header: &str) -> Option<(String, Secret)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = BASE64_STANDARD.decode(encoded.trim()).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), Secret::new(password)))
}

#[cfg(test)]
mod tests {
    use super::basic;

    #[test]
    fn basic_credentials_are_split_at_the_first_colon() {
        let (name, password) = basic("basic YWRtaW46czNjOnJldA==").unwrap();
        assert_eq!(name, "admin");
        assert_eq!(password.expose(), "s3c:ret");
    }

    #[test]
    fn other_schemes_and_broken_credentials_are_nobody() {
        for header in ["Bearer abc", "Basic", "Basic ***", "Basic YWRtaW4="] {
            assert!(basic(header).is_none(), "{header}");
        }
    }
}

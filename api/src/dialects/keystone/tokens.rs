//! Tokens: issued for a name and a password, and looked up.

use assay_app::App;
use assay_domain::Error;
use rocket::http::{Header, Status};
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};
use rocket::serde::json::Json;
use rocket::{Request, Responder, State, get, post};

use crate::guards::{Caller, JsonBody, LoginRate};
use crate::reply::Reply;

use super::wire::{AuthRequest, TokenAnswer};

/// The header that carries the token which the request is about.
const SUBJECT: &str = "X-Subject-Token";

/// A token's description with the token in a header.
#[derive(Responder)]
pub(crate) struct WithToken {
    body: (Status, Json<TokenAnswer>),
    token: Header<'static>,
}

impl WithToken {
    fn new(status: Status, token: String, answer: TokenAnswer) -> Self {
        Self {
            body: (status, Json(answer)),
            token: Header::new(SUBJECT, token),
        }
    }
}

/// The token that a request is about.
pub(crate) struct Subject<'r>(Option<&'r str>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Subject<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        Outcome::Success(Self(request.headers().get_one(SUBJECT)))
    }
}

/// Issues a token for a name and a password. The token is in the header X-Subject-Token.
#[utoipa::path(
    tag = "identity",
    security(()),
    request_body = AuthRequest,
    responses(
        (status = 201, description = "The token is in the header", body = TokenAnswer,
            headers(("X-Subject-Token" = String, description = "The token, to be sent in X-Auth-Token"))),
        (status = 401, description = "Wrong name or password"),
        (status = 429, description = "Too many attempts from this address"),
    ),
)]
#[post("/v3/auth/tokens", data = "<body>")]
pub(crate) async fn issue_token(
    app: &State<App>,
    _rate: LoginRate,
    body: JsonBody<AuthRequest>,
) -> Reply<WithToken> {
    let (name, password) = body.0.into_credentials()?;
    let login = app.identity().login(&name, &password).await?;
    let answer = TokenAnswer::new(
        login.user.name,
        login.user.role,
        Some(login.issued_at),
        Some(login.expires_at),
    );
    let token = login.token.expose().to_owned();
    Ok(WithToken::new(Status::Created, token, answer))
}

/// Shows what the token in the header X-Subject-Token stands for.
#[utoipa::path(
    tag = "identity",
    params(("X-Subject-Token" = String, Header, description = "The token to look up")),
    responses(
        (status = 200, description = "It is valid", body = TokenAnswer),
        (status = 404, description = "It is not valid"),
    ),
)]
#[get("/v3/auth/tokens")]
pub(crate) async fn validate_token(
    app: &State<App>,
    _caller: Caller,
    subject: Subject<'_>,
) -> Reply<WithToken> {
    let token = subject
        .0
        .ok_or_else(|| Error::invalid(format!("the header {SUBJECT} is missing")))?;
    let identity = app
        .identity()
        .authenticate_token(token)
        .await
        .map_err(|error| match error {
            Error::Unauthenticated(_) => Error::not_found("Token", "in X-Subject-Token"),
            other => other,
        })?;
    let answer = TokenAnswer::new(identity.name, identity.role, None, identity.expires_at);
    Ok(WithToken::new(Status::Ok, token.to_owned(), answer))
}

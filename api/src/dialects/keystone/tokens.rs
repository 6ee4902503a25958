//! Tokens: issued for a password or another token, looked up, revoked.

use assay_app::{App, TokenFacts};
use assay_domain::{Error, Result};
use rocket::http::{Header, Status};
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};
use rocket::serde::json::Json;
use rocket::{Request, Responder, State, delete, get, post};

use crate::guards::{Caller, LoginRate, SecretBody};
use crate::link::Base;
use crate::reply::{Nothing, Reply};

use super::auth_request::AuthRequest;
use super::catalog::catalog;
use super::wire::TokenAnswer;

/// The header that carries the token which the request is about.
const SUBJECT: &str = "X-Subject-Token";

/// A token's description with the token in a header.
#[derive(Responder)]
pub(crate) struct WithToken {
    body: (Status, Json<TokenAnswer>),
    token: Header<'static>,
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

impl<'r> Subject<'r> {
    fn token(&self) -> Result<&'r str> {
        self.0
            .ok_or_else(|| Error::invalid(format!("the header {SUBJECT} is missing")))
    }
}

/// Where the caller reaches Assay, and whether the catalog is wanted.
struct Wanted<'a> {
    base: &'a Base,
    nocatalog: Option<&'a str>,
}

impl Wanted<'_> {
    fn answer(&self, app: &App, status: Status, token: &str, facts: TokenFacts) -> WithToken {
        let settings = &app.settings().identity;
        let services = self
            .nocatalog
            .is_none()
            .then(|| catalog(self.base, settings));
        let answer = TokenAnswer::new(facts, settings, services);
        WithToken {
            body: (status, Json(answer)),
            token: Header::new(SUBJECT, token.to_owned()),
        }
    }
}

/// Issues a token for a name and a password, or for another token. The token is in the header
/// X-Subject-Token. A token that was got for another one ends when that one does.
#[utoipa::path(
    tag = "identity",
    security(()),
    params(("nocatalog" = Option<String>, Query, description = "Given, with any value: leaves the catalog out")),
    request_body = AuthRequest,
    responses(
        (status = 201, description = "The token is in the header", body = TokenAnswer,
            headers(("X-Subject-Token" = String, description = "The token, to be sent in X-Auth-Token"))),
        (status = 401, description = "Wrong name or password, or a scope that does not exist"),
        (status = 429, description = "Too many attempts from this address"),
    ),
)]
#[post("/v3/auth/tokens?<nocatalog>", data = "<body>")]
pub(crate) async fn issue_token(
    app: &State<App>,
    _rate: LoginRate,
    base: Base,
    nocatalog: Option<&str>,
    body: SecretBody<AuthRequest>,
) -> Reply<WithToken> {
    let (proof, scope) = body.0.into_parts()?;
    let login = app.identity().login(proof, &scope).await?;
    let wanted = Wanted {
        base: &base,
        nocatalog,
    };
    Ok(wanted.answer(app, Status::Created, login.token.expose(), login.facts))
}

/// Shows what the token in the header X-Subject-Token stands for. HEAD tells whether it is valid.
#[utoipa::path(
    tag = "identity",
    params(
        ("X-Subject-Token" = String, Header, description = "The token to look up"),
        ("nocatalog" = Option<String>, Query, description = "Given, with any value: leaves the catalog out"),
    ),
    responses(
        (status = 200, description = "It is valid", body = TokenAnswer),
        (status = 404, description = "It is not valid"),
    ),
)]
#[get("/v3/auth/tokens?<nocatalog>")]
pub(crate) async fn validate_token(
    app: &State<App>,
    caller: Caller,
    base: Base,
    nocatalog: Option<&str>,
    subject: Subject<'_>,
) -> Reply<WithToken> {
    let token = subject.token()?;
    let facts = app.identity().look_up_token(&caller.0, token).await?;
    let wanted = Wanted {
        base: &base,
        nocatalog,
    };
    Ok(wanted.answer(app, Status::Ok, token, facts))
}

/// Ends the token in the header X-Subject-Token: one's own, or as an admin anybody's.
#[utoipa::path(
    tag = "identity",
    params(("X-Subject-Token" = String, Header, description = "The token to end")),
    responses(
        (status = 204, description = "It is valid no more"),
        (status = 404, description = "It was not valid"),
    ),
)]
#[delete("/v3/auth/tokens")]
pub(crate) async fn revoke_token(
    app: &State<App>,
    caller: Caller,
    subject: Subject<'_>,
) -> Reply<Nothing> {
    let token = subject.token()?;
    app.identity().revoke_token(&caller.0, token).await?;
    Ok(Nothing)
}

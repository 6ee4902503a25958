//! Local users; for admins only.

use assay_app::App;
use assay_domain::{Role, Secret, User};
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, SecretBody};
use crate::reply::{Answer, Nothing, Reply, with_status};

use super::iso;

/// A user; passwords are never shown.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(super) struct UserWire {
    /// Login name.
    #[schema(example = "night-shift")]
    name: String,
    /// admin, operator or observer.
    #[schema(value_type = String, example = "observer")]
    role: &'static str,
    /// When it was created, UTC.
    created_at: String,
}

impl From<User> for UserWire {
    fn from(user: User) -> Self {
        let User {
            id: _,
            name,
            role,
            password_hash: _,
            epoch: _,
            created_at,
        } = user;
        Self {
            name,
            role: role.as_str(),
            created_at: iso(created_at),
        }
    }
}

/// All users.
#[derive(Serialize, ToSchema)]
pub(super) struct UserList {
    /// The users.
    users: Vec<UserWire>,
}

/// A user to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewUser {
    /// Login name: 1 to 64 of a-z, A-Z, 0-9, `.`, `_`, `-`, `@`.
    #[schema(example = "night-shift")]
    name: String,
    /// admin, operator or observer.
    #[schema(example = "observer")]
    role: String,
    /// Password, 8 to 256 bytes.
    #[schema(format = Password)]
    password: String,
}

/// A change of a user; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UserChange {
    /// admin, operator or observer.
    #[schema(example = "operator")]
    role: Option<String>,
    /// Password, 8 to 256 bytes.
    #[schema(format = Password)]
    password: Option<String>,
}

/// Lists all users.
#[utoipa::path(
    tag = "users",
    responses((status = 200, description = "The users", body = UserList)),
)]
#[get("/assay/v1/users")]
pub(crate) async fn list_users(app: &State<App>, caller: Caller) -> Answer<UserList> {
    let users = app.identity().users(&caller.0).await?;
    Ok(Json(UserList {
        users: users.into_iter().map(UserWire::from).collect(),
    }))
}

/// Creates a user.
#[utoipa::path(
    tag = "users",
    request_body = NewUser,
    responses(
        (status = 201, description = "The new user", body = UserWire),
        (status = 409, description = "The name is taken"),
    ),
)]
#[post("/assay/v1/users", data = "<body>")]
pub(crate) async fn create_user(
    app: &State<App>,
    caller: Caller,
    body: SecretBody<NewUser>,
) -> Reply<(Status, Json<UserWire>)> {
    let NewUser {
        name,
        role,
        password,
    } = body.0;
    let password = Secret::new(password);
    let role: Role = role.parse()?;
    let user = app
        .identity()
        .create_user(&caller.0, &name, role, &password)
        .await?;
    Ok(with_status(Status::Created, user.into()))
}

/// Changes a user's role or password; the user's tokens end.
#[utoipa::path(
    tag = "users",
    params(("name" = String, Path, description = "Login name")),
    request_body = UserChange,
    responses(
        (status = 200, description = "The changed user", body = UserWire),
        (status = 404, description = "The user cannot be found"),
    ),
)]
#[put("/assay/v1/users/<name>", data = "<body>")]
pub(crate) async fn update_user(
    app: &State<App>,
    caller: Caller,
    name: &str,
    body: SecretBody<UserChange>,
) -> Answer<UserWire> {
    let UserChange { role, password } = body.0;
    let role = role.map(|role| role.parse::<Role>()).transpose()?;
    let password = password.map(Secret::new);
    let user = app
        .identity()
        .update_user(&caller.0, name, role, password.as_ref())
        .await?;
    Ok(Json(user.into()))
}

/// Deletes a user; the user's tokens end.
#[utoipa::path(
    tag = "users",
    params(("name" = String, Path, description = "Login name")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The user cannot be found"),
    ),
)]
#[delete("/assay/v1/users/<name>")]
pub(crate) async fn delete_user(app: &State<App>, caller: Caller, name: &str) -> Reply<Nothing> {
    app.identity().delete_user(&caller.0, name).await?;
    Ok(Nothing)
}

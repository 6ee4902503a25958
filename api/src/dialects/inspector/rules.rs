//! Introspection rules.

use assay_app::{App, RuleDraft};
use assay_domain::Error;
use rocket::http::Status as HttpStatus;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::{Answer, Nothing, Reply, with_status};

use super::version::Version;
use super::wire::{FullRule, RuleList, ShortRule};

/// From this version on a rule is created with 201, before with 200.
const WITH_CREATED: Version = Version(1, 6);
const LONGEST_SCOPE: usize = 255;

/// A rule to create.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewRule {
    /// UUID; made when absent.
    uuid: Option<String>,
    /// For people.
    #[schema(example = "Mark machines with much memory")]
    description: Option<String>,
    /// What must hold, all of it: `op`, `field`, and optionally `multiple`, `invert`.
    #[serde(default = "nothing")]
    #[schema(value_type = Option<Vec<Object>>, example = json!([{"op": "ge", "field": "memory_mb", "value": 65536}]))]
    conditions: Value,
    /// What is done then, in order: `action` and its parameters.
    #[serde(default = "nothing")]
    #[schema(value_type = Vec<Object>, example = json!([{"action": "set-capability", "name": "memory", "value": "large"}]))]
    actions: Value,
    /// Only for nodes of this inspection scope (from 1.16).
    #[schema(max_length = 255)]
    scope: Option<String>,
}

fn nothing() -> Value {
    Value::Array(Vec::new())
}

/// Creates a rule. Answers 200 instead of 201 before 1.6.
#[utoipa::path(
    tag = "rules",
    request_body = NewRule,
    responses(
        (status = 200, description = "Created (before 1.6)", body = FullRule),
        (status = 201, description = "Created", body = FullRule),
        (status = 409, description = "A rule with this UUID exists"),
    ),
)]
#[post("/v1/rules", data = "<body>")]
pub(crate) async fn create_rule(
    app: &State<App>,
    caller: Caller,
    version: Version,
    body: JsonBody<NewRule>,
) -> Reply<(HttpStatus, Json<FullRule>)> {
    let NewRule {
        uuid,
        description,
        conditions,
        actions,
        scope,
    } = body.0;
    if scope
        .as_ref()
        .is_some_and(|scope| scope.chars().count() > LONGEST_SCOPE)
    {
        return Err(Error::invalid(format!(
            "Invalid scope: the length of the scope should be within {LONGEST_SCOPE} characters"
        ))
        .into());
    }
    let draft = RuleDraft {
        uuid,
        description,
        conditions,
        actions,
        scope,
    };
    let rule = app.rules().create(&caller.0, draft).await?;
    let status = if version < WITH_CREATED {
        HttpStatus::Ok
    } else {
        HttpStatus::Created
    };
    Ok(with_status(status, FullRule::new(rule, version)))
}

/// Lists all rules in short.
#[utoipa::path(
    tag = "rules",
    responses((status = 200, description = "The rules", body = RuleList)),
)]
#[get("/v1/rules")]
pub(crate) async fn list_rules(
    app: &State<App>,
    caller: Caller,
    version: Version,
) -> Answer<RuleList> {
    let rules = app.rules().list(&caller.0).await?;
    Ok(Json(RuleList {
        rules: rules
            .into_iter()
            .map(|rule| ShortRule::new(rule, version))
            .collect(),
    }))
}

/// Deletes all rules.
#[utoipa::path(
    tag = "rules",
    responses((status = 204, description = "Deleted")),
)]
#[delete("/v1/rules")]
pub(crate) async fn delete_all_rules(app: &State<App>, caller: Caller) -> Reply<Nothing> {
    app.rules().delete_all(&caller.0).await?;
    Ok(Nothing)
}

/// Shows a rule.
#[utoipa::path(
    tag = "rules",
    params(("uuid" = String, Path, description = "UUID of the rule")),
    responses(
        (status = 200, description = "The rule", body = FullRule),
        (status = 404, description = "The rule cannot be found"),
    ),
)]
#[get("/v1/rules/<uuid>")]
pub(crate) async fn get_rule(
    app: &State<App>,
    caller: Caller,
    version: Version,
    uuid: &str,
) -> Answer<FullRule> {
    let rule = app.rules().get(&caller.0, uuid).await?;
    Ok(Json(FullRule::new(rule, version)))
}

/// Deletes a rule.
#[utoipa::path(
    tag = "rules",
    params(("uuid" = String, Path, description = "UUID of the rule")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The rule cannot be found"),
    ),
)]
#[delete("/v1/rules/<uuid>")]
pub(crate) async fn delete_rule(app: &State<App>, caller: Caller, uuid: &str) -> Reply<Nothing> {
    app.rules().delete(&caller.0, uuid).await?;
    Ok(Nothing)
}

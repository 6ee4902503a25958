//! The inspector's JSON: status, rules, discovery.
#![allow(
    clippy::option_option,
    reason = "absent, null and given are three things"
)]

use assay_domain::rule::RuleItem;
use assay_domain::{Introspection, Rule, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::link::Base;

use super::version::Version;

const WITH_TIMES: Version = Version(1, 7);
const WITH_STATE: Version = Version(1, 10);
const WITH_INVERT: Version = Version(1, 11);
const WITH_SCOPE: Version = Version(1, 16);

/// A link to a thing.
#[derive(Serialize, ToSchema)]
pub(crate) struct Link {
    /// Where it is.
    #[schema(
        example = "http://127.0.0.1:5050/v1/introspection/5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b"
    )]
    pub(crate) href: String,
    /// What it is to this thing.
    #[schema(example = "self")]
    pub(crate) rel: &'static str,
}

impl Link {
    /// The link of a thing to itself.
    pub(crate) fn to_self(href: String) -> [Self; 1] {
        [Self { href, rel: "self" }]
    }
}

/// How an introspection stands. Before 1.7 only `finished` and `error` are sent, before 1.10 no
/// `state`.
#[derive(Serialize, ToSchema)]
#[schema(as = IntrospectionStatus)]
pub(crate) struct Status {
    /// Why it failed; `Canceled by operator` after an abort.
    pub(crate) error: Option<String>,
    /// Whether it has ended, well or badly.
    pub(crate) finished: bool,
    /// When it ended, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "2024-01-02T03:14:05+00:00")]
    pub(crate) finished_at: Option<Option<String>>,
    /// A link to this status.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Vec<Link>>)]
    pub(crate) links: Option<[Link; 1]>,
    /// When it was asked for, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-01-02T03:04:05+00:00")]
    pub(crate) started_at: Option<String>,
    /// The state of the introspection's state machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "waiting")]
    pub(crate) state: Option<&'static str>,
    /// The node's UUID.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b")]
    pub(crate) uuid: Option<String>,
}

impl Status {
    /// The status as `version` shows it.
    pub(crate) fn new(introspection: Introspection, version: Version, base: &Base) -> Self {
        let Introspection {
            id: _,
            node_id: _,
            node_uuid,
            state,
            error,
            started_at,
            finished_at,
            deadline: _,
            manage_boot: _,
            keep_power: _,
            nonce_hash: _,
            requested_by: _,
        } = introspection;
        let timed = version >= WITH_TIMES;
        Self {
            error,
            finished: state.is_final(),
            finished_at: timed.then(|| finished_at.map(iso)),
            links: timed
                .then(|| Link::to_self(base.link(&format!("/v1/introspection/{node_uuid}")))),
            started_at: timed.then(|| iso(started_at)),
            state: (version >= WITH_STATE).then(|| state.as_str()),
            uuid: timed.then_some(node_uuid),
        }
    }
}

/// A time in ISO 8601 with the zone of UTC, whole seconds.
fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S+00:00").to_string()
}

/// A list of statuses.
#[derive(Serialize, ToSchema)]
#[schema(as = IntrospectionStatusList)]
pub(crate) struct StatusList {
    /// The statuses, newest first.
    pub(crate) introspection: Vec<Status>,
}

/// A rule without what it does.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShortRule {
    /// For people.
    description: Option<String>,
    /// A link to the whole rule.
    #[schema(value_type = Vec<Link>)]
    links: [Link; 1],
    /// From 1.16: the rule is for nodes of this inspection scope only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    scope: Option<Option<String>>,
    /// The rule's UUID.
    uuid: String,
}

/// A whole rule.
#[derive(Serialize, ToSchema)]
#[schema(as = Rule)]
pub(crate) struct FullRule {
    /// What is done, in order: `action` and its parameters.
    #[schema(value_type = Vec<Object>)]
    actions: Vec<RuleItem>,
    /// What must hold: `op`, `field`, `multiple`, `invert` and parameters.
    #[schema(value_type = Vec<Object>)]
    conditions: Vec<RuleItem>,
    #[serde(flatten)]
    short: ShortRule,
}

impl ShortRule {
    /// The rule as `version` lists it.
    pub(crate) fn new(rule: Rule, version: Version) -> Self {
        FullRule::new(rule, version).short
    }
}

impl FullRule {
    /// The rule as `version` shows it.
    pub(crate) fn new(rule: Rule, version: Version) -> Self {
        let Rule {
            id: _,
            uuid,
            description,
            conditions,
            actions,
            scope,
            created_at: _,
        } = rule;
        let conditions = conditions.into_iter();
        Self {
            actions,
            conditions: if version >= WITH_INVERT {
                conditions.map(complete).collect()
            } else {
                conditions.collect()
            },
            short: ShortRule {
                description,
                links: Link::to_self(format!("/v1/rules/{uuid}")),
                scope: (version >= WITH_SCOPE).then_some(scope),
                uuid,
            },
        }
    }
}

/// A condition with the values that hold where its creator wrote none.
fn complete(mut condition: Map<String, Value>) -> Map<String, Value> {
    condition.entry("invert").or_insert(Value::Bool(false));
    condition
        .entry("multiple")
        .or_insert_with(|| Value::String("any".to_owned()));
    condition
}

/// A list of rules.
#[derive(Serialize, ToSchema)]
pub(crate) struct RuleList {
    /// The rules in the order in which they run.
    pub(crate) rules: Vec<ShortRule>,
}

/// A version of the API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiVersion {
    /// The greatest microversion.
    #[schema(example = "1.18")]
    pub(crate) id: String,
    /// A link to its resources.
    #[schema(value_type = Vec<Link>)]
    pub(crate) links: [Link; 1],
    /// CURRENT or SUPPORTED.
    #[schema(example = "CURRENT")]
    pub(crate) status: &'static str,
}

/// The versions of the API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiVersionList {
    /// All of them.
    pub(crate) versions: Vec<ApiVersion>,
}

/// A resource of the API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiResource {
    /// A link to it.
    #[schema(value_type = Vec<Link>)]
    pub(crate) links: [Link; 1],
    /// Its name.
    #[schema(example = "introspection")]
    pub(crate) name: &'static str,
}

/// The resources of the API.
#[derive(Serialize, ToSchema)]
pub(crate) struct ApiResourceList {
    /// All of them.
    pub(crate) resources: Vec<ApiResource>,
}

/// The answer to what is accepted and done later: an empty object.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {}

/// The node that a report belongs to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ContinueAnswer {
    /// The node's UUID.
    #[schema(example = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b")]
    pub(crate) uuid: String,
}

/// A report was taken in, and nobody but an operator can tell which machine it is of.
#[derive(Serialize, ToSchema)]
pub(crate) struct HeldAnswer {
    /// No node yet.
    #[schema(value_type = Option<String>)]
    pub(crate) uuid: Option<&'static str>,
    /// UUID of the held report in Assay's own API.
    pub(crate) held_report: String,
}

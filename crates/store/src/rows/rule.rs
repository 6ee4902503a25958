//! Rows of the table of rules.

use assay_domain::Rule;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::rules;

/// A rule as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = rules)]
pub(crate) struct RuleRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) description: Option<String>,
    pub(crate) conditions: String,
    pub(crate) actions: String,
    pub(crate) scope: Option<String>,
    pub(crate) created_at: NaiveDateTime,
}

impl TryFrom<RuleRow> for Rule {
    type Error = Fault;

    fn try_from(row: RuleRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            description: row.description,
            conditions: from_json(&row.conditions)?,
            actions: from_json(&row.actions)?,
            scope: row.scope,
            created_at: utc(row.created_at),
        })
    }
}

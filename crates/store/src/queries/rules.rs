//! Introspection rules, in the order in which they run.

use assay_domain::{Error, Rule};
use diesel::prelude::*;

use super::Conn;
use crate::convert::{all, naive, to_json};
use crate::fault::{Fault, Outcome};
use crate::rows::RuleRow;
use crate::schema::rules;

/// Adds a rule behind the others.
pub(crate) fn create(connection: &mut Conn, rule: &Rule) -> Outcome<Rule> {
    let row: RuleRow = diesel::insert_into(rules::table)
        .values((
            rules::uuid.eq(&rule.uuid),
            rules::description.eq(&rule.description),
            rules::conditions.eq(to_json(&rule.conditions)?),
            rules::actions.eq(to_json(&rule.actions)?),
            rules::scope.eq(&rule.scope),
            rules::created_at.eq(naive(rule.created_at)),
        ))
        .returning(RuleRow::as_returning())
        .get_result(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_duplicate("rules", "uuid") {
                let text = format!("a rule with the UUID {} exists already", rule.uuid);
                return Error::conflict(text).into();
            }
            fault
        })?;
    row.try_into()
}

/// All rules.
pub(crate) fn list(connection: &mut Conn) -> Outcome<Vec<Rule>> {
    let rows: Vec<RuleRow> = rules::table
        .select(RuleRow::as_select())
        .order(rules::id)
        .load(connection)?;
    all(rows)
}

/// Key and UUID of every rule.
pub(crate) fn keys(connection: &mut Conn) -> Outcome<Vec<(i64, String)>> {
    Ok(rules::table
        .select((rules::id, rules::uuid))
        .order(rules::id)
        .load(connection)?)
}

/// The rule with that UUID.
pub(crate) fn find(connection: &mut Conn, uuid: &str) -> Outcome<Option<Rule>> {
    let row: Option<RuleRow> = rules::table
        .filter(rules::uuid.eq(uuid))
        .select(RuleRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Rule::try_from).transpose()
}

/// Removes a rule.
pub(crate) fn delete(connection: &mut Conn, uuid: &str) -> Outcome<bool> {
    let removed = diesel::delete(rules::table.filter(rules::uuid.eq(uuid))).execute(connection)?;
    Ok(removed == 1)
}

/// Removes all rules and says how many there were.
pub(crate) fn delete_all(connection: &mut Conn) -> Outcome<i64> {
    let removed = diesel::delete(rules::table).execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

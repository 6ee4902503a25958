//! `offset` and `limit` of lists. Without a limit a list is whole, as clients that do not page
//! expect.

use assay_domain::{Error, Page, Result};

use crate::query::Query;

/// Names of the two parameters.
pub(super) const NAMES: [&str; 2] = ["offset", "limit"];

/// The page that a query asks for.
///
/// # Errors
/// [`Error::Invalid`] for what is no number, or a negative one.
pub(super) fn page(query: &Query<'_>) -> Result<Page> {
    Ok(Page {
        offset: position(query, "offset")?.unwrap_or(0),
        limit: position(query, "limit")?.unwrap_or(i64::MAX),
    })
}

fn position(query: &Query<'_>, name: &str) -> Result<Option<i64>> {
    match query.parsed::<i64>(name)? {
        Some(number) if number < 0 => Err(Error::invalid(format!("{name} cannot be negative"))),
        number => Ok(number),
    }
}

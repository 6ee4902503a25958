//! `offset` and `limit` of lists.

use assay_domain::{Error, Page, Result};

use crate::query::Query;

/// The page that a query asks for, at most `maximum` entries, which is also the default.
///
/// # Errors
/// [`Error::Invalid`] for what is no number, or out of range.
pub(super) fn page(query: &Query<'_>, maximum: i64) -> Result<Page> {
    page_with(query, maximum, &[])
}

/// The page that a query asks for which may hold `others` as well.
///
/// # Errors
/// As of [`page`].
pub(super) fn page_with(query: &Query<'_>, maximum: i64, others: &[&str]) -> Result<Page> {
    let known: Vec<&str> = ["offset", "limit"].iter().chain(others).copied().collect();
    query.only(&known)?;
    let offset = query.parsed::<i64>("offset")?.unwrap_or(0);
    let limit = query.parsed::<i64>("limit")?.unwrap_or(maximum);
    if offset < 0 {
        return Err(Error::invalid("offset cannot be negative"));
    }
    if !(0..=maximum).contains(&limit) {
        return Err(Error::invalid(format!(
            "limit is not within 0 to {maximum}"
        )));
    }
    Ok(Page { offset, limit })
}

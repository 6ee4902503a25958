//! Filters and pages of lists, free of SQL and of any dialect's syntax.

use std::cmp::Ordering;

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilterOp {
    /// Equal to the one value.
    Eq,
    /// Not equal to the one value (a null is not equal to any).
    Ne,
    /// Equal to one of the values.
    In,
    /// Equal to none of the values.
    NotIn,
    /// Greater.
    Gt,
    /// Greater or equal.
    Ge,
    /// Less.
    Lt,
    /// Less or equal.
    Le,
    /// Matches a pattern in which `%` is any text and `_` one character; case counts.
    Like,
    /// Is null (value true) or is not (value false).
    Null,
}

/// A typed value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum FilterValue {
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A truth value.
    Bool(bool),
    /// An instant.
    Time(crate::Timestamp),
}

/// One condition on one field; a list's filters must all hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Filter<F> {
    /// Which field.
    pub field: F,
    /// How it is compared.
    pub op: FilterOp,
    /// With what; exactly one value but for `In` and `NotIn`.
    pub values: Vec<FilterValue>,
}

impl<F> Filter<F> {
    /// Whether a text that is never null passes. A pattern is read as the store reads it.
    pub fn admits(&self, text: &str) -> bool {
        let mut values = self.values.iter().map(|value| match value {
            FilterValue::Text(wanted) => Some(text.cmp(wanted)),
            FilterValue::Int(_) | FilterValue::Bool(_) | FilterValue::Time(_) => None,
        });
        match self.op {
            FilterOp::Eq | FilterOp::In => values.any(|order| order == Some(Ordering::Equal)),
            FilterOp::Ne | FilterOp::NotIn => values.all(|order| order != Some(Ordering::Equal)),
            FilterOp::Gt => values.all(|order| order == Some(Ordering::Greater)),
            FilterOp::Ge => values.all(|order| order.is_some_and(Ordering::is_ge)),
            FilterOp::Lt => values.all(|order| order == Some(Ordering::Less)),
            FilterOp::Le => values.all(|order| order.is_some_and(Ordering::is_le)),
            FilterOp::Like => self
                .values
                .iter()
                .all(|value| matches!(value, FilterValue::Text(pattern) if is_like(text, pattern))),
            FilterOp::Null => self.values == [FilterValue::Bool(false)],
        }
    }
}

/// Whether a text fits a pattern in which `%` is any text and `_` one character.
fn is_like(text: &str, pattern: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // Which beginnings of the pattern fit what was read of the text so far.
    let mut fits = vec![false; pattern.len() + 1];
    fits[0] = true;
    follow_any(&pattern, &mut fits);
    for character in text.chars() {
        let mut next = vec![false; pattern.len() + 1];
        for (at, &known) in pattern.iter().enumerate() {
            if fits[at] && known == '%' {
                next[at] = true;
            } else if fits[at] && (known == '_' || known == character) {
                next[at + 1] = true;
            }
        }
        follow_any(&pattern, &mut next);
        fits = next;
    }
    fits[pattern.len()]
}

/// `%` may be no text at all.
fn follow_any(pattern: &[char], fits: &mut [bool]) {
    for (at, &known) in pattern.iter().enumerate() {
        if fits[at] && known == '%' {
            fits[at + 1] = true;
        }
    }
}

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to skip.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_pass_filters_as_in_the_store() {
        use FilterOp::{Eq, Ge, Gt, In, Le, Like, Lt, Ne, NotIn, Null};
        let text = |text: &str| FilterValue::Text(text.to_owned());
        for (op, values, passes) in [
            (Eq, vec![text("vol-1")], true),
            (Eq, vec![text("vol")], false),
            (Ne, vec![text("vol")], true),
            (In, vec![text("a"), text("vol-1")], true),
            (NotIn, vec![text("a"), text("vol-1")], false),
            (Gt, vec![text("vol")], true),
            (Ge, vec![text("vol-1")], true),
            (Lt, vec![text("vol-1")], false),
            (Le, vec![text("vol-1")], true),
            (Like, vec![text("v%1")], true),
            (Like, vec![text("%o_-%")], true),
            (Like, vec![text("vol-1%%")], true),
            (Like, vec![text("Vol%")], false),
            (Like, vec![text("vol")], false),
            (Like, vec![text("")], false),
            (Null, vec![FilterValue::Bool(false)], true),
            (Null, vec![FilterValue::Bool(true)], false),
        ] {
            let filter = Filter {
                field: (),
                op,
                values,
            };
            assert_eq!(filter.admits("vol-1"), passes, "{filter:?}");
        }
    }
}

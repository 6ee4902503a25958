//! Filters as conditions: typed values, and one macro that compares a column.

use assay_domain::{Error, Filter, FilterOp, FilterValue};
use chrono::NaiveDateTime;

use crate::convert::naive;
use crate::fault::{Fault, Outcome};

/// The boxed condition of a filter on a column: `condition!(column, filter, values-function)`, and
/// `like` behind it for a column of text.
///
/// A null is not equal to any value, so `Ne` and `NotIn` hold for it; every comparison with an
/// order does not.
macro_rules! condition {
    ($column:expr, $filter:expr, $values:ident) => {
        $crate::filter::condition!(
            @compare $column, $filter, $values,
            return Err($crate::filter::no_pattern())
        )
    };
    ($column:expr, $filter:expr, $values:ident, like) => {
        $crate::filter::condition!(
            @compare $column, $filter, $values,
            Box::new($column.like($crate::filter::pattern($filter)?).escape('\\').nullable())
        )
    };
    (@compare $column:expr, $filter:expr, $values:ident, $like:expr) => {{
        use assay_domain::FilterOp as Op;
        use $crate::filter::{flags as truth, one};
        let column = $column;
        match $filter.op {
            Op::Eq => Box::new(column.eq(one($values($filter)?)?).nullable()) as Condition,
            Op::Ne => {
                let other = column.ne(one($values($filter)?)?);
                Box::new(other.or(column.is_null()).nullable())
            }
            Op::In => Box::new(column.eq_any($values($filter)?).nullable()),
            Op::NotIn => {
                let others = column.ne_all($values($filter)?);
                Box::new(others.or(column.is_null()).nullable())
            }
            Op::Gt => Box::new(column.gt(one($values($filter)?)?).nullable()),
            Op::Ge => Box::new(column.ge(one($values($filter)?)?).nullable()),
            Op::Lt => Box::new(column.lt(one($values($filter)?)?).nullable()),
            Op::Le => Box::new(column.le(one($values($filter)?)?).nullable()),
            Op::Like => $like,
            Op::Null if one(truth($filter)?)? => Box::new(column.is_null().nullable()),
            Op::Null => Box::new(column.is_not_null().nullable()),
        }
    }};
}
pub(crate) use condition;

/// The values of a filter on text.
pub(crate) fn texts<F>(filter: &Filter<F>) -> Outcome<Vec<String>> {
    values(filter, "text", |value| match value {
        FilterValue::Text(text) => Some(text.clone()),
        _ => None,
    })
}

/// The values of a filter on a whole number.
pub(crate) fn integers<F>(filter: &Filter<F>) -> Outcome<Vec<i64>> {
    values(filter, "a whole number", |value| match value {
        FilterValue::Int(number) => Some(*number),
        _ => None,
    })
}

/// The values of a filter on a column of 32 bits.
pub(crate) fn small_integers<F>(filter: &Filter<F>) -> Outcome<Vec<i32>> {
    values(filter, "a whole number of 32 bits", |value| match value {
        FilterValue::Int(number) => i32::try_from(*number).ok(),
        _ => None,
    })
}

/// The values of a filter on a truth value, and of every `Null` filter.
pub(crate) fn flags<F>(filter: &Filter<F>) -> Outcome<Vec<bool>> {
    values(filter, "true or false", |value| match value {
        FilterValue::Bool(flag) => Some(*flag),
        _ => None,
    })
}

/// The values of a filter on a time.
pub(crate) fn times<F>(filter: &Filter<F>) -> Outcome<Vec<NaiveDateTime>> {
    values(filter, "a time", |value| match value {
        FilterValue::Time(time) => Some(naive(*time)),
        _ => None,
    })
}

/// The one value of a comparison.
pub(crate) fn one<T>(values: Vec<T>) -> Outcome<T> {
    let mut values = values.into_iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Ok(value),
        _ => Err(Error::invalid("this filter takes exactly one value").into()),
    }
}

/// The pattern of a `Like` filter. Both databases compare with the escape character `\`, which
/// only SQLite needs to be told of, so a `\` of the caller is doubled to stand for itself.
pub(crate) fn pattern<F>(filter: &Filter<F>) -> Outcome<String> {
    Ok(one(texts(filter)?)?.replace('\\', "\\\\"))
}

/// The answer to a pattern for a column that is no text.
pub(crate) fn no_pattern() -> Fault {
    Error::invalid("a pattern can only be compared with text").into()
}

fn values<F, T>(
    filter: &Filter<F>,
    kind: &str,
    read: impl Fn(&FilterValue) -> Option<T>,
) -> Outcome<Vec<T>> {
    let read = filter.values.iter().map(read).collect::<Option<Vec<T>>>();
    match filter.op {
        FilterOp::In | FilterOp::NotIn if filter.values.is_empty() => {
            Err(Error::invalid("this filter takes at least one value").into())
        }
        _ => read.ok_or_else(|| Error::invalid(format!("this filter takes {kind}")).into()),
    }
}

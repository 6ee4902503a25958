//! Filters and pages of lists, free of SQL and of any dialect's syntax.

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

/// A part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// How many to skip.
    pub offset: i64,
    /// How many at most.
    pub limit: i64,
}

//! How a report's value is compared with a rule's.

use std::cmp::Ordering;

use serde_json::Value;

/// Are they the same? When the rule's value is a number or a boolean, a text in the report that is
/// a number counts as one (so does a boolean, as 0 or 1); otherwise both are taken as they are.
pub(crate) fn equal(found: &Value, wanted: &Value) -> bool {
    match Number::wanted(wanted) {
        Some(wanted) => {
            Number::found(found).is_some_and(|found| found.compare(wanted) == Some(Ordering::Equal))
        }
        None => found == wanted,
    }
}

/// Which one is larger? `None` when they cannot be compared: numbers are compared as numbers (see
/// [`equal`]), two texts letter by letter.
pub(crate) fn order(found: &Value, wanted: &Value) -> Option<Ordering> {
    match (Number::wanted(wanted), found, wanted) {
        (Some(wanted), ..) => Number::found(found)?.compare(wanted),
        (None, Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
        _ => None,
    }
}

#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Float(f64),
}

impl Number {
    fn wanted(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => Some(Self::of(number)),
            Value::Bool(yes) => Some(Self::Whole(i128::from(*yes))),
            _ => None,
        }
    }

    fn found(value: &Value) -> Option<Self> {
        let Value::String(text) = value else {
            return Self::wanted(value);
        };
        let text = text.trim();
        let whole = text.parse().ok().map(Self::Whole);
        whole.or_else(|| text.parse().ok().map(Self::Float))
    }

    fn of(number: &serde_json::Number) -> Self {
        let whole = number.as_i64().map(i128::from);
        whole.or(number.as_u64().map(i128::from)).map_or_else(
            || Self::Float(number.as_f64().unwrap_or(f64::NAN)),
            Self::Whole,
        )
    }

    fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Whole(one), Self::Whole(two)) => Some(one.cmp(&two)),
            (one, two) => one.float().partial_cmp(&two.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Whole(whole) => whole as f64,
            Self::Float(float) => float,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_compared_as_numbers() {
        assert!(equal(&json!("8"), &json!(8)) && equal(&json!(8.0), &json!(8)));
        assert!(equal(&json!(true), &json!(true)) && equal(&json!("1"), &json!(true)));
        assert_eq!(order(&json!("10"), &json!(9)), Some(Ordering::Greater));
        assert_eq!(
            order(&json!(u64::MAX), &json!(u64::MAX - 1)),
            Some(Ordering::Greater)
        );
        assert_eq!(order(&json!("2.5"), &json!(2.5)), Some(Ordering::Equal));
    }

    #[test]
    fn the_rest_is_taken_as_it_is() {
        assert!(!equal(&json!(8), &json!("8")) && !equal(&json!("x"), &json!(8)));
        assert!(equal(&json!(["a"]), &json!(["a"])) && !equal(&json!(null), &json!(0)));
        assert_eq!(order(&json!("10"), &json!("9")), Some(Ordering::Less));
        assert_eq!(order(&json!(10), &json!("9")), None);
        assert_eq!(order(&json!("nan"), &json!(9)), None);
        assert_eq!(order(&json!([1]), &json!(9)), None);
    }
}

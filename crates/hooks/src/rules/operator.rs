//! The operators of conditions.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use regex::{Regex, RegexBuilder};
use serde_json::Value;

use super::compare::{equal, order};
use super::params::Params;
use super::text::plain;

/// Names of all operators, as errors list them.
pub(crate) const NAMES: [&str; 10] = [
    "eq", "ne", "lt", "le", "gt", "ge", "in-net", "matches", "contains", "is-empty",
];

/// Memory that a compiled regular expression may take, in bytes.
const REGEX_LIMIT: usize = 1 << 20;

/// An operator with what it compares to.
#[derive(Debug, Clone)]
pub(crate) enum Operator {
    Equal(Value),
    Different(Value),
    Order(Value, fn(Ordering) -> bool),
    InNet(IpNet),
    /// Matches as a whole, or somewhere: the difference is in the expression.
    Regex {
        regex: Regex,
        /// As the rule has it.
        text: String,
    },
    Empty,
}

impl Operator {
    /// Takes the operator's own parameters; the error is the reason why the rule is bad.
    pub(crate) fn parse(name: &str, params: &mut Params) -> Result<Self, String> {
        Ok(match name {
            "eq" => Self::Equal(params.required("value")?),
            "ne" => Self::Different(params.required("value")?),
            "lt" => Self::Order(params.required("value")?, Ordering::is_lt),
            "le" => Self::Order(params.required("value")?, Ordering::is_le),
            "gt" => Self::Order(params.required("value")?, Ordering::is_gt),
            "ge" => Self::Order(params.required("value")?, Ordering::is_ge),
            "in-net" => Self::InNet(network(&params.text("value")?)?),
            "matches" => {
                let text = params.text("value")?;
                let regex = whole(&text)?;
                Self::Regex { regex, text }
            }
            "contains" => {
                let text = params.text("value")?;
                let regex = regex(&text)?;
                Self::Regex { regex, text }
            }
            "is-empty" => Self::Empty,
            _ => {
                let known = NAMES.join(", ");
                return Err(format!("unknown operator {name:?}; known are {known}"));
            }
        })
    }

    /// Does it hold for a value? One that the operator cannot be applied to satisfies nothing but
    /// `ne`.
    pub(crate) fn holds(&self, found: &Value) -> bool {
        match self {
            Self::Equal(wanted) => equal(found, wanted),
            Self::Different(wanted) => !equal(found, wanted),
            Self::Order(wanted, relation) => order(found, wanted).is_some_and(relation),
            Self::InNet(net) => address(found).is_some_and(|address| net.contains(&address)),
            Self::Regex { regex, .. } => match found {
                Value::String(text) => regex.is_match(text),
                other => regex.is_match(&plain(other)),
            },
            Self::Empty => is_empty(found),
        }
    }

    /// Why a value does not satisfy the operator, as the end of a sentence about the value; for an
    /// inverted condition, why it does.
    pub(crate) fn why_not(&self, found: &Value, inverted: bool) -> String {
        let reason = match self {
            Self::Equal(wanted) if inverted => format!("is equal to {wanted}"),
            Self::Equal(wanted) => format!("is not equal to {wanted}"),
            Self::Different(wanted) if inverted => format!("is not equal to {wanted}"),
            Self::Different(wanted) => format!("is equal to {wanted}"),
            Self::Order(wanted, _) => match order(found, wanted) {
                Some(Ordering::Less) => format!("is less than {wanted}"),
                Some(Ordering::Equal) => format!("is equal to {wanted}"),
                Some(Ordering::Greater) => format!("is greater than {wanted}"),
                None => format!("cannot be compared with {wanted}"),
            },
            Self::InNet(net) if inverted => format!("is in {net}"),
            Self::InNet(_) if address(found).is_none() => "is no IP address".to_owned(),
            Self::InNet(net) => format!("is not in {net}"),
            Self::Regex { text, .. } if inverted => format!("matches {text}"),
            Self::Regex { text, .. } => format!("does not match {text}"),
            Self::Empty if inverted => "is empty".to_owned(),
            Self::Empty => "is not empty".to_owned(),
        };
        if inverted {
            return format!("{reason}, and the condition is inverted");
        }
        reason
    }

    /// Is a field that is not there looked at as if it were null?
    pub(crate) fn accepts_missing(&self) -> bool {
        matches!(self, Self::Empty)
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn regex(text: &str) -> Result<Regex, String> {
    RegexBuilder::new(text)
        .size_limit(REGEX_LIMIT)
        .build()
        .map_err(|error| {
            let error = error.to_string();
            let last = error.lines().last().unwrap_or_default();
            let reason = last.trim_start_matches("error: ");
            format!("invalid regular expression {text:?}: {reason}")
        })
}

/// The text must be valid by itself, so that it cannot break out of the group.
fn whole(text: &str) -> Result<Regex, String> {
    regex(text)?;
    regex(&format!(r"\A(?:{text})\z"))
}

/// `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `2001:db8::/32` or a single address.
fn network(text: &str) -> Result<IpNet, String> {
    let wrong = || format!("invalid network {text:?}");
    let text = text.trim();
    let Some((address, mask)) = text.split_once('/') else {
        return text.parse::<IpAddr>().map(IpNet::from).map_err(|_| wrong());
    };
    if let Ok(mask) = mask.parse::<Ipv4Addr>() {
        let address: Ipv4Addr = address.parse().map_err(|_| wrong())?;
        return IpNet::with_netmask(address.into(), mask.into()).map_err(|_| wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn address(found: &Value) -> Option<IpAddr> {
    let text = found.as_str()?;
    text.split('%').next()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, json};

    fn operator(name: &str, value: Value) -> Result<Operator, String> {
        let params = json!({"value": value});
        let map: Map<String, Value> = params.as_object().unwrap().clone();
        Operator::parse(name, &mut Params::new(&map, &[]))
    }

    fn holds(name: &str, found: Value, value: Value) -> bool {
        operator(name, value).unwrap().holds(&found)
    }

    #[test]
    fn comparisons() {
        assert!(holds("eq", json!("4"), json!(4)) && !holds("eq", json!(5), json!(4)));
        assert!(holds("ne", json!("x"), json!(4)) && !holds("ne", json!(4), json!(4)));
        assert!(holds("lt", json!(3), json!(4)) && !holds("lt", json!(4), json!(4)));
        assert!(holds("le", json!(4), json!(4)) && !holds("le", json!(5), json!(4)));
        assert!(holds("gt", json!(5), json!(4)) && !holds("gt", json!(4), json!(4)));
        assert!(holds("ge", json!(4), json!(4)) && !holds("ge", json!(3), json!(4)));
        assert!(!holds("ge", json!("x"), json!(4)) && !holds("lt", json!(null), json!(4)));
    }

    #[test]
    fn networks() {
        assert!(holds("in-net", json!("10.1.2.3"), json!("10.0.0.0/8")));
        assert!(holds(
            "in-net",
            json!("10.1.2.3"),
            json!("10.9.9.9/255.0.0.0")
        ));
        assert!(holds("in-net", json!("fe80::1%eth0"), json!("fe80::/10")));
        assert!(holds("in-net", json!("192.0.2.1"), json!("192.0.2.1")));
        assert!(!holds("in-net", json!("11.1.2.3"), json!("10.0.0.0/8")));
        assert!(!holds("in-net", json!("host"), json!("10.0.0.0/8")));
        assert!(!holds("in-net", json!(7), json!("10.0.0.0/8")));
        for bad in [
            "",
            "10.0.0.0/33",
            "10.0.0/8",
            "x/8",
            "10.0.0.0/255.0.255.0",
            "::1/255.0.0.0",
        ] {
            let error = operator("in-net", json!(bad)).unwrap_err();
            assert!(error.contains("invalid network"), "{bad}: {error}");
        }
    }

    #[test]
    fn expressions() {
        assert!(
            holds("matches", json!("abc"), json!("a.c"))
                && !holds("matches", json!("abcd"), json!("a.c"))
        );
        assert!(
            !holds("matches", json!("ax"), json!("a|b")),
            "an alternative is a whole match too"
        );
        assert!(
            holds("matches", json!(999), json!("[0-9]+"))
                && holds("matches", json!(true), json!("True"))
        );
        assert!(
            holds("contains", json!("xabcx"), json!("a.c"))
                && !holds("contains", json!("x"), json!("a"))
        );
        assert!(holds("contains", json!(["fpu", "vmx"]), json!("'vmx'")));
        for bad in ["(", "a)(b", "(?=x)", "[z-a]", r"\1"] {
            let error = operator("matches", json!(bad)).unwrap_err();
            assert!(error.starts_with("invalid regular expression"), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        assert!(operator("contains", json!("(a{1000}){1000}")).is_err());
        assert!(
            operator("contains", json!(5))
                .unwrap_err()
                .contains("must be a text")
        );
    }

    #[test]
    fn emptiness() {
        for empty in [json!(null), json!(""), json!([]), json!({})] {
            assert!(Operator::Empty.holds(&empty), "{empty}");
        }
        for full in [json!(0), json!(false), json!(" "), json!([null])] {
            assert!(!Operator::Empty.holds(&full), "{full}");
        }
    }

    #[test]
    fn unknown_operators_are_refused() {
        let error = operator("like", json!(1)).unwrap_err();
        assert!(error.starts_with("unknown operator \"like\"; known are eq, ne, "));
    }

    proptest! {
        #[test]
        fn no_value_panics(name in prop::sample::select(NAMES.to_vec()), value in "\\PC{0,20}", found in "\\PC{0,20}") {
            if let Ok(operator) = operator(name, json!(value)) {
                operator.holds(&json!(found));
            }
        }
    }
}

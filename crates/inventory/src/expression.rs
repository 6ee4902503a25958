//! Comparisons in the little language of root device hints and traits:
//! an operator followed by a value, as ironic documents it.

/// A parsed comparison. All texts are trimmed and in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// Compares as numbers.
    Number(Ordering, String),
    /// Compares as texts.
    Text(Ordering, String),
    /// Contains this text.
    Contains(Vec<String>),
    /// Is one of these.
    OneOf(Vec<String>),
    /// Is a number between these, with the ends included or not.
    Range {
        from: String,
        with_from: bool,
        to: String,
        with_to: bool,
    },
}

/// The relations an operator can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    Less,
    AtMost,
    Equal,
    Different,
    AtLeast,
    Greater,
}

// Longest first, since `s<` is a prefix of `s<=`, and `<` of `<in>`.
const OPERATORS: [(&str, bool, Ordering); 13] = [
    ("s==", true, Ordering::Equal),
    ("s!=", true, Ordering::Different),
    ("s<=", true, Ordering::AtMost),
    ("s>=", true, Ordering::AtLeast),
    ("s<", true, Ordering::Less),
    ("s>", true, Ordering::Greater),
    ("==", false, Ordering::Equal),
    ("!=", false, Ordering::Different),
    ("<=", false, Ordering::AtMost),
    (">=", false, Ordering::AtLeast),
    ("<", false, Ordering::Less),
    (">", false, Ordering::Greater),
    // A single equals sign means "at least", kept by ironic for old users.
    ("=", false, Ordering::AtLeast),
];

impl Expression {
    /// Parses; a text without an operator is `None`, one with an operator but
    /// without a value is an error.
    pub(crate) fn parse(text: &str) -> Result<Option<Self>, String> {
        let text = text.trim().to_lowercase();
        for word in ["<or>", "<in>", "<all-in>"] {
            if text.starts_with(word) {
                let values = words(&text, word)?;
                return Ok(Some(match word {
                    "<or>" => Self::OneOf(values),
                    _ => Self::Contains(values),
                }));
            }
        }
        if let Some(rest) = text.strip_prefix("<range-in>") {
            return range(rest).map(Some);
        }
        for (sign, as_text, ordering) in OPERATORS {
            if let Some(value) = text.strip_prefix(sign) {
                let value = value.trim().to_owned();
                if value.is_empty() {
                    return Err(format!("no value after {sign}"));
                }
                return Ok(Some(if as_text {
                    Self::Text(ordering, value)
                } else {
                    Self::Number(ordering, value)
                }));
            }
        }
        Ok(None)
    }

    /// Every value in the expression, to check them for being numbers.
    pub(crate) fn values(&self) -> Vec<&str> {
        match self {
            Self::Number(_, value) | Self::Text(_, value) => vec![value],
            Self::Contains(values) | Self::OneOf(values) => {
                values.iter().map(String::as_str).collect()
            }
            Self::Range { from, to, .. } => vec![from, to],
        }
    }

    /// Does this text satisfy the comparison? Numbers are compared as numbers;
    /// a text that is none satisfies no numeric comparison.
    pub(crate) fn matches_text(&self, subject: &str) -> bool {
        let subject = subject.trim().to_lowercase();
        match self {
            Self::Text(ordering, value) => ordering.holds(subject.as_str().cmp(value.as_str())),
            Self::Contains(values) => values.iter().all(|value| subject.contains(value)),
            Self::OneOf(values) => values.contains(&subject),
            Self::Number(..) | Self::Range { .. } => subject
                .parse()
                .is_ok_and(|number| self.matches_number(number)),
        }
    }

    /// Does this number satisfy the comparison? A value of the expression that
    /// is no number satisfies nothing.
    pub(crate) fn matches_number(&self, subject: f64) -> bool {
        let compare = |value: &str| {
            let value: f64 = value.parse().ok()?;
            subject.partial_cmp(&value)
        };
        match self {
            Self::Number(ordering, value) | Self::Text(ordering, value) => {
                compare(value).is_some_and(|found| ordering.holds(found))
            }
            Self::Contains(values) | Self::OneOf(values) => values
                .iter()
                .any(|value| compare(value).is_some_and(std::cmp::Ordering::is_eq)),
            Self::Range {
                from,
                with_from,
                to,
                with_to,
            } => {
                let above = compare(from)
                    .is_some_and(|found| found.is_gt() || (*with_from && found.is_eq()));
                let below =
                    compare(to).is_some_and(|found| found.is_lt() || (*with_to && found.is_eq()));
                above && below
            }
        }
    }
}

impl Ordering {
    fn holds(self, found: std::cmp::Ordering) -> bool {
        match self {
            Self::Less => found.is_lt(),
            Self::AtMost => found.is_le(),
            Self::Equal => found.is_eq(),
            Self::Different => found.is_ne(),
            Self::AtLeast => found.is_ge(),
            Self::Greater => found.is_gt(),
        }
    }
}

fn words(text: &str, separator: &str) -> Result<Vec<String>, String> {
    let values: Vec<String> = text
        .split(separator)
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect();
    if values.is_empty() {
        return Err(format!("no value after {separator}"));
    }
    Ok(values)
}

fn range(text: &str) -> Result<Expression, String> {
    let wrong = || "a range looks like <range-in> [ 10 20 ]".to_owned();
    let text = text.trim();
    let with_from = text.starts_with('[');
    let with_to = text.ends_with(']');
    let inner = text
        .strip_prefix(['[', '('])
        .and_then(|rest| rest.strip_suffix([']', ')']))
        .ok_or_else(wrong)?;
    let mut ends = inner.split_whitespace();
    match (ends.next(), ends.next(), ends.next()) {
        (Some(from), Some(to), None) => Ok(Expression::Range {
            from: from.to_owned(),
            with_from,
            to: to.to_owned(),
            with_to,
        }),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn matches(expression: &str, subject: &str) -> bool {
        Expression::parse(expression)
            .unwrap()
            .unwrap()
            .matches_text(subject)
    }

    #[test]
    fn text_operators_ignore_case_and_outer_space() {
        assert!(matches("s== Samsung SSD", " SAMSUNG ssd "));
        assert!(matches("s!= a", "b") && !matches("s!= a", "a"));
        assert!(matches("s< b", "a") && matches("s<= b", "b"));
        assert!(matches("s> a", "b") && matches("s>= b", "b"));
        assert!(matches("<in> ssd", "Intel SSD 1"));
        assert!(matches("<or> foo bar <or> baz", "foo bar"));
        assert!(!matches("<or> foo <or> baz", "foo baz"));
        assert!(matches("<all-in> a <all-in> b", "cab"));
    }

    #[test]
    fn number_operators_compare_as_numbers() {
        assert!(matches("== 10", "10.0") && !matches("== 10", "9"));
        assert!(matches("= 10", "11") && !matches("= 10", "9"));
        assert!(matches("!= 10", "9") && matches("<10", "9"));
        assert!(matches(">= 10", "10") && matches("> 9", "10") && matches("<= 9", "9"));
        assert!(matches("<range-in> [ 10 20 ]", "20"));
        assert!(!matches("<range-in> ( 10 20 )", "20"));
        assert!(!matches("> 9", "many"));
    }

    #[test]
    fn a_plain_value_has_no_operator_and_a_bare_operator_is_refused() {
        assert_eq!(Expression::parse("sda"), Ok(None));
        for text in [
            "s==",
            "<in>",
            "<or> <or>",
            ">= ",
            "<range-in> 1 2",
            "<range-in> [1]",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(<or>|<in>|<range-in>|s?[<>=!]{0,2}) ?\\PC{0,12}", subject in "\\PC{0,12}") {
            if let Ok(Some(expression)) = Expression::parse(&text) {
                expression.matches_text(&subject);
                expression.values();
            }
        }
    }
}

//! The field of a condition: a JSONPath into the report or into the node.

use serde_json::Value;
use serde_json_path::JsonPath;

use super::notation::standard;

/// Longer ones are mistakes.
const MAX_LENGTH: usize = 512;

/// What a path leads into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The processed report (`data://`, the default).
    Data,
    /// The node's view (`node://`).
    Node,
}

/// A parsed field.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) source: Source,
    path: JsonPath,
    /// The way to the one value that the path can lead to; none for a path to several.
    singular: Option<Vec<Step>>,
}

/// A part of a path to one value (RFC 9535, section 2.3.5.1, singular query).
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Name(String),
    /// From the end when negative.
    Index(i64),
}

impl Field {
    /// Parses `[scheme://]path`. The path is RFC 9535's JSONPath, or the older and laxer notation
    /// that rules were written in: without `$` in front, with hyphens in names, `a.[0]`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = |reason: &dyn std::fmt::Display| format!("field {text:?}: {reason}");
        if text.len() > MAX_LENGTH {
            return Err(format!("field: is over {MAX_LENGTH} bytes"));
        }
        let (source, path) = scheme(text).map_err(|reason| wrong(&reason))?;
        let text = standard(path).map_err(|reason| wrong(&reason))?;
        let path = JsonPath::parse(&text)
            .map_err(|error| wrong(&format_args!("is not a JSONPath: {error}")))?;
        Ok(Self {
            source,
            path,
            singular: singular(&text),
        })
    }

    /// The values that the path leads to.
    pub(crate) fn values<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        match &self.singular {
            Some(steps) => steps
                .iter()
                .try_fold(document, |value, step| step.take(value))
                .into_iter()
                .collect(),
            None => self.path.query(document).all(),
        }
    }

    /// The values that the path leads to, with their places as normalized paths.
    pub(crate) fn find<'a>(&self, document: &'a Value) -> Vec<(String, &'a Value)> {
        let found = self.path.query_located(document);
        found
            .iter()
            .map(|node| (node.location().to_string(), node.node()))
            .collect()
    }
}

impl Step {
    fn take<'a>(&self, value: &'a Value) -> Option<&'a Value> {
        match (self, value) {
            (Self::Name(name), Value::Object(map)) => map.get(name),
            (Self::Index(at), Value::Array(list)) => {
                let distance = usize::try_from(at.unsigned_abs()).ok()?;
                let index = if *at < 0 {
                    list.len().checked_sub(distance)?
                } else {
                    distance
                };
                list.get(index)
            }
            _ => None,
        }
    }
}

/// The steps of a valid path in the standard's notation, when it has only names and indices.
fn singular(path: &str) -> Option<Vec<Step>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (name, after) = name.split_at(end);
            if name.is_empty() || name == "*" {
                return None;
            }
            steps.push(Step::Name(name.to_owned()));
            rest = after;
            continue;
        }
        let inner = rest.strip_prefix('[')?;
        let quote = inner
            .chars()
            .next()
            .filter(|quote| matches!(quote, '\'' | '"'));
        rest = if let Some(quote) = quote {
            let (name, after) = inner.get(1..)?.split_once(quote)?;
            if name.contains('\\') {
                return None;
            }
            steps.push(Step::Name(name.to_owned()));
            after.strip_prefix(']')?
        } else {
            let (digits, after) = inner.split_once(']')?;
            steps.push(Step::Index(digits.parse().ok()?));
            after
        };
    }
    Some(steps)
}

fn scheme(text: &str) -> Result<(Source, &str), String> {
    let scheme = text.split_once("://");
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    match scheme.filter(|(name, _)| is_name(name)) {
        None => Ok((Source::Data, text)),
        Some(("data", path)) => Ok((Source::Data, path)),
        Some(("node", path)) => Ok((Source::Node, path)),
        Some((other, _)) => Err(format!(
            "unknown scheme {other:?}; known are data:// and node://"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn found(field: &str) -> Vec<Value> {
        let data = json!({
            "memory_mb": 1024,
            "inventory": {
                "interfaces": [{"name": "a", "has-carrier": true}, {"name": "b"}],
                "cpu": {"count": 4},
            },
            "extra": {"system": {"product-name": "Box", "0": "zero"}},
            "a b": {"c": 1},
        });
        let field = Field::parse(field).unwrap();
        let values: Vec<Value> = field.values(&data).into_iter().cloned().collect();
        let located = field.find(&data).into_iter();
        assert!(located.map(|(_, value)| value).eq(&values));
        values
    }

    #[test]
    fn paths_to_one_value_are_known() {
        let steps = |field: &str| Field::parse(field).unwrap().singular;
        let name = |text: &str| Step::Name(text.to_owned());
        assert_eq!(
            steps("a.b[-1]['c d'][\"e\"]"),
            Some(vec![
                name("a"),
                name("b"),
                Step::Index(-1),
                name("c d"),
                name("e")
            ])
        );
        for several in [
            "a[*]",
            "a.*",
            "$..a",
            "a[0,1]",
            "a[0:1]",
            "a[?@.b]",
            r"['a\'b']",
        ] {
            assert_eq!(steps(several), None, "{several}");
        }
    }

    #[test]
    fn both_notations_are_understood() {
        for (field, expected) in [
            ("memory_mb", json!([1024])),
            ("$.memory_mb", json!([1024])),
            ("data://memory_mb", json!([1024])),
            ("data://$.inventory.cpu.count", json!([4])),
            ("inventory.interfaces[*].name", json!(["a", "b"])),
            ("inventory.interfaces.[*].name", json!(["a", "b"])),
            ("inventory.interfaces[-1].name", json!(["b"])),
            ("inventory.interfaces[0]['has-carrier']", json!([true])),
            ("inventory.interfaces[0].has-carrier", json!([true])),
            ("inventory.interfaces[?@.name == 'b'].name", json!(["b"])),
            (
                "inventory.interfaces[?match(@.name, '[ab]')].name",
                json!(["a", "b"]),
            ),
            ("$..name", json!(["a", "b"])),
            ("..count", json!([4])),
            ("$..has-carrier", json!([true])),
            ("$..['count']", json!([4])),
            ("extra.system.product-name", json!(["Box"])),
            ("extra.*.0", json!(["zero"])),
            ("'a b'.c", json!([1])),
            ("['a b'].c", json!([1])),
            (
                "inventory.interfaces[?search(@.name, '$$..,,,,,,,,,,|b')].name",
                json!(["b"]),
            ),
            ("i.do.not.exist", json!([])),
        ] {
            assert_eq!(json!(found(field)), expected, "{field}");
        }
        assert_eq!(found("$").len(), 1);
        assert_eq!(
            Field::parse("node://properties.cpus").unwrap().source,
            Source::Node
        );
    }

    #[test]
    fn places_are_told() {
        let data = json!({"a": [{"b": 1}]});
        let field = Field::parse("a[*].b").unwrap();
        assert_eq!(field.find(&data)[0].0, "$['a'][0]['b']");
    }

    #[test]
    fn bad_fields_are_refused_with_a_reason() {
        for (field, reason) in [
            ("", "is not a path"),
            ("$x", "is not a path"),
            ("http://x", "unknown scheme \"http\""),
            ("a..", "empty part"),
            ("a.b.", "is not a JSONPath"),
            ("a[", "unclosed '['"),
            ("a['b]", "unclosed quotation"),
            ("a[b]", "is not a JSONPath"),
            ("a | b", "is not a name"),
            ("$..a..b..c..d", "more than 3 descents"),
            ("a[?@..a[?@..b]]..c..d", "more than 3 descents"),
            ("a[1,2,3,4,5,6,7,8,9,0]", "more than 8 commas"),
            ("a[?$.a[?$.b]]", "more than 1 queries from the root"),
        ] {
            let error = Field::parse(field).unwrap_err();
            let dotted = field.ends_with('.') && error.contains("empty part");
            assert!(error.contains(reason) || dotted, "{field}: {error}");
        }
        let deep = format!("a[?{}@.b{}]", "(".repeat(20), ")".repeat(20));
        assert!(Field::parse(&deep).unwrap_err().contains("nested deeper"));
        assert!(
            Field::parse(&"a".repeat(600))
                .unwrap_err()
                .contains("over 512")
        );
    }

    #[test]
    fn the_worst_fields_are_quick_to_parse_and_to_find() {
        let wide: Vec<Value> = (0..200)
            .map(|n| json!({"a": [n, {"b": [n]}], "c": n}))
            .collect();
        let data = json!({"list": wide});
        let nested = |open: &str, close: &str| {
            let inner = format!("{}@.a{}", open.repeat(7), close.repeat(7));
            format!("$..*[?{inner}]")
        };
        let began = std::time::Instant::now();
        for field in [
            nested("@[?", "]"),
            nested("(", ")"),
            nested("length(", ")"),
            nested("!(", ")"),
            nested("value(", ")").replace(']', " == 1]"),
            "$..*..*..*".to_owned(),
            "$..[*,*,*]..[*,*]".to_owned(),
            format!("$..[*{0}]..[*{0}]..[*{0}]", ",*".repeat(2)),
            "$..*[?$..*]".to_owned(),
        ] {
            if let Ok(field) = Field::parse(&field) {
                field.find(&data);
            }
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    proptest! {
        #[test]
        fn no_field_panics(text in "(node://|data://|\\$)?[a-c.*\\[\\]?@()'\"!&=<|,:0-9 \\\\\u{e9}-]{0,40}") {
            if let Ok(field) = Field::parse(&text) {
                let data = json!({"a": [{"b": 1, "c": [1, 2]}]});
                let located = field.find(&data).into_iter().map(|(_, value)| value);
                prop_assert!(located.eq(field.values(&data)));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Field::parse(&text);
        }
    }
}

//! The field of a condition: a JSONPath into the report or into the node.

use serde_json::Value;
use serde_json_path::JsonPath;

/// Parsing and querying are recursive, and each `..` may visit the whole report.
const MAX_LENGTH: usize = 512;
const MAX_DEPTH: usize = 8;
const MAX_DESCENTS: usize = 3;

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
        let path = standard(path).map_err(|reason| wrong(&reason))?;
        let path = JsonPath::parse(&path)
            .map_err(|error| wrong(&format_args!("is not a JSONPath: {error}")))?;
        Ok(Self { source, path })
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

/// The path in RFC 9535's notation.
fn standard(path: &str) -> Result<String, String> {
    let path = path.trim();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    if path.is_empty()
        || (path.starts_with('$') && !rest.is_empty() && !rest.starts_with(['.', '[']))
    {
        return Err("is not a path such as inventory.cpu.count".to_owned());
    }
    let mut standard = "$".to_owned();
    let mut descents = 0;
    while !rest.is_empty() {
        let bracket = rest
            .strip_prefix('.')
            .filter(|inner| inner.starts_with('['));
        if let Some(inner) = bracket {
            rest = inner;
        }
        if rest.starts_with('[') {
            let (selector, after) = rest.split_at(bracket_end(rest)?);
            standard.push_str(selector);
            rest = after;
            continue;
        }
        if let Some(after) = rest.strip_prefix("..") {
            descents += 1;
            standard.push_str("..");
            rest = after;
            if rest.starts_with('[') {
                continue;
            }
        } else {
            standard.push('.');
            rest = rest.strip_prefix('.').unwrap_or(rest);
        }
        rest = segment(rest, &mut standard)?;
    }
    if descents + standard.matches("[..").count() > MAX_DESCENTS {
        return Err(format!("has more than {MAX_DESCENTS} descents (..)"));
    }
    Ok(standard)
}

/// A name after a dot; one that RFC 9535 does not allow there is put into brackets.
fn segment<'a>(rest: &'a str, standard: &mut String) -> Result<&'a str, String> {
    if rest.starts_with(['\'', '"']) {
        let end = quoted_end(rest)?;
        let (name, after) = rest.split_at(end);
        bracketed(standard, name);
        return Ok(after);
    }
    let (name, after) = rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len()));
    let is_word = |char: char| char.is_alphanumeric() || matches!(char, '_' | '-' | '@');
    if name == "*" {
        standard.push('*');
    } else if name.is_empty() {
        return Err("has an empty part".to_owned());
    } else if !name.chars().all(is_word) {
        return Err(format!("{name:?} is not a name; write ['{name}']"));
    } else if is_shorthand(name) {
        standard.push_str(name);
    } else {
        bracketed(standard, &format!("'{name}'"));
    }
    Ok(after)
}

fn bracketed(standard: &mut String, quoted: &str) {
    if standard.ends_with('.') && !standard.ends_with("..") {
        standard.pop();
    }
    standard.push('[');
    standard.push_str(quoted);
    standard.push(']');
}

/// RFC 9535, section 2.5.1.1: member-name-shorthand.
fn is_shorthand(name: &str) -> bool {
    let first = |char: char| char.is_ascii_alphabetic() || char == '_' || !char.is_ascii();
    name.starts_with(first)
        && name
            .chars()
            .all(|char| first(char) || char.is_ascii_digit())
}

/// Where the bracket at the beginning is closed, behind it.
fn bracket_end(text: &str) -> Result<usize, String> {
    let mut depth = 0;
    let mut at = 0;
    while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
        match char {
            '\'' | '"' => {
                at += quoted_end(text.get(at..).unwrap_or_default())?;
                continue;
            }
            '[' | '(' => depth += 1,
            ']' | ')' => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("is nested deeper than {MAX_DEPTH}"));
        }
        at += char.len_utf8();
        if depth == 0 {
            return Ok(at);
        }
    }
    Err("has an unclosed '['".to_owned())
}

/// Where the quotation at the beginning ends, behind its closing quote.
fn quoted_end(text: &str) -> Result<usize, String> {
    let mut chars = text.char_indices();
    let quote = chars.next().map(|(_, quote)| quote);
    while let Some((at, char)) = chars.next() {
        if char == '\\' {
            chars.next();
        } else if Some(char) == quote {
            return Ok(at + char.len_utf8());
        }
    }
    Err("has an unclosed quotation".to_owned())
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
        field
            .find(&data)
            .into_iter()
            .map(|(_, value)| value.clone())
            .collect()
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

    proptest! {
        #[test]
        fn no_field_panics(text in "(node://|data://|\\$)?[a-c.*\\[\\]?@()'\"!&=<|,:0-9 \\\\\u{e9}-]{0,40}") {
            if let Ok(field) = Field::parse(&text) {
                field.find(&json!({"a": [{"b": 1, "c": [1, 2]}]}));
            }
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,40}") {
            let _ = Field::parse(&text);
        }
    }
}

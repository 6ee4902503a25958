//! Values of actions, with fields that are filled in from the report: `{data[inventory][bmc_address]}`.

use serde_json::{Map, Value};

use super::format_spec::FormatSpec;
use super::text::quoted;

/// Longest text that a template may become, in bytes.
const MAX_TEXT: usize = 64 * 1024;

/// A value whose texts, at any depth and in keys too, are templates.
#[derive(Debug, Clone)]
pub(crate) enum Template {
    Text(Vec<Piece>),
    List(Vec<Template>),
    Object(Vec<(Vec<Piece>, Template)>),
    Plain(Value),
}

/// A part of a text.
#[derive(Debug, Clone)]
pub(crate) enum Piece {
    Literal(String),
    Field(Field),
}

/// A field: where its value is in the report and how it is written.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    source: String,
    path: Vec<String>,
    as_expression: bool,
    spec: FormatSpec,
}

impl Template {
    /// Parses all texts in the value; the error quotes the wrong one.
    pub(crate) fn parse(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::String(text) => Self::Text(pieces(text)?),
            Value::Array(list) => {
                Self::List(list.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => {
                let pairs = map.iter();
                let parsed = pairs.map(|(key, value)| Ok((pieces(key)?, Self::parse(value)?)));
                Self::Object(parsed.collect::<Result<_, String>>()?)
            }
            other => Self::Plain(other.clone()),
        })
    }

    /// The value with all fields filled in; the error names the field that the report has not.
    pub(crate) fn render(&self, data: &Value) -> Result<Value, String> {
        Ok(match self {
            Self::Text(pieces) => Value::String(text(pieces, data)?),
            Self::List(list) => {
                let values = list.iter().map(|value| value.render(data));
                Value::Array(values.collect::<Result<_, _>>()?)
            }
            Self::Object(pairs) => {
                let rendered = pairs
                    .iter()
                    .map(|(key, value)| Ok((text(key, data)?, value.render(data)?)));
                Value::Object(rendered.collect::<Result<Map<_, _>, String>>()?)
            }
            Self::Plain(value) => value.clone(),
        })
    }
}

fn text(pieces: &[Piece], data: &Value) -> Result<String, String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Field(field) => text.push_str(&field.render(data)?),
        }
        if text.len() > MAX_TEXT {
            return Err(format!("the formatted text is over {MAX_TEXT} bytes"));
        }
    }
    Ok(text)
}

fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, brace) = rest.split_at(at);
        literal.push_str(before);
        if let Some(after) = brace.strip_prefix("{{") {
            literal.push('{');
            rest = after;
        } else if let Some(after) = brace.strip_prefix("}}") {
            literal.push('}');
            rest = after;
        } else if let Some(after) = brace.strip_prefix('{') {
            let end = field_end(after).ok_or_else(|| format!("unclosed '{{' in {text:?}"))?;
            let (source, after) = after.split_at(end);
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
            pieces.push(Piece::Field(Field::parse(source)?));
            rest = after.strip_prefix('}').unwrap_or(after);
        } else {
            return Err(format!("single '}}' in {text:?}; write }}}} for a brace"));
        }
    }
    literal.push_str(rest);
    pieces.push(Piece::Literal(literal));
    Ok(pieces)
}

/// Where the field's closing brace is; a brace within brackets belongs to a key.
fn field_end(text: &str) -> Option<usize> {
    let mut in_brackets = false;
    for (at, char) in text.char_indices() {
        match char {
            '[' => in_brackets = true,
            ']' => in_brackets = false,
            '}' if !in_brackets => return Some(at),
            _ => {}
        }
    }
    None
}

impl Field {
    fn parse(source: &str) -> Result<Self, String> {
        let wrong = |reason: &str| format!("{{{source}}}: {reason}");
        let (name, rest) = source.split_at(name_end(source));
        let (conversion, spec) = match rest.strip_prefix('!') {
            Some(rest) => rest.split_once(':').unwrap_or((rest, "")),
            None => ("", rest.strip_prefix(':').unwrap_or("")),
        };
        if spec.contains(['{', '}']) {
            return Err(wrong("fields within a format are not supported"));
        }
        let as_expression = match conversion {
            "r" | "a" => true,
            "s" => false,
            "" if !rest.starts_with('!') => false,
            _ => return Err(wrong("unknown conversion")),
        };
        Ok(Self {
            path: path(name).map_err(|reason| wrong(&reason))?,
            as_expression,
            spec: FormatSpec::parse(spec).map_err(|reason| wrong(&reason))?,
            source: source.to_owned(),
        })
    }

    fn render(&self, data: &Value) -> Result<String, String> {
        let mut value = data;
        let mut seen = "data".to_owned();
        for key in &self.path {
            let next = match value {
                Value::Object(map) => map.get(key),
                Value::Array(list) => key.parse::<usize>().ok().and_then(|at| list.get(at)),
                _ => None,
            };
            value =
                next.ok_or_else(|| format!("{{{}}}: there is no {key:?} in {seen}", self.source))?;
            seen = format!("{seen}[{key}]");
        }
        if self.as_expression {
            let value = Value::String(quoted(value));
            return self.spec.apply(&value);
        }
        let done = self.spec.apply(value);
        done.map_err(|reason| format!("{{{}}}: {reason}", self.source))
    }
}

/// Where conversion or format begin, outside of brackets.
fn name_end(source: &str) -> usize {
    let mut in_brackets = false;
    source
        .char_indices()
        .find(|&(_, char)| {
            in_brackets = (in_brackets || char == '[') && char != ']';
            !in_brackets && matches!(char, '!' | ':')
        })
        .map_or(source.len(), |(at, _)| at)
}

/// The keys in `data[inventory][cpu]` or `data.inventory.cpu`.
fn path(name: &str) -> Result<Vec<String>, String> {
    let head = name.find(['[', '.']).unwrap_or(name.len());
    let (head, mut rest) = name.split_at(head);
    if head != "data" {
        return Err("only data can be used, as in {data[inventory][cpu][count]}".to_owned());
    }
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = if let Some(inner) = rest.strip_prefix('[') {
            inner.split_once(']').ok_or("unclosed '['")?
        } else if let Some(inner) = rest.strip_prefix('.') {
            inner.split_at(inner.find(['[', '.']).unwrap_or(inner.len()))
        } else {
            return Err("after ']' comes '[', '.' or the end".to_owned());
        };
        if key.is_empty() {
            return Err("a key is empty".to_owned());
        }
        keys.push(key.to_owned());
        rest = after;
    }
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn render(template: &Value) -> Result<Value, String> {
        let data = json!({
            "inventory": {"cpu": {"count": 4}, "disks": [{"name": "/dev/sda"}], "bmc": null},
            "a b:c!d}": true,
        });
        Template::parse(template)?.render(&data)
    }

    #[test]
    fn fields_are_filled_in_at_any_depth() {
        let template = json!({
            "n{data[inventory][cpu][count]}": ["{data.inventory.cpu.count:03d} cpus", 5, null],
            "disk": {"name": "{data[inventory][disks][0][name]}"},
            "odd": "{{{data[a b:c!d}]}}}",
            "quoted": "{data[inventory][disks][0][name]!r}",
            "none": "{data[inventory][bmc]}",
        });
        let expected = json!({
            "n4": ["004 cpus", 5, null],
            "disk": {"name": "/dev/sda"},
            "odd": "{True}",
            "quoted": "'/dev/sda'",
            "none": "None",
        });
        assert_eq!(render(&template).unwrap(), expected);
    }

    #[test]
    fn missing_keys_are_named() {
        let missing = |text: &str| render(&json!([text])).unwrap_err();
        assert_eq!(
            missing("{data[inventory][gpu][count]}"),
            "{data[inventory][gpu][count]}: there is no \"gpu\" in data[inventory]"
        );
        assert_eq!(
            missing("{data[inventory][disks][1]}"),
            "{data[inventory][disks][1]}: there is no \"1\" in data[inventory][disks]"
        );
        assert!(missing("{data[inventory][cpu][count][x]}").contains("no \"x\""));
        assert!(missing("{data[inventory][bmc]:>9}").contains("does not fit None"));
    }

    #[test]
    fn templates_that_make_no_sense_are_refused() {
        for text in [
            "{",
            "}",
            "a{b",
            "{}",
            "{0}",
            "{node[x]}",
            "{data[x}",
            "{data[]}",
            "{data.}",
            "{data[x]y}",
            "{data!}",
            "{data!x}",
            "{data:{data}}",
            "{data:y}",
            "{datax}",
        ] {
            assert!(Template::parse(&json!(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_text_cannot_grow_without_limit() {
        let data = json!({"long": "x".repeat(40_000)});
        let template = Template::parse(&json!("{data[long]}{data[long]}")).unwrap();
        assert!(
            template
                .render(&data)
                .unwrap_err()
                .contains("over 65536 bytes")
        );
    }

    proptest! {
        #[test]
        fn no_template_panics(text in "(\\{data)?[\\[\\]{}.!:a-z0-9<>\u{e9}]{0,24}\\}?") {
            let _ = render(&json!(text));
        }

        #[test]
        fn escaped_text_comes_back(text in "\\PC{0,30}") {
            let escaped = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(render(&json!(escaped)).unwrap(), json!(text));
        }
    }
}

//! Values as text, the way Python writes them, since rules were written against that.

use serde_json::Value;

/// A value as text (`str`): a text is itself, booleans are `True` and `False`, null is `None`.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => quoted(other),
    }
}

/// A value as an expression (`repr`): texts are quoted.
pub(crate) fn quoted(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted_text(text),
        Value::Array(list) => {
            let parts: Vec<String> = list.iter().map(quoted).collect();
            format!("[{}]", parts.join(", "))
        }
        Value::Object(map) => {
            let pairs = map.iter();
            let parts: Vec<String> = pairs
                .map(|(key, value)| format!("{}: {}", quoted_text(key), quoted(value)))
                .collect();
            format!("{{{}}}", parts.join(", "))
        }
    }
}

fn quoted_text(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') {
        '"'
    } else {
        '\''
    };
    let mut quoted = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            char if char == quote => quoted.extend(['\\', char]),
            char => quoted.push(char),
        }
    }
    quoted.push(quote);
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_written_as_python_does() {
        assert_eq!(plain(&json!("it's")), "it's");
        assert_eq!(plain(&json!(true)), "True");
        assert_eq!(plain(&json!(null)), "None");
        assert_eq!(plain(&json!(1.5)), "1.5");
        assert_eq!(
            plain(&json!(["a", {"it's": [1, null]}, "\"'\n"])),
            "['a', {\"it's\": [1, None]}, '\"\\'\\n']"
        );
    }
}

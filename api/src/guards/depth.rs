//! How deep a JSON text nests, found without parsing it.

/// Whether objects and arrays nest deeper than `limit`. Broken JSON is left to the parser.
pub(crate) fn is_deeper(json: &[u8], limit: usize) -> bool {
    let mut depth = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    for byte in json {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_string = true,
            b'{' | b'[' => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::is_deeper;

    #[test]
    fn brackets_in_strings_do_not_count() {
        assert!(!is_deeper(br#"{"a": "[[[[\"[[[["}"#, 1));
        assert!(is_deeper(br#"{"a": [1]}"#, 1));
        assert!(!is_deeper(b"[[], [], {}]", 2));
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
            Value::Object(items) => 1 + items.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<String>().prop_map(Value::String)];
        leaf.prop_recursive(6, 40, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::hash_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_scanner_agrees_with_the_parsed_value(value in json(), limit in 0_usize..8) {
            let text = serde_json::to_vec(&value).unwrap();
            prop_assert_eq!(is_deeper(&text, limit), depth(&value) > limit);
        }

        #[test]
        fn no_bytes_make_it_fail(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            is_deeper(&bytes, 3);
        }
    }
}

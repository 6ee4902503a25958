//! The body of a report: is it one at all?

use assay_domain::{Error, Result};
use assay_inventory::Report;

/// Reads a report, refusing what nests deeper than `depth` or is no JSON object.
pub(crate) fn parse_report(body: &[u8], depth: usize) -> Result<Report> {
    if nesting(body) > depth {
        return Err(Error::invalid(format!(
            "the body nests deeper than {depth} levels"
        )));
    }
    // A derived struct can be read from an array as well.
    if !body.trim_ascii_start().starts_with(b"{") {
        return Err(Error::invalid(
            "the body is not a report: expected a JSON object",
        ));
    }
    serde_json::from_slice::<Report>(body)
        .map_err(|error| Error::invalid(format!("the body is not a report: {error}")))
}

/// The deepest nesting of brackets outside of strings; exact for JSON, and cheap for anything else.
fn nesting(body: &[u8]) -> usize {
    let (mut deepest, mut depth, mut in_string, mut escaped) = (0_usize, 0_usize, false, false);
    for byte in body {
        match (in_string, escaped, byte) {
            (true, true, _) => escaped = false,
            (true, false, b'\\') => escaped = true,
            (_, _, b'"') => in_string = !in_string,
            (false, _, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, _, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::{nesting, parse_report};

    #[test]
    fn nesting_counts_brackets_outside_strings() {
        assert_eq!(nesting(br#"{"a": [[1], "]]]{{{"], "b\"[": {}}"#), 3);
        assert_eq!(nesting(b"[[[["), 4);
    }

    #[test]
    fn what_is_no_report_is_refused_with_the_reason() {
        for body in [&b"not json"[..], b"[]", b"\"text\"", b""] {
            assert!(parse_report(body, 64).is_err());
        }
        assert!(parse_report(br#"{"a": [[[1]]]}"#, 3).is_err());
        assert!(parse_report(br#"{"inventory": {}}"#, 3).is_ok());
    }
}

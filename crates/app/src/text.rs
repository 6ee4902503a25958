//! Texts that people give: how long they may be, and of which characters.

use assay_domain::{Error, Result};

/// The longest name of anything, in bytes.
pub(crate) const LONGEST_NAME: usize = 255;

/// Checks a name: one line of text, not empty.
pub(crate) fn check_name(what: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::invalid(format!("{what}: a name is not empty")));
    }
    check_line(what, name, LONGEST_NAME)
}

/// Checks a text of one line, which may be empty, of so many bytes at most.
pub(crate) fn check_line(what: &str, text: &str, most: usize) -> Result<()> {
    if text.len() > most {
        return Err(Error::invalid(format!(
            "{what}: the text is longer than {most} bytes"
        )));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(format!(
            "{what}: the text holds a control character"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check_line, check_name};

    #[test]
    fn names_are_one_line_of_text() {
        for name in ["test_class", "Storage host", "тест2", &"x".repeat(255)] {
            assert!(check_name("name", name).is_ok(), "{name}");
        }
        for name in ["", "  ", "a\nb", "a\0", &"x".repeat(256)] {
            let refused = check_name("name", name).unwrap_err();
            assert!(refused.to_string().starts_with("name: "), "{refused}");
        }
        assert!(check_line("name", "", 3).is_ok());
    }
}

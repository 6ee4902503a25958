//! How loosely typed values of request bodies are read.
#![allow(
    clippy::option_option,
    reason = "absent, null and given are three things"
)]

use std::fmt::Display;

use assay_domain::{Error, Result};
use serde::{Deserialize, Deserializer};

/// Reads a field that may be null: absent is `None`, null is `Some(None)`.
pub(super) fn nullable<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// A text that clients also send as a number.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "expected a text or a whole number")]
pub(super) enum TextOrNumber {
    /// As text.
    Text(String),
    /// As a number.
    Number(i64),
}

impl From<TextOrNumber> for String {
    fn from(value: TextOrNumber) -> Self {
        match value {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        }
    }
}

impl TextOrNumber {
    /// The value as a whole number.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the field.
    pub(super) fn number(self, field: &str) -> Result<i32> {
        let text = String::from(self);
        text.trim()
            .parse()
            .map_err(|_| Error::invalid(format!("{field}: '{text}' is not a whole number")))
    }
}

/// Refuses a number outside of its range; null is always in range.
///
/// # Errors
/// [`Error::Invalid`] names the field and its range.
pub(super) fn check_range<T>(field: &str, value: Option<Option<T>>, least: T, most: T) -> Result<()>
where
    T: PartialOrd + Display + Copy,
{
    match value.flatten() {
        Some(number) if number < least || number > most => Err(Error::invalid(format!(
            "{field}: {number} is not within {least} to {most}"
        ))),
        _ => Ok(()),
    }
}

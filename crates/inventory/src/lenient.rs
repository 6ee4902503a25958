//! Decoding of scalars that agents do not agree on.

use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(untagged)]
enum Scalar {
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    // Newer agents list several serials and names of one multipath disk.
    Many(Vec<Option<String>>),
}

impl Scalar {
    fn into_text(self) -> Option<String> {
        match self {
            Self::Bool(value) => Some(value.to_string()),
            Self::Unsigned(value) => Some(value.to_string()),
            Self::Signed(value) => Some(value.to_string()),
            Self::Float(value) => Some(value.to_string()),
            Self::Text(value) => Some(value),
            Self::Many(values) => values.into_iter().flatten().next(),
        }
    }
}

/// A text; a number or a boolean is taken as its text, a list as its first entry.
pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Scalar>::deserialize(from)?.and_then(Scalar::into_text))
}

/// A whole number, also when written as a text (`"42"`, `"42.0"`) or as a float.
pub(crate) fn number<'de, D, T>(from: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    let Some(text) = text(from)? else {
        return Ok(None);
    };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    whole(text)
        .and_then(|value| T::try_from(value).ok())
        .map(Some)
        .ok_or_else(|| D::Error::custom(format_args!("{text:?} is not a whole number in range")))
}

/// Drops a fraction without a float's rounding, as sizes exceed 2^53 in theory.
fn whole(text: &str) -> Option<i128> {
    let (integer, fraction) = text.split_once('.').unwrap_or((text, ""));
    let plain = fraction.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| integer.parse().ok()).flatten()
}

/// A boolean, also when written as `0`, `1`, `"true"`, `"no"` and the like.
pub(crate) fn boolean<'de, D: Deserializer<'de>>(from: D) -> Result<Option<bool>, D::Error> {
    let Some(text) = text(from)? else {
        return Ok(None);
    };
    parse_bool(&text)
        .map(Some)
        .ok_or_else(|| D::Error::custom(format_args!("{text:?} is not a boolean")))
}

/// The words that OpenStack's tools accept as a boolean (oslo.utils, strict mode).
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "t" | "true" | "on" | "y" | "yes" => Some(true),
        "0" | "f" | "false" | "off" | "n" | "no" => Some(false),
        _ => None,
    }
}

/// A list; `null` is an empty one.
pub(crate) fn list<'de, D, T>(from: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::<Vec<T>>::deserialize(from)?.unwrap_or_default())
}

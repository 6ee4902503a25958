//! The query string, decoded, with refusals that name the parameter.

use std::fmt::Display;
use std::str::FromStr;

use assay_app::Protection;
use assay_domain::{Error, Result};
use rocket::Request;
use rocket::outcome::Outcome;
use rocket::request::{self, FromRequest};

/// The name and value pairs of a query, in their order.
pub(crate) struct Query<'r> {
    pairs: Vec<(&'r str, &'r str)>,
}

#[rocket::async_trait]
impl<'r> FromRequest<'r> for Query<'r> {
    type Error = ();

    async fn from_request(request: &'r Request<'_>) -> request::Outcome<Self, ()> {
        let pairs = request
            .uri()
            .query()
            .map(|query| query.segments().collect())
            .unwrap_or_default();
        Outcome::Success(Self { pairs })
    }
}

impl<'r> Query<'r> {
    /// All pairs.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.pairs.iter().copied()
    }

    /// The first value of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&'r str> {
        self.pairs()
            .find_map(|(known, value)| (known == name).then_some(value))
    }

    /// The value of a name as a number or other parsed type.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the parameter.
    pub(crate) fn parsed<T>(&self, name: &str) -> Result<Option<T>>
    where
        T: FromStr<Err: Display>,
    {
        self.get(name)
            .map(|value| {
                value.parse().map_err(|reason| {
                    Error::invalid(format!("the value '{value}' of {name} is wrong: {reason}"))
                })
            })
            .transpose()
    }

    /// The value of a name as yes or no, in the words that Python services accept.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the parameter.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>> {
        self.get(name)
            .map(|value| {
                flag(value).ok_or_else(|| {
                    Error::invalid(format!("Invalid boolean value for {name}: {value}"))
                })
            })
            .transpose()
    }

    /// Refuses parameters that nobody reads.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the parameter.
    pub(crate) fn only(&self, names: &[&str]) -> Result<()> {
        match self.pairs().find(|(name, _)| !names.contains(name)) {
            None => Ok(()),
            Some((name, _)) => Err(Error::invalid(format!(
                "the parameter '{name}' is not known here"
            ))),
        }
    }
}

/// Whether the caller forces what a protected node refuses: `?force=true`.
///
/// # Errors
/// [`Error::Invalid`] for what is neither yes nor no.
pub(crate) fn protection(query: &Query<'_>) -> Result<Protection> {
    Ok(Protection::forced(query.flag("force")?.unwrap_or(false)))
}

/// A truth value as people and programs write it; case does not count.
pub(crate) fn flag(text: &str) -> Option<bool> {
    const YES: [&str; 6] = ["true", "1", "t", "yes", "y", "on"];
    const NO: [&str; 6] = ["false", "0", "f", "no", "n", "off"];
    let is = |word: &&str| text.eq_ignore_ascii_case(word);
    if YES.iter().any(is) {
        Some(true)
    } else if NO.iter().any(is) {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::flag;

    #[test]
    fn truth_values_are_read_in_every_spelling_that_clients_send() {
        for text in ["True", "1", "yes", "ON"] {
            assert_eq!(flag(text), Some(true), "{text}");
        }
        for text in ["False", "0", "no", "off"] {
            assert_eq!(flag(text), Some(false), "{text}");
        }
        for text in ["", "2", "ja", "true "] {
            assert_eq!(flag(text), None, "{text}");
        }
    }
}

//! The device at the other end, as errors name it: its endpoint, and what must never be said of it.

use assay_domain::{DriverError, Secret, Target};

/// The longest cause that an error carries, in characters; a device's page of HTML ends here.
const CAUSE_LIMIT: usize = 300;

/// Makes errors that name the device and hold neither its login nor its password.
#[derive(Clone)]
pub(crate) struct Peer {
    endpoint: String,
    hidden: Vec<Secret>,
}

impl Peer {
    /// The device of a target.
    pub(crate) fn of(target: &Target) -> Self {
        let login = target.login.iter().cloned().map(Secret::new);
        Self {
            endpoint: target.endpoint(),
            hidden: login.chain(target.password.clone()).collect(),
        }
    }

    /// Some device, for tests.
    #[cfg(test)]
    pub(crate) fn unknown() -> Self {
        Self {
            endpoint: "bmc:443".into(),
            hidden: Vec::new(),
        }
    }

    /// `host:port`.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn unreachable(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Unreachable { endpoint, cause }
    }

    pub(crate) fn timed_out(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::TimedOut { endpoint, cause }
    }

    pub(crate) fn refused(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Refused { endpoint, cause }
    }

    pub(crate) fn untrusted(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Untrusted { endpoint, cause }
    }

    pub(crate) fn unsupported(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Unsupported { endpoint, cause }
    }

    pub(crate) fn malformed(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Malformed { endpoint, cause }
    }

    pub(crate) fn not_asked(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::NotAsked { endpoint, cause }
    }

    pub(crate) fn failed(&self, cause: impl AsRef<str>) -> DriverError {
        let (endpoint, cause) = self.parts(cause.as_ref());
        DriverError::Failed { endpoint, cause }
    }

    fn parts(&self, cause: &str) -> (String, String) {
        let printable = cause.split_whitespace().collect::<Vec<_>>().join(" ");
        let safe = self
            .hidden
            .iter()
            .fold(printable, |text, secret| without(&text, secret.expose()));
        let short = match safe.char_indices().nth(CAUSE_LIMIT) {
            Some((end, _)) => format!("{}…", &safe[..end]),
            None => safe,
        };
        (self.endpoint.clone(), short)
    }
}

/// Replaces `word` wherever it stands alone: a login named `on` must not eat `connection`.
fn without(text: &str, word: &str) -> String {
    if word.is_empty() {
        return text.to_owned();
    }
    let mut safe = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(word) {
        let end = start + word.len();
        let before = rest[..start]
            .chars()
            .next_back()
            .or(safe.chars().next_back());
        let after = rest[end..].chars().next();
        let alone =
            !before.is_some_and(char::is_alphanumeric) && !after.is_some_and(char::is_alphanumeric);
        safe.push_str(&rest[..start]);
        safe.push_str(if alone { "***" } else { word });
        rest = &rest[end..];
    }
    safe + rest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_login_is_hidden_where_it_stands_alone() {
        assert_eq!(without("user 'on' is locked", "on"), "user '***' is locked");
        assert_eq!(without("connection lost", "on"), "connection lost");
        assert_eq!(without("pa$$ pa$$", "pa$$"), "*** ***");
    }

    #[test]
    fn a_long_cause_is_cut_and_has_one_line() {
        let error = Peer::unknown().failed("é\n".repeat(400));
        let DriverError::Failed { cause, .. } = error else {
            unreachable!()
        };
        assert!(cause.ends_with('…') && !cause.contains('\n'));
        assert_eq!(cause.chars().count(), CAUSE_LIMIT + 1);
    }

    proptest! {
        #[test]
        fn no_text_makes_hiding_panic(text in ".{0,60}", word in ".{0,5}") {
            let safe = without(&text, &word);
            prop_assert!(word.is_empty() || safe.len() <= text.len() * 4 + 3);
        }
    }
}

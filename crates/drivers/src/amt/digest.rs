//! Digest access authentication (RFC 7616), as AMT asks for it: quality of protection `auth`.

use std::fmt;

use assay_domain::Secret;
use http_auth::digest::{Algorithm, DigestClient, Qop};
use http_auth::{ChallengeRef, PasswordParams};

/// Why a challenge cannot be answered.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum ChallengeError {
    /// There is none.
    #[error("it wants a login and does not say how")]
    Missing,
    /// It breaks the grammar, or lacks what it must have.
    #[error("it wants a login, and how cannot be read: {0}")]
    Malformed(String),
    /// It asks for something else; a password is never sent as it is.
    #[error("it wants a login by {0}, and Assay gives one by Digest with qop=auth only")]
    Other(String),
}

/// Who logs in.
pub(super) struct Login {
    pub(super) name: String,
    pub(super) password: Secret,
}

/// A digest challenge, and how often its nonce was used.
pub(super) struct Challenge {
    client: DigestClient,
    /// The device has accepted an answer to this challenge.
    pub(super) proven: bool,
}

impl fmt::Debug for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Challenge")
            .field("proven", &self.proven)
            .field("uses", &self.client.nonce_count())
            .finish_non_exhaustive()
    }
}

impl Challenge {
    /// Reads the values of all `WWW-Authenticate` headers of an answer, and takes the strongest
    /// challenge that can be answered.
    pub(super) fn read(values: &[String]) -> Result<Self, ChallengeError> {
        let mut best: Option<DigestClient> = None;
        let mut why = ChallengeError::Missing;
        for value in values {
            match http_auth::parse_challenges(value) {
                Ok(challenges) => {
                    for challenge in &challenges {
                        match digest(challenge) {
                            Ok(client) if is_better(&client, best.as_ref()) => best = Some(client),
                            Ok(_) => {}
                            Err(error) => why = error,
                        }
                    }
                }
                // The parser's own text repeats the header, nonce and all.
                Err(_) => why = ChallengeError::Malformed("it breaks the grammar".into()),
            }
        }
        best.map(|client| Self {
            client,
            proven: false,
        })
        .ok_or(why)
    }

    /// Whether the device says that only the nonce before this one has run out, and not that the
    /// login is wrong (RFC 7616, 3.3).
    pub(super) fn is_stale(&self) -> bool {
        self.client.stale()
    }

    /// The value of the `Authorization` header for one more request with this nonce.
    ///
    /// # Errors
    /// Why there is none; without the login.
    pub(super) fn answer(
        &mut self,
        login: &Login,
        method: &str,
        uri: &str,
    ) -> Result<String, String> {
        self.client.respond(&PasswordParams {
            username: &login.name,
            password: login.password.expose(),
            uri,
            method,
            // Without a body there is only `auth`, even where `auth-int` is offered as well.
            body: None,
        })
    }
}

fn digest(challenge: &ChallengeRef<'_>) -> Result<DigestClient, ChallengeError> {
    if !challenge.scheme.eq_ignore_ascii_case("digest") {
        return Err(ChallengeError::Other(challenge.scheme.to_owned()));
    }
    let client = DigestClient::try_from(challenge).map_err(ChallengeError::Malformed)?;
    // Without a quality of protection neither counts nor our own nonce protect the login: RFC 7616
    // has done away with that form of RFC 2069.
    if client.rfc2069_compat() || !(client.qop() & Qop::Auth) {
        return Err(ChallengeError::Other("Digest without qop=auth".into()));
    }
    Ok(client)
}

fn is_better(client: &DigestClient, best: Option<&DigestClient>) -> bool {
    let rank = |client: &DigestClient| u8::from(!matches!(client.algorithm(), Algorithm::Md5));
    best.is_none_or(|best| rank(client) > rank(best))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(values: &[&str]) -> Result<Challenge, ChallengeError> {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        Challenge::read(&values)
    }

    fn login() -> Login {
        Login {
            name: "admin".into(),
            password: Secret::new("P@ssw0rd"),
        }
    }

    const AMT: &str = r#"Digest realm="Digest:0123456789ABCDEF0123456789ABCDEF", nonce="AAECAwQF", stale="false", qop="auth""#;

    #[test]
    fn each_use_of_a_nonce_is_counted() {
        let mut challenge = read(&[AMT]).unwrap();
        for count in ["00000001", "00000002", "00000003"] {
            let answer = challenge.answer(&login(), "POST", "/wsman").unwrap();
            assert!(answer.starts_with("Digest ") && answer.contains(&format!("nc={count}")));
            assert!(answer.contains("qop=auth") && answer.contains(r#"uri="/wsman""#));
            assert!(!answer.contains("P@ssw0rd"));
        }
        assert!(!challenge.is_stale());
    }

    #[test]
    fn the_strongest_challenge_is_taken() {
        let sha = r#"Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256, stale=TRUE"#;
        for values in [[AMT, sha], [sha, AMT]] {
            let mut challenge = read(&values).unwrap();
            assert!(challenge.is_stale());
            let answer = challenge.answer(&login(), "POST", "/wsman").unwrap();
            assert!(answer.contains("algorithm=SHA-256"), "{answer}");
        }
        let together = format!(r#"Basic realm="r", {AMT}"#);
        assert!(read(&[&together]).is_ok());
    }

    #[test]
    fn nothing_weaker_than_digest_with_auth_is_answered() {
        assert_eq!(read(&[]).unwrap_err(), ChallengeError::Missing);
        let other = |value: &str| {
            let error = read(&[value]).unwrap_err();
            assert!(
                matches!(error, ChallengeError::Other(_)),
                "{value}: {error}"
            );
        };
        other(r#"Basic realm="r""#);
        other(r#"Digest realm="r", nonce="n""#);
        other(r#"Digest realm="r", nonce="n", qop="auth-int""#);
        for malformed in [
            r#"Digest realm="r", qop="auth""#,
            r#"Digest realm="r", nonce="n", qop="auth", algorithm=ROT13"#,
            r#"Digest realm="r", nonce="secret-nonce"#,
            "Digest =",
        ] {
            let error = read(&[malformed]).unwrap_err();
            assert!(matches!(error, ChallengeError::Malformed(_)), "{error}");
            assert!(!error.to_string().contains("secret-nonce"));
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_reading_panic(text in ".{0,80}") {
            let _ = read(&[&text]);
        }

        #[test]
        fn no_digest_makes_answering_panic(
            realm in "[ -~]{0,20}",
            nonce in "[ -~]{0,20}",
            qop in "(auth|auth-int|,| |x){0,4}",
            stale in "(true|false|\"true\"|maybe)?",
        ) {
            let header = format!(r#"Digest realm="{realm}", nonce="{nonce}", qop="{qop}", stale={stale}"#);
            if let Ok(mut challenge) = read(&[&header])
                && let Ok(answer) = challenge.answer(&login(), "POST", "/wsman")
            {
                prop_assert!(!answer.contains("P@ssw0rd") || header.contains("P@ssw0rd"));
            }
        }
    }
}

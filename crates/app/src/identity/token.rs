//! Signed, expiring tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA256.

use assay_domain::{Error, Result, Secret};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::scope::Scope;

/// What a token says. The user's epoch ends all of a user's tokens at once; the user's key keeps
/// them from passing to a later user of the same name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The user's name.
    pub(crate) sub: String,
    /// The user's key in the store.
    pub(crate) uid: i64,
    pub(crate) epoch: i64,
    /// Issued at, seconds.
    pub(crate) iat: i64,
    /// Ends at, seconds.
    pub(crate) exp: i64,
    /// The token's own id, by which it is revoked and audited.
    pub(crate) jti: String,
    /// The id of the first token in a chain of tokens that were got for tokens.
    pub(crate) chain: Option<String>,
    pub(crate) scope: Scope,
}

/// A new id, in the form of Keystone's audit ids.
pub(crate) fn new_id() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())
}

pub(crate) struct TokenSigner {
    signing: EncodingKey,
    checking: DecodingKey,
}

impl TokenSigner {
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        Self {
            signing: EncodingKey::from_secret(secret),
            checking: DecodingKey::from_secret(secret),
        }
    }

    pub(crate) fn sign(&self, claims: &Claims) -> Result<Secret> {
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.signing)
            .map(Secret::new)
            .map_err(Error::internal)
    }

    /// What a token of ours says, whether it has ended or not; none for everything else.
    pub(crate) fn read(&self, token: &str) -> Option<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        jsonwebtoken::decode::<Claims>(token, &self.checking, &validation)
            .map(|data| data.claims)
            .ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, Scope, TokenSigner, new_id};

    #[test]
    fn only_our_own_signature_is_read() {
        let (ours, theirs) = (TokenSigner::new(&[1; 32]), TokenSigner::new(&[2; 32]));
        let claims = Claims {
            sub: "ann".to_owned(),
            uid: 1,
            epoch: 0,
            iat: 10,
            exp: 20,
            jti: new_id(),
            chain: None,
            scope: Scope::Project,
        };
        let token = ours.sign(&claims).unwrap();
        assert_eq!(ours.read(token.expose()), Some(claims));
        assert_eq!(theirs.read(token.expose()), None);
        for nonsense in ["", "a.b.c", "gAAAAABrAZKLn8hjVrfF"] {
            assert_eq!(ours.read(nonsense), None);
        }
    }
}

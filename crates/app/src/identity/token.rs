//! Signed, expiring tokens: JSON Web Tokens (RFC 7519) with HMAC-SHA256.

use assay_domain::{Error, Result, Secret, Timestamp, User};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a token says. The user's epoch ends all of a user's tokens at once.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    pub(crate) sub: String,
    pub(crate) epoch: i64,
    iat: i64,
    pub(crate) exp: i64,
    jti: String,
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

    pub(crate) fn sign(
        &self,
        user: &User,
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Secret> {
        let claims = Claims {
            sub: user.name.clone(),
            epoch: user.epoch,
            iat: issued_at.timestamp(),
            exp: expires_at.timestamp(),
            jti: Uuid::new_v4().to_string(),
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map(Secret::new)
            .map_err(Error::internal)
    }

    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Claims> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        jsonwebtoken::decode::<Claims>(token, &self.checking, &validation)
            .map(|data| data.claims)
            .ok()
            .filter(|claims| claims.exp > now.timestamp())
            .ok_or_else(super::unauthenticated)
    }
}

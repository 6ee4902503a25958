//! Password hashes: argon2id with the parameters of OWASP's recommendation (19 MiB, 2 passes).

use std::sync::Arc;

use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use assay_domain::{Error, Result, Secret};
use tokio::sync::Semaphore;

/// Hashes at a time: each takes 19 MiB and a core.
const AT_A_TIME: usize = 2;
const SHORTEST: usize = 8;
const LONGEST: usize = 256;

/// Hashes and checks passwords on blocking threads, a few at a time.
pub(crate) struct Passwords {
    permits: Arc<Semaphore>,
    /// Checked in place of an unknown user's hash, so that both take the same time.
    decoy: std::sync::OnceLock<String>,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(AT_A_TIME)),
            decoy: std::sync::OnceLock::new(),
        }
    }
}

impl Passwords {
    /// A password's hash as a PHC string.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless the password has 8 to 256 bytes.
    pub(crate) async fn hash(&self, password: &Secret) -> Result<String> {
        if !(SHORTEST..=LONGEST).contains(&password.expose().len()) {
            return Err(Error::invalid(format!(
                "a password has {SHORTEST} to {LONGEST} bytes"
            )));
        }
        let password = password.clone();
        self.blocking(move || hash_now(&password)).await?
    }

    /// Whether the password fits the hash; without a hash it never does, after the same work.
    pub(crate) async fn verify(&self, password: &Secret, hash: Option<String>) -> Result<bool> {
        let known = hash.is_some();
        let hash = match (hash, self.decoy.get()) {
            (Some(hash), _) => hash,
            (None, Some(decoy)) => decoy.clone(),
            (None, None) => {
                let decoy = self.hash(&Secret::new("no user has this password")).await?;
                self.decoy.get_or_init(|| decoy).clone()
            }
        };
        let password = password.clone();
        let fits = self
            .blocking(move || {
                Argon2::default()
                    .verify_password(password.expose().as_bytes(), hash.as_str())
                    .is_ok()
            })
            .await?;
        Ok(fits && known)
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T> {
        let _permit = self.permits.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(work)
            .await
            .map_err(Error::internal)
    }
}

fn hash_now(password: &Secret) -> Result<String> {
    Argon2::default()
        .hash_password(password.expose().as_bytes())
        .map(|hash| hash.to_string())
        .map_err(Error::internal)
}

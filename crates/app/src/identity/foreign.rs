//! Callers with tokens of an external Keystone: asked there, remembered for a while, and judged by
//! their roles.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::{Error, Result, Secret, Timestamp, TokenHolder, TokenScope, TokenValidator};
use moka::Expiry;
use moka::future::Cache;
use tokio::sync::Semaphore;

use super::caches::Key;
use super::settings::{KeystoneSettings, RoleNames};
use super::{Identity, unauthenticated};

/// Answers of Keystone that are remembered at most.
const ENTRIES: u64 = 10_000;
/// Questions to Keystone at a time.
const AT_A_TIME: usize = 32;
/// How long a caller waits for a turn to be asked about.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tokens of an identity service.
pub(super) struct Foreign {
    validator: Arc<dyn TokenValidator>,
    settings: KeystoneSettings,
    /// Also of unknown tokens. Callers with the same token share one question.
    answers: Cache<Key, Answer>,
    turns: Semaphore,
}

/// What Keystone said of a token; none: it does not know it.
#[derive(Clone)]
struct Answer {
    holder: Option<Arc<TokenHolder>>,
    asked_at: Instant,
}

/// An answer counts from when it was asked for, however long it took to come.
struct SinceAsked(Duration);

impl Expiry<Key, Answer> for SinceAsked {
    fn expire_after_create(&self, _: &Key, answer: &Answer, _: Instant) -> Option<Duration> {
        Some(self.0.saturating_sub(answer.asked_at.elapsed()))
    }
}

impl Foreign {
    pub(super) fn new(validator: Arc<dyn TokenValidator>, settings: KeystoneSettings) -> Self {
        let answers = Cache::builder()
            .max_capacity(ENTRIES)
            .expire_after(SinceAsked(settings.cache_seconds))
            .build();
        Self {
            validator,
            settings,
            answers,
            turns: Semaphore::new(AT_A_TIME),
        }
    }

    /// Whose token this is, and what that user may do here.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for a token that Keystone does not know, [`Error::Forbidden`] for
    /// a user without a role here, [`Error::Unavailable`] when Keystone cannot be asked.
    pub(super) async fn authenticate(
        &self,
        key: Key,
        token: &str,
        roles: &RoleNames,
        now: Timestamp,
    ) -> Result<Identity> {
        let answer = self
            .answers
            .try_get_with(key, self.ask(token))
            .await
            .map_err(|error: Arc<Error>| (*error).clone())?;
        let holder = answer.holder.ok_or_else(unauthenticated)?;
        if holder.expires_at <= now {
            return Err(unauthenticated());
        }
        self.judge(&holder, roles)
    }

    async fn ask(&self, token: &str) -> Result<Answer> {
        let _turn = tokio::time::timeout(PATIENCE, self.turns.acquire())
            .await
            .map_err(|_| Error::Unavailable {
                message: "too many callers wait for the identity service".to_owned(),
                retry_after: PATIENCE.as_secs(),
            })?
            .map_err(Error::internal)?;
        let asked_at = Instant::now();
        let holder = self.validator.holder(&Secret::new(token)).await?;
        Ok(Answer {
            holder: holder.map(Arc::new),
            asked_at,
        })
    }

    fn judge(&self, holder: &TokenHolder, roles: &RoleNames) -> Result<Identity> {
        self.check_scope(&holder.scope)?;
        let role = roles.greatest(&holder.roles).ok_or_else(|| {
            Error::Forbidden(format!(
                "none of the roles of {} counts here",
                plain(&holder.user)
            ))
        })?;
        Ok(Identity {
            name: actor_name(holder),
            role,
            expires_at: Some(holder.expires_at),
        })
    }

    fn check_scope(&self, scope: &TokenScope) -> Result<()> {
        let TokenScope::Project {
            id,
            name,
            domain_id: _,
            domain_name,
        } = scope
        else {
            return match scope {
                TokenScope::System => Ok(()),
                _ => Err(Error::Forbidden(
                    "the token is scoped neither to a project nor to the system".to_owned(),
                )),
            };
        };
        let projects = &self.settings.projects;
        let is_listed = projects.contains(id)
            || (projects.contains(name) && *domain_name == self.settings.project_domain);
        if is_listed || projects.is_empty() {
            return Ok(());
        }
        Err(Error::Forbidden(format!(
            "tokens for the project {} do not count here",
            plain(name)
        )))
    }
}

/// The name in logs and records. No local user can have it, because it has a colon.
fn actor_name(holder: &TokenHolder) -> String {
    let (user, domain) = (plain(&holder.user), plain(&holder.user_domain));
    format!("keystone:{user}@{domain}")
}

/// A name of Keystone's, which may hold anything, fit for one line.
fn plain(name: &str) -> String {
    name.chars()
        .map(|letter| if letter.is_control() { '?' } else { letter })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use assay_domain::Role;
    use async_trait::async_trait;
    use chrono::{TimeDelta, Utc};
    use parking_lot::Mutex;

    use super::*;

    /// Says what the test wants, and counts how often it is asked.
    struct Scripted {
        says: Mutex<Result<Option<TokenHolder>>>,
        asked: AtomicU32,
    }

    #[async_trait]
    impl TokenValidator for Scripted {
        async fn holder(&self, _: &Secret) -> Result<Option<TokenHolder>> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.says.lock().clone()
        }
    }

    fn ann() -> TokenHolder {
        TokenHolder {
            user: "ann".to_owned(),
            user_domain: "Default".to_owned(),
            scope: TokenScope::System,
            roles: vec!["member".to_owned()],
            expires_at: Utc::now() + TimeDelta::hours(1),
        }
    }

    fn project(name: &str, domain: &str) -> TokenScope {
        TokenScope::Project {
            id: format!("id-of-{name}"),
            name: name.to_owned(),
            domain_id: domain.to_lowercase(),
            domain_name: domain.to_owned(),
        }
    }

    fn lab(holder: Option<TokenHolder>, cache: Duration) -> (Arc<Scripted>, Foreign) {
        let scripted = Arc::new(Scripted {
            says: Mutex::new(Ok(holder)),
            asked: AtomicU32::new(0),
        });
        let settings = KeystoneSettings {
            cache_seconds: cache,
            projects: vec!["metal".to_owned(), "id-of-other".to_owned()],
            ..KeystoneSettings::default()
        };
        (Arc::clone(&scripted), Foreign::new(scripted, settings))
    }

    async fn ask(foreign: &Foreign, key: u8) -> Result<Identity> {
        let roles = RoleNames::default();
        foreign
            .authenticate([key; 32], "token", &roles, Utc::now())
            .await
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_time_and_shared() {
        let (scripted, foreign) = lab(Some(ann()), Duration::from_millis(200));
        let both = tokio::join!(ask(&foreign, 1), ask(&foreign, 1));
        for identity in [both.0.unwrap(), both.1.unwrap()] {
            assert_eq!(identity.name, "keystone:ann@Default");
            assert_eq!(identity.role, Role::Operator);
        }
        assert_eq!(scripted.asked.load(Ordering::SeqCst), 1);
        *scripted.says.lock() = Ok(None);
        ask(&foreign, 1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(250)).await;
        let refused = ask(&foreign, 1).await;
        assert!(
            matches!(refused, Err(Error::Unauthenticated(_))),
            "{refused:?}"
        );
        assert!(ask(&foreign, 1).await.is_err());
        assert_eq!(
            scripted.asked.load(Ordering::SeqCst),
            2,
            "an unknown token is remembered"
        );
    }

    #[tokio::test]
    async fn a_failure_is_told_and_not_kept() {
        let (scripted, foreign) = lab(Some(ann()), Duration::from_secs(60));
        *scripted.says.lock() = Err(Error::Unavailable {
            message: "away".to_owned(),
            retry_after: 2,
        });
        let refused = ask(&foreign, 1).await;
        assert!(
            matches!(refused, Err(Error::Unavailable { .. })),
            "{refused:?}"
        );
        *scripted.says.lock() = Ok(Some(ann()));
        ask(&foreign, 1).await.unwrap();
    }

    #[tokio::test]
    async fn a_token_that_ends_while_it_is_remembered_is_refused() {
        let soon = TokenHolder {
            expires_at: Utc::now() + TimeDelta::milliseconds(100),
            ..ann()
        };
        let (_, foreign) = lab(Some(soon), Duration::from_secs(60));
        ask(&foreign, 1).await.unwrap();
        tokio::time::sleep(Duration::from_millis(150)).await;
        assert!(ask(&foreign, 1).await.is_err());
    }

    #[tokio::test]
    async fn scopes_and_roles_that_do_not_count_are_forbidden() {
        let with = |scope: TokenScope, role: &str| TokenHolder {
            scope,
            roles: vec![role.to_owned()],
            ..ann()
        };
        for (holder, allowed) in [
            (with(project("metal", "Default"), "member"), true),
            (with(project("other", "Elsewhere"), "member"), true),
            (with(project("metal", "Elsewhere"), "member"), false),
            (with(project("tenant", "Default"), "admin"), false),
            (with(TokenScope::System, "stranger"), false),
            (with(TokenScope::Unscoped, "admin"), false),
            (with(TokenScope::Other, "admin"), false),
        ] {
            let (_, foreign) = lab(Some(holder.clone()), Duration::from_secs(60));
            let outcome = ask(&foreign, 1).await;
            assert_eq!(outcome.is_ok(), allowed, "{holder:?}");
            if let Err(error) = outcome {
                assert!(matches!(error, Error::Forbidden(_)), "{error:?}");
            }
        }
    }
}

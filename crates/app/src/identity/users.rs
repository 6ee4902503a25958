//! Local users: made, changed and removed by admins.

use assay_domain::{Actor, Error, Result, Role, Secret, User};

use super::Identities;

impl Identities<'_> {
    /// Creates a user.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unusable name or password, [`Error::Conflict`] for a taken name.
    pub async fn create_user(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
        password: &Secret,
    ) -> Result<User> {
        actor.require(Role::Admin)?;
        check_name(name)?;
        let hash = self.caches().passwords.hash(password).await?;
        let user = self
            .app
            .store()
            .create_user(name, role, &hash, self.app.clock().now())
            .await?;
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, role = role.as_str(), "user created");
        Ok(user)
    }

    /// Changes a user's role, password or both; the user's tokens end.
    pub async fn update_user(
        &self,
        actor: &Actor,
        name: &str,
        role: Option<Role>,
        password: Option<&Secret>,
    ) -> Result<User> {
        actor.require(Role::Admin)?;
        let hash = match password {
            Some(password) => Some(self.caches().passwords.hash(password).await?),
            None => None,
        };
        let user = self.app.store().update_user(name, role, hash).await?;
        self.caches().forget();
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, "user changed");
        Ok(user)
    }

    /// Deletes a user; the user's tokens end.
    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<()> {
        actor.require(Role::Admin)?;
        if !self.app.store().delete_user(name).await? {
            return Err(Error::not_found("User", name));
        }
        self.caches().forget();
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, "user deleted");
        Ok(())
    }

    /// All users.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<User>> {
        actor.require(Role::Admin)?;
        self.app.store().users().await
    }

    /// One user; everybody may look at oneself.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub async fn user(&self, actor: &Actor, name: &str) -> Result<User> {
        if actor.name != name {
            actor.require(Role::Admin)?;
        }
        let user = self.app.store().user_by_name(name).await?;
        user.ok_or_else(|| Error::not_found("User", name))
    }
}

fn check_name(name: &str) -> Result<()> {
    let fine = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    if fine {
        return Ok(());
    }
    Err(Error::invalid(
        "a user's name has 1 to 64 of the characters a-z, A-Z, 0-9, '.', '_', '-', '@'",
    ))
}

//! Local users.

use assay_domain::{Result, Role, Timestamp, User};

use crate::Store;

impl Store {
    /// Adds a user.
    ///
    /// # Errors
    /// `Conflict` when the name is taken.
    pub async fn create_user(
        &self,
        name: &str,
        role: Role,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<User> {
        let (name, hash) = (name.to_owned(), password_hash.to_owned());
        write!(self, users::create(&name, role, &hash, now))
    }

    /// The user with that name.
    pub async fn user_by_name(&self, name: &str) -> Result<Option<User>> {
        let name = name.to_owned();
        read!(self, users::find(&name))
    }

    /// All users by name.
    pub async fn users(&self) -> Result<Vec<User>> {
        read!(self, users::list())
    }

    /// Changes role, password or both, and raises the epoch, so that older tokens are refused.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn update_user(
        &self,
        name: &str,
        role: Option<Role>,
        password_hash: Option<String>,
    ) -> Result<User> {
        let name = name.to_owned();
        write!(self, users::update(&name, role, password_hash.as_deref()))
    }

    /// Removes a user; false when there is none.
    pub async fn delete_user(&self, name: &str) -> Result<bool> {
        let name = name.to_owned();
        write!(self, users::delete(&name))
    }
}

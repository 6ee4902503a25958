//! What is noted on instances. The cloud keeps it, so that every tool of the cloud sees the same.

use std::collections::BTreeMap;

use assay_domain::cloud::CloudError;
use assay_domain::{Actor, Error, Result, Role};
use uuid::Uuid;

use super::Servers;

/// The longest key and the longest value that Nova takes, in characters (`metadata` in
/// `nova/api/validation/parameter_types.py`).
const LONGEST: usize = 255;

impl Servers<'_> {
    /// All notes on an instance.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown instance; [`Error::Unavailable`] when no cloud is configured,
    /// or it does not answer.
    pub async fn metadata(&self, actor: &Actor, uuid: &str) -> Result<BTreeMap<String, String>> {
        actor.require(Role::Observer)?;
        let cloud = self.app.cloud()?;
        Ok(cloud.notes().of(&canonical(uuid)?).await?)
    }

    /// Adds notes to an instance; those of the same keys are replaced, the others stay.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a key or a value that the cloud does not take; else as of
    /// [`Self::metadata`].
    pub async fn add_metadata(
        &self,
        actor: &Actor,
        uuid: &str,
        notes: &BTreeMap<String, String>,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        let cloud = self.app.cloud()?;
        for (key, value) in notes {
            check_key(key)?;
            if value.chars().count() > LONGEST {
                return Err(Error::invalid(format!(
                    "{key}: the value is longer than {LONGEST} characters"
                )));
            }
        }
        let uuid = canonical(uuid)?;
        match cloud.notes().add(&uuid, notes).await {
            Err(error @ CloudError::OutcomeUnknown { .. }) => {
                let known = cloud.notes().of(&uuid).await?;
                if notes
                    .iter()
                    .any(|(key, value)| known.get(key) != Some(value))
                {
                    return Err(error.into());
                }
            }
            told => told?,
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, instance = uuid, "metadata of an instance changed");
        Ok(())
    }

    /// Removes one note from an instance.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown instance, and when it has no such note; else as of
    /// [`Self::metadata`].
    pub async fn remove_metadata(&self, actor: &Actor, uuid: &str, key: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        let cloud = self.app.cloud()?;
        let uuid = canonical(uuid)?;
        check_key(key).map_err(|_| Error::not_found("Metadata", key))?;
        match cloud.notes().remove(&uuid, key).await {
            Err(error @ CloudError::NotFound { .. }) => {
                // The instance itself may be what is missing.
                cloud.notes().of(&uuid).await?;
                return Err(error.into());
            }
            Err(error @ CloudError::OutcomeUnknown { .. }) => {
                if cloud.notes().of(&uuid).await?.contains_key(key) {
                    return Err(error.into());
                }
            }
            told => told?,
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, instance = uuid, key, "metadata of an instance removed");
        Ok(())
    }
}

fn canonical(uuid: &str) -> Result<String> {
    let parsed = Uuid::parse_str(uuid).map_err(|_| Error::not_found("Instance", uuid))?;
    Ok(parsed.to_string())
}

fn check_key(key: &str) -> Result<()> {
    let is_fine = |letter: char| letter.is_ascii_alphanumeric() || "-_:. ".contains(letter);
    if (1..=LONGEST).contains(&key.len()) && key.chars().all(is_fine) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "'{key}' cannot be a key: 1 to {LONGEST} of the characters a-z, A-Z, 0-9, '-', '_', ':', '.' and blank"
    )))
}

//! Use cases of the host keys that SSH devices showed first.

use assay_domain::{Actor, Error, Result, Role};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use sha2::{Digest, Sha256};

use crate::PowerControls;

/// A host key that was trusted at first use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostKey {
    /// The key as OpenSSH writes it: the algorithm and the base64 of the key.
    pub key: String,
    /// Its SHA-256 fingerprint as OpenSSH shows it; none for what is no key.
    pub fingerprint: Option<String>,
}

impl PowerControls<'_> {
    /// The host key that is remembered for a power control.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a power control that is not there, or has none.
    pub async fn host_key(&self, actor: &Actor, id: i64) -> Result<HostKey> {
        actor.require(Role::Observer)?;
        self.by_id(id).await?;
        let key = self.app().store().host_key(id).await?;
        let key = key.ok_or_else(|| missing(id))?;
        let fingerprint = fingerprint(&key);
        Ok(HostKey { key, fingerprint })
    }

    /// Forgets the host key of a power control, because the device was replaced: whatever it shows
    /// next is believed from then on, if the settings trust first keys.
    ///
    /// # Errors
    /// As of [`Self::host_key`].
    pub async fn forget_host_key(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.by_id(id).await?;
        if !self.app().store().forget_host_key(id).await? {
            return Err(missing(id));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, power_control = id, "host key forgotten");
        Ok(())
    }
}

fn missing(id: i64) -> Error {
    Error::not_found("Host key of power control", id)
}

/// The fingerprint as RFC 4716 and OpenSSH have it: over the key itself, in base64 without padding.
fn fingerprint(key: &str) -> Option<String> {
    let bytes = BASE64_STANDARD
        .decode(key.split_whitespace().nth(1)?)
        .ok()?;
    let digest = BASE64_STANDARD_NO_PAD.encode(Sha256::digest(bytes));
    Some(format!("SHA256:{digest}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_what_ssh_keygen_says() {
        // Both from `ssh-keygen -t ed25519` and `ssh-keygen -l`; the private half is gone.
        let key =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1Wy3M7jDdIHvdITiCNaWBW5XZycYmnPDymiqS9tNpf";
        assert_eq!(
            fingerprint(key).as_deref(),
            Some("SHA256:UlfssRbOCM+owC61AsGy55eAHERGk9H7KSfNiTDWWHU")
        );
        for wrong in ["", "ssh-ed25519", "ssh-ed25519 ?"] {
            assert_eq!(fingerprint(wrong), None);
        }
    }
}

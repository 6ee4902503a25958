//! Settings of volumes on storage hosts.

use assay_domain::volume::check_group_name;
use assay_domain::{Error, Result};
use serde::Deserialize;

/// A volume group on a node, as Cinder's LVM driver has one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeBackend {
    /// Its name, in Cinder `volume_backend_name`. Several nodes that share a group have a backend of
    /// their own each.
    pub name: String,
    /// The node whose operating system has the group: name or UUID.
    pub node: String,
    /// The volume group.
    pub vg_name: String,
    /// How volumes come to whoever uses them; shown as it is.
    #[serde(default = "iscsi")]
    pub protocol: String,
}

fn iscsi() -> String {
    "iscsi".to_owned()
}

/// Checks the backends of a configuration.
///
/// # Errors
/// [`Error::Invalid`] for two of one name, one without a name or a node, and what is no name of a
/// volume group.
pub fn check_volume_backends(backends: &[VolumeBackend]) -> Result<()> {
    for (at, backend) in backends.iter().enumerate() {
        let VolumeBackend { name, node, .. } = backend;
        if name.is_empty() || node.is_empty() {
            return Err(Error::invalid("a backend needs a name and a node"));
        }
        let mut before = backends.iter().take(at);
        if before.any(|other| other.name == *name) {
            return Err(Error::invalid(format!(
                "there are two of the name '{name}'"
            )));
        }
        check_group_name(&backend.vg_name)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_have_names_of_their_own() {
        let backend = |name: &str, node: &str, vg_name: &str| VolumeBackend {
            name: name.to_owned(),
            node: node.to_owned(),
            vg_name: vg_name.to_owned(),
            protocol: iscsi(),
        };
        let good = [backend("a", "host", "vol"), backend("b", "host", "vol")];
        assert_eq!(check_volume_backends(&good), Ok(()));
        for bad in [
            backend("a", "host", "vol"),
            backend("", "host", "vol"),
            backend("c", "", "vol"),
            backend("c", "host", "a;b"),
        ] {
            let [first, second] = good.clone();
            assert!(check_volume_backends(&[first, second, bad]).is_err());
        }
    }
}

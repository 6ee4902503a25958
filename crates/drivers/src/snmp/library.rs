//! The PDU profiles at hand: those of the build, and an operator's own.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use async_snmp::Oid;

use super::profile::{Profile, ProfileError};

/// The profiles of the build, by name.
const BUILT_IN: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/pdu_profiles.rs"));

/// The most bytes that an operator's profile may have.
const LARGEST: u64 = 64 * 1024;

/// PDU profiles by name. Cloning shares them.
#[derive(Clone)]
pub struct Profiles {
    by_name: BTreeMap<String, Entry>,
}

#[derive(Clone)]
struct Entry {
    profile: Arc<Profile>,
    /// Whether an operator wrote it.
    own: bool,
}

impl Profiles {
    /// The profiles that Assay brings along.
    pub fn built_in() -> Self {
        let mut profiles = Self {
            by_name: BTreeMap::new(),
        };
        for (name, text) in BUILT_IN {
            match Profile::parse(name, text) {
                Ok(profile) => profiles.put(name, profile, false),
                // A test reads them all, so that this is never seen.
                Err(error) => tracing::error!(%error, "a PDU profile of the build is left out"),
            }
        }
        profiles
    }

    /// Adds the profiles of a folder: each file `NAME.toml` is the profile NAME, and replaces one of
    /// that name. What else is in the folder is ignored.
    ///
    /// # Errors
    /// [`ProfileError`] for a folder or file that cannot be read, and for the first file that is not
    /// a profile: an operator must hear of it before a PDU does.
    pub fn with_folder(mut self, folder: &Path) -> Result<Self, ProfileError> {
        let unreadable = |path: &Path, cause: &dyn ToString| ProfileError::Unreadable {
            path: path.display().to_string(),
            cause: cause.to_string(),
        };
        for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, &error))? {
            let path = entry.map_err(|error| unreadable(folder, &error))?.path();
            let Some(name) = path
                .extension()
                .filter(|ending| *ending == "toml")
                .and_then(|_| path.file_stem())
            else {
                continue;
            };
            let name = name.to_string_lossy();
            let length = fs::metadata(&path)
                .map_err(|error| unreadable(&path, &error))?
                .len();
            if length > LARGEST {
                return Err(unreadable(&path, &"it is larger than 64 KiB"));
            }
            let text = fs::read_to_string(&path).map_err(|error| unreadable(&path, &error))?;
            let profile = Profile::parse(&name, &text)?;
            self.put(&name, profile, true);
        }
        Ok(self)
    }

    /// The names of all profiles, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.by_name.keys().map(String::as_str)
    }

    /// The profile of that name.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Profile>> {
        self.by_name
            .get(name)
            .map(|entry| Arc::clone(&entry.profile))
    }

    /// The profile of the product with that sysObjectID: the one that says most of it; an operator's
    /// own before one of the build.
    pub(super) fn recognise(&self, sys_object_id: &Oid) -> Option<(&str, Arc<Profile>)> {
        self.by_name
            .iter()
            .filter_map(|(name, entry)| {
                let known = entry.profile.sys_object_ids.iter().map(|id| id.of_unit(0));
                let longest = known
                    .filter(|known| sys_object_id.starts_with(known))
                    .map(|known| known.len())
                    .max()?;
                Some(((longest, entry.own), name, entry))
            })
            .max_by_key(|(rank, ..)| *rank)
            .map(|(_, name, entry)| (name.as_str(), Arc::clone(&entry.profile)))
    }

    fn put(&mut self, name: &str, profile: Profile, own: bool) {
        let profile = Arc::new(profile);
        self.by_name.insert(name.to_owned(), Entry { profile, own });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recognised(profiles: &Profiles, oid: &str) -> Option<String> {
        let oid = Oid::parse(oid).unwrap();
        profiles.recognise(&oid).map(|(name, _)| name.to_owned())
    }

    #[test]
    fn every_profile_of_the_build_is_one() {
        for (name, text) in BUILT_IN {
            if let Err(error) = Profile::parse(name, text) {
                panic!("{error}");
            }
        }
        assert_eq!(
            Profiles::built_in().names().collect::<Vec<_>>(),
            [
                "apc-rpdu",
                "apc-rpdu2",
                "daenetip2",
                "eaton-epdu",
                "raritan-px2"
            ]
        );
    }

    #[test]
    fn products_are_recognised_by_their_sys_object_id() {
        let profiles = Profiles::built_in();
        for (oid, name) in [
            ("1.3.6.1.4.1.318.1.3.4.6", Some("apc-rpdu2")),
            ("1.3.6.1.4.1.318.1.3.4.5", Some("apc-rpdu")),
            ("1.3.6.1.4.1.318.1.3.4.60", None),
            ("1.3.6.1.4.1.318.1.3", None),
            ("1.3.6.1.4.1.13742.6", Some("raritan-px2")),
            ("1.3.6.1.4.1.13742.4", None),
            ("1.3.6.1.4.1.534.6.6.7", Some("eaton-epdu")),
            ("1.3.6.1.4.1.534.6.6.7.1", Some("eaton-epdu")),
        ] {
            assert_eq!(recognised(&profiles, oid).as_deref(), name, "{oid}");
        }
    }

    #[test]
    fn an_operators_profile_comes_first_and_a_wrong_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let eaton = BUILT_IN.iter().find(|(name, _)| *name == "eaton-epdu");
        fs::write(folder.path().join("mine.toml"), eaton.unwrap().1).unwrap();
        fs::write(folder.path().join("README"), "not a profile").unwrap();
        let profiles = Profiles::built_in().with_folder(folder.path()).unwrap();
        assert!(profiles.names().any(|name| name == "mine"));
        assert_eq!(
            recognised(&profiles, "1.3.6.1.4.1.534.6.6.7").as_deref(),
            Some("mine")
        );

        fs::write(folder.path().join("odd.toml"), "title = 3").unwrap();
        let error = Profiles::built_in().with_folder(folder.path()).err();
        assert!(error.unwrap().to_string().contains("'odd'"));
        let nowhere = folder.path().join("nowhere");
        let error = Profiles::built_in().with_folder(&nowhere).err().unwrap();
        assert!(matches!(error, ProfileError::Unreadable { .. }));
    }
}

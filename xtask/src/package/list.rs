//! Reads packaging/packages.toml: what goes into which package.

use std::collections::BTreeMap;
use std::fs;

use serde::Deserialize;

use crate::steps::{Outcome, root};

/// Everything that is packaged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct List {
    /// Who answers for the packages, as `Name <address>`.
    pub(crate) maintainer: String,
    /// The section of the Debian archive.
    pub(crate) section: String,
    /// The packages, in the order in which they are made.
    pub(crate) package: Vec<Package>,
}

/// One package.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    /// Its name, the same in both formats.
    pub(crate) name: String,
    /// One line.
    pub(crate) summary: String,
    /// Some lines.
    pub(crate) description: String,
    /// Another package of the list that is needed in exactly the same version.
    pub(crate) sibling: Option<String>,
    /// Units of packaging/systemd.
    #[serde(default)]
    pub(crate) units: Vec<String>,
    /// Files beside the units.
    pub(crate) files: Vec<File>,
    /// What only Debian's format has.
    #[serde(default)]
    pub(crate) deb: Deb,
    /// What only RPM's format has.
    #[serde(default)]
    pub(crate) rpm: Rpm,
}

/// One file of a package.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// Below the repository's root, or `built/NAME` for a program of the build.
    pub(crate) source: String,
    /// The absolute path that it is installed as.
    pub(crate) dest: String,
    /// Octal.
    #[serde(default = "readable")]
    pub(crate) mode: String,
    /// Whether changes of the operator survive an upgrade.
    #[serde(default)]
    pub(crate) config: bool,
    /// Whether it is documentation.
    #[serde(default)]
    pub(crate) doc: bool,
}

fn readable() -> String {
    "644".to_owned()
}

/// What only Debian's format has; libraries are found from the programs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Deb {
    /// Packages without which it does not work.
    pub(crate) depends: Vec<String>,
    /// Packages that are installed with it by default.
    pub(crate) recommends: Vec<String>,
    /// Packages that it works well with.
    pub(crate) suggests: Vec<String>,
    /// Folder with maintainer scripts.
    pub(crate) scripts: Option<String>,
}

/// What only RPM's format has; libraries are found from the programs.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Rpm {
    /// Packages without which it does not work, of any version.
    pub(crate) requires: Vec<String>,
    /// Packages that are installed with it by default.
    pub(crate) recommends: Vec<String>,
    /// Scriptlets by name, as files.
    pub(crate) scripts: BTreeMap<String, String>,
}

/// Reads the list.
pub(crate) fn read() -> Outcome<List> {
    let file = root().join("packaging/packages.toml");
    let text = fs::read_to_string(&file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    toml::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}

impl Package {
    /// Every file of the package, with its units.
    pub(crate) fn all_files(&self) -> impl Iterator<Item = File> + '_ {
        let units = self.units.iter().map(|unit| File {
            source: format!("packaging/systemd/{unit}"),
            dest: format!("/usr/lib/systemd/system/{unit}"),
            mode: readable(),
            config: false,
            doc: false,
        });
        self.files.iter().cloned().chain(units)
    }
}

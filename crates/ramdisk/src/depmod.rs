//! Reads the indexes that `depmod` leaves beside a kernel's modules.
//!
//! Formats: modules.dep(5) and modprobe.d(5) of kmod.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::Error;

/// What one kernel's module folder offers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    modules: BTreeMap<String, Entry>,
    builtin: BTreeSet<String>,
    soft_before: BTreeMap<String, Vec<String>>,
    aliases: Vec<(String, String)>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Entry {
    path: String,
    /// In load order.
    needs: Vec<String>,
}

/// A module's name as the kernel says it: no folder, no ending, `_` for `-`.
///
/// ```
/// assert_eq!(assay_ramdisk::canonical("kernel/drivers/usb/host/xhci-pci.ko.xz"), "xhci_pci");
/// ```
pub fn canonical(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.find(".ko").map_or(file, |end| &file[..end]);
    stem.replace('-', "_")
}

impl Catalogue {
    /// Reads `modules.dep` and, where they exist, `modules.softdep`, `modules.builtin` and `modules.alias`.
    pub fn read(modules_dir: &Path) -> Result<Self, Error> {
        let dep = modules_dir.join("modules.dep");
        let optional = |name: &str| {
            let path = modules_dir.join(name);
            match std::fs::read_to_string(&path) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
                other => other.map_err(Error::read(path)),
            }
        };
        let mut catalogue =
            Self::parse_dep(&std::fs::read_to_string(&dep).map_err(Error::read(dep))?)?;
        catalogue.parse_softdep(&optional("modules.softdep")?);
        catalogue.parse_builtin(&optional("modules.builtin")?);
        catalogue.parse_alias(&optional("modules.alias")?);
        Ok(catalogue)
    }

    /// Parses the text of `modules.dep`: `PATH: PATH PATH …`, the dependency to load first being the last.
    pub fn parse_dep(text: &str) -> Result<Self, Error> {
        let mut modules = BTreeMap::new();
        for (line, content) in meaningful(text) {
            let wrong = |reason| Error::Index {
                file: "modules.dep",
                line,
                reason,
            };
            let (path, needs) = content
                .split_once(':')
                .ok_or_else(|| wrong("there is no colon after the module"))?;
            let name = canonical(path.trim());
            if name.is_empty() {
                return Err(wrong("there is no module before the colon"));
            }
            let needs = needs.split_whitespace().rev().map(canonical).collect();
            modules.insert(
                name,
                Entry {
                    path: path.trim().to_owned(),
                    needs,
                },
            );
        }
        Ok(Self {
            modules,
            ..Self::default()
        })
    }

    /// Adds the text of `modules.softdep`: `softdep NAME [pre: NAME …] [post: NAME …]`. Names before any keyword
    /// and those after `post:` do not decide the order and are passed over.
    pub fn parse_softdep(&mut self, text: &str) {
        for (_, content) in meaningful(text) {
            let mut words = content.split_whitespace();
            let (Some("softdep"), Some(name)) = (words.next(), words.next()) else {
                continue;
            };
            let mut before = false;
            let wanted = self.soft_before.entry(canonical(name)).or_default();
            for word in words {
                match word {
                    "pre:" => before = true,
                    "post:" => before = false,
                    other if before => wanted.push(other.to_owned()),
                    _ => {}
                }
            }
        }
    }

    /// Adds the text of `modules.builtin`: one path a line.
    pub fn parse_builtin(&mut self, text: &str) {
        self.builtin
            .extend(meaningful(text).map(|(_, path)| canonical(path)));
    }

    /// Adds the text of `modules.alias`: `alias PATTERN NAME`.
    pub fn parse_alias(&mut self, text: &str) {
        for (_, content) in meaningful(text) {
            let Some((pattern, name)) = content
                .strip_prefix("alias ")
                .and_then(|rest| rest.rsplit_once(' '))
            else {
                continue;
            };
            // A blank would end the pattern in our own lists.
            let pattern = pattern.trim().replace(char::is_whitespace, "?");
            self.aliases.push((pattern, canonical(name)));
        }
    }

    /// Whether the kernel has this module built in.
    pub fn is_builtin(&self, name: &str) -> bool {
        self.builtin.contains(&canonical(name))
    }

    /// The module's file as `modules.dep` names it: relative to the module folder, or absolute.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.modules
            .get(&canonical(name))
            .map(|entry| entry.path.as_str())
    }

    /// What has to be loaded before this module, in load order; empty for an unknown module.
    pub fn needs(&self, name: &str) -> &[String] {
        self.modules
            .get(&canonical(name))
            .map_or(&[], |entry| &entry.needs)
    }

    /// The modules that should be loaded before this one if they exist: by name, or by an alias such as
    /// `crypto-crc32c` for which each module that offers it counts.
    pub fn soft_needs(&self, name: &str) -> Vec<String> {
        let wanted = self
            .soft_before
            .get(&canonical(name))
            .map_or(&[][..], Vec::as_slice);
        wanted.iter().flat_map(|soft| self.resolve(soft)).collect()
    }

    /// The patterns by which devices ask for this module, in the order of `modules.alias`.
    pub fn device_patterns<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let is_of_a_device = |pattern: &str| pattern.contains(':');
        self.aliases
            .iter()
            .filter(move |(pattern, module)| module == name && is_of_a_device(pattern))
            .map(|(pattern, _)| pattern.as_str())
    }

    fn resolve(&self, soft: &str) -> Vec<String> {
        let name = canonical(soft);
        if self.modules.contains_key(&name) || self.builtin.contains(&name) {
            return vec![name];
        }
        self.aliases
            .iter()
            .filter(|(pattern, _)| pattern == soft)
            .map(|(_, module)| module.clone())
            .collect()
    }
}

/// Lines with their numbers, without blanks at the ends, empty lines and comments.
fn meaningful(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(number, line)| (number + 1, line.trim()))
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
}

#[cfg(test)]
#[path = "depmod_tests.rs"]
mod tests;

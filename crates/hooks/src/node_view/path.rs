//! Paths to what rules may set in a node.

use std::fmt;

/// Deeper paths would only serve to make documents that nobody can read back.
const MAX_PARTS: usize = 16;
const MAX_LENGTH: usize = 512;

/// Attributes of ironic's nodes for which Assay has no field of its own.
const ONLY_IRONIC: [&str; 6] = [
    "driver",
    "resource_class",
    "conductor_group",
    "lessee",
    "instance_info",
    "network_data",
];

/// Words in the names of driver properties that hold secrets.
const SECRET: [&str; 5] = ["pass", "secret", "token", "community", "credential"];

/// Where a path leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Root {
    Name,
    Title,
    Description,
    Owner,
    InventoryCode,
    Properties,
    Extra,
    BmcAddress,
    /// Ironic's own; the whole path is kept.
    Kept,
}

/// A path that can be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) root: Root,
    /// All parts, the first included.
    pub(super) parts: Vec<String>,
}

impl Path {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.len() > MAX_LENGTH {
            return Err(format!("a path has at most {MAX_LENGTH} bytes"));
        }
        let parts: Vec<String> = text
            .strip_prefix('/')
            .unwrap_or(text)
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        if parts.iter().any(String::is_empty) {
            return Err(format!("{text:?} is not a path such as /extra/key"));
        }
        if parts.len() > MAX_PARTS {
            return Err(format!("a path has at most {MAX_PARTS} parts"));
        }
        let root = root(&parts).map_err(|reason| format!("{}: {reason}", shown(&parts)))?;
        Ok(Self { root, parts })
    }

    /// As a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        shown(&self.parts)
    }

    /// The parts below the first.
    pub(super) fn below(&self) -> &[String] {
        self.parts.get(1..).unwrap_or_default()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pointer())
    }
}

fn shown(parts: &[String]) -> String {
    let escaped = parts
        .iter()
        .map(|part| part.replace('~', "~0").replace('/', "~1"));
    escaped.fold(String::new(), |path, part| path + "/" + &part)
}

fn root(parts: &[String]) -> Result<Root, String> {
    let (first, below) = parts.split_first().ok_or("cannot be set")?;
    let scalar = |root| match below {
        [] => Ok(root),
        _ => Err(format!("/{first} has no parts")),
    };
    match first.as_str() {
        "name" => scalar(Root::Name),
        "title" => scalar(Root::Title),
        "description" => scalar(Root::Description),
        "owner" => scalar(Root::Owner),
        "inventory_code" => scalar(Root::InventoryCode),
        "extra" => Ok(Root::Extra),
        "properties" => property(below),
        "driver_info" => driver_info(below),
        "traits" => Err("cannot be set; use add-trait and remove-trait".to_owned()),
        name if ONLY_IRONIC.contains(&name) || name.ends_with("_interface") => Ok(Root::Kept),
        _ => Err("cannot be set".to_owned()),
    }
}

fn property(below: &[String]) -> Result<Root, String> {
    match below {
        [name, ..] if name == super::KEPT => Err("cannot be set".to_owned()),
        [name, _, ..] if super::set::is_own_property(name) => {
            Err(format!("/properties/{name} has no parts"))
        }
        _ => Ok(Root::Properties),
    }
}

fn driver_info(below: &[String]) -> Result<Root, String> {
    let [name, deeper @ ..] = below else {
        return Err("cannot be set as a whole".to_owned());
    };
    let lower = name.to_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) || lower.ends_with("key") {
        return Err("cannot be set: secrets belong to a power control, not to a rule".to_owned());
    }
    match (name.as_str(), deeper) {
        ("bmc_address" | "ipmi_address", []) => Ok(Root::BmcAddress),
        ("bmc_address" | "ipmi_address", _) => Err(format!("/driver_info/{name} has no parts")),
        _ => Ok(Root::Kept),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_with_and_without_slash_are_the_same() {
        let path = Path::parse("extra/a~1b/c").unwrap();
        assert_eq!(path, Path::parse("/extra/a~1b/c").unwrap());
        assert_eq!(path.below(), ["a/b", "c"]);
        assert_eq!(path.to_string(), "/extra/a~1b/c");
    }

    #[test]
    fn what_cannot_be_set_says_so() {
        let refused = |text: &str| Path::parse(text).unwrap_err();
        assert_eq!(refused("/uuid"), "/uuid: cannot be set");
        assert_eq!(refused("power_state"), "/power_state: cannot be set");
        assert_eq!(refused("/name/x"), "/name/x: /name has no parts");
        assert!(refused("/traits").contains("add-trait"));
        assert!(refused("/driver_info/ipmi_password").contains("power control"));
        assert!(refused("/driver_info").contains("as a whole"));
        assert!(refused("/properties/cpus/x").contains("has no parts"));
        assert!(refused("/properties/node_attributes/driver").contains("cannot be set"));
        for text in ["", "/", "//extra", "/extra/", "/extra//a"] {
            assert!(refused(text).contains("is not a path"), "{text:?}");
        }
        assert!(refused(&"/extra".repeat(17)).contains("at most 16 parts"));
        assert!(refused(&"x".repeat(513)).contains("at most 512 bytes"));
    }
}

//! The services that are asked, and the microversions that calls need.

use std::fmt;

/// A service of OpenStack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Api {
    /// Keystone.
    Identity,
    /// Nova.
    Compute,
    /// Placement.
    Placement,
    /// Cinder.
    Volume,
}

impl Api {
    /// Its name in errors, and in the header that asks for a microversion.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Compute => "compute",
            Self::Placement => "placement",
            Self::Volume => "volume",
        }
    }

    /// Its types in the catalog, the better known first.
    pub(crate) fn kinds(self) -> &'static [&'static str] {
        match self {
            Self::Identity => &["identity"],
            Self::Compute => &["compute"],
            Self::Placement => &["placement"],
            Self::Volume => &["volumev3", "block-storage", "volume"],
        }
    }

    /// The segment of paths that begins its API, where it has one.
    pub(crate) fn version_segment(self) -> Option<&'static str> {
        match self {
            Self::Compute => Some("v2.1"),
            Self::Placement => None,
            Self::Volume | Self::Identity => Some("v3"),
        }
    }

    /// The number before the point of its microversions.
    fn major(self) -> u16 {
        match self {
            Self::Compute => 2,
            Self::Placement => 1,
            Self::Volume | Self::Identity => 3,
        }
    }

    /// A microversion of it.
    pub(crate) fn version(self, minor: u16) -> Microversion {
        Microversion {
            major: self.major(),
            minor,
        }
    }
}

/// A microversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Microversion {
    major: u16,
    minor: u16,
}

impl Microversion {
    /// Reads `2.53`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self {
            major: major.parse().ok()?,
            minor: minor.parse().ok()?,
        })
    }
}

impl fmt::Display for Microversion {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.major, self.minor)
    }
}

/// Microversions of Nova that calls need, by what they bring (nova's REST API version history).
pub(crate) mod nova {
    /// The least that is asked: services and hypervisors by UUID (Pike). Servers have their flavor's
    /// sizes (2.47), a live migration chooses how disks are moved (2.25), and a target host is
    /// checked by the scheduler (2.29, 2.30).
    pub(crate) const BASE: u16 = 53;
    /// The last in which a server names its flavor's id.
    pub(crate) const FLAVOR_ID: u16 = 46;
    /// Cold migration to a named host.
    pub(crate) const COLD_TARGET: u16 = 56;
    /// Pages of migrations, and their UUIDs.
    pub(crate) const MIGRATION_PAGES: u16 = 59;
    /// Server groups with one policy and its rules.
    pub(crate) const GROUP_RULES: u16 = 64;
    /// A live migration that waits for its turn can be aborted.
    pub(crate) const ABORT_QUEUED: u16 = 65;
    /// The last in which a hypervisor tells what is used of it.
    pub(crate) const HYPERVISOR_USE: u16 = 87;
    /// A server tells the zone that it may not leave.
    pub(crate) const PINNED_ZONE: u16 = 96;
}

/// The microversion of Placement that tells root providers from nested ones (Rocky).
pub(crate) const PLACEMENT_NESTED: u16 = 14;

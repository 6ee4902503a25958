//! A PDU profile: where a product line keeps its outlets, and what its numbers mean.

use serde::Deserialize;

use super::oid::{Pattern, Place};

/// The most outlets that a profile may claim.
pub(super) const MOST_OUTLETS: u32 = 1024;

/// The longest pause between off and on that a profile or a setting may ask for, in seconds.
pub(super) const LONGEST_OFF: u32 = 60;

/// The pause between off and on where nobody says otherwise, in seconds: long enough for the
/// capacitors of a power supply.
const USUAL_OFF: u32 = 5;

/// Why a profile cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A file or folder cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// Which one.
        path: String,
        /// What the system said.
        cause: String,
    },
    /// The text is not a profile.
    #[error("PDU profile '{name}': {cause}")]
    Invalid {
        /// The profile's name: its file's, without the ending.
        name: String,
        /// What is wrong with it.
        cause: String,
    },
}

/// A product line's profile, as its TOML file says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Profile {
    /// What people call the product line.
    pub(super) title: String,
    /// By what the product is recognised: what its sysObjectID (RFC 3418) begins with.
    pub(super) sys_object_ids: Vec<Pattern>,
    /// What `{unit}` is when the power control does not say.
    #[serde(default)]
    pub(super) unit: Option<u32>,
    /// How many outlets a `{group}` has; `{place}` counts from 1 in each.
    #[serde(default)]
    pub(super) group_size: Option<u32>,
    /// Whether the agent lets its tables be walked.
    #[serde(default = "yes")]
    pub(super) walk: bool,
    /// How long an outlet is off in a reset, in seconds, where the product has no command for that.
    #[serde(default = "usual_off")]
    pub(super) off_seconds: u32,
    pub(super) outlets: Outlets,
    pub(super) state: State,
    /// Where the device says that a command is under way.
    #[serde(default)]
    pub(super) pending: Option<Pending>,
    pub(super) commands: Commands,
    #[serde(default)]
    pub(super) device: Device,
}

/// The outlets as such.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Outlets {
    /// How many there are, when all devices of the line have as many.
    #[serde(default)]
    pub(super) count: Option<u32>,
    /// Where the device says how many it has.
    #[serde(default)]
    pub(super) count_oid: Option<Pattern>,
    /// Where it keeps their names.
    #[serde(default)]
    pub(super) name_oid: Option<Pattern>,
}

/// Where an outlet's state is, and what its values mean.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct State {
    pub(super) oid: Pattern,
    on: Vec<i64>,
    off: Vec<i64>,
    #[serde(default)]
    turning_on: Vec<i64>,
    #[serde(default)]
    turning_off: Vec<i64>,
}

/// What an outlet's state is, with what is on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reported {
    On,
    Off,
    TurningOn,
    TurningOff,
}

/// Where the device says that a command is under way at an outlet, and by which values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending {
    pub(super) oid: Pattern,
    pub(super) values: Vec<i64>,
}

/// What is written to switch.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Commands {
    pub(super) on: Write,
    pub(super) off: Write,
    /// The device's own off and on again.
    #[serde(default)]
    pub(super) cycle: Option<Write>,
}

/// One INTEGER to write.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    pub(super) oid: Pattern,
    pub(super) value: i32,
}

/// The PDU itself.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Device {
    /// Where its firmware's version is.
    #[serde(default)]
    pub(super) firmware_oid: Option<Pattern>,
}

fn yes() -> bool {
    true
}

fn usual_off() -> u32 {
    USUAL_OFF
}

impl Profile {
    /// Reads a profile.
    ///
    /// # Errors
    /// [`ProfileError::Invalid`] with the first thing that is wrong.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, ProfileError> {
        let invalid = |cause: String| ProfileError::Invalid {
            name: name.to_owned(),
            cause,
        };
        let profile: Self = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        profile.check().map_err(|cause| invalid(cause.to_owned()))?;
        Ok(profile)
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.title.trim().is_empty() {
            return Err("'title' is empty");
        }
        if self.outlets.count.is_some() && self.outlets.count_oid.is_some() {
            return Err("'count' and 'count_oid' exclude each other");
        }
        if self
            .outlets
            .count
            .is_some_and(|count| !(1..=MOST_OUTLETS).contains(&count))
        {
            return Err("'count' is not within 1 to 1024");
        }
        if !(1..=LONGEST_OFF).contains(&self.off_seconds) {
            return Err("'off_seconds' is not within 1 to 60");
        }
        if self.group_size == Some(0) {
            return Err("'group_size' is 0");
        }
        self.check_oids()?;
        self.state.check()
    }

    fn check_oids(&self) -> Result<(), &'static str> {
        let of_outlets = || self.of_outlets();
        let of_device = || {
            let device = [&self.outlets.count_oid, &self.device.firmware_oid];
            device.into_iter().flatten()
        };
        if !of_outlets().all(Pattern::names_outlets) {
            return Err("an OID of an outlet lacks {outlet}, or {place}");
        }
        if of_device()
            .chain(&self.sys_object_ids)
            .any(|oid| oid.names_outlets() || oid.names_groups())
        {
            return Err("an OID of the whole device has a place for an outlet");
        }
        if self.sys_object_ids.iter().any(Pattern::names_units) {
            return Err("'sys_object_ids' has a place for a unit");
        }
        if self.group_size.is_none() && of_outlets().any(Pattern::names_groups) {
            return Err("{group} and {place} need 'group_size'");
        }
        let units = of_outlets().chain(of_device()).any(Pattern::names_units);
        if units != self.unit.is_some() {
            return Err("'unit' is needed where an OID has {unit}, and only there");
        }
        Ok(())
    }

    fn of_outlets(&self) -> impl Iterator<Item = &Pattern> {
        let commands = [&self.commands.on, &self.commands.off];
        let commands = commands.into_iter().chain(&self.commands.cycle);
        [&self.state.oid]
            .into_iter()
            .chain(&self.outlets.name_oid)
            .chain(self.pending.as_ref().map(|pending| &pending.oid))
            .chain(commands.map(|write| &write.oid))
    }

    /// The same with all relays at another OID.
    pub(super) fn at_relays(&self, oid: &Pattern) -> Self {
        let mut profile = self.clone();
        let commands = &mut profile.commands;
        for place in [
            &mut profile.state.oid,
            &mut commands.on.oid,
            &mut commands.off.oid,
        ] {
            place.clone_from(oid);
        }
        profile
    }

    /// An outlet of the PDU that is number `unit` of its chain.
    pub(super) fn place(&self, unit: u32, outlet: u32) -> Place {
        Place::new(unit, outlet, self.group_size)
    }
}

impl State {
    /// What a value means; none for one that the profile does not know.
    pub(super) fn reported(&self, value: i64) -> Option<Reported> {
        [
            (&self.on, Reported::On),
            (&self.off, Reported::Off),
            (&self.turning_on, Reported::TurningOn),
            (&self.turning_off, Reported::TurningOff),
        ]
        .into_iter()
        .find_map(|(values, reported)| values.contains(&value).then_some(reported))
    }

    fn check(&self) -> Result<(), &'static str> {
        if self.on.is_empty() || self.off.is_empty() {
            return Err("'state' needs values for 'on' and 'off'");
        }
        let mut all: Vec<i64> = [&self.on, &self.off, &self.turning_on, &self.turning_off]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        if all.len() == count {
            Ok(())
        } else {
            Err("a value of 'state' means two things")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SMALL: &str = r#"
        title = "A PDU"
        sys_object_ids = ["1.3.6.1.4.1.99"]
        [outlets]
        count = 4
        [state]
        oid = "1.3.6.1.4.1.99.1.{outlet}"
        on = [1]
        off = [2, 3]
        [commands.on]
        oid = "1.3.6.1.4.1.99.2.{outlet}"
        value = 1
        [commands.off]
        oid = "1.3.6.1.4.1.99.2.{outlet}"
        value = 2
    "#;

    fn wrong(from: &str, to: &str) -> String {
        let text = SMALL.replace(from, to);
        assert_ne!(text, SMALL, "{from}");
        Profile::parse("small", &text).unwrap_err().to_string()
    }

    #[test]
    fn a_profile_says_what_values_mean() {
        let profile = Profile::parse("small", SMALL).unwrap();
        assert_eq!(profile.state.reported(1), Some(Reported::On));
        assert_eq!(profile.state.reported(3), Some(Reported::Off));
        assert_eq!(profile.state.reported(0), None);
        assert_eq!((profile.off_seconds, profile.walk), (USUAL_OFF, true));
        assert!(profile.commands.cycle.is_none() && profile.pending.is_none());
    }

    #[test]
    fn a_wrong_profile_is_refused_with_its_name_and_the_reason() {
        for (from, to, why) in [
            ("title = \"A PDU\"", "title = \" \"", "'title'"),
            ("count = 4", "count = 0", "1 to 1024"),
            ("count = 4", "count = 4\ncount_oid = \"1.3.6.1\"", "exclude"),
            (
                "count = 4",
                "count_oid = \"1.3.6.{outlet}\"",
                "whole device",
            ),
            ("count = 4", "count_oid = \"1.3.6.{unit}\"", "'unit'"),
            ("[outlets]", "unit = 1\n[outlets]", "'unit'"),
            ("[outlets]", "off_seconds = 61\n[outlets]", "1 to 60"),
            ("[outlets]", "group_size = 0\n[outlets]", "group_size"),
            ("[outlets]", "colour = 3\n[outlets]", "colour"),
            ("99.1.{outlet}", "99.1.0", "{outlet}"),
            ("99.1.{outlet}", "99.1.{place}", "'group_size'"),
            ("99.1.{outlet}", "99.1.{colour}", "{colour}"),
            ("on = [1]", "on = []", "'on' and 'off'"),
            ("off = [2, 3]", "off = [2, 1]", "two things"),
            ("value = 1", "value = 4294967296", "value"),
            ("1.4.1.99\"]", "1.4.1.{unit}\"]", "unit"),
            ("[state]", "[state", "TOML"),
        ] {
            let error = wrong(from, to);
            assert!(error.starts_with("PDU profile 'small': "), "{error}");
            assert!(error.contains(why), "{to}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in ".{0,200}") {
            let _ = Profile::parse("any", &text);
        }

        #[test]
        fn no_change_of_a_profile_makes_parsing_panic(at in 0..SMALL.len(), cut in 0..40_usize, put in ".{0,12}") {
            let start = SMALL.get(..at).unwrap_or_default();
            let end = SMALL.get(at.saturating_add(cut)..).unwrap_or_default();
            let _ = Profile::parse("any", &format!("{start}{put}{end}"));
        }
    }
}

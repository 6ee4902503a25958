//! How the power state is read from what the command `status` prints, or from its exit code.

use assay_domain::PowerState;
use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

/// The longest pattern in bytes.
const PATTERN_LIMIT: usize = 500;
/// The most memory that a compiled pattern may take, in bytes.
const COMPILED_LIMIT: usize = 1 << 20;
/// The patterns when nothing is set: the words, in any case.
const DEFAULT_PATTERNS: (&str, &str) = (r"(?i)\bon\b", r"(?i)\boff\b");

/// How the state is read.
#[derive(Debug, Clone)]
pub(super) enum Reading {
    /// From what is printed on standard output.
    Printed {
        /// What shows that the machine is on.
        on: Regex,
        /// What shows that it is off.
        off: Regex,
    },
    /// From the exit code.
    Code {
        /// The code of a machine that is on.
        on: u32,
        /// The code of one that is off.
        off: u32,
    },
}

impl Reading {
    /// Reads the setting `state`.
    ///
    /// # Errors
    /// What is wrong with it, for the caller.
    pub(super) fn read(setting: Option<&Value>) -> Result<Self, String> {
        match setting {
            None | Some(Value::Null) => Self::printed(DEFAULT_PATTERNS.0, DEFAULT_PATTERNS.1),
            Some(Value::Object(object)) => Self::of(object),
            Some(_) => Err(wrong()),
        }
    }

    fn of(object: &Map<String, Value>) -> Result<Self, String> {
        if object.len() != 2 {
            return Err(wrong());
        }
        match (object.get("on"), object.get("off")) {
            (Some(Value::String(on)), Some(Value::String(off))) => Self::printed(on, off),
            (Some(Value::Number(on)), Some(Value::Number(off))) => {
                match (code(on.as_u64()), code(off.as_u64())) {
                    (Some(on), Some(off)) if on != off => Ok(Self::Code { on, off }),
                    _ => Err(
                        "setting 'state': exit codes must be two different ones from 0 to 255"
                            .into(),
                    ),
                }
            }
            _ => Err(wrong()),
        }
    }

    fn printed(on: &str, off: &str) -> Result<Self, String> {
        Ok(Self::Printed {
            on: pattern("on", on)?,
            off: pattern("off", off)?,
        })
    }

    /// Whether an exit code other than 0 can be an answer.
    pub(super) fn is_by_code(&self) -> bool {
        matches!(self, Self::Code { .. })
    }

    /// The state that an answer shows, if it shows one.
    pub(super) fn state(&self, exit_code: u32, printed: &str) -> Option<PowerState> {
        let (is_on, is_off) = match self {
            Self::Printed { on, off } => {
                let printed = printed.trim();
                (on.is_match(printed), off.is_match(printed))
            }
            Self::Code { on, off } => (exit_code == *on, exit_code == *off),
        };
        match (is_on, is_off) {
            (true, false) => Some(PowerState::On),
            (false, true) => Some(PowerState::Off),
            (true, true) | (false, false) => None,
        }
    }
}

fn wrong() -> String {
    "setting 'state' must be {\"on\": …, \"off\": …}, with two patterns or two exit codes".into()
}

fn code(number: Option<u64>) -> Option<u32> {
    u32::try_from(number?).ok().filter(|code| *code <= 255)
}

fn pattern(key: &str, text: &str) -> Result<Regex, String> {
    if text.is_empty() || text.len() > PATTERN_LIMIT {
        return Err(format!(
            "setting 'state': the pattern of '{key}' must have 1 to {PATTERN_LIMIT} bytes"
        ));
    }
    RegexBuilder::new(text)
        .size_limit(COMPILED_LIMIT)
        .dfa_size_limit(COMPILED_LIMIT)
        .multi_line(true)
        .build()
        .map_err(|error| format!("setting 'state': the pattern of '{key}' is none: {error}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ON: Option<PowerState> = Some(PowerState::On);
    const OFF: Option<PowerState> = Some(PowerState::Off);

    #[test]
    fn words_are_read_when_nothing_is_set() {
        let reading = Reading::read(None).unwrap();
        assert_eq!(reading.state(0, "Chassis Power is on\n"), ON);
        assert_eq!(reading.state(0, "OFF"), OFF);
        for unclear in ["", "offline", "done", "on, was off"] {
            assert_eq!(reading.state(0, unclear), None, "{unclear}");
        }
        assert!(!reading.is_by_code());
    }

    #[test]
    fn patterns_see_lines_and_codes_see_codes() {
        let reading = Reading::read(Some(&json!({"on": "^1$", "off": "^0$"}))).unwrap();
        assert_eq!(reading.state(0, "relay\n1\n"), ON);
        assert_eq!(reading.state(0, "relay\n10\n"), None);
        let reading = Reading::read(Some(&json!({"on": 0, "off": 3}))).unwrap();
        assert_eq!((reading.state(0, "off"), reading.state(3, "on")), (ON, OFF));
        assert_eq!(reading.state(1, "on"), None);
        assert!(reading.is_by_code());
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for wrong in [
            json!("on"),
            json!({"on": "x"}),
            json!({"on": "x", "off": 1}),
            json!({"on": "(", "off": "x"}),
            json!({"on": "", "off": "x"}),
            json!({"on": 1, "off": 1}),
            json!({"on": 0, "off": 256}),
            json!({"on": 0, "off": -1}),
            json!({"on": 0, "off": 1, "else": 2}),
            json!({"on": "a{1000}{1000}{1000}", "off": "x"}),
        ] {
            let error = Reading::read(Some(&wrong)).unwrap_err();
            assert!(error.contains("state"), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_setting_and_no_answer_makes_reading_panic(on in ".{0,20}", off in ".{0,20}", printed in ".{0,60}", code: u32) {
            if let Ok(reading) = Reading::read(Some(&json!({"on": on, "off": off}))) {
                let _ = reading.state(code, &printed);
            }
        }
    }
}

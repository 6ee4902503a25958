//! Command lines from settings: `{output}` is all that is ever put into one, and only when it is safe.

use serde_json::Value;

/// What stands for the output in a command line.
const PLACEHOLDER: &str = "{output}";
/// The longest command line in bytes; longer things belong into a script on the device.
const LINE_LIMIT: usize = 4096;
/// The longest output name in bytes.
const OUTPUT_LIMIT: usize = 64;
/// The keys of the setting `commands`.
const KEYS: [&str; 9] = [
    "on",
    "off",
    "status",
    "reset",
    "shutdown",
    "boot_network",
    "boot_default",
    "identify_on",
    "identify_off",
];

/// A device's commands. One that is absent is not supported.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Commands {
    pub(super) on: Option<String>,
    pub(super) off: Option<String>,
    pub(super) status: Option<String>,
    pub(super) reset: Option<String>,
    pub(super) shutdown: Option<String>,
    pub(super) boot_network: Option<String>,
    pub(super) boot_default: Option<String>,
    pub(super) identify_on: Option<String>,
    pub(super) identify_off: Option<String>,
}

impl Commands {
    /// Reads the setting `commands`.
    ///
    /// # Errors
    /// What is wrong with it, for the caller.
    pub(super) fn read(setting: Option<&Value>) -> Result<Self, String> {
        let object = match setting {
            None | Some(Value::Null) => return Ok(Self::default()),
            Some(Value::Object(object)) => object,
            Some(_) => return Err("setting 'commands' must be an object of command lines".into()),
        };
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "setting 'commands' has an unknown command '{key}'; there are {}",
                KEYS.join(", ")
            ));
        }
        let line = |key: &str| match object.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(line)) => check(line)
                .map(|()| Some(line.clone()))
                .map_err(|reason| format!("command '{key}' {reason}")),
            Some(_) => Err(format!("command '{key}' must be a text")),
        };
        let commands = Self {
            on: line("on")?,
            off: line("off")?,
            status: line("status")?,
            reset: line("reset")?,
            shutdown: line("shutdown")?,
            boot_network: line("boot_network")?,
            boot_default: line("boot_default")?,
            identify_on: line("identify_on")?,
            identify_off: line("identify_off")?,
        };
        commands.is_paired().map(|()| commands)
    }

    /// What is done has to be undone: who can do one half only, can do neither.
    fn is_paired(&self) -> Result<(), String> {
        let pairs = [
            (
                &self.boot_network,
                &self.boot_default,
                "'boot_network' and 'boot_default'",
            ),
            (
                &self.identify_on,
                &self.identify_off,
                "'identify_on' and 'identify_off'",
            ),
        ];
        match pairs
            .iter()
            .find(|(one, other, _)| one.is_some() != other.is_some())
        {
            Some((_, _, names)) => Err(format!(
                "setting 'commands' must have both {names} or neither"
            )),
            None => Ok(()),
        }
    }

    /// The commands for one output.
    ///
    /// # Errors
    /// Why the output cannot be put into a command that asks for it.
    pub(super) fn for_output(self, output: &str) -> Result<Self, String> {
        let fill = |line: Option<String>| match line {
            Some(line) if line.contains(PLACEHOLDER) => {
                safe(output).map(|output| Some(line.replace(PLACEHOLDER, output)))
            }
            line => Ok(line),
        };
        Ok(Self {
            on: fill(self.on)?,
            off: fill(self.off)?,
            status: fill(self.status)?,
            reset: fill(self.reset)?,
            shutdown: fill(self.shutdown)?,
            boot_network: fill(self.boot_network)?,
            boot_default: fill(self.boot_default)?,
            identify_on: fill(self.identify_on)?,
            identify_off: fill(self.identify_off)?,
        })
    }
}

/// Whether a text can be a command line.
fn check(line: &str) -> Result<(), String> {
    if line.trim().is_empty() || line.len() > LINE_LIMIT {
        return Err(format!("must have 1 to {LINE_LIMIT} bytes"));
    }
    if line.contains(char::is_control) {
        return Err("must be one line without control characters".into());
    }
    if line.replace(PLACEHOLDER, "").contains(['{', '}']) {
        return Err(format!("may have braces in {PLACEHOLDER} only"));
    }
    Ok(())
}

/// The output, if it can stand in a shell's command line as one plain word that is no option.
fn safe(output: &str) -> Result<&str, String> {
    let output = output.trim();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let is_safe = output.len() <= OUTPUT_LIMIT
        && output.bytes().all(plain)
        && output.starts_with(|first: char| first.is_ascii_alphanumeric());
    if is_safe {
        Ok(output)
    } else {
        Err(format!(
            "the commands need an output of 1 to {OUTPUT_LIMIT} letters, digits, '.', '_' and '-' that \
             begins with a letter or digit"
        ))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn an_output_takes_its_place() {
        let commands = json!({"on": "pdu {output} on {output}", "off": "halt"});
        let commands = Commands::read(Some(&commands)).unwrap();
        let filled = commands.clone().for_output(" b-7.1 ").unwrap();
        assert_eq!(filled.on.as_deref(), Some("pdu b-7.1 on b-7.1"));
        assert_eq!(filled.off.as_deref(), Some("halt"));
        assert_eq!((filled.status, filled.reset), (None, None));
        for unsafe_output in [
            "", "-rf", "1;reboot", "$(id)", "a b", "../1", "1\n2", "`id`", "é",
        ] {
            let error = commands.clone().for_output(unsafe_output).unwrap_err();
            assert!(!error.contains("reboot"), "{error}");
        }
        let without = Commands::read(Some(&json!({"on": "up"}))).unwrap();
        assert!(
            without.for_output("$(id)").is_ok(),
            "nothing is put anywhere"
        );
    }

    #[test]
    fn what_is_no_command_is_named() {
        for (wrong, name) in [
            (json!("on"), "commands"),
            (json!({"onn": "x"}), "onn"),
            (json!({"on": 1}), "on"),
            (json!({"off": " "}), "off"),
            (json!({"status": "a\nb"}), "status"),
            (json!({"reset": "echo {outputs}"}), "reset"),
            (json!({"reset": "echo ${HOME}"}), "reset"),
            (json!({"reset": "x".repeat(4097)}), "reset"),
            (json!({"boot_network": "x"}), "boot_default"),
            (json!({"identify_off": "x"}), "identify_on"),
        ] {
            let error = Commands::read(Some(&wrong)).unwrap_err();
            assert!(error.contains(name), "{error}");
        }
    }

    proptest! {
        #[test]
        fn only_plain_words_get_into_a_command(output in ".{0,70}") {
            let commands = Commands::read(Some(&json!({"on": "<{output}>"}))).unwrap();
            if let Ok(filled) = commands.for_output(&output) {
                let line = filled.on.unwrap();
                let word = line.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')).unwrap();
                prop_assert!(!word.is_empty() && !word.starts_with('-'));
                prop_assert!(word.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)));
            }
        }
    }
}

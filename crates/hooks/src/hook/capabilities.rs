//! Hook: boot mode and CPU features become capabilities.

use assay_inventory::{Boot, BootMode, Cpu};
use serde_json::Value;

use super::Hook;
use crate::report::{decode, inventory};
use crate::{HookSettings, Subject};

/// Sets `boot_mode` to `bios` or `uefi`, and for each known CPU flag its capability to `true`.
/// What the report does not tell is left as it is.
pub(crate) struct Capabilities;

impl Hook for Capabilities {
    fn name(&self) -> &'static str {
        "capabilities"
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        inventory(&subject.data)?;
        let part = |key: &str| {
            let part = subject
                .data
                .get("inventory")
                .and_then(|known| known.get(key));
            part.filter(|part| !part.is_null())
        };
        let mut found = Vec::new();
        if settings.boot_mode {
            found.extend(
                part("boot")
                    .and_then(boot_mode)
                    .map(|mode| ("boot_mode", mode)),
            );
        }
        let flags = part("cpu")
            .and_then(decode::<Cpu>)
            .unwrap_or_default()
            .flags;
        let named = settings.cpu_flags.iter();
        found.extend(
            named
                .filter(|(flag, _)| flags.contains(flag))
                .map(|(_, name)| (name.as_str(), "true")),
        );
        for (name, value) in found {
            let capabilities = &mut subject.node.capabilities;
            capabilities.insert(name.to_owned(), value.to_owned());
        }
        Ok(())
    }
}

fn boot_mode(boot: &Value) -> Option<&'static str> {
    decode::<Boot>(boot)?
        .current_boot_mode
        .map(|mode| match mode {
            BootMode::Bios => "bios",
            BootMode::Uefi => "uefi",
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn run(data: Value, settings: &HookSettings) -> Vec<String> {
        let mut subject = fixture::subject(data);
        let own = ("own".to_owned(), "1".to_owned());
        subject.node.capabilities.extend([own]);
        Capabilities.update(&mut subject, settings).unwrap();
        let capabilities = subject.node.capabilities.iter();
        capabilities
            .map(|(name, value)| format!("{name}:{value}"))
            .collect()
    }

    #[test]
    fn boot_mode_and_flags_are_added_to_what_is_there() {
        assert_eq!(
            run(fixture::report(), &HookSettings::default()),
            [
                "boot_mode:uefi",
                "cpu_aes:true",
                "cpu_hugepages:true",
                "cpu_vt:true",
                "own:1"
            ]
        );
    }

    #[test]
    fn settings_choose_what_is_looked_for() {
        let settings = HookSettings {
            boot_mode: false,
            cpu_flags: [("fpu".to_owned(), "floats".to_owned())].into(),
            ..HookSettings::default()
        };
        assert_eq!(run(fixture::report(), &settings), ["floats:true", "own:1"]);
    }

    #[test]
    fn an_inventory_without_them_changes_nothing() {
        let data = json!({"inventory": {"cpu": null, "boot": {"current_boot_mode": "odd"}}});
        assert_eq!(run(data, &HookSettings::default()), ["own:1"]);
    }
}

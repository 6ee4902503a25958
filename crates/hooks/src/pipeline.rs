//! The order of things: every hook's check, every hook's update, then the rules.

use crate::hook::{self, Hook};
use crate::{CompiledRules, HookError, HookSettings, Subject};

/// Hooks and rules with their settings, ready to process reports.
pub struct Pipeline {
    settings: HookSettings,
    hooks: Vec<&'static dyn Hook>,
}

impl Pipeline {
    /// Checks the settings; [`HookError::Settings`] says what is wrong with them.
    pub fn new(settings: HookSettings) -> Result<Self, HookError> {
        settings.validate()?;
        let hooks = settings
            .hooks
            .iter()
            .filter_map(|name| hook::find(name))
            .collect();
        Ok(Self { settings, hooks })
    }

    /// Runs the hooks in their order. All checks come first, and all of their failures are told
    /// together; the node and its ports are changed only when there was none. After an error the
    /// subject is in between and not to be stored.
    ///
    /// The ramdisk's logs (`data.logs`) are taken out by the hook `ramdisk_error`: they stay in the
    /// raw report, from which the caller serves them.
    pub fn hooks(&self, subject: &mut Subject) -> Result<(), HookError> {
        let failures: Vec<_> = self
            .hooks
            .iter()
            .filter_map(|hook| {
                let failure = hook.before(&mut subject.data, &self.settings).err()?;
                Some((hook.name(), failure))
            })
            .collect();
        if !failures.is_empty() {
            return Err(HookError::Preprocessing(failures));
        }
        for hook in &self.hooks {
            hook.update(subject, &self.settings)
                .map_err(|message| HookError::Hook {
                    hook: hook.name(),
                    message,
                })?;
        }
        Ok(())
    }

    /// Runs the rules. A rule that cannot be understood, an action that cannot be done and a `fail`
    /// action end it with an error.
    pub fn rules(&self, rules: &CompiledRules, subject: &mut Subject) -> Result<(), HookError> {
        let failure = rules.judge(subject).failure;
        failure.map_or(Ok(()), |failure| Err(HookError::Rule(failure)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, node_view};
    use proptest::prelude::*;
    use serde_json::{Value, json};

    /// Replaces the part of a report at one of its places.
    fn damaged(mut report: Value, at: usize, with: Value) -> Value {
        fn places(value: &Value, path: String, found: &mut Vec<String>) {
            if let Some(map) = value.as_object() {
                for (key, value) in map {
                    places(value, format!("{path}/{key}"), found);
                }
            }
            for (at, value) in value.as_array().into_iter().flatten().enumerate() {
                places(value, format!("{path}/{at}"), found);
            }
            found.push(path);
        }
        let mut found = Vec::new();
        places(&report, String::new(), &mut found);
        let path = &found[at % found.len()];
        *report.pointer_mut(path).unwrap() = with;
        report
    }

    fn process(data: Value, settings: HookSettings) -> Result<Subject, HookError> {
        let mut subject = fixture::subject(data);
        Pipeline::new(settings)?.hooks(&mut subject)?;
        Ok(subject)
    }

    #[test]
    fn a_report_is_processed_as_a_whole() {
        let subject = process(fixture::report(), HookSettings::default()).unwrap();
        let ports: Vec<Value> = subject
            .ports
            .iter()
            .map(|port| {
                json!({
                    "address": port.address,
                    "pxe_enabled": port.pxe_enabled,
                    "local_link_connection": port.local_link_connection,
                    "extra": port.extra,
                })
            })
            .collect();
        insta::assert_json_snapshot!(json!({
            "data": subject.data,
            "node": node_view::view(&subject.node),
            "ports": ports,
        }));
    }

    #[test]
    fn processing_again_changes_nothing_more() {
        let once = process(fixture::report(), HookSettings::default()).unwrap();
        let mut twice = once.clone();
        twice.data = fixture::report();
        let pipeline = Pipeline::new(HookSettings::default()).unwrap();
        pipeline.hooks(&mut twice).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn all_failed_checks_are_told_and_nothing_is_changed() {
        let data = json!({"error": "no cards", "inventory": {"cpu": {"count": 4}}});
        let mut subject = fixture::subject(data);
        let pipeline = Pipeline::new(HookSettings::default()).unwrap();
        let error = pipeline.hooks(&mut subject).unwrap_err();
        assert_eq!(
            error.to_string(),
            "Preprocessing hook ramdisk_error: The ramdisk reported an error: no cards\n\
             Preprocessing hook validate_interfaces: The inventory has no network interfaces"
        );
        assert_eq!(subject.node, fixture::node());
    }

    #[test]
    fn a_failed_update_names_its_hook() {
        let mut subject = fixture::subject(fixture::report());
        let hints = ("root_device".to_owned(), json!({"serial": "none"}));
        subject.node.properties.extend([hints]);
        let pipeline = Pipeline::new(HookSettings::default()).unwrap();
        assert_eq!(
            pipeline.hooks(&mut subject).unwrap_err().to_string(),
            "Hook root_disk_selection: No disk satisfies the node's root device hints"
        );
    }

    #[test]
    fn only_configured_hooks_run() {
        let settings = HookSettings {
            hooks: vec!["extra_hardware".to_owned()],
            ..HookSettings::default()
        };
        let data = json!({"data": [["a", "b", "c", "1"]], "error": "ignored"});
        let subject = process(data, settings).unwrap();
        assert_eq!(
            subject.data,
            json!({"error": "ignored", "extra": {"a": {"b": {"c": 1}}}})
        );
    }

    #[test]
    fn reports_of_any_shape_are_survived() {
        for data in [json!(null), json!([]), json!("x"), json!({"inventory": []})] {
            assert!(process(data, HookSettings::default()).is_err());
        }
    }

    proptest! {
        #[test]
        fn a_damaged_report_never_panics_and_never_yields_a_bad_port(
            at: prop::sample::Index,
            with in prop::sample::select(vec![
                json!(null), json!(true), json!(-1), json!(1.5), json!(u64::MAX), json!(""),
                json!("x"), json!("00:00:00:00:00:00"), json!([]), json!([[]]), json!({}),
                json!({"name": "eth9"}), json!([{"name": "eth9", "mac_address": "\u{e9}"}]),
            ]),
        ) {
            let data = damaged(fixture::report(), at.index(1000), with);
            let settings = HookSettings {
                add_ports: crate::AddPorts::All,
                ..HookSettings::default()
            };
            if let Ok(subject) = process(data, settings) {
                for port in &subject.ports {
                    let mac: assay_inventory::Mac = port.address.parse().unwrap();
                    prop_assert!(mac.is_unicast() && mac.to_string() == port.address);
                }
            }
        }
    }
}

//! The actions of rules.

use assay_domain::rule::RuleItem;
use serde_json::Value;

use super::params::Params;
use super::port_action::{self, PortPath};
use super::template::Template;
use super::text::plain;
use super::trace::ActionOutcome;
use crate::{Subject, node_view};

/// Name of the action that enrols a discovered machine.
pub const ENROLL: &str = "enroll";

/// Names of all actions, as errors list them.
pub(crate) const NAMES: [&str; 9] = [
    "fail",
    "set-attribute",
    "extend-attribute",
    "set-capability",
    "add-trait",
    "remove-trait",
    "set-port-attribute",
    "extend-port-attribute",
    ENROLL,
];

/// Ironic's limit for names of traits.
const MAX_TRAIT: usize = 255;

/// An action, understood.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    Fail(String),
    Set {
        path: String,
        value: Template,
    },
    Extend {
        path: String,
        value: Template,
        unique: bool,
    },
    /// Without a value the capability is removed.
    Capability {
        name: String,
        value: Option<Template>,
    },
    AddTrait(String),
    RemoveTrait(String),
    SetPort {
        path: PortPath,
        value: Template,
    },
    ExtendPort {
        path: PortPath,
        value: Template,
        unique: bool,
    },
    /// The machine of this report becomes a node; of a node that has no name, this is its name. For
    /// a report by which nothing is discovered it does nothing.
    Enroll {
        name: Option<Template>,
    },
}

/// Why an action was not done.
pub(crate) enum Stop {
    /// The `fail` action's message.
    Failed(String),
    /// What went wrong.
    Wrong(String),
}

impl Action {
    /// The error is the reason why the rule is bad.
    pub(crate) fn parse(item: &RuleItem) -> Result<Self, String> {
        let mut params = Params::new(item, &[]);
        let name = params.text("action")?;
        let wrong = |reason| format!("action {name}: {reason}");
        let action = Self::of(&name, &mut params).map_err(wrong)?;
        params.finish().map_err(wrong)?;
        Ok(action)
    }

    fn of(name: &str, params: &mut Params) -> Result<Self, String> {
        Ok(match name {
            "fail" => Self::Fail(params.text("message")?),
            "set-attribute" => {
                // Ironic resets a driver's interfaces on this; Assay's nodes have none.
                params.flag("reset_interfaces")?;
                let value = params.given("value").ok_or("missing parameter: value")?;
                Self::Set {
                    path: node_path(params)?,
                    value: Template::parse(&value)?,
                }
            }
            "extend-attribute" => Self::Extend {
                path: node_path(params)?,
                value: Template::parse(&params.required("value")?)?,
                unique: params.flag("unique")?,
            },
            "set-capability" => {
                let value = params.optional("value");
                Self::Capability {
                    name: capability(params.text("name")?)?,
                    value: value.as_ref().map(Template::parse).transpose()?,
                }
            }
            "add-trait" => Self::AddTrait(trait_name(params.text("name")?)?),
            "remove-trait" => Self::RemoveTrait(params.text("name")?),
            "set-port-attribute" => {
                let value = params.given("value").ok_or("missing parameter: value")?;
                Self::SetPort {
                    path: PortPath::parse(params.text("port_id")?, &params.text("path")?)?,
                    value: Template::parse(&value)?,
                }
            }
            "extend-port-attribute" => Self::ExtendPort {
                path: PortPath::parse(params.text("port_id")?, &params.text("path")?)?,
                value: Template::parse(&params.required("value")?)?,
                unique: params.flag("unique")?,
            },
            ENROLL => {
                let name = params.optional("name");
                Self::Enroll {
                    name: name.as_ref().map(Template::parse).transpose()?,
                }
            }
            _ => return Err(format!("is unknown; known are {}", NAMES.join(", "))),
        })
    }

    /// The action's name.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Fail(_) => "fail",
            Self::Set { .. } => "set-attribute",
            Self::Extend { .. } => "extend-attribute",
            Self::Capability { .. } => "set-capability",
            Self::AddTrait(_) => "add-trait",
            Self::RemoveTrait(_) => "remove-trait",
            Self::SetPort { .. } => "set-port-attribute",
            Self::ExtendPort { .. } => "extend-port-attribute",
            Self::Enroll { .. } => ENROLL,
        }
    }

    /// Does the action to the subject.
    pub(crate) fn run(&self, subject: &mut Subject) -> Result<ActionOutcome, Stop> {
        if let Self::Fail(message) = self {
            return Err(Stop::Failed(message.clone()));
        }
        let (target, value) = self.change(subject).map_err(Stop::Wrong)?;
        Ok(ActionOutcome {
            action: self.name(),
            target,
            value,
        })
    }

    fn change(&self, subject: &mut Subject) -> Result<(String, Value), String> {
        let render = |template: &Template| template.render(&subject.data);
        match self {
            Self::Fail(message) => Err(message.clone()),
            Self::Set { path, value } => {
                let value = render(value)?;
                node_view::set(&mut subject.node, path, value.clone())?;
                Ok((path.clone(), value))
            }
            Self::Extend {
                path,
                value,
                unique,
            } => {
                let value = render(value)?;
                node_view::extend(&mut subject.node, path, value.clone(), *unique)?;
                Ok((path.clone(), value))
            }
            Self::Capability { name, value } => {
                let value = value.as_ref().map(render).transpose()?;
                set_capability(subject, name, value.as_ref())?;
                Ok((name.clone(), value.unwrap_or_default()))
            }
            Self::AddTrait(name) => {
                subject.node.traits.insert(name.clone());
                Ok((name.clone(), Value::Null))
            }
            Self::RemoveTrait(name) => {
                subject.node.traits.remove(name);
                Ok((name.clone(), Value::Null))
            }
            Self::SetPort { path, value } => {
                let value = render(value)?;
                port_action::set(subject, path, value.clone())?;
                Ok((path.to_string(), value))
            }
            Self::ExtendPort {
                path,
                value,
                unique,
            } => {
                let value = render(value)?;
                port_action::extend(subject, path, value.clone(), *unique)?;
                Ok((path.to_string(), value))
            }
            Self::Enroll { name } => enroll(subject, name.as_ref()),
        }
    }
}

/// Names the new node.
fn enroll(subject: &mut Subject, name: Option<&Template>) -> Result<(String, Value), String> {
    let discovers = subject.data.get("auto_discovered") == Some(&Value::Bool(true));
    let name = name.filter(|_| discovers && subject.node.name.is_none());
    let Some(name) = name else {
        return Ok(("/name".to_owned(), Value::Null));
    };
    let name = plain(&name.render(&subject.data)?);
    node_view::set(&mut subject.node, "/name", Value::String(name.clone()))?;
    Ok(("/name".to_owned(), Value::String(name)))
}

fn set_capability(subject: &mut Subject, name: &str, value: Option<&Value>) -> Result<(), String> {
    let capabilities = &mut subject.node.capabilities;
    let Some(value) = value.map(plain) else {
        capabilities.remove(name);
        return Ok(());
    };
    if value.contains(',') {
        return Err(format!("{value:?} has a comma, which divides capabilities"));
    }
    capabilities.insert(name.to_owned(), value);
    Ok(())
}

fn node_path(params: &mut Params) -> Result<String, String> {
    let path = params.text("path")?;
    node_view::check(&path)?;
    Ok(path)
}

fn capability(name: String) -> Result<String, String> {
    if name.is_empty() || name.contains([':', ',']) {
        return Err(format!("{name:?} cannot name a capability"));
    }
    Ok(name)
}

fn trait_name(name: String) -> Result<String, String> {
    let allowed = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || name.len() > MAX_TRAIT || !name.bytes().all(allowed) {
        return Err(format!(
            "{name:?} cannot name a trait: capital letters, digits and _, at most {MAX_TRAIT}"
        ));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn parse(item: Value) -> Result<Action, String> {
        Action::parse(item.as_object().unwrap())
    }

    fn run(items: Value) -> Result<Subject, String> {
        let mut subject = fixture::subject(fixture::report());
        for item in items.as_array().unwrap() {
            parse(item.clone())?
                .run(&mut subject)
                .map_err(|stop| match stop {
                    Stop::Failed(message) => format!("failed: {message}"),
                    Stop::Wrong(message) => message,
                })?;
        }
        Ok(subject)
    }

    #[test]
    fn attributes_are_set_and_extended() {
        let subject = run(json!([
            {"action": "set-attribute", "path": "/driver_info/ipmi_address",
             "value": "{data[inventory][bmc_address]}"},
            {"action": "set-attribute", "path": "/extra/box", "value": {"n": ["{data[boot_interface]}"]}},
            {"action": "set-attribute", "path": "description", "value": null, "reset_interfaces": true},
            {"action": "extend-attribute", "path": "/extra/tags", "value": "a"},
            {"action": "extend-attribute", "path": "/extra/tags", "value": "a", "unique": true},
        ]))
        .unwrap();
        assert_eq!(subject.node.bmc_address.as_deref(), Some("192.0.2.10"));
        assert_eq!(
            subject.node.extra["box"],
            json!({"n": ["01-52-54-00-4e-3d-30"]})
        );
        assert_eq!(subject.node.extra["tags"], json!(["a"]));
    }

    #[test]
    fn capabilities_and_traits_come_and_go() {
        let subject = run(json!([
            {"action": "set-capability", "name": "cores", "value": "{data[inventory][cpu][count]}"},
            {"action": "set-capability", "name": "gpu", "value": 2},
            {"action": "set-capability", "name": "gpu", "value": null},
            {"action": "set-capability", "name": "none"},
            {"action": "add-trait", "name": "CUSTOM_A"},
            {"action": "add-trait", "name": "HW_CPU_X86_VMX"},
            {"action": "remove-trait", "name": "CUSTOM_A"},
            {"action": "remove-trait", "name": "CUSTOM_B"},
        ]))
        .unwrap();
        assert_eq!(
            subject.node.capabilities,
            [("cores".to_owned(), "2".to_owned())].into()
        );
        assert_eq!(subject.node.traits, ["HW_CPU_X86_VMX".to_owned()].into());
    }

    #[test]
    fn a_discovered_machine_is_named_once_and_nobody_else() {
        let enroll = json!({"action": "enroll", "name": "box-{data[inventory][bmc_address]}"});
        let run = |discovered: Value, name: Option<&str>| {
            let mut data = fixture::report();
            data["auto_discovered"] = discovered;
            let mut subject = fixture::subject(data);
            subject.node.name = name.map(str::to_owned);
            let done = parse(enroll.clone()).unwrap().run(&mut subject);
            let Ok(done) = done else {
                panic!("the action failed")
            };
            assert_eq!(done.action, ENROLL);
            subject.node.name
        };
        assert_eq!(run(json!(true), None).as_deref(), Some("box-192.0.2.10"));
        assert_eq!(run(json!(true), Some("old")).as_deref(), Some("old"));
        assert_eq!(run(json!(null), None), None);
        let bare = parse(json!({"action": "enroll"})).unwrap();
        assert!(bare.run(&mut fixture::subject(json!({}))).is_ok());
    }

    #[test]
    fn what_cannot_be_done_says_why() {
        let refused = |item| run(json!([item])).unwrap_err();
        assert_eq!(
            refused(json!({"action": "fail", "message": "{no}"})),
            "failed: {no}"
        );
        assert!(
            refused(json!({"action": "set-attribute", "path": "/extra/a", "value": "{data[x]}"}))
                .contains("there is no \"x\" in data")
        );
        assert!(
            refused(json!({"action": "extend-attribute", "path": "/name", "value": "x"}))
                .contains("is not a list")
        );
        assert!(
            refused(json!({"action": "set-capability", "name": "a", "value": "b,c"}))
                .contains("comma")
        );
    }

    #[test]
    fn bad_actions_are_refused_before_they_run() {
        for (item, reason) in [
            (json!({}), "missing parameter: action"),
            (
                json!({"action": "reboot"}),
                "action reboot: is unknown; known are fail, ",
            ),
            (
                json!({"action": "fail"}),
                "action fail: missing parameter: message",
            ),
            (
                json!({"action": "fail", "message": 5}),
                "message must be a text",
            ),
            (
                json!({"action": "fail", "message": "a", "x": 1}),
                "unknown parameter: x",
            ),
            (
                json!({"action": "set-attribute", "path": "/extra/a"}),
                "missing parameter: value",
            ),
            (
                json!({"action": "set-attribute", "value": 1}),
                "missing parameter: path",
            ),
            (
                json!({"action": "set-attribute", "path": "/uuid", "value": 1}),
                "/uuid: cannot be set",
            ),
            (
                json!({"action": "set-attribute", "path": "/extra/a", "value": ["{"]}),
                "unclosed",
            ),
            (
                json!({"action": "extend-attribute", "path": "/extra/a", "value": 1, "unique": 1}),
                "true or false",
            ),
            (
                json!({"action": "set-capability", "value": "x"}),
                "missing parameter: name",
            ),
            (
                json!({"action": "set-capability", "name": "a:b"}),
                "cannot name a capability",
            ),
            (
                json!({"action": "add-trait", "name": "custom-a"}),
                "cannot name a trait",
            ),
            (json!({"action": "remove-trait"}), "missing parameter: name"),
        ] {
            let error = parse(item.clone()).unwrap_err();
            assert!(error.contains(reason), "{item}: {error}");
        }
    }
}

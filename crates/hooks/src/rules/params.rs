//! Parameters of conditions and actions: taken one by one, so that what is left is unknown.

use assay_domain::rule::RuleItem;
use serde_json::Value;

/// Parameters that have not been taken yet. Null counts as not given.
pub(crate) struct Params {
    left: RuleItem,
}

impl Params {
    /// All entries but those that are read elsewhere.
    pub(crate) fn new(item: &RuleItem, except: &[&str]) -> Self {
        let mut left = item.clone();
        left.retain(|key, _| !except.contains(&key.as_str()));
        Self { left }
    }

    /// A parameter as it was given, null included.
    pub(crate) fn given(&mut self, name: &str) -> Option<Value> {
        self.left.shift_remove(name)
    }

    pub(crate) fn optional(&mut self, name: &str) -> Option<Value> {
        self.given(name).filter(|value| !value.is_null())
    }

    pub(crate) fn required(&mut self, name: &str) -> Result<Value, String> {
        self.optional(name)
            .ok_or_else(|| format!("missing parameter: {name}"))
    }

    pub(crate) fn text(&mut self, name: &str) -> Result<String, String> {
        match self.required(name)? {
            Value::String(text) => Ok(text),
            _ => Err(format!("parameter {name} must be a text")),
        }
    }

    /// A boolean, false when not given.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, String> {
        match self.optional(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(format!("parameter {name} must be true or false")),
        }
    }

    /// Nothing may be left.
    pub(crate) fn finish(self) -> Result<(), String> {
        let left = self.left.iter().filter(|(_, value)| !value.is_null());
        let unknown: Vec<&str> = left.map(|(name, _)| name.as_str()).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(format!("unknown parameter: {}", unknown.join(", ")))
    }
}

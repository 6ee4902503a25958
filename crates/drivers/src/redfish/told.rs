//! What a resource says, in the words of the domain; what makes no sense is as if it was not said.

use std::collections::{HashMap, HashSet};

use assay_domain::capability::Health;
use serde_json::Value;

/// A text that says something.
pub(super) fn text(resource: &Value, key: &str) -> Option<String> {
    let text = resource.get(key)?.as_str()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// The first of some texts that says something.
pub(super) fn first_text(resource: &Value, keys: &[&str]) -> Option<String> {
    keys.iter().find_map(|key| text(resource, key))
}

/// The first of some properties that is a number.
pub(super) fn number(resource: &Value, keys: &[&str]) -> Option<f64> {
    keys.iter().find_map(|key| resource.get(key)?.as_f64())
}

/// What a resource is called within its collection: `Id`, or `MemberId` within an array.
pub(super) fn id(resource: &Value) -> Option<String> {
    first_text(resource, &["Id", "MemberId"])
}

/// The state of a resource (`Status.State`).
pub(super) fn state(resource: &Value) -> Option<&str> {
    resource.pointer("/Status/State")?.as_str()
}

/// Whether a place for something is empty.
pub(super) fn is_absent(resource: &Value) -> bool {
    state(resource) == Some("Absent")
}

/// A word of Redfish for good, bad or worse.
pub(super) fn health(word: Option<&Value>) -> Option<Health> {
    match word?.as_str()? {
        "OK" => Some(Health::Ok),
        "Warning" => Some(Health::Warning),
        "Critical" => Some(Health::Critical),
        _ => None,
    }
}

/// A name of Redfish as words: `StandbyOffline` is "standby offline".
pub(super) fn words(name: &str) -> String {
    let mut words = String::with_capacity(name.len() + 4);
    let mut was_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && was_small {
            words.push(' ');
        }
        was_small = letter.is_lowercase();
        words.extend(letter.to_lowercase());
    }
    words
}

/// Makes names unique: by the identifier where they repeat, by a number where that repeats as well.
pub(super) fn unique(named: &[(String, Option<String>)]) -> Vec<String> {
    let mut times: HashMap<&str, usize> = HashMap::new();
    for (name, _) in named {
        *times.entry(name).or_default() += 1;
    }
    let mut taken = HashSet::new();
    let mut next: HashMap<String, usize> = HashMap::new();
    let mut names = Vec::with_capacity(named.len());
    for (name, id) in named {
        let name = match id {
            Some(id) if times.get(name.as_str()) != Some(&1) => format!("{name} {id}"),
            _ => name.clone(),
        };
        let mut unique = name.clone();
        while !taken.insert(unique.clone()) {
            let number = next.entry(name.clone()).or_insert(1);
            *number += 1;
            unique = format!("{name} #{number}");
        }
        names.push(unique);
    }
    names
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_makes_sense_is_told() {
        let resource = json!({"Name": "  ", "Model": " R1 ", "Reading": "41", "Other": 4,
            "Status": {"State": "Absent", "Health": "Fine"}});
        assert_eq!(first_text(&resource, &["Name", "Model"]).unwrap(), "R1");
        assert_eq!(number(&resource, &["Reading", "Other"]), Some(4.0));
        assert!(is_absent(&resource) && !is_absent(&json!({"Status": "Absent"})));
        assert_eq!(health(resource.pointer("/Status/Health")), None);
        assert_eq!(health(Some(&json!("Critical"))), Some(Health::Critical));
        assert_eq!(words("UnavailableOffline"), "unavailable offline");
    }

    #[test]
    fn names_that_repeat_get_what_tells_them_apart() {
        let named = |name: &str, id: &str| (name.to_owned(), Some(id.to_owned()));
        let names = [
            named("DIMM", "A1"),
            named("DIMM", "A2"),
            named("Fan", "1"),
            named("DIMM", "A2"),
        ];
        assert_eq!(unique(&names), ["DIMM A1", "DIMM A2", "Fan", "DIMM A2 #2"]);
    }

    proptest! {
        #[test]
        fn names_are_unique_whatever_they_are(
            names in prop::collection::vec(("[ab]{0,1}( #2)?", prop::option::of("[ab]")), 0..12)
        ) {
            let unique = unique(&names);
            let different: HashSet<&String> = unique.iter().collect();
            prop_assert_eq!(different.len(), names.len());
        }
    }
}

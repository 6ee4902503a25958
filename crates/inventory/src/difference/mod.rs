//! The difference of two reports (or of any two JSON documents), field by field.
//!
//! Things in lists are compared by what identifies them (`identity`), not by their index, so a
//! list in another order is no difference. What changes by itself from boot to boot is left out
//! unless it is asked for ([`VOLATILE`]).

#[cfg(test)]
mod apply;
mod identity;
mod lists;
mod pointer;
mod volatile;

use serde_json::{Map, Value};

pub use volatile::{VOLATILE, Volatile};

use lists::Pair;
use pointer::Place;

/// What happened to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DifferenceKind {
    /// Only the second document has it.
    Added,
    /// Only the first document has it.
    Removed,
    /// Both have it, with different values.
    Changed,
}

impl DifferenceKind {
    /// `added`, `removed` or `changed`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where it is in the first document: a JSON Pointer (RFC 6901). What is added has the place
    /// that it would get there; a new entry of a list has `-`, the place behind the last one.
    pub path: String,
    /// Which entry of a list it belongs to, by what identifies it, e.g. `serial=S1`; the innermost
    /// one when lists are nested. None outside of lists and for entries without identity.
    pub item: Option<String>,
    /// What happened.
    pub kind: DifferenceKind,
    /// The value in the first document; none when added.
    pub before: Option<Value>,
    /// The value in the second document; none when removed.
    pub after: Option<Value>,
}

/// Which differences count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// Those of the hardware: without volatile fields, and a field that is null counts like one
    /// that is missing, since both mean "not known".
    #[default]
    Lasting,
    /// All of them.
    All,
}

/// What differs between two documents, in the order of the first one; what only the second one has
/// comes at the end of its object or list.
pub fn differences(before: &Value, after: &Value, scope: Scope) -> Vec<Difference> {
    let mut comparison = Comparison {
        scope,
        found: Vec::new(),
    };
    comparison.values(&Place::root(), None, before, after);
    comparison.found
}

struct Comparison {
    scope: Scope,
    found: Vec<Difference>,
}

impl Comparison {
    fn values(&mut self, place: &Place<'_>, item: Option<&str>, before: &Value, after: &Value) {
        match (before, after) {
            (Value::Object(before), Value::Object(after)) => {
                self.objects(place, item, before, after);
            }
            (Value::Array(before), Value::Array(after)) => {
                self.lists(place, item, before, after);
            }
            (before, after) if before == after => {}
            (before, after) => self.note(place, item, Some(before), Some(after)),
        }
    }

    fn objects(
        &mut self,
        place: &Place,
        item: Option<&str>,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
    ) {
        for (key, old) in before {
            let place = place.key(key);
            match after.get(key) {
                Some(new) if !self.leaves_out(&place) => self.values(&place, item, old, new),
                Some(_) => {}
                None => self.note(&place, item, Some(old), None),
            }
        }
        for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
            self.note(&place.key(key), item, None, Some(new));
        }
    }

    fn lists(&mut self, place: &Place<'_>, item: Option<&str>, before: &[Value], after: &[Value]) {
        let list = place.name();
        for pair in lists::pairs(list, before, after) {
            if self.scope == Scope::Lasting
                && identity::fact(list, pair.entry()).is_some_and(volatile::is_volatile_name)
            {
                continue;
            }
            let item = pair.name().or(item);
            match pair {
                Pair::Both { at, old, new, .. } => {
                    self.entries(&place.index(at), item, old, new);
                }
                Pair::Old { at, old, .. } => self.note(&place.index(at), item, Some(old), None),
                Pair::New { new, .. } => self.note(&place.end(), item, None, Some(new)),
            }
        }
    }

    /// What a list stands for that is an entry itself depends on the order, as in `[1, "00"]`.
    fn entries(&mut self, place: &Place<'_>, item: Option<&str>, old: &Value, new: &Value) {
        match (old, new) {
            (Value::Array(olds), Value::Array(news))
                if olds.len() == news.len() && identity::list_name(place.name(), old).is_some() =>
            {
                for (at, (old, new)) in olds.iter().zip(news).enumerate() {
                    self.values(&place.index(at), item, old, new);
                }
            }
            _ => self.values(place, item, old, new),
        }
    }

    fn leaves_out(&self, place: &Place<'_>) -> bool {
        self.scope == Scope::Lasting && volatile::is_volatile(place)
    }

    fn note(
        &mut self,
        place: &Place<'_>,
        item: Option<&str>,
        old: Option<&Value>,
        new: Option<&Value>,
    ) {
        let unknown = |value: Option<&Value>| value.is_none_or(Value::is_null);
        let same = self.scope == Scope::Lasting && unknown(old) && unknown(new);
        if same || self.leaves_out(place) {
            return;
        }
        let kind = match (old, new) {
            (None, _) => DifferenceKind::Added,
            (_, None) => DifferenceKind::Removed,
            _ => DifferenceKind::Changed,
        };
        self.found.push(Difference {
            path: place.pointer(),
            item: item.map(str::to_owned),
            kind,
            before: old.cloned(),
            after: new.cloned(),
        });
    }
}

#[cfg(test)]
mod tests;

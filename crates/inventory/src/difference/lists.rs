//! Which entry of one list is which entry of the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::identity;

/// Two entries that are the same thing, or one that only one list has.
pub(super) enum Pair<'a> {
    /// In both lists; `at` is the index in the first, `by` what identifies it.
    Both {
        at: usize,
        old: &'a Value,
        new: &'a Value,
        by: Option<String>,
    },
    /// In the first list only.
    Old {
        at: usize,
        old: &'a Value,
        by: Option<String>,
    },
    /// In the second list only.
    New { new: &'a Value, by: Option<String> },
}

impl<'a> Pair<'a> {
    /// The entry, the first list's when both have it.
    pub(super) fn entry(&self) -> &'a Value {
        match self {
            Self::Both { old, .. } | Self::Old { old, .. } => old,
            Self::New { new, .. } => new,
        }
    }

    /// What identifies the entry.
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Both { by, .. } | Self::Old { by, .. } | Self::New { by, .. } => by.as_deref(),
        }
    }
}

/// The entries of two lists of that name, in the order of the first, then what is new. Equal
/// entries belong together; then those with the same identity, the surest way first, as far as it
/// tells the entries of each list apart; then, among entries that nothing identifies, by order.
pub(super) fn pairs<'a>(list: &str, before: &'a [Value], after: &'a [Value]) -> Vec<Pair<'a>> {
    let mut matching = Matching::of(before, after);
    matching.equal();
    for key in identity::keys(list) {
        matching.by(|entry| identity::name(entry, key));
    }
    matching.by(|entry| identity::list_name(list, entry));
    matching.by_order(|entry| is_nameless(list, entry));
    matching.pairs(list)
}

fn own_name(list: &str, entry: &Value) -> Option<String> {
    let keys = identity::keys(list).iter();
    keys.copied()
        .find_map(|key| identity::name(entry, key))
        .or_else(|| identity::list_name(list, entry))
}

/// Plain values are what they are: another value is another entry.
fn is_nameless(list: &str, entry: &Value) -> bool {
    (entry.is_object() || entry.is_array()) && own_name(list, entry).is_none()
}

struct Matching<'a> {
    before: &'a [Value],
    after: &'a [Value],
    /// Index in the first list: index in the second.
    found: BTreeMap<usize, usize>,
    old: BTreeSet<usize>,
    new: BTreeSet<usize>,
}

impl<'a> Matching<'a> {
    fn of(before: &'a [Value], after: &'a [Value]) -> Self {
        Self {
            before,
            after,
            found: BTreeMap::new(),
            old: (0..before.len()).collect(),
            new: (0..after.len()).collect(),
        }
    }

    fn join(&mut self, old: usize, new: usize) {
        self.old.remove(&old);
        self.new.remove(&new);
        self.found.insert(old, new);
    }

    fn equal(&mut self) {
        let mut places: HashMap<&Value, Vec<usize>> = HashMap::new();
        for (at, value) in self.after.iter().enumerate().rev() {
            places.entry(value).or_default().push(at);
        }
        for (at, value) in self.before.iter().enumerate() {
            if let Some(new) = places.get_mut(value).and_then(Vec::pop) {
                self.join(at, new);
            }
        }
    }

    fn by(&mut self, name: impl Fn(&Value) -> Option<String>) {
        let old = unique(self.before, &self.old, &name);
        let new = unique(self.after, &self.new, &name);
        for (name, old) in old {
            if let Some(new) = new.get(&name) {
                self.join(old, *new);
            }
        }
    }

    fn by_order(&mut self, is_meant: impl Fn(&Value) -> bool) {
        let meant = |all: &[Value], left: &BTreeSet<usize>| {
            let left = left.iter().copied();
            left.filter(|at| all.get(*at).is_some_and(&is_meant))
                .collect::<Vec<_>>()
        };
        let old = meant(self.before, &self.old);
        let new = meant(self.after, &self.new);
        for (old, new) in old.into_iter().zip(new) {
            self.join(old, new);
        }
    }

    fn pairs(self, list: &str) -> Vec<Pair<'a>> {
        let old = self.before.iter().enumerate().map(|(at, old)| {
            let new = self.found.get(&at).and_then(|new| self.after.get(*new));
            let by = own_name(list, old);
            match new {
                Some(new) => Pair::Both { at, old, new, by },
                None => Pair::Old { at, old, by },
            }
        });
        let new = self.new.iter().filter_map(|at| self.after.get(*at));
        let new = new.map(|new| Pair::New {
            new,
            by: own_name(list, new),
        });
        old.chain(new).collect()
    }
}

/// The names that one entry has alone, among those that are left.
fn unique(
    all: &[Value],
    left: &BTreeSet<usize>,
    name: impl Fn(&Value) -> Option<String>,
) -> BTreeMap<String, usize> {
    let mut names: BTreeMap<String, Option<usize>> = BTreeMap::new();
    for at in left {
        if let Some(name) = all.get(*at).and_then(&name) {
            let taken = names.contains_key(&name);
            names.insert(name, (!taken).then_some(*at));
        }
    }
    let single = names.into_iter();
    single
        .filter_map(|(name, at)| at.map(|at| (name, at)))
        .collect()
}

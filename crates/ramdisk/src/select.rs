//! Chooses the modules of an image and puts them in the order in which they can be loaded.

use std::collections::BTreeSet;

use crate::depmod::{Catalogue, canonical};

/// The modules of an image.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    /// Every module, dependencies first.
    pub(crate) order: Vec<String>,
    /// Wanted modules that the kernel neither has as files nor built in.
    pub(crate) missing: Vec<String>,
}

/// Chooses `wanted` and all they need.
pub(crate) fn select<'a>(
    catalogue: &Catalogue,
    wanted: impl IntoIterator<Item = &'a str>,
) -> Selection {
    let mut walk = Walk::new(catalogue);
    let mut missing = Vec::new();
    for name in wanted.into_iter().map(canonical) {
        if catalogue.path(&name).is_some() {
            walk.visit(&name);
        } else if !catalogue.is_builtin(&name) {
            missing.push(name);
        }
    }
    Selection {
        order: walk.order,
        missing,
    }
}

/// What has to be loaded to have `name`, in order, the module itself being the last.
pub(crate) fn load_list(catalogue: &Catalogue, name: &str) -> Vec<String> {
    let mut walk = Walk::new(catalogue);
    walk.visit(name);
    walk.order
}

struct Walk<'a> {
    catalogue: &'a Catalogue,
    seen: BTreeSet<String>,
    order: Vec<String>,
}

impl<'a> Walk<'a> {
    fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            seen: BTreeSet::new(),
            order: Vec::new(),
        }
    }

    fn visit(&mut self, name: &str) {
        // Soft dependencies may form a circle; whoever is met first is loaded last.
        if self.catalogue.path(name).is_none() || !self.seen.insert(name.to_owned()) {
            return;
        }
        for soft in self.catalogue.soft_needs(name) {
            self.visit(&soft);
        }
        for need in self.catalogue.needs(name) {
            self.visit(need);
        }
        self.order.push(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    #[test]
    fn builtin_is_silent_and_missing_is_named() {
        let mut catalogue = Catalogue::parse_dep("k/a.ko: k/b.ko\nk/b.ko:\n").unwrap();
        catalogue.parse_builtin("k/af_packet.ko\n");
        let selection = select(&catalogue, ["a", "af_packet", "no-such", "b"]);
        assert_eq!(selection.order, ["b", "a"]);
        assert_eq!(selection.missing, ["no_such"]);
    }

    #[test]
    fn soft_dependencies_come_first_even_in_a_circle() {
        let mut catalogue = Catalogue::parse_dep("k/a.ko:\nk/b.ko:\n").unwrap();
        catalogue.parse_softdep("softdep a pre: b\nsoftdep b pre: a\n");
        assert_eq!(select(&catalogue, ["a"]).order, ["b", "a"]);
    }

    proptest! {
        /// Module `n` needs some modules of lower number; whatever is wanted, needs come before their users, once.
        #[test]
        fn needs_always_come_first(
            edges in proptest::collection::vec(proptest::collection::vec(any::<prop::sample::Index>(), 0..4), 1..25),
            wanted in proptest::collection::vec(any::<prop::sample::Index>(), 1..6),
        ) {
            let mut text = String::new();
            for (number, needs) in edges.iter().enumerate() {
                let _ = write!(text, "k/m{number}.ko:");
                for need in needs.iter().filter(|_| number > 0) {
                    let _ = write!(text, " k/m{}.ko", need.index(number));
                }
                text.push('\n');
            }
            let catalogue = Catalogue::parse_dep(&text).unwrap();
            let wanted: Vec<String> = wanted.iter().map(|index| format!("m{}", index.index(edges.len()))).collect();
            let order = select(&catalogue, wanted.iter().map(String::as_str)).order;
            for name in &wanted {
                prop_assert!(order.contains(name));
            }
            for (position, name) in order.iter().enumerate() {
                prop_assert!(!order[..position].contains(name));
                for need in catalogue.needs(name) {
                    prop_assert!(order[..position].contains(need), "{need} after {name}");
                }
            }
        }
    }
}

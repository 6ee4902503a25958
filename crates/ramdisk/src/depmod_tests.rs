//! Tests of the index parsers, with generated indexes too.

use super::*;
use proptest::prelude::*;
use std::fmt::Write;

#[test]
fn dependencies_come_in_load_order() {
    let catalogue =
        Catalogue::parse_dep("kernel/a.ko.xz: kernel/b.ko.xz kernel/c-d.ko.xz\nkernel/b.ko.xz:\n")
            .unwrap();
    assert_eq!(catalogue.needs("a"), ["c_d", "b"]);
    assert_eq!(catalogue.path("a"), Some("kernel/a.ko.xz"));
    assert_eq!(catalogue.path("zzz"), None);
}

#[test]
fn a_line_without_colon_is_named() {
    let error = Catalogue::parse_dep("# comment\nkernel/a.ko:\nnonsense\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "modules.dep line 3: there is no colon after the module"
    );
}

#[test]
fn soft_dependencies_follow_aliases_and_skip_post() {
    let mut catalogue =
        Catalogue::parse_dep("k/libcrc32c.ko:\nk/crc32c-intel.ko:\nk/crc32c_generic.ko:\n")
            .unwrap();
    catalogue.parse_softdep("softdep libcrc32c pre: crc32c post: other\nsoftdep other unsorted\n");
    catalogue.parse_alias("alias crc32c crc32c_intel\nalias crc32c crc32c_generic\n");
    assert_eq!(
        catalogue.soft_needs("libcrc32c"),
        ["crc32c_intel", "crc32c_generic"]
    );
    assert!(catalogue.soft_needs("other").is_empty());
}

#[test]
fn only_patterns_of_devices_are_given() {
    let mut catalogue = Catalogue::default();
    catalogue.parse_alias("alias fs-x m\nalias pci:v0000*d b*i* m\nalias pci:other n\n");
    assert_eq!(
        catalogue.device_patterns("m").collect::<Vec<_>>(),
        ["pci:v0000*d?b*i*"]
    );
}

fn name() -> impl Strategy<Value = String> {
    "[a-z0-9][a-z0-9_]{0,11}"
}

proptest! {
    #[test]
    fn what_is_written_is_read(index in proptest::collection::btree_map(name(), proptest::collection::vec(name(), 0..6), 0..20)) {
        let mut text = String::new();
        for (module, needs) in &index {
            let _ = write!(text, "kernel/x/{module}.ko.zst:");
            for need in needs.iter().rev() {
                let _ = write!(text, " kernel/{need}.ko.zst");
            }
            text.push('\n');
        }
        let catalogue = Catalogue::parse_dep(&text).unwrap();
        for (module, needs) in &index {
            prop_assert_eq!(catalogue.needs(module), needs.as_slice());
            let path = format!("kernel/x/{module}.ko.zst");
            prop_assert_eq!(catalogue.path(module), Some(path.as_str()));
        }
    }

    #[test]
    fn no_text_breaks_a_parser(text in "(\\PC{0,40}\n){0,8}") {
        let mut catalogue = Catalogue::parse_dep(&text).unwrap_or_default();
        catalogue.parse_softdep(&text);
        catalogue.parse_alias(&text);
        catalogue.parse_builtin(&text);
    }

    #[test]
    fn a_canonical_name_stays_as_it_is(path in "\\PC{0,40}") {
        let once = canonical(&path);
        prop_assert_eq!(canonical(&once), once);
    }
}

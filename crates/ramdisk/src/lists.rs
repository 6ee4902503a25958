//! Writes the lists by which the agent decides what to load; the crate's head describes their format.

use std::fmt::Write;

use crate::depmod::Catalogue;
use crate::select::{Selection, load_list};

/// The texts of the two lists.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lists {
    pub(crate) all: String,
    pub(crate) alias: String,
}

/// Makes the lists; `folder` is where the modules lie inside the ramdisk.
pub(crate) fn make(
    catalogue: &Catalogue,
    selection: &Selection,
    forced: &[&str],
    folder: &str,
) -> Lists {
    let place = |name: &String| format!("{folder}/{name}.ko");
    let force: Vec<String> = ordered_forced(catalogue, selection, forced);
    let lines = |names: &[String]| {
        names
            .iter()
            .map(|name| place(name) + "\n")
            .collect::<String>()
    };
    let mut alias = String::new();
    let mut line = |pattern: &str, paths: &[String]| {
        // Writing to a string cannot fail.
        let _ = writeln!(
            alias,
            "{pattern} {}",
            paths.iter().map(place).collect::<Vec<_>>().join(" ")
        );
    };
    if !force.is_empty() {
        line("*", &force);
    }
    for name in selection.order.iter().filter(|name| !force.contains(name)) {
        let paths = load_list(catalogue, name);
        for pattern in patterns(catalogue, name) {
            line(pattern, &paths);
        }
    }
    Lists {
        all: lines(&selection.order),
        alias,
    }
}

/// A module's own patterns, or, for one without any (`mlx4_en`), those of the modules it builds upon (`mlx4_core`):
/// it is wanted where they are.
fn patterns<'a>(catalogue: &'a Catalogue, name: &'a str) -> Vec<&'a str> {
    let own: Vec<&str> = catalogue.device_patterns(name).collect();
    if !own.is_empty() {
        return own;
    }
    catalogue
        .needs(name)
        .iter()
        .flat_map(|need| catalogue.device_patterns(need))
        .collect()
}

fn ordered_forced(catalogue: &Catalogue, selection: &Selection, forced: &[&str]) -> Vec<String> {
    let wanted: Vec<String> = forced
        .iter()
        .flat_map(|name| load_list(catalogue, name))
        .collect();
    selection
        .order
        .iter()
        .filter(|name| wanted.contains(name))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::select::select;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::parse_dep(
            "k/mlx4_en.ko: k/mlx4_core.ko\nk/mlx4_core.ko:\nk/sd_mod.ko: k/scsi_mod.ko\nk/scsi_mod.ko:\n",
        )
        .unwrap();
        catalogue.parse_alias("alias pci:v15B3* mlx4_core\nalias scsi:t-0x00* sd_mod\n");
        catalogue
    }

    #[test]
    fn a_module_without_alias_rides_on_its_base() {
        let catalogue = catalogue();
        let lists = make(&catalogue, &select(&catalogue, ["mlx4_en"]), &[], "/m");
        assert_eq!(
            lists.alias,
            "pci:v15B3* /m/mlx4_core.ko\npci:v15B3* /m/mlx4_core.ko /m/mlx4_en.ko\n"
        );
        assert_eq!(lists.all, "/m/mlx4_core.ko\n/m/mlx4_en.ko\n");
    }

    #[test]
    fn forced_modules_are_wanted_by_every_device() {
        let catalogue = catalogue();
        let lists = make(
            &catalogue,
            &select(&catalogue, ["sd_mod"]),
            &["sd_mod", "absent"],
            "/m",
        );
        assert_eq!(lists.alias, "* /m/scsi_mod.ko /m/sd_mod.ko\n");
    }
}

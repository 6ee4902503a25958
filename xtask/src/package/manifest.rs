//! Writes, for one package of the list, the manifest that cargo-deb and cargo-generate-rpm read.
//!
//! Both tools take their instructions from a `Cargo.toml`. One that is written for each package keeps
//! the two formats from having lists of their own.

use std::fs;
use std::path::Path;

use toml::{Table, Value};

use super::list::{File, List, Package};
use crate::steps::{Outcome, root};

/// The scriptlets that a package with units has, and the file that each is made from.
const UNIT_SCRIPTLETS: [(&str, &str); 3] = [
    ("post_install_script", "packaging/rpm/units.post"),
    ("pre_uninstall_script", "packaging/rpm/units.preun"),
    ("post_uninstall_script", "packaging/rpm/units.postun"),
];

/// Writes the manifest of `package` into `folder`. The programs are in `folder/target/release`.
pub(crate) fn write(folder: &Path, list: &List, package: &Package) -> Outcome {
    let mut metadata = Table::new();
    metadata.insert("deb".to_owned(), deb(list, package).into());
    metadata.insert("generate-rpm".to_owned(), rpm(package)?.into());
    let mut about = Table::new();
    for (key, value) in [
        ("name", package.name.as_str()),
        ("version", env!("CARGO_PKG_VERSION")),
        ("edition", "2024"),
        ("license", "Apache-2.0"),
        ("description", &package.summary),
    ] {
        about.insert(key.to_owned(), value.into());
    }
    about.insert("metadata".to_owned(), metadata.into());
    let mut manifest = Table::new();
    manifest.insert("package".to_owned(), about.into());
    // A workspace of its own, because the folder is inside another's.
    manifest.insert("workspace".to_owned(), Table::new().into());
    save(&folder.join("Cargo.toml"), &manifest.to_string())?;
    save(&folder.join("src/lib.rs"), "")
}

fn deb(list: &List, package: &Package) -> Table {
    let mut table = Table::new();
    let mut set = |key: &str, value: Value| table.insert(key.to_owned(), value);
    set("maintainer", list.maintainer.clone().into());
    set("copyright", "The authors of Assay".into());
    set("section", list.section.clone().into());
    set("priority", "optional".into());
    set("extended-description", package.description.clone().into());
    let mut depends = vec!["$auto".to_owned()];
    if let Some(sibling) = &package.sibling {
        depends.push(format!("{sibling} (= {}-1)", env!("CARGO_PKG_VERSION")));
    }
    depends.extend(package.deb.depends.iter().cloned());
    set("depends", depends.into());
    set("recommends", package.deb.recommends.clone().into());
    set("suggests", package.deb.suggests.clone().into());
    let scripts = match &package.deb.scripts {
        Some(folder) => root().join(folder).display().to_string(),
        // A folder without scripts: those for the units are made by cargo-deb.
        None => "src".to_owned(),
    };
    set("maintainer-scripts", scripts.into());
    if !package.units.is_empty() {
        let mut units = Table::new();
        for (key, value) in [
            ("enable", false),
            ("start", false),
            ("restart-after-upgrade", true),
            ("stop-on-upgrade", false),
        ] {
            units.insert(key.to_owned(), value.into());
        }
        set("systemd-units", units.into());
    }
    let assets: Vec<Value> = package
        .all_files()
        .map(|file| asset(&file, file.dest.trim_start_matches('/')).into())
        .collect();
    set("assets", assets.into());
    table
}

fn rpm(package: &Package) -> Outcome<Table> {
    let mut table = Table::new();
    let mut set = |key: &str, value: Value| table.insert(key.to_owned(), value);
    let mut assets = Vec::new();
    for file in package.all_files() {
        let mut asset = asset(&file, &file.dest);
        if file.config {
            asset.insert("config".to_owned(), "noreplace".into());
        }
        if file.doc {
            asset.insert("doc".to_owned(), true.into());
        }
        assets.push(Value::from(asset));
    }
    set("assets", assets.into());
    let mut requires = any_version(&package.rpm.requires);
    if let Some(sibling) = &package.sibling {
        let exactly = format!("= {}", env!("CARGO_PKG_VERSION"));
        requires.insert(sibling.clone(), exactly.into());
    }
    set("requires", requires.into());
    set("recommends", any_version(&package.rpm.recommends).into());
    for (name, source) in &package.rpm.scripts {
        set(&format!("{name}_script"), script(source)?.into());
    }
    if !package.units.is_empty() {
        for (name, source) in UNIT_SCRIPTLETS {
            let text = script(source)?.replace("@UNITS@", &package.units.join(" "));
            set(name, text.into());
        }
    }
    Ok(table)
}

fn any_version(packages: &[String]) -> Table {
    let any = |package: &String| (package.clone(), Value::from("*"));
    packages.iter().map(any).collect()
}

fn asset(file: &File, dest: &str) -> Table {
    // Both tools look for `target/release` in the folder of the build, wherever it is.
    let source = match file.source.strip_prefix("built/") {
        Some(program) => format!("target/release/{program}"),
        None => root().join(&file.source).display().to_string(),
    };
    let mut table = Table::new();
    table.insert("source".to_owned(), source.into());
    table.insert("dest".to_owned(), dest.into());
    table.insert("mode".to_owned(), file.mode.clone().into());
    table
}

fn script(source: &str) -> Outcome<String> {
    let file = root().join(source);
    fs::read_to_string(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))
}

fn save(file: &Path, text: &str) -> Outcome {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(file, text))
        .map_err(|error| format!("cannot write {}: {error}", file.display()))
}

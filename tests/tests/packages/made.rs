//! The packages that were made for this run.

use std::path::{Path, PathBuf};
use std::process::Command;

use assay_tests::folder;

/// Their names, each of which is needed by those after it or stands alone.
pub(crate) const NAMES: [&str; 4] = ["assay-cli", "assay-server", "assay-worker", "assay-agent"];

/// The .deb of a package.
pub(crate) fn deb(name: &str) -> PathBuf {
    one(&format!("{name}_"), ".deb")
}

/// The .rpm of a package.
pub(crate) fn rpm(name: &str) -> PathBuf {
    one(&format!("{name}-0"), ".rpm")
}

fn one(start: &str, end: &str) -> PathBuf {
    let folder = folder::packages();
    let matching = std::fs::read_dir(&folder).unwrap().filter_map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        (name.starts_with(start) && name.ends_with(end)).then_some(path)
    });
    let mut found: Vec<PathBuf> = matching.collect();
    assert_eq!(found.len(), 1, "{start}*{end} in {}", folder.display());
    found.pop().unwrap()
}

/// What a program says on its standard output.
pub(crate) fn said(program: &str, arguments: &[&str], file: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .arg(file)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {complaint}"
    );
    String::from_utf8(output.stdout).unwrap()
}

//! The oldest glibc that programs run with, from the versions of the symbols that they need.

use std::path::PathBuf;
use std::process::Command;

use crate::steps::Outcome;

/// The highest `GLIBC_x.y` that any of the programs asks for, as `x.y`.
pub(crate) fn of(programs: impl IntoIterator<Item = PathBuf>) -> Outcome<String> {
    let mut highest = (0, 0);
    for program in programs {
        let output = Command::new("readelf")
            .args(["--version-info", "--wide"])
            .arg(&program)
            .output()
            .map_err(|error| format!("cannot run readelf: {error}"))?;
        if !output.status.success() {
            return Err(format!("readelf cannot read {}", program.display()));
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let versions = text.split("GLIBC_").skip(1).filter_map(version);
        highest = versions.chain([highest]).max().unwrap_or(highest);
    }
    Ok(format!("{}.{}", highest.0, highest.1))
}

fn version(text: &str) -> Option<(u32, u32)> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (major, minor) = text[..end].split_once('.')?;
    // A third part, as in 2.2.5, is of versions that no floor is made of.
    let minor = minor.split('.').next()?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

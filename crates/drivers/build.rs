//! Lists the PDU profiles of `pdu-profiles` for the build, so that a new one needs no line of code.

#![allow(clippy::print_stdout, reason = "how a build script speaks to cargo")]

use std::error::Error;
use std::ffi::OsStr;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=pdu-profiles");
    let folder = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("pdu-profiles");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| file.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    let mut list = String::from("[");
    for file in &files {
        let name = file.file_stem().and_then(OsStr::to_str);
        let (Some(name), Some(file)) = (name, file.to_str()) else {
            return Err("a profile's name is no text".into());
        };
        write!(list, "({name:?}, include_str!({file:?})), ")?;
    }
    list.push(']');
    fs::write(
        Path::new(&env::var("OUT_DIR")?).join("pdu_profiles.rs"),
        list,
    )?;
    Ok(())
}

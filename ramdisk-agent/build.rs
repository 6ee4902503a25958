//! Packs the names of the PCI ID Repository: as the crate's own tables they
//! would be two thirds of the agent.

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let file = BufWriter::new(File::create(folder.join("pci-names.gz"))?);
    let mut names = GzEncoder::new(file, Compression::best());
    let mut vendors: Vec<_> = pci_ids::Vendors::iter().collect();
    vendors.sort_by_key(|vendor| vendor.id());
    for vendor in vendors {
        writeln!(names, "{:04x} {}", vendor.id(), vendor.name())?;
        for device in vendor.devices() {
            writeln!(names, "\t{:04x} {}", device.id(), device.name())?;
        }
    }
    names.finish()?.flush()?;
    Ok(())
}

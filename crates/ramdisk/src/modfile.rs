//! One kernel module's file: its decompression and what its `.modinfo` section says.

use std::io::Read;
use std::path::Path;

use object::{Object, ObjectSection};

use crate::Error;

/// Reads a module and decompresses it by the ending its distribution gave it: `.ko`, `.ko.xz`, `.ko.zst`, `.ko.gz`.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let raw = std::fs::read(path).map_err(Error::read(path))?;
    let broken = |error: std::io::Error| Error::Module {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let mut out = Vec::new();
    match path.extension().and_then(|ending| ending.to_str()) {
        Some("xz") => lzma_rust2::XzReader::new(raw.as_slice(), true)
            .read_to_end(&mut out)
            .map_err(broken)?,
        Some("gz") => flate2::read::MultiGzDecoder::new(raw.as_slice())
            .read_to_end(&mut out)
            .map_err(broken)?,
        Some("zst") => {
            return zstd::decode_all(raw.as_slice()).map_err(broken);
        }
        _ => return Ok(raw),
    };
    Ok(out)
}

/// The firmware files a module names in its `.modinfo` section, in the order it names them.
pub(crate) fn firmware(path: &Path, module: &[u8]) -> Result<Vec<String>, Error> {
    let broken = |reason: String| Error::Module {
        path: path.to_owned(),
        reason,
    };
    let file = object::File::parse(module).map_err(|error| broken(error.to_string()))?;
    let section = file
        .section_by_name(".modinfo")
        .ok_or_else(|| broken("it has no .modinfo section".to_owned()))?;
    let info = section.data().map_err(|error| broken(error.to_string()))?;
    Ok(info
        .split(|byte| *byte == 0)
        .filter_map(|field| std::str::from_utf8(field).ok()?.strip_prefix("firmware="))
        .filter(|name| is_inside(name))
        .map(str::to_owned)
        .collect())
}

/// A firmware name that could leave the firmware folder is not followed.
fn is_inside(name: &str) -> bool {
    !name.is_empty()
        && Path::new(name)
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn each_compression_of_a_distribution_is_undone() {
        let folder = tempfile::tempdir().unwrap();
        let module = b"not an ELF file, but bytes".repeat(100);
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gz.write_all(&module).unwrap();
        let mut xz =
            lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
        xz.write_all(&module).unwrap();
        let files = [
            ("a.ko", module.clone()),
            ("a.ko.gz", gz.finish().unwrap()),
            ("a.ko.xz", xz.finish().unwrap()),
            ("a.ko.zst", zstd::encode_all(module.as_slice(), 3).unwrap()),
        ];
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path).unwrap(), module, "{name}");
        }
    }

    #[test]
    fn damaged_files_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["a.ko.gz", "a.ko.xz", "a.ko.zst"] {
            let path = folder.path().join(name);
            std::fs::write(&path, b"damaged").unwrap();
            assert!(matches!(read(&path), Err(Error::Module { .. })), "{name}");
        }
        assert!(matches!(
            firmware(Path::new("x.ko"), b"no ELF"),
            Err(Error::Module { .. })
        ));
    }

    #[test]
    fn names_outside_the_folder_are_refused() {
        assert!(is_inside("rtl_nic/rtl8168d-1.fw"));
        assert!(!is_inside("../../etc/shadow"));
        assert!(!is_inside("/etc/shadow"));
        assert!(!is_inside(""));
    }
}

//! Puts agent, modules, firmware and lists together into one image.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use object::{Architecture, Object, ObjectKind};

use crate::archive::Archive;
use crate::compress::Compression;
use crate::defaults::{DEFAULT_MODULES, FORCED_MODULES};
use crate::depmod::Catalogue;
use crate::error::Error;
use crate::{lists, modfile, select};

/// Folders every ramdisk has: mount points and the places of the lists.
const FOLDERS: &[&str] = &[
    "dev",
    "etc/assay",
    "lib/firmware",
    "lib/modules",
    "proc",
    "run",
    "sys",
    "tmp",
];

/// What an image is to contain.
#[derive(Debug, Clone)]
pub struct Builder {
    agent: PathBuf,
    modules_dir: PathBuf,
    modules: Vec<String>,
    firmware: Option<PathBuf>,
    compression: Compression,
}

/// A finished image and what went into it.
#[derive(Debug, Clone)]
pub struct Image {
    /// The compressed archive, as the kernel takes it.
    pub bytes: Vec<u8>,
    /// The size of the archive before its compression, in bytes.
    pub unpacked_size: usize,
    /// The modules in the image, in load order.
    pub modules: Vec<String>,
    /// Modules that were asked for and that this kernel does not have.
    pub missing_modules: Vec<String>,
    /// Firmware files copied, by their names under `/lib/firmware`.
    pub firmware: Vec<String>,
    /// Firmware the modules ask for that the given folder does not have; empty when no folder was given.
    pub missing_firmware: Vec<String>,
}

impl Builder {
    /// An image with `agent` (a static executable) as `/init` and the default modules of the kernel whose modules
    /// lie in `modules_dir` (`/lib/modules/RELEASE`).
    pub fn new(agent: impl Into<PathBuf>, modules_dir: impl Into<PathBuf>) -> Self {
        Self {
            agent: agent.into(),
            modules_dir: modules_dir.into(),
            modules: DEFAULT_MODULES
                .iter()
                .map(|&name| name.to_owned())
                .collect(),
            firmware: None,
            compression: Compression::default(),
        }
    }

    /// Takes these modules, with what they depend on, in place of the default ones.
    #[must_use]
    pub fn modules<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.modules = names.into_iter().map(Into::into).collect();
        self
    }

    /// Copies the firmware that the chosen modules ask for from this folder (`/lib/firmware`).
    #[must_use]
    pub fn firmware(mut self, folder: impl Into<PathBuf>) -> Self {
        self.firmware = Some(folder.into());
        self
    }

    /// Chooses the compression of the image.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Builds the image. The same input gives the same bytes.
    pub fn build(&self) -> Result<Image, Error> {
        let agent = read_agent(&self.agent)?;
        let catalogue = Catalogue::read(&self.modules_dir)?;
        let selection = select::select(&catalogue, self.modules.iter().map(String::as_str));
        let folder = self.folder_inside();

        let mut archive = Archive::new();
        for folder in FOLDERS {
            archive.folder(folder)?;
        }
        archive.char_device("dev/console", 0o600, (5, 1))?;
        archive.char_device("dev/null", 0o666, (1, 3))?;
        archive.file("init", 0o755, &agent)?;

        let lists = lists::make(
            &catalogue,
            &selection,
            FORCED_MODULES,
            &format!("/{folder}"),
        );
        archive.file("etc/assay/modules", 0o644, lists.all.as_bytes())?;
        archive.file("etc/assay/modules.alias", 0o644, lists.alias.as_bytes())?;

        let wanted = self.add_modules(&mut archive, &catalogue, &selection.order, &folder)?;
        let (firmware, missing_firmware) = self.add_firmware(&mut archive, wanted)?;
        let archive = archive.finish()?;
        Ok(Image {
            unpacked_size: archive.len(),
            bytes: self.compression.apply(archive).map_err(Error::Assemble)?,
            modules: selection.order,
            missing_modules: selection.missing,
            firmware,
            missing_firmware,
        })
    }

    fn folder_inside(&self) -> String {
        let release = self
            .modules_dir
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        format!("lib/modules/{release}")
    }

    /// Copies the modules and gives the names of the firmware they ask for.
    fn add_modules(
        &self,
        archive: &mut Archive,
        catalogue: &Catalogue,
        order: &[String],
        folder: &str,
    ) -> Result<BTreeSet<String>, Error> {
        let mut firmware = BTreeSet::new();
        for name in order {
            let Some(relative) = catalogue.path(name) else {
                continue;
            };
            let path = self.modules_dir.join(relative);
            let module = modfile::read(&path)?;
            firmware.extend(modfile::firmware(&path, &module)?);
            archive.file(&format!("{folder}/{name}.ko"), 0o644, &module)?;
        }
        Ok(firmware)
    }

    fn add_firmware(
        &self,
        archive: &mut Archive,
        wanted: BTreeSet<String>,
    ) -> Result<(Vec<String>, Vec<String>), Error> {
        let Some(folder) = &self.firmware else {
            return Ok((Vec::new(), Vec::new()));
        };
        let (mut copied, mut missing) = (Vec::new(), Vec::new());
        for name in wanted {
            // The kernel unpacks these endings itself.
            let found = ["", ".zst", ".xz"]
                .into_iter()
                .map(|ending| format!("{name}{ending}"))
                .find(|file| folder.join(file).is_file());
            let Some(file) = found else {
                missing.push(name);
                continue;
            };
            let path = folder.join(&file);
            let content = std::fs::read(&path).map_err(Error::read(path))?;
            archive.file(&format!("lib/firmware/{file}"), 0o644, &content)?;
            copied.push(file);
        }
        Ok((copied, missing))
    }
}

impl Image {
    /// Writes the image to `path` by way of a temporary name, so that a reader never sees half of it.
    pub fn write(&self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::Write {
            path: path.to_owned(),
            source,
        };
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".{}.part", std::process::id()));
        std::fs::write(&partial, &self.bytes).map_err(failed)?;
        std::fs::rename(&partial, path).map_err(failed)
    }
}

fn read_agent(path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |reason| Error::Agent {
        path: path.to_owned(),
        reason,
    };
    let bytes = std::fs::read(path).map_err(Error::read(path))?;
    let file = object::File::parse(bytes.as_slice()).map_err(|_| wrong("it is no ELF file"))?;
    if file.architecture() != Architecture::X86_64 {
        return Err(wrong("it is built for another processor"));
    }
    if !matches!(file.kind(), ObjectKind::Executable | ObjectKind::Dynamic) {
        return Err(wrong("it is no executable"));
    }
    if file.section_by_name(".interp").is_some() {
        return Err(wrong(
            "it needs a dynamic loader, which a ramdisk does not have",
        ));
    }
    Ok(bytes)
}

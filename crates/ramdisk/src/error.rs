//! What can go wrong while an initramfs is built.

use std::path::PathBuf;

/// Why an initramfs could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// What was to be read.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The finished image could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Where the image was to go.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The archive or its compression failed.
    #[error("cannot assemble the image: {0}")]
    Assemble(std::io::Error),
    /// The agent is not an executable that a kernel can run without other files.
    #[error("{} is not a static executable for x86-64: {reason}", path.display())]
    Agent {
        /// The file given as agent.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A kernel module is not a readable ELF file.
    #[error("{} is not a kernel module: {reason}", path.display())]
    Module {
        /// The module's file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A line of one of the module indexes makes no sense.
    #[error("{file} line {line}: {reason}")]
    Index {
        /// Which index.
        file: &'static str,
        /// Line number, from 1.
        line: usize,
        /// What is wrong with the line.
        reason: &'static str,
    },
    /// An entry of the archive is larger than the format can say (4 GiB).
    #[error("{0} is too large for a cpio archive")]
    TooLarge(String),
}

impl Error {
    /// Wraps the reason a path could not be read.
    pub(crate) fn read(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Read { path, source }
    }
}

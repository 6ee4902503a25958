//! Where the ramdisk's agent is.

use std::path::{Path, PathBuf};

use crate::error::Error;

const NAME: &str = "assay-agent";

/// The given agent, or one beside this program (a build), or the one of an installation
/// (`PREFIX/lib/assay` beside `PREFIX/bin`).
///
/// # Errors
/// [`Error::Config`] when there is none.
pub(crate) fn find(given: Option<&Path>) -> Result<PathBuf, Error> {
    if let Some(path) = given {
        return if path.is_file() {
            Ok(path.to_owned())
        } else {
            Err(Error::Config(format!(
                "there is no agent {}",
                path.display()
            )))
        };
    }
    let program = std::env::current_exe().map_err(Error::io("this program"))?;
    let folder = program.parent().unwrap_or(Path::new("/"));
    let installed = folder.join("../lib/assay");
    [folder, &installed]
        .map(|folder| folder.join(NAME))
        .into_iter()
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Error::Config(
                "the ramdisk's agent was not found: install the package assay-agent, or build it \
                 (`cargo xtask agent`), and name it with --agent"
                    .to_owned(),
            )
        })
}

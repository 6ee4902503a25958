//! Keeps root from leaving files that the service cannot read.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::error::Error;

/// Refuses to work as root on a data folder that belongs to another user: the database or the key
/// that root would make there is of no use to the service.
pub(crate) fn check(data_dir: &Path) -> Result<(), Error> {
    let owner_of = |path: &Path| std::fs::metadata(path).map(|metadata| metadata.uid());
    // A process's own entry belongs to the user that it runs as.
    let (Ok(owner), Ok(own)) = (owner_of(data_dir), owner_of(Path::new("/proc/self"))) else {
        return Ok(());
    };
    if own == 0 && owner != 0 {
        return Err(Error::Config(format!(
            "{} belongs to user {owner} and this is root: run it as that user (runuser -u assay -- assay …)",
            data_dir.display()
        )));
    }
    Ok(())
}

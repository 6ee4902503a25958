//! `assay openapi`: writes one document per dialect.

use std::path::Path;

use super::say;
use crate::error::Error;

/// Writes the documents into a folder.
pub(crate) fn run(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(Error::io(folder.display().to_string()))?;
    for (name, text) in assay_api::openapi_documents() {
        let file = folder.join(format!("{name}.json"));
        std::fs::write(&file, text).map_err(Error::io(file.display().to_string()))?;
        say(&file.display().to_string());
    }
    Ok(())
}

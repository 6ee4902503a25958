//! The folder: reading our files, and writing each so that dnsmasq never sees half a one.

use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use assay_domain::admission::AdmissionError;

use super::NAME;
use super::line::{Line, Subject};

/// dnsmasq skips names that begin with a dot.
const UNFINISHED: (&str, &str) = (".assay-", ".tmp");
/// Files of a process that died while it wrote are removed when they are this old.
const UNFINISHED_LIFE: Duration = Duration::from_secs(60);
/// dnsmasq runs as a user of its own.
const READABLE_BY_ALL: u32 = 0o644;

/// The folder that dnsmasq reads.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

/// One of our files as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// What it says; none when somebody else has changed it.
    pub(super) line: Option<Line>,
    /// When it was written.
    pub(super) modified: SystemTime,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// When a file was last put in or removed.
    pub(super) fn modified(&self) -> Result<SystemTime, AdmissionError> {
        let modified = fs::metadata(&self.0).and_then(|folder| folder.modified());
        modified.map_err(failed(&self.0))
    }

    /// All files that are ours.
    pub(super) fn read(&self) -> Result<BTreeMap<Subject, Found>, AdmissionError> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(&self.0).map_err(failed(&self.0))? {
            let path = entry.map_err(failed(&self.0))?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            let name = name.unwrap_or_default();
            if let Some(subject) = Subject::of_file(name) {
                if let Some(found) = found(&path, subject)? {
                    files.insert(subject, found);
                }
            } else if name.starts_with(UNFINISHED.0) && name.ends_with(UNFINISHED.1) {
                remove_if_old(&path);
            }
        }
        Ok(files)
    }

    /// Writes a file in whole or not at all.
    pub(super) fn write(&self, subject: Subject, line: Line) -> Result<Found, AdmissionError> {
        let path = self.0.join(subject.file_name());
        let (before, after) = UNFINISHED;
        let card = subject.file_name();
        let process = std::process::id();
        let unfinished = self.0.join(format!("{before}{card}.{process}{after}"));
        let written = write_whole(&unfinished, &subject.text(line))
            .and_then(|modified| fs::rename(&unfinished, &path).map(|()| modified));
        match written {
            Ok(modified) => Ok(Found {
                line: Some(line),
                modified,
            }),
            Err(error) => {
                // What was begun must not keep a full disk full.
                let _ = fs::remove_file(&unfinished);
                let modified = write_over(&path, &subject.text(line), error);
                modified
                    .map(|modified| Found {
                        line: Some(line),
                        modified,
                    })
                    .map_err(failed(&path))
            }
        }
    }

    /// Removes a file; one that is not there is no error.
    pub(super) fn remove(&self, subject: Subject) -> Result<(), AdmissionError> {
        let path = self.0.join(subject.file_name());
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(failed(&path)(error)),
            _ => Ok(()),
        }
    }
}

fn write_whole(path: &Path, text: &str) -> std::io::Result<SystemTime> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.set_permissions(Permissions::from_mode(READABLE_BY_ALL))?;
    file.metadata()?.modified()
}

/// On a full disk a file that is there can still be changed, so that a machine can be refused;
/// dnsmasq reads it when it is closed. Otherwise gives back the error.
fn write_over(path: &Path, text: &str, error: std::io::Error) -> std::io::Result<SystemTime> {
    if error.kind() != ErrorKind::StorageFull {
        return Err(error);
    }
    let Ok(mut file) = File::options().write(true).open(path) else {
        return Err(error);
    };
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.metadata()?.modified()
}

/// The file as it is; none when it went away meanwhile or is no file.
fn found(path: &Path, subject: Subject) -> Result<Option<Found>, AdmissionError> {
    let read = fs::metadata(path).and_then(|file| {
        if !file.is_file() {
            return Ok(None);
        }
        let text = fs::read(path)?;
        let text = String::from_utf8_lossy(&text);
        Ok(Some(Found {
            line: subject.line(&text),
            modified: file.modified()?,
        }))
    });
    match read {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map_err(failed(path)),
    }
}

fn remove_if_old(path: &Path) {
    let modified = fs::metadata(path).and_then(|file| file.modified());
    let age = modified.ok().and_then(|modified| modified.elapsed().ok());
    if age.is_some_and(|age| age > UNFINISHED_LIFE) {
        // Another process may have been quicker.
        let _ = fs::remove_file(path);
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> AdmissionError {
    let path = path.display().to_string();
    move |error| AdmissionError::File {
        driver: NAME,
        path,
        reason: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use assay_inventory::Mac;

    use super::*;

    fn card() -> Subject {
        Subject::Card(Mac::new([0x52, 0x54, 0, 0, 0, 1]))
    }

    fn folder() -> (tempfile::TempDir, Folder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = Folder::new(temporary.path().to_owned());
        (temporary, folder)
    }

    fn names(path: &Path) -> Vec<String> {
        let entries = fs::read_dir(path).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_is_written_is_read_by_everybody_and_found_again() {
        let (temporary, folder) = folder();
        for line in [Line::Serve, Line::Refuse] {
            let found = folder.write(card(), line).unwrap();
            assert_eq!(folder.read().unwrap(), BTreeMap::from([(card(), found)]));
        }
        let path = temporary.path().join("assay-525400000001");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            "52:54:00:00:00:01,ignore\n"
        );
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, READABLE_BY_ALL);
        assert_eq!(names(temporary.path()), ["assay-525400000001"]);
        folder.remove(card()).unwrap();
        folder.remove(card()).unwrap();
        assert!(names(temporary.path()).is_empty());
    }

    #[test]
    fn only_our_own_files_count_and_only_old_unfinished_ones_go() {
        let (temporary, folder) = folder();
        let path = |name: &str| temporary.path().join(name);
        fs::create_dir(path("assay-525400000001")).unwrap();
        for name in [
            "by-hand",
            "assay-notes",
            ".assay-others.1.tmp",
            ".assay-others.2.tmp",
        ] {
            fs::write(path(name), "52:54:00:00:00:02\n").unwrap();
        }
        let old = SystemTime::now() - UNFINISHED_LIFE - Duration::from_secs(1);
        let file = File::options()
            .write(true)
            .open(path(".assay-others.1.tmp"));
        file.unwrap().set_modified(old).unwrap();
        fs::write(path("assay-525400000003"), "52:54:00:00:00:03").unwrap();
        let files = folder.read().unwrap();
        let [(subject, found)] = files.into_iter().collect::<Vec<_>>()[..] else {
            panic!("not one file");
        };
        assert_eq!(subject.file_name(), "assay-525400000003");
        assert_eq!(found.line, None, "half a line counts for nothing");
        let left = [
            ".assay-others.2.tmp",
            "assay-525400000001",
            "assay-525400000003",
            "assay-notes",
            "by-hand",
        ];
        assert_eq!(names(temporary.path()), left);
    }

    #[test]
    fn what_goes_wrong_names_the_file_and_leaves_nothing() {
        let (temporary, folder) = folder();
        fs::create_dir(temporary.path().join("assay-525400000001")).unwrap();
        let error = folder.write(card(), Line::Serve).unwrap_err().to_string();
        assert!(error.contains("/assay-525400000001: "), "{error}");
        assert_eq!(names(temporary.path()), ["assay-525400000001"]);
        let missing = Folder::new(temporary.path().join("missing"));
        assert!(missing.modified().is_err() && missing.read().is_err());
        let error = missing.write(card(), Line::Serve).unwrap_err().to_string();
        assert!(error.contains("No such file"), "{error}");
    }
}

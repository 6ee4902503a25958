//! The signs of life on storages, read where this process has them. A storage that hangs is waited for by a
//! thread of its own, and holds up nobody else.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;
use std::time::{Duration, Instant};

use assay_domain::HEARTBEAT_FOLDER;
use futures::future::join_all;
use tokio::sync::oneshot::{self, error::TryRecvError};

/// How much is read of a sign, in bytes; a host writes fewer.
const SIGN_SIZE: u64 = 64;

/// The signs on one storage, by the names of their files; or why it cannot be read.
pub(super) type Signs = Result<HashMap<String, Vec<u8>>, String>;

/// Readers of storages.
#[derive(Default)]
pub(super) struct Storages {
    /// Those that have not come back, by the storage's path.
    waiting: HashMap<String, Reader>,
}

struct Reader {
    began: Instant,
    signs: oneshot::Receiver<Signs>,
}

impl Storages {
    /// Reads these files of each storage, which is named by its path; waits no longer than `limit`.
    pub(super) async fn read(
        &mut self,
        files: HashMap<String, Vec<String>>,
        limit: Duration,
    ) -> HashMap<String, Signs> {
        let mut readers = Vec::new();
        let mut found = HashMap::new();
        for (path, files) in files {
            match self.reader(&path, files) {
                Ok(reader) => readers.push((path, reader)),
                Err(known) => drop(found.insert(path, known)),
            }
        }
        let waits = readers.into_iter().map(|(path, mut reader)| async move {
            let signs = tokio::time::timeout(limit, &mut reader.signs).await;
            (path, reader, signs)
        });
        for (path, reader, signs) in join_all(waits).await {
            let signs = match signs {
                Ok(Ok(signs)) => signs,
                Ok(Err(_)) => Err("its reader ended".to_owned()),
                Err(_) => {
                    let why = reader.lateness();
                    drop(self.waiting.insert(path.clone(), reader));
                    Err(why)
                }
            };
            drop(found.insert(path, signs));
        }
        found
    }

    /// A new reader of a storage, or what a former one has found since, or that it still waits. What comes
    /// late counts: else a storage that is only slow would never be read.
    fn reader(&mut self, path: &str, files: Vec<String>) -> Result<Reader, Signs> {
        if let Some(mut former) = self.waiting.remove(path) {
            match former.signs.try_recv() {
                Ok(late) => return Err(late),
                Err(TryRecvError::Closed) => {}
                Err(TryRecvError::Empty) => {
                    let why = former.lateness();
                    drop(self.waiting.insert(path.to_owned(), former));
                    return Err(Err(why));
                }
            }
        }
        let folder = Path::new(path).join(HEARTBEAT_FOLDER);
        let (tell, signs) = oneshot::channel();
        let read = move || {
            let signs = signs_in(&folder, &files);
            // Nobody may be waiting any more.
            let _ = tell.send(signs.map_err(|error| format!("{}: {error}", folder.display())));
        };
        let thread = std::thread::Builder::new().name("heartbeats".to_owned());
        match thread.spawn(read) {
            Ok(_) => Ok(Reader {
                began: Instant::now(),
                signs,
            }),
            Err(error) => Err(Err(format!("there is no thread to read it: {error}"))),
        }
    }
}

impl Reader {
    fn lateness(&self) -> String {
        let seconds = self.began.elapsed().as_secs();
        format!("it has not answered for {seconds} s")
    }
}

/// The files that are there. A folder that is not there is an error: the storage may not be mounted, which
/// says nothing of hosts.
fn signs_in(folder: &Path, files: &[String]) -> io::Result<HashMap<String, Vec<u8>>> {
    let _ = fs::read_dir(folder)?;
    let mut signs = HashMap::new();
    for file in files {
        // Each is opened anew: NFS looks whether a file has changed when it is opened (RFC 7530, section 1.4.6).
        let opened = match File::open(folder.join(file)) {
            Ok(opened) => opened,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut sign = Vec::new();
        opened.take(SIGN_SIZE).read_to_end(&mut sign)?;
        drop(signs.insert(file.clone(), sign));
    }
    Ok(signs)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use tempfile::TempDir;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    fn files(paths: &[&Path]) -> HashMap<String, Vec<String>> {
        let of = |path: &&Path| (path.display().to_string(), vec!["host".to_owned()]);
        paths.iter().map(of).collect()
    }

    #[tokio::test]
    async fn a_storage_that_is_not_mounted_tells_nothing() {
        let folder = TempDir::new().unwrap();
        let path = folder.path().display().to_string();
        let mut storages = Storages::default();
        let found = storages.read(files(&[folder.path()]), LIMIT).await;
        assert!(found[&path].is_err());
        let signs = folder.path().join(HEARTBEAT_FOLDER);
        fs::create_dir(&signs).unwrap();
        let found = storages.read(files(&[folder.path()]), LIMIT).await;
        assert_eq!(found[&path], Ok(HashMap::new()));
        fs::write(signs.join("host"), "12.5\n").unwrap();
        let found = storages.read(files(&[folder.path()]), LIMIT).await;
        assert_eq!(found[&path].as_ref().unwrap()["host"], b"12.5\n");
    }

    /// Opening a pipe that nobody writes to hangs.
    #[tokio::test]
    async fn a_storage_that_hangs_holds_up_no_other_and_is_asked_again_when_it_answers() {
        let (dead, living) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        for folder in [&dead, &living] {
            fs::create_dir(folder.path().join(HEARTBEAT_FOLDER)).unwrap();
        }
        let pipe = dead.path().join(HEARTBEAT_FOLDER).join("host");
        let made = Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let both = [dead.path(), living.path()];
        let [hung, other] = both.map(|path| path.display().to_string());
        let mut storages = Storages::default();
        for _ in 0..3 {
            let found = storages.read(files(&both), LIMIT).await;
            let why = found[&hung].as_ref().unwrap_err();
            assert!(why.contains("not answered"), "{why}");
            assert!(found[&other].is_ok());
        }
        fs::write(&pipe, "late").unwrap();
        fs::remove_file(&pipe).unwrap();
        tokio::time::sleep(LIMIT).await;
        let found = storages.read(files(&both), LIMIT).await;
        assert_eq!(found[&hung].as_ref().unwrap()["host"], b"late");
        let found = storages.read(files(&both), LIMIT).await;
        assert_eq!(found[&hung], Ok(HashMap::new()));
    }
}

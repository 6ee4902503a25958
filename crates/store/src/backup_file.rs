//! The file of a backup: JSON lines, compressed with zstd, with a checksum in the last line.
//!
//! The first line is a [`Header`], then comes one `["table", {row}]` per row in an order in which
//! no row refers to a later one, and the last line is a [`Trailer`]. Rows are as they are stored,
//! so encrypted secrets stay encrypted; the file with their key is not part of it.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use assay_domain::Error;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::convert::hex;
use crate::fault::{Fault, Outcome};

/// The name and version of the format.
const FORMAT: &str = "assay-backup-1";

/// Compression of a backup: zstd's default.
const LEVEL: i32 = 3;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    format: String,
    /// Versions of the migrations of the database that was saved.
    pub(crate) migrations: Vec<String>,
}

/// The last line.
#[derive(Serialize, Deserialize)]
struct Trailer {
    rows: u64,
    /// SHA-256 (hex) of all lines before this one.
    sha256: String,
}

/// Writes a backup; the file gets its name when it is whole, and only its owner may read it.
pub(crate) struct Sink {
    encoder: zstd::Encoder<'static, File>,
    digest: Sha256,
    rows: u64,
    temporary: PathBuf,
    path: PathBuf,
}

impl Sink {
    /// Begins the file.
    pub(crate) fn create(path: &Path, migrations: &[String]) -> Outcome<Self> {
        let mut name = path.as_os_str().to_owned();
        name.push(".partial");
        let temporary = PathBuf::from(name);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .map_err(failed(&temporary))?;
        let mut sink = Self {
            encoder: zstd::Encoder::new(file, LEVEL).map_err(failed(path))?,
            digest: Sha256::new(),
            rows: 0,
            temporary,
            path: path.to_owned(),
        };
        sink.line(&Header {
            format: FORMAT.to_owned(),
            migrations: migrations.to_vec(),
        })?;
        Ok(sink)
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, table: &str, row: &impl Serialize) -> Outcome<()> {
        self.rows += 1;
        self.line(&(table, row))
    }

    /// Ends the file and gives it its name; says how many rows it has.
    pub(crate) fn finish(mut self) -> Outcome<u64> {
        let trailer = Trailer {
            rows: self.rows,
            sha256: hex(&self.digest.clone().finalize()),
        };
        self.line(&trailer)?;
        let file = self.encoder.finish().map_err(failed(&self.path))?;
        file.sync_all().map_err(failed(&self.path))?;
        std::fs::rename(&self.temporary, &self.path).map_err(failed(&self.path))?;
        Ok(self.rows)
    }

    fn line(&mut self, content: &impl Serialize) -> Outcome<()> {
        let mut line = serde_json::to_vec(content)?;
        line.push(b'\n');
        self.digest.update(&line);
        self.encoder.write_all(&line).map_err(failed(&self.path))
    }
}

/// Reads the whole file once and checks its checksum.
pub(crate) fn verify(path: &Path) -> Outcome<Header> {
    let mut lines = Lines::open(path)?;
    let first = lines.next()?.ok_or_else(|| broken(path))?;
    let header: Header = serde_json::from_slice(&first).map_err(|_| broken(path))?;
    if header.format != FORMAT {
        return Err(Error::invalid(format!("{} is no backup of Assay", path.display())).into());
    }
    let mut digest = Sha256::new();
    digest.update(&first);
    let mut rows = 0;
    while let Some(line) = lines.next()? {
        if line.starts_with(b"[") {
            rows += 1;
            digest.update(&line);
            continue;
        }
        let trailer: Trailer = serde_json::from_slice(&line).map_err(|_| broken(path))?;
        let whole = trailer.rows == rows && trailer.sha256 == hex(&digest.finalize());
        return match lines.next()? {
            None if whole => Ok(header),
            _ => Err(broken(path)),
        };
    }
    Err(broken(path))
}

/// Calls `take` with table and row of every row.
pub(crate) fn rows(path: &Path, mut take: impl FnMut(&str, &str) -> Outcome<()>) -> Outcome<()> {
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next()? {
        if line.starts_with(b"[") {
            let (table, row): (String, &RawValue) =
                serde_json::from_slice(&line).map_err(|_| broken(path))?;
            take(&table, row.get())?;
        }
    }
    Ok(())
}

struct Lines {
    reader: BufReader<zstd::Decoder<'static, BufReader<File>>>,
    path: PathBuf,
}

impl Lines {
    fn open(path: &Path) -> Outcome<Self> {
        let file = File::open(path).map_err(failed(path))?;
        let decoder = zstd::Decoder::new(file).map_err(failed(path))?;
        Ok(Self {
            reader: BufReader::new(decoder),
            path: path.to_owned(),
        })
    }

    fn next(&mut self) -> Outcome<Option<Vec<u8>>> {
        let mut line = Vec::new();
        match self.reader.read_until(b'\n', &mut line) {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(line)),
            Err(_) => Err(broken(&self.path)),
        }
    }
}

fn failed(path: &Path) -> impl FnOnce(std::io::Error) -> Fault + use<'_> {
    Fault::io(path.display())
}

fn broken(path: &Path) -> Fault {
    Error::invalid(format!(
        "the backup {} is damaged or cut off",
        path.display()
    ))
    .into()
}

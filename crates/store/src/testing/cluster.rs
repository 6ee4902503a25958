//! A private PostgreSQL cluster that all test processes of a user share.
//!
//! Every process that uses the cluster holds a shared lock on one file, which the kernel releases
//! however the process ends. A watchdog process tries for the exclusive lock and, once it has it,
//! ends the cluster and removes its folder.

use std::fs::{File, OpenOptions};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use assay_domain::{Error, Result};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use sha2::{Digest, Sha256};

use super::programs::{OWNER, Programs, run};
use crate::convert::hex;
use crate::fault::Fault;
use crate::on_postgres;

/// Settings that make a throw-away cluster fast; nothing in it has to survive anything.
const SETTINGS: &str = "-c fsync=off -c synchronous_commit=off -c full_page_writes=off \
    -c max_connections=300 -c shared_buffers=64MB -c listen_addresses=127.0.0.1";

/// Ends the cluster in folder $1 with the server's programs in $2 once nobody uses it; $3 is the
/// command prefix that makes it the server's user, possibly empty. The folder is moved away before
/// it is removed, so that whoever comes meanwhile begins with a new one.
const WATCHDOG: &str = r#"
exec 9>>"$1/watchdog.lock"
flock -n 9 || exit 0
while sleep 3; do
    exec 8>>"$1/users.lock"
    if flock -n 8; then
        $3 "$2/pg_ctl" -D "$1/data" -m immediate -w stop
        mv "$1" "$1.over.$$"
        rm -rf "$1".over.*
        exit 0
    fi
    exec 8>&-
done
"#;

/// Where the cluster is, whether or not it runs.
pub(super) struct Cluster {
    folder: PathBuf,
    programs: Programs,
}

/// The running cluster, which does not end before this is dropped.
pub(super) struct Use {
    port: u16,
    _users: File,
}

impl Cluster {
    /// The cluster of this process's user.
    pub(super) fn of_user() -> Result<Self> {
        let programs = Programs::find()?;
        let folder = format!("assay-test-postgresql-{}", programs.user);
        Ok(Self {
            folder: std::env::temp_dir().join(folder),
            programs,
        })
    }

    /// Starts the cluster unless it runs, and keeps it running.
    pub(super) fn join(&self) -> Result<Use> {
        let users = self.lock("users.lock", File::lock_shared)?;
        let starting = self.lock("start.lock", File::lock)?;
        let port = match self.running_port() {
            Some(port) => port,
            None => self.start()?,
        };
        self.watch()?;
        let joined = Use {
            port,
            _users: users,
        };
        joined.make_template()?;
        drop(starting);
        Ok(joined)
    }

    /// Locks a file of the folder. The watchdog may remove the folder while this waits, so the
    /// lock only counts when the file still has its name.
    fn lock(&self, name: &str, lock: impl Fn(&File) -> std::io::Result<()>) -> Result<File> {
        let path = self.folder.join(name);
        loop {
            std::fs::create_dir_all(&self.folder).map_err(Error::internal)?;
            let opened = OpenOptions::new().create(true).append(true).open(&path);
            let file = match opened {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                opened => opened.map_err(Error::internal)?,
            };
            lock(&file).map_err(Error::internal)?;
            let held = file.metadata().map_err(Error::internal)?.ino();
            if std::fs::metadata(&path).is_ok_and(|named| named.ino() == held) {
                return Ok(file);
            }
        }
    }

    fn running_port(&self) -> Option<u16> {
        let port = std::fs::read_to_string(self.folder.join("port")).ok()?;
        let port = port.trim().parse().ok()?;
        connect(port, "postgres").ok().map(|_| port)
    }

    fn start(&self) -> Result<u16> {
        let data = self.folder.join("data");
        self.programs.init(&data)?;
        let port = self.start_server(&data)?;
        std::fs::write(self.folder.join("port"), port.to_string()).map_err(Error::internal)?;
        Ok(port)
    }

    /// Starts the server on a free port. Somebody may take the port in between, so try again.
    fn start_server(&self, data: &Path) -> Result<u16> {
        let mut last = Error::internal("the server was not started");
        for _ in 0..5 {
            let free = TcpListener::bind(("127.0.0.1", 0)).map_err(Error::internal)?;
            let port = free.local_addr().map_err(Error::internal)?.port();
            drop(free);
            let options = format!(
                "{SETTINGS} -c port={port} -c unix_socket_directories='{}'",
                data.display()
            );
            let mut pg_ctl = self.programs.command("pg_ctl");
            let started = run(pg_ctl
                .arg("-D")
                .arg(data)
                .arg("-l")
                .arg(data.join("server.log"))
                .args(["-w", "-o", &options, "start"]));
            match started {
                Ok(()) => return Ok(port),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn watch(&self) -> Result<()> {
        let user = self.programs.prefix().join(" ");
        let mut watchdog = Command::new("setsid");
        watchdog
            .args(["--fork", "sh", "-c", WATCHDOG, "watchdog"])
            .arg(&self.folder)
            .arg(&self.programs.folder)
            .arg(user);
        run(&mut watchdog)
    }
}

impl Use {
    /// The URL of a database of this cluster.
    pub(super) fn url(&self, name: &str) -> String {
        url(self.port, name)
    }

    /// Makes a database: a copy of the migrated template, or an empty one.
    pub(super) fn create_database(&self, name: &str, migrated: bool) -> Result<()> {
        let template = if migrated {
            template()?
        } else {
            "template0".to_owned()
        };
        self.execute(&format!("CREATE DATABASE {name} TEMPLATE {template}"))
    }

    /// Removes a database and ends its connections.
    pub(super) fn drop_database(&self, name: &str) -> Result<()> {
        self.execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
    }

    /// Makes the migrated template unless it exists. The caller holds the lock of starting.
    fn make_template(&self) -> Result<()> {
        let name = template()?;
        let mut connection = connect(self.port, "postgres")?;
        let found =
            diesel::sql_query("SELECT count(*) AS count FROM pg_database WHERE datname = $1")
                .bind::<Text, _>(&name)
                .get_result::<Count>(&mut connection)
                .map_err(Fault::from)?;
        if found.count > 0 {
            return Ok(());
        }
        self.drop_database("unfinished")?;
        self.create_database("unfinished", false)?;
        let mut unfinished = connect(self.port, "unfinished")?;
        unfinished.transaction(on_postgres::migrations::run)?;
        drop(unfinished);
        self.execute(&format!("ALTER DATABASE unfinished RENAME TO {name}"))
    }

    fn execute(&self, statement: &str) -> Result<()> {
        let mut connection = connect(self.port, "postgres")?;
        diesel::sql_query(statement)
            .execute(&mut connection)
            .map_err(Fault::from)?;
        Ok(())
    }
}

#[derive(QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

fn url(port: u16, name: &str) -> String {
    format!("postgres://{OWNER}@127.0.0.1:{port}/{name}")
}

fn connect(port: u16, name: &str) -> Result<PgConnection> {
    Ok(PgConnection::establish(&url(port, name)).map_err(Fault::from)?)
}

/// The name of the template: one per content of the migrations.
fn template() -> Result<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut files = std::fs::read_dir(folder)
        .map_err(Error::internal)?
        .map(|entry| Ok(entry.map_err(Error::internal)?.path().join("up.sql")))
        .collect::<Result<Vec<_>>>()?;
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(std::fs::read(file).map_err(Error::internal)?);
    }
    Ok(format!("template_{}", hex(&digest.finalize()[..8])))
}

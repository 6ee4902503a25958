//! A PostgreSQL server of one test's own, which the test may stop, kill and start again.

use std::fs::File;
use std::io::Write;
use std::net::{IpAddr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use assay_domain::{Error, Result};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Text};
use serde_json::Value;

use super::programs::{OWNER, Programs, run};
use crate::fault::Fault;

/// How long the server may take until it answers; after a kill it repairs itself first.
const START_LIMIT: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(50);

/// Waits for the end of its input, which comes with the end of the test's process however that
/// ends, then kills the server of folder $1 and removes the folder.
const GUARD: &str = r#"
read -r _
kill -KILL "$(head -n 1 "$1/data/postmaster.pid")"
rm -rf "$1"
"#;

/// What a private server keeps when the machine loses its power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Nothing, and it is fast; a killed server loses nothing all the same.
    None,
    /// All that was committed, as PostgreSQL does without being told anything.
    Full,
}

/// A server with a folder and a port of its own. Dropping it kills it and removes its folder.
pub struct PrivateCluster {
    programs: Programs,
    folder: PathBuf,
    address: IpAddr,
    port: u16,
    settings: Vec<String>,
    server: Option<Child>,
    _guard: ChildStdin,
}

impl PrivateCluster {
    /// Makes a cluster in the new folder `folder` and starts it on a free port of `address`. The
    /// folder's parents must be open to the user `postgres` when root does this.
    pub fn start(folder: &Path, address: IpAddr, durability: Durability) -> Result<Self> {
        let programs = Programs::find()?;
        std::fs::create_dir_all(folder).map_err(Error::internal)?;
        programs.init(&folder.join("data"))?;
        let_in(&folder.join("data"), address)?;
        let free = TcpListener::bind((address, 0)).map_err(Error::internal)?;
        let port = free.local_addr().map_err(Error::internal)?.port();
        drop(free);
        let mut settings = vec![
            format!("listen_addresses={address}"),
            format!("port={port}"),
            format!("unix_socket_directories={}", folder.join("data").display()),
            "max_connections=200".to_owned(),
            "shared_buffers=128MB".to_owned(),
            "max_wal_size=512MB".to_owned(),
        ];
        if durability == Durability::None {
            let fast = ["fsync=off", "full_page_writes=off"];
            settings.extend(fast.map(str::to_owned));
        }
        let mut cluster = Self {
            _guard: guard(folder)?,
            folder: folder.to_owned(),
            programs,
            address,
            port,
            settings,
            server: None,
        };
        cluster.start_again()?;
        Ok(cluster)
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://{OWNER}@{}:{}/{database}",
            self.address, self.port
        )
    }

    /// The process number of the server; none while it is stopped.
    pub fn pid(&self) -> Option<u32> {
        self.server.as_ref().map(Child::id)
    }

    /// Makes an empty database.
    pub fn create_database(&self, name: &str) -> Result<()> {
        let mut connection = self.connect("postgres")?;
        diesel::sql_query(format!("CREATE DATABASE {name}"))
            .execute(&mut connection)
            .map_err(Fault::from)?;
        Ok(())
    }

    /// kill -9 of the server; its helpers end by themselves.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut server) = self.server.take() {
            server.kill().map_err(Error::internal)?;
            server.wait().map_err(Error::internal)?;
        }
        Ok(())
    }

    /// Ends the server in order: its clients are cut off, what they began is rolled back.
    pub fn stop(&mut self) -> Result<()> {
        let Some(mut server) = self.server.take() else {
            return Ok(());
        };
        let pid = server.id().to_string();
        run(Command::new("kill").args(["-INT", &pid]))?;
        server.wait().map_err(Error::internal)?;
        Ok(())
    }

    /// Starts the server on the same port after [`Self::kill`] or [`Self::stop`], and waits until
    /// it answers.
    pub fn start_again(&mut self) -> Result<()> {
        let began = Instant::now();
        let mut last = None;
        while began.elapsed() < START_LIMIT {
            let server = match &mut self.server {
                Some(server) => server,
                None => self.server.insert(self.spawn()?),
            };
            if server.try_wait().map_err(Error::internal)?.is_some() {
                // A helper of a killed server still holds its memory: try again.
                self.server = None;
            }
            match self.connect("postgres") {
                Ok(_) => return Ok(()),
                Err(error) => last = Some(error),
            }
            std::thread::sleep(POLL);
        }
        Err(Error::internal(format!(
            "PostgreSQL does not answer: {last:?}: {}",
            std::fs::read_to_string(self.log()).unwrap_or_default()
        )))
    }

    /// The server's log.
    pub fn log(&self) -> PathBuf {
        self.folder.join("server.log")
    }

    fn spawn(&self) -> Result<Child> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log())
            .map_err(Error::internal)?;
        let mut command = self.programs.command("postgres");
        command.arg("-D").arg(self.folder.join("data"));
        for setting in &self.settings {
            command.args(["-c", setting]);
        }
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().map_err(Error::internal)?)
            .stderr(log)
            .spawn()
            .map_err(Error::internal)
    }

    fn connect(&self, database: &str) -> Result<PgConnection> {
        connect(&self.url(database))
    }
}

/// The rows of a query as JSON objects, from the PostgreSQL database at `url`.
pub fn postgres_rows(url: &str, query: &str) -> Result<Vec<Value>> {
    let query = format!("SELECT row_to_json(r)::text AS line FROM ({query}) r");
    let lines = diesel::sql_query(query)
        .load::<Line>(&mut connect(url)?)
        .map_err(Fault::from)?;
    let parse = |line: Line| {
        let text = line.line.unwrap_or_default();
        serde_json::from_str(&text).map_err(Error::internal)
    };
    lines.into_iter().map(parse).collect()
}

fn connect(url: &str) -> Result<PgConnection> {
    let url = format!("{url}?connect_timeout=5");
    Ok(PgConnection::establish(&url).map_err(Fault::from)?)
}

impl Drop for PrivateCluster {
    fn drop(&mut self) {
        // The guard does the rest.
        let _ = self.kill();
    }
}

/// Lets everybody in who can reach the address; a new cluster trusts loopback alone.
fn let_in(data: &Path, address: IpAddr) -> Result<()> {
    let everybody = match address {
        IpAddr::V4(_) => "0.0.0.0/0",
        IpAddr::V6(_) => "::/0",
    };
    let mut rules = File::options()
        .append(true)
        .open(data.join("pg_hba.conf"))
        .map_err(Error::internal)?;
    writeln!(rules, "host all all {everybody} trust").map_err(Error::internal)
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Nullable<Text>)]
    line: Option<String>,
}

/// Starts the guard; it acts once the other end of its input is closed.
fn guard(folder: &Path) -> Result<ChildStdin> {
    let mut child = Command::new("sh")
        .args(["-c", GUARD, "guard"])
        .arg(folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // Whoever ends the test's process group leaves the guard to clean up.
        .process_group(0)
        .spawn()
        .map_err(Error::internal)?;
    child
        .stdin
        .take()
        .ok_or_else(|| Error::internal("the guard has no input"))
}

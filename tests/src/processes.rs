//! A fleet of real processes over one database: API servers and workers, each of which can be killed
//! and started again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use tempfile::TempDir;

use crate::arena;
use crate::balancer::Balancer;
use crate::client::Client;
use crate::place::Place;
use crate::program::{Launch, Program};
use crate::server::{ADMIN_PASSWORD, login};

/// The port of every API server that has a network of its own, and of the balancer before them.
const PORT: u16 = 5050;

/// A fleet that is to be started.
pub struct FleetSetup {
    apis: usize,
    workers: usize,
    database_url: String,
    broker_url: Option<String>,
    config: String,
    environment: Vec<(String, String)>,
    folder: PathBuf,
    temporary: Option<TempDir>,
    in_places: bool,
}

impl FleetSetup {
    /// One API server and one worker on that database. They ask nobody who he is.
    pub fn new(database_url: &str) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        Self {
            apis: 1,
            workers: 1,
            database_url: database_url.to_owned(),
            broker_url: None,
            config: String::new(),
            environment: Vec::new(),
            folder: temporary.path().to_owned(),
            temporary: Some(temporary),
            in_places: false,
        }
    }

    /// So many API servers.
    #[must_use]
    pub fn apis(mut self, count: usize) -> Self {
        self.apis = count;
        self
    }

    /// So many workers.
    #[must_use]
    pub fn workers(mut self, count: usize) -> Self {
        self.workers = count;
        self
    }

    /// With this broker in place of the embedded queue.
    #[must_use]
    pub fn broker(mut self, url: &str) -> Self {
        self.broker_url = Some(url.to_owned());
        self
    }

    /// With lines of the configuration file; simple settings before tables.
    #[must_use]
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self
    }

    /// With a setting, e.g. `ASSAY_SWEEP_INTERVAL`, `1`.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl ToString) -> Self {
        self.environment.push((name.to_owned(), value.to_string()));
        self
    }

    /// Inside an arena: keeps its files in `folder`, gives each process a network of its own, puts a
    /// balancer before the API servers, and asks everybody who he is.
    #[must_use]
    pub fn in_places(mut self, folder: &Path) -> Self {
        folder.clone_into(&mut self.folder);
        self.temporary = None;
        self.in_places = true;
        self
    }

    /// Makes the schema and the key, and starts everything.
    pub async fn start(self) -> Processes {
        self.write_config();
        self.command(&["migrate"], "");
        if self.in_places {
            let admin = [
                "user",
                "add",
                "admin",
                "--role",
                "admin",
                "--password-stdin",
            ];
            self.command(&admin, &format!("{ADMIN_PASSWORD}\n"));
        }
        let mut apis: Vec<Program> = (0..self.apis).map(|number| self.api(number)).collect();
        let mut workers: Vec<Program> = (0..self.workers)
            .map(|number| Program::new(self.worker(number)))
            .collect();
        let mut bases = Vec::new();
        for api in &mut apis {
            let base = api.start();
            // The next start takes the same port.
            let address = base.split_once("://").unwrap().1.to_owned();
            api.change(|launch| set_listen(launch, &address));
            bases.push(base);
        }
        for worker in &mut workers {
            worker.start();
        }
        let (balancer, clients) = self.front(&bases).await;
        Processes {
            apis,
            workers,
            clients,
            balancer,
            folder: self.folder,
            _temporary: self.temporary,
        }
    }

    /// The clients of the fleet: one that is let in by the balancer, or one of each API server.
    async fn front(&self, bases: &[String]) -> (Option<Balancer>, Vec<Client>) {
        if !self.in_places {
            return (None, bases.iter().map(|base| Client::new(base)).collect());
        }
        let servers: Vec<SocketAddr> = bases
            .iter()
            .map(|base| base.trim_start_matches("http://").parse().unwrap())
            .collect();
        let first = Client::new(&bases[0]);
        let token = login(&first, "admin", ADMIN_PASSWORD).await;
        let balancer = Balancer::start((arena::FRONT, PORT).into(), servers)
            .await
            .unwrap();
        let client = Client::new(&balancer.url()).with_token(&token);
        (Some(balancer), vec![client])
    }

    fn api(&self, number: usize) -> Program {
        let mut launch = self.launch("assay-api", number);
        let address = match &launch.place {
            Some(place) => SocketAddr::from((place.address(), PORT)),
            None => SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        set_listen(&mut launch, &address.to_string());
        if !self.in_places {
            launch.arguments.extend(["--auth".into(), "none".into()]);
        }
        Program::new(launch)
    }

    fn worker(&self, number: usize) -> Launch {
        let mut launch = self.launch("assay-worker", number);
        set_listen(&mut launch, "127.0.0.1:0");
        launch
    }

    fn launch(&self, program: &'static str, number: usize) -> Launch {
        let data = self.folder.join(format!("{program}-{number}"));
        std::fs::create_dir_all(&data).unwrap();
        let first = if program == "assay-api" { 1 } else { 101 };
        let place = u8::try_from(first + number).unwrap();
        Launch {
            program,
            arguments: vec![
                "--listen".into(),
                String::new().into(),
                "--config".into(),
                self.config_file().into(),
                "--data-dir".into(),
                data.into(),
            ],
            environment: self.environment.clone(),
            log: self.folder.join(format!("{program}-{number}.log")),
            place: self.in_places.then(|| Arc::new(Place::new(place))),
        }
    }

    /// `assay COMMAND` with the fleet's configuration.
    fn command(&self, arguments: &[&str], input: &str) {
        let launch = Launch {
            program: "assay",
            arguments: arguments.iter().map(Into::into).collect(),
            environment: self.environment.clone(),
            log: PathBuf::new(),
            place: None,
        };
        let mut command = launch.command();
        command.arg("--config").arg(self.config_file());
        command.arg("--data-dir").arg(&self.folder);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "assay {arguments:?}: {complaint}");
    }

    fn config_file(&self) -> PathBuf {
        self.folder.join("assay.toml")
    }

    /// One configuration for all, with one key. Kernel and initramfs are small files, which is
    /// enough for machines that do not run what they load.
    fn write_config(&self) {
        let file = |name: &str| self.folder.join(name).display().to_string();
        let mut text = format!(
            "database_url = '{}'\nkey_file = '{}'\n",
            self.database_url,
            file("secret.key")
        );
        if self.in_places {
            writeln!(text, "public_url = 'http://{}:{PORT}'", arena::FRONT).unwrap();
        }
        text.push_str(&self.config);
        if let Some(url) = &self.broker_url {
            write!(text, "\n[queue]\nurl = '{url}'\n").unwrap();
        }
        for name in ["kernel", "initramfs"] {
            std::fs::write(file(name), "not a real one").unwrap();
        }
        let (kernel, initramfs) = (file("kernel"), file("initramfs"));
        write!(
            text,
            "\n[boot]\nkernel = '{kernel}'\ninitramfs = '{initramfs}'\n"
        )
        .unwrap();
        std::fs::write(self.config_file(), text).unwrap();
    }
}

/// The address is the second argument of every process.
fn set_listen(launch: &mut Launch, address: &str) {
    launch.arguments[1] = address.into();
}

/// A running fleet. Dropping it kills its processes.
pub struct Processes {
    /// The API servers.
    pub apis: Vec<Program>,
    /// The workers.
    pub workers: Vec<Program>,
    clients: Vec<Client>,
    balancer: Option<Balancer>,
    folder: PathBuf,
    _temporary: Option<TempDir>,
}

impl Processes {
    /// A client that may do everything: of the balancer where there is one, else of the first API
    /// server.
    pub fn client(&self) -> &Client {
        &self.clients[0]
    }

    /// A client of one API server, in a fleet without a balancer.
    pub fn client_of(&self, api: usize) -> &Client {
        assert!(self.balancer.is_none(), "the balancer chooses");
        &self.clients[api]
    }

    /// The fleet's files: configuration, key and logs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

//! `assay demo`: the whole path on one host, with a simulated BMC and a real machine behind it.

mod client;
mod machine;
mod progress;
mod summary;

use std::path::PathBuf;
use std::time::Duration;

use assay_app::AuthMode;
use assay_domain::{Actor, Role, Secret};
use assay_sim::SimMachine;

use crate::args::{Common, Demo};
use crate::commands::{agent, say, serve};
use crate::config::Config;
use crate::error::Error;
use crate::logging;
use crate::server::{Roles, Server};
use client::Client;
use machine::DemoBmc;
use progress::Progress;

const POLL: Duration = Duration::from_millis(250);
const USER: &str = "admin";

/// Introspects one machine for real and prints it; then serves on, or ends with `--once`.
pub(crate) async fn run(common: &Common, demo: Demo) -> Result<(), Error> {
    let mut config = Config::load(common)?;
    config.listen = demo.listen;
    config.settings.auth = AuthMode::Required;
    config.log.level = std::env::var("ASSAY_LOG__LEVEL").unwrap_or_else(|_| "warn".to_owned());
    let scratch = Scratch::new(common)?;
    config.data_dir = scratch.folder.clone();
    logging::start(&config.log)?;
    let agent = agent::find(demo.agent.as_deref())?;
    let boots_for_real = machine::prepare_boot_files(&mut config, &agent)?;

    let server = Server::start(config, Roles::ALL).await?;
    say(&format!("Assay serves at {}", server.url()));
    let password = first_admin(&server).await?;
    let introspected = introspect(&server, &demo, &agent, boots_for_real, &password).await;
    if demo.once || introspected.is_err() {
        server.stop().await;
        return introspected;
    }
    say(&format!(
        "\nSwagger UI: {}/assay/docs/   user: {USER}   password: {} (shown only here)\nCtrl-C ends the server.",
        server.url(),
        password.expose()
    ));
    serve::until_signal(server).await
}

async fn introspect(
    server: &Server,
    demo: &Demo,
    agent: &std::path::Path,
    boots_for_real: bool,
    password: &Secret,
) -> Result<(), Error> {
    let hardware = machine::hardware(demo.uefi);
    let bmc: DemoBmc = if boots_for_real {
        machine::virtual_machine(hardware.clone(), &server.url())?
    } else {
        machine::process(hardware.clone(), agent, &server.url())?
    };
    say(&format!(
        "Simulated BMC at {} (Redfish), with {} behind it",
        bmc.bmc.url(),
        if boots_for_real {
            "a QEMU machine"
        } else {
            "the agent as a process on this host"
        }
    ));
    let client = Client::log_in(&server.url(), USER, password).await?;
    let uuid = enrol(&client, &hardware, &bmc).await?;
    client.start(&uuid).await?;
    let ended = follow(&client, &uuid).await;
    let data = match ended {
        Ok(()) => client.data(&uuid).await,
        Err(error) => Err(error),
    };
    bmc.bmc.stop().await?;
    say(&summary::text(&data?));
    Ok(())
}

async fn enrol(client: &Client, hardware: &SimMachine, bmc: &DemoBmc) -> Result<String, Error> {
    let control = client.create_power_control(bmc).await?;
    let mac = hardware
        .boot_mac()
        .ok_or_else(|| Error::Demo("the demo's machine has no network card".to_owned()))?;
    let (id, uuid) = client.create_node(&hardware.name, &mac.to_string()).await?;
    client.assign(id, control).await?;
    say(&format!("Enrolled node {} ({uuid})", hardware.name));
    Ok(uuid)
}

/// Shows the phases until the introspection ends.
async fn follow(client: &Client, uuid: &str) -> Result<(), Error> {
    let mut progress = Progress::new();
    loop {
        let status = client.introspection(uuid).await?;
        progress.show(&status);
        if status.introspection.finished {
            return match status.introspection.error {
                None => Ok(()),
                Some(error) => Err(Error::Demo(format!("the introspection failed: {error}"))),
            };
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Creates the first administrator with a random password.
async fn first_admin(server: &Server) -> Result<Secret, Error> {
    let password = Secret::new(uuid::Uuid::new_v4().simple().to_string());
    let actor = Actor::system();
    let identity = server.app.identity();
    let known = identity.users(&actor).await?;
    if known.iter().any(|user| user.name == USER) {
        identity
            .update_user(&actor, USER, Some(Role::Admin), Some(&password))
            .await?;
    } else {
        identity
            .create_user(&actor, USER, Role::Admin, &password)
            .await?;
    }
    Ok(password)
}

/// The demo's data folder: the given one, or a temporary one that is removed at the end.
struct Scratch {
    folder: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Scratch {
    fn new(common: &Common) -> Result<Self, Error> {
        if let Some(folder) = &common.data_dir {
            return Ok(Self {
                folder: folder.clone(),
                _temporary: None,
            });
        }
        let temporary = tempfile::Builder::new()
            .prefix("assay-demo-")
            .tempdir()
            .map_err(Error::io("temporary folder"))?;
        Ok(Self {
            folder: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }
}

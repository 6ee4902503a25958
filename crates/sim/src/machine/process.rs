//! A machine that is this host: its agent runs as a process and reports the hardware it really finds.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::SCRIPT_LIMIT;
use crate::child::Child;
use crate::console::{Console, Marker};
use crate::firmware::{self, Ending, Purpose, Settings, Surroundings};
use crate::hardware::{BootPlan, SimMachine};
use crate::http::Http;
use crate::machine::played::{Boots, Played};

/// A machine whose "kernel" is the agent itself. Switched on, it fetches the boot script, the kernel and the
/// initramfs as firmware would, and starts the agent with the kernel's command line; switched off, it kills it.
pub type ProcessMachine = Played<Process>;

/// What a process machine is: the identity it boots with, and the agent it starts.
#[derive(Debug)]
pub struct Process {
    hardware: SimMachine,
    boot_url: String,
    agent: PathBuf,
    http: Http,
    console: Arc<Console>,
}

impl ProcessMachine {
    /// A machine of this identity, switched off. `agent` is the agent's program, `boot_url` the boot script's address.
    pub fn new(
        hardware: SimMachine,
        boot_url: impl Into<String>,
        agent: impl Into<PathBuf>,
        http: Http,
    ) -> Self {
        let (boot_url, agent) = (boot_url.into(), agent.into());
        Self::playing(Process {
            hardware,
            boot_url,
            agent,
            http,
            console: Arc::default(),
        })
    }
}

#[async_trait]
impl Boots for Process {
    fn hardware(&self) -> &SimMachine {
        &self.hardware
    }

    fn console(&self) -> &Arc<Console> {
        &self.console
    }

    async fn boot(&self, plan: BootPlan) {
        let mut settings = Settings::of(&self.hardware, &self.boot_url);
        settings.boots_with(plan.firmware);
        self.console.mark(Marker::NetworkBoot);
        match firmware::boot(self, settings, &self.boot_url).await {
            Ok(Ending::Boot(kernel)) => self.start_agent(&kernel.line).await,
            Ok(Ending::Exit(status)) => self.show(&format!("the boot script ended with {status}")),
            Err(fault) => self.show(&format!("the boot script failed: {fault}")),
        }
    }
}

impl Process {
    async fn start_agent(&self, line: &str) {
        let console = Arc::clone(&self.console);
        let arguments = vec!["--cmdline".into(), line.into()];
        match Child::spawn(
            self.agent.clone().into_os_string(),
            arguments,
            move |bytes| console.print(bytes),
        )
        .await
        {
            // The child is killed when this task is cancelled and drops it.
            Ok(child) => {
                child.wait().await;
                self.show(&format!(
                    "the agent ended: {}",
                    child.status().unwrap_or_default()
                ));
            }
            Err(error) => self.show(&format!("the agent could not be started: {error}")),
        }
    }
}

#[async_trait]
impl Surroundings for Process {
    async fn script(&self, url: &str) -> Result<Bytes, String> {
        let script = self.http.get(url, SCRIPT_LIMIT).await?;
        self.console.mark(Marker::Fetched(url.to_owned()));
        Ok(script)
    }

    async fn image(&self, url: &str, _purpose: Purpose) -> Result<(), String> {
        // The agent runs on this host's own kernel, so a server that has none to give can still be
        // asked for a boot; only what was really fetched is marked.
        match self.http.load(url, u64::MAX).await {
            Ok(_) => self.console.mark(Marker::Fetched(url.to_owned())),
            Err(reason) => self.show(&format!("{url} was not loaded: {reason}")),
        }
        Ok(())
    }

    fn show(&self, text: &str) {
        self.console.print(format!("{text}\n").as_bytes());
    }
}

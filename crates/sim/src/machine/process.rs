//! A machine that is this host: its agent runs as a process and reports the hardware it really finds.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::child::Child;
use crate::console::{Console, Marker};
use crate::firmware::{self, Ending, Purpose, Settings, Surroundings};
use crate::hardware::{BootDevice, BootPlan, SimMachine};
use crate::http::Http;
use crate::machine::{Machine, Power};
use crate::{Error, SCRIPT_LIMIT};

/// A machine whose "kernel" is the agent itself. Switched on, it fetches the boot script, the kernel and the
/// initramfs as firmware would, and starts the agent with the kernel's command line; switched off, it kills it.
#[derive(Debug)]
pub struct ProcessMachine {
    inner: Arc<Inner>,
    tasks: TaskTracker,
    /// The run that is under way.
    run: Mutex<Option<CancellationToken>>,
}

#[derive(Debug)]
struct Inner {
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
        let inner = Inner {
            hardware,
            boot_url,
            agent,
            http,
            console: Arc::default(),
        };
        Self {
            inner: Arc::new(inner),
            tasks: TaskTracker::new(),
            run: Mutex::default(),
        }
    }
}

#[async_trait]
impl Machine for ProcessMachine {
    fn hardware(&self) -> &SimMachine {
        &self.inner.hardware
    }

    fn power(&self) -> Power {
        if self.run.lock().is_some() {
            Power::On
        } else {
            Power::Off
        }
    }

    async fn power_on(&self, plan: BootPlan) -> Result<(), Error> {
        let mut run = self.run.lock();
        if run.is_some() {
            return Ok(());
        }
        self.inner.console.start();
        let stop = CancellationToken::new();
        if plan.device == BootDevice::Network {
            let (inner, stop) = (Arc::clone(&self.inner), stop.clone());
            self.tasks
                .spawn(async move { stop.run_until_cancelled(inner.boot(plan)).await });
        }
        *run = Some(stop);
        Ok(())
    }

    async fn power_off(&self) -> Result<(), Error> {
        if let Some(stop) = self.run.lock().take() {
            stop.cancel();
        }
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
        Ok(())
    }

    async fn press_power_button(&self) -> Result<(), Error> {
        self.power_off().await
    }

    async fn interrupt(&self) -> Result<(), Error> {
        Ok(())
    }

    fn console(&self) -> Arc<Console> {
        Arc::clone(&self.inner.console)
    }
}

impl Drop for ProcessMachine {
    fn drop(&mut self) {
        if let Some(stop) = self.run.lock().take() {
            stop.cancel();
        }
    }
}

impl Inner {
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
impl Surroundings for Inner {
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

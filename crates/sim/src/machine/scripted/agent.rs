//! The life of a played machine from power-on to its report.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use rand::Rng;

use super::report::simulated_report;
use super::{Posted, Script, ScriptedFault};
use crate::SCRIPT_LIMIT;
use crate::console::Marker;
use crate::firmware::{self, Ending, Purpose, Settings, Surroundings};
use crate::hardware::BootPlan;

/// How much of a boot file is loaded when the whole is not wanted.
const SAMPLE: u64 = 1024;
/// How long a machine that boots in a loop takes until it begins again.
const REBOOT: Duration = Duration::from_millis(200);
/// The first pause before a report is posted again, doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause between two posts.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

impl Script {
    /// Boots, and stays on whatever comes of it.
    pub(super) async fn live(&self, plan: BootPlan) {
        let mut retries = self.behaviour.lock().boot_retries;
        loop {
            let pace = self.behaviour.lock().pace;
            tokio::time::sleep(pace.firmware).await;
            if self.has(ScriptedFault::NeverAsks) {
                return;
            }
            self.console.mark(Marker::NetworkBoot);
            let mut settings = Settings::of(&self.hardware, &self.boot_url);
            settings.boots_with(plan.firmware);
            match firmware::boot(self, settings, &self.boot_url).await {
                Ok(Ending::Boot(_)) if self.has(ScriptedFault::BootLoops) => {
                    tokio::time::sleep(REBOOT).await;
                    continue;
                }
                Ok(Ending::Boot(kernel)) => return self.run_kernel(&kernel.line, plan).await,
                Ok(Ending::Exit(status)) => {
                    self.show(&format!("the boot script ended with {status}"));
                }
                Err(fault) => self.show(&format!("the boot script failed: {fault}")),
            }
            if self.stops_here() || retries == 0 {
                return;
            }
            retries -= 1;
        }
    }

    async fn run_kernel(&self, line: &str, plan: BootPlan) {
        if self.has(ScriptedFault::StopsAfterInitramfs) {
            return;
        }
        let pace = self.behaviour.lock().pace;
        tokio::time::sleep(pace.kernel).await;
        self.enter("init");
        let phases = argument(line, "assay.phase-url");
        self.tell(phases, "agent").await;
        if self.has(ScriptedFault::StopsAfterAgent) {
            return;
        }
        tokio::time::sleep(pace.collectors).await;
        self.enter("collectors");
        self.tell(phases, "collectors").await;
        if self.has(ScriptedFault::StopsAfterCollectors) {
            return;
        }
        match argument(line, "ipa-inspection-callback-url") {
            Some(callback) => self.report(callback, line, plan).await,
            None => self.show("assay-agent: error: the kernel line names no callback"),
        }
    }

    async fn report(&self, callback: &str, line: &str, plan: BootPlan) {
        let fault = self.behaviour.lock().fault;
        let mut report = simulated_report(&self.hardware, plan.firmware);
        report.boot_interface = argument(line, "BOOTIF")
            .map(str::to_owned)
            .or(report.boot_interface);
        if fault == Some(ScriptedFault::ReportsError) {
            report.inventory = None;
            report.error = Some("a simulated failure of the collectors".to_owned());
        }
        let mut body = serde_json::to_vec(&report).unwrap_or_default();
        if fault == Some(ScriptedFault::ReportsNonsense) {
            body.truncate(body.len() / 2);
        }
        let body = Bytes::from(body);
        let wrong = format!(
            "{}?nonce=0000",
            callback.split('?').next().unwrap_or(callback)
        );
        let callback = if fault == Some(ScriptedFault::WrongNonce) {
            &wrong
        } else {
            callback
        };
        self.enter("callback");
        if fault == Some(ScriptedFault::BreaksOff) {
            let failure = self.http.break_off(callback, body).await;
            return self.posted.lock().push(Posted::Failed(failure));
        }
        let times = if fault == Some(ScriptedFault::ReportsTwice) {
            2
        } else {
            1
        };
        for _ in 0..times {
            self.post(callback, &body).await;
        }
        self.enter("done");
    }

    /// Posts until there is an answer that ends it, as the agent does.
    async fn post(&self, callback: &str, body: &Bytes) {
        let mut pause = FIRST_PAUSE;
        loop {
            let posted = match self.http.post(callback, Some(body.clone())).await {
                Ok(status) => Posted::Answered(status),
                Err(reason) => Posted::Failed(reason),
            };
            self.posted.lock().push(posted.clone());
            if let Posted::Answered(status) = posted
                && is_final(status)
            {
                return;
            }
            let jitter = rand::rng().random_range(0.5..1.5);
            tokio::time::sleep(pause.mul_f64(jitter)).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Tells a phase; whether anybody listens does not matter.
    async fn tell(&self, phases: Option<&str>, phase: &str) {
        if let Some(url) = phases {
            let _ = self.http.post(&format!("{url}/{phase}"), None).await;
        }
    }

    fn enter(&self, phase: &str) {
        self.show(&format!("assay-agent: phase {phase}"));
    }

    fn has(&self, fault: ScriptedFault) -> bool {
        self.behaviour.lock().fault == Some(fault)
    }

    fn stops_here(&self) -> bool {
        self.has(ScriptedFault::StopsAfterScript) || self.has(ScriptedFault::StopsAfterKernel)
    }
}

#[async_trait]
impl Surroundings for Script {
    async fn script(&self, url: &str) -> Result<Bytes, String> {
        let script = self.http.get(url, SCRIPT_LIMIT).await?;
        self.console.mark(Marker::Fetched(url.to_owned()));
        Ok(script)
    }

    async fn image(&self, url: &str, purpose: Purpose) -> Result<(), String> {
        let fault = match purpose {
            Purpose::Kernel => ScriptedFault::StopsAfterScript,
            Purpose::Initrd => ScriptedFault::StopsAfterKernel,
        };
        if self.has(fault) {
            return Err("the machine hangs".to_owned());
        }
        let wanted = if self.behaviour.lock().loads_whole_files {
            u64::MAX
        } else {
            SAMPLE
        };
        self.http.load(url, wanted).await?;
        self.console.mark(Marker::Fetched(url.to_owned()));
        Ok(())
    }

    fn show(&self, text: &str) {
        self.console.print(format!("{text}\n").as_bytes());
    }
}

/// The value of `name=value` in a kernel line.
fn argument<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.split_whitespace()
        .find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

/// Whether an answer ends the posting: success, or a refusal that will not change.
fn is_final(status: u16) -> bool {
    matches!(status, 200..=299)
        || (matches!(status, 400..=499) && !matches!(status, 408 | 425 | 429))
}

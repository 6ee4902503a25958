//! Runs the collectors side by side and puts the report together.

use std::cell::RefCell;
use std::sync::Once;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use assay_inventory::{Configuration, Disk, Manager, Report, RootDeviceHints, select_root_disk};

use crate::collectors::{Collector, Found, logs};
use crate::host::Host;

type Outcome = (usize, Result<Found, String>);

thread_local! {
    /// Set in collectors' threads only: whom to tell of a panic.
    static WATCHER: RefCell<Option<(usize, Sender<Outcome>)>> = const { RefCell::new(None) };
}

/// Runs these collectors, each at most so long. One that fails or hangs is
/// logged and left behind; where its absence would make the report untrue it
/// is named in the report's `error`.
pub fn run(
    host: &Host,
    collectors: &[&'static dyn Collector],
    hints: Option<&RootDeviceHints>,
    timeout: Duration,
) -> Report {
    watch_panics();
    let mut report = Report::default();
    report.inventory.get_or_insert_default();
    let outcomes = start(host, collectors);
    let mut problems = vec![Some("took too long".to_owned()); collectors.len()];
    for (index, outcome) in within(&outcomes, collectors.len(), timeout) {
        problems[index] = match outcome {
            Ok(found) => {
                found(&mut report);
                None
            }
            Err(problem) => Some(problem),
        };
    }
    for (collector, problem) in collectors.iter().zip(problems) {
        if let Some(problem) = problem {
            let problem = format!("collector {}: {problem}", collector.name());
            host.log.note(&problem);
            if collector.is_essential() && report.error.is_none() {
                report.error = Some(host.log.clean(&problem));
            }
        }
    }
    report.root_disk = root_disk(&report, hints).cloned();
    report.configuration = Some(configuration(collectors));
    report
}

/// Adds the logs, which must come last to be whole.
pub fn add_logs(host: &Host, report: &mut Report) {
    match logs::pack(host) {
        Ok(packed) => report.logs = Some(packed),
        Err(error) => host.log.note(format!("logs: {error}")),
    }
}

fn start(host: &Host, collectors: &[&'static dyn Collector]) -> Receiver<Outcome> {
    let (sender, outcomes) = mpsc::channel();
    for (index, collector) in collectors.iter().copied().enumerate() {
        let (host, watcher, own) = (host.clone(), sender.clone(), sender.clone());
        let work = move || {
            WATCHER.set(Some((index, watcher)));
            let outcome = collector.collect(&host).map_err(|error| error.to_string());
            // Nobody listens any more when it came too late.
            let _ = own.send((index, outcome));
        };
        let name = format!("collect-{}", collector.name());
        if let Err(error) = thread::Builder::new().name(name).spawn(work) {
            let _ = sender.send((index, Err(error.to_string())));
        }
    }
    outcomes
}

/// Outcomes as they come, until there are so many or time is up.
fn within(outcomes: &Receiver<Outcome>, count: usize, timeout: Duration) -> Vec<Outcome> {
    let deadline = Instant::now() + timeout;
    let next = |_| {
        let left = deadline.saturating_duration_since(Instant::now());
        outcomes.recv_timeout(left).ok()
    };
    (0..count).map_while(next).collect()
}

/// A collector that panics is reported as failed, and its thread kept from
/// ending, since the agent is built so that a panic ends the process.
fn watch_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let others = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let watcher = WATCHER.try_with(RefCell::take).ok().flatten();
            let Some((index, sender)) = watcher else {
                return others(info);
            };
            let _ = sender.send((index, Err(format!("panicked: {info}"))));
            // Where a panic unwinds, this thread alone ends.
            while cfg!(panic = "abort") {
                thread::park();
            }
        }));
    });
}

fn root_disk<'a>(report: &'a Report, hints: Option<&RootDeviceHints>) -> Option<&'a Disk> {
    select_root_disk(&report.inventory.as_ref()?.disks, hints)
}

fn configuration(collectors: &[&'static dyn Collector]) -> Configuration {
    Configuration {
        collectors: collectors
            .iter()
            .map(|collector| collector.name().to_owned())
            .collect(),
        managers: vec![Manager {
            name: Some("assay-agent".to_owned()),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;
    use crate::kernel_line::KernelLine;
    use crate::log::Log;

    struct Case(&'static str, bool, fn() -> Result<Found, Error>);

    impl Collector for Case {
        fn name(&self) -> &'static str {
            self.0
        }

        fn is_essential(&self) -> bool {
            self.1
        }

        fn collect(&self, _host: &Host) -> Result<Found, Error> {
            self.2()
        }
    }

    #[allow(clippy::unnecessary_wraps)] // Its type is that of all cases.
    fn good() -> Result<Found, Error> {
        Ok(Box::new(|report| {
            report.boot_interface = Some("52:54:00:00:00:01".to_owned());
        }))
    }

    fn hang() -> Result<Found, Error> {
        loop {
            thread::park();
        }
    }

    fn fail() -> Result<Found, Error> {
        Err(Error::Malformed("no good".to_owned()))
    }

    static GOOD: Case = Case("good", true, good);
    static HUNG: Case = Case("hung", false, hang);
    static FAILED: Case = Case("failed", false, fail);
    static PANICKED: Case = Case("panicked", false, || panic!("on purpose"));
    static ESSENTIAL: Case = Case("essential", true, fail);

    fn outcome(collectors: &[&'static dyn Collector]) -> (Report, String) {
        let host = Host::live(Log::new(&KernelLine::default(), None));
        let report = run(&host, collectors, None, Duration::from_millis(300));
        (report, host.log.text())
    }

    #[test]
    fn a_bad_collector_is_logged_and_stops_nothing() {
        let (report, log) = outcome(&[&HUNG, &FAILED, &PANICKED, &GOOD]);
        assert_eq!(report.boot_interface.as_deref(), Some("52:54:00:00:00:01"));
        assert_eq!(report.error, None);
        for line in [
            "hung: took too long",
            "failed: no good",
            "panicked: panicked",
        ] {
            assert!(log.contains(line), "{log}");
        }
    }

    #[test]
    fn a_missing_essential_is_the_reports_error() {
        let (report, _) = outcome(&[&ESSENTIAL, &GOOD]);
        assert_eq!(
            report.error.as_deref(),
            Some("collector essential: no good")
        );
        assert!(report.boot_interface.is_some() && report.inventory.is_some());
    }
}

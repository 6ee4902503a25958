//! Process mode: look at this host, then show or deliver the report.

use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use crate::Error;
use crate::collect;
use crate::collectors;
use crate::host::Host;
use crate::http::Server;
use crate::kernel_line::KernelLine;
use crate::lldp::{self, Heard};
use crate::log::Log;
use crate::netlink;
use crate::settings::Settings;

/// Longest time for a collector of `--print`.
const PRINT_TIMEOUT: Duration = Duration::from_mins(1);

/// Writes this host's report as JSON. Facts that only root may read are null
/// for others.
pub fn print(to: &mut dyn Write) -> ExitCode {
    let log = Log::new(&KernelLine::default(), None);
    let host = Host::live(log.clone());
    let report = collect::run(&host, &collectors::ALL, None, PRINT_TIMEOUT);
    let mut complain = io::stderr();
    // What could not be collected is said, but not within the JSON.
    let _ = complain.write_all(log.text().as_bytes());
    let written = serde_json::to_writer_pretty(&mut *to, &report)
        .map_err(io::Error::from)
        .and_then(|()| writeln!(to));
    match (written, report.error) {
        (Ok(()), None) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Reports this host as the kernel line tells; 0 when the report was accepted.
pub fn report(line: &str) -> ExitCode {
    let line = KernelLine::parse(line);
    let log = Log::new(&line, Some(Box::new(io::stderr())));
    match try_report(&Settings::from_kernel_line(&line), &log) {
        Ok(()) => {
            log.mark("phase done");
            ExitCode::SUCCESS
        }
        Err(error) => {
            log.mark(format!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

fn try_report(settings: &Settings, log: &Log) -> Result<(), Error> {
    let server = Server::new(settings, log)?;
    let host = Host {
        boot_interface: settings.boot_interface,
        lldp: settings.lldp.map(|_| listen(log)),
        ..Host::live(log.clone())
    };
    inspect(&host, settings, &server)
}

/// What init and process mode have in common: announce, collect, deliver.
pub(crate) fn inspect(host: &Host, settings: &Settings, server: &Server) -> Result<(), Error> {
    let log = &host.log;
    for problem in &settings.problems {
        log.note(problem);
    }
    server.announce("agent");
    log.mark("phase collectors");
    if let (Some(heard), Some(patience)) = (&host.lldp, settings.lldp) {
        heard.wait(&connected(host), patience);
    }
    let hints = settings.root_device.as_ref();
    let mut report = collect::run(host, &collectors::ALL, hints, settings.collect_timeout);
    if report.error.is_none() {
        report.error.clone_from(&settings.root_device_problem);
    }
    server.announce("collectors");
    log.mark("phase callback");
    collect::add_logs(host, &mut report);
    let body = serde_json::to_vec(&report)
        .map_err(|error| Error::Malformed(format!("encoding the report: {error}")))?;
    log.note(format!("callback: {} bytes", body.len()));
    server.deliver(&body)
}

/// Listens for LLDP on every link of real hardware.
pub(crate) fn listen(log: &Log) -> Heard {
    let host = Host::live(log.clone());
    let names = collectors::hardware_names(&host);
    let mut links = netlink::links().unwrap_or_default();
    links.retain(|link| names.contains(&link.name));
    lldp::listen(&links, log)
}

fn connected(host: &Host) -> Vec<String> {
    let names = collectors::hardware_names(host);
    let links = (host.links)().unwrap_or_default();
    let connected = links.into_iter().filter(|link| link.has_carrier);
    connected
        .map(|link| link.name)
        .filter(|name| names.contains(name))
        .collect()
}

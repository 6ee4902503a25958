//! Process 1 of the ramdisk: from the kernel's hand-over to the report.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::{WaitOptions, wait};
use rustix::system::{RebootCommand, reboot};

use crate::Error;
use crate::collectors;
use crate::host::Host;
use crate::http::Server;
use crate::kernel_line::KernelLine;
use crate::log::Log;
use crate::process;
use crate::settings::Settings;
use crate::settle;

mod modules;
mod mounts;

use modules::Modules;

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// Where the builder of the ramdisk lists the modules.
const MODULES: &str = "/etc/assay";
/// Delay of the reboot when not even the kernel line could be read.
const BLIND_DELAY: Duration = Duration::from_mins(5);

/// Brings the machine up, reports it, and waits to be switched off. Never
/// returns: the kernel panics when process 1 ends.
pub fn run() -> ! {
    let mount_problems = mounts::mount_all();
    let line = KernelLine::parse(&std::fs::read_to_string("/proc/cmdline").unwrap_or_default());
    let log = Log::new(&line, console());
    reboot_on_panic(&log, delay_of(&line));
    for problem in mount_problems {
        log.note(problem);
    }
    log.mark("phase init");
    match report(&line, &log) {
        Ok(()) => {
            log.mark("phase done");
            rest()
        }
        Err(error) => {
            log.mark(format!("error: {error}"));
            give_up(&log, delay_of(&line))
        }
    }
}

fn report(line: &KernelLine, log: &Log) -> Result<(), Error> {
    let settings = Settings::from_kernel_line(line);
    let server = Server::new(&settings, log)?;
    let mut host = Host {
        boot_interface: settings.boot_interface,
        ..Host::live(log.clone())
    };
    let mut modules = Modules::read(Path::new(MODULES));
    modules.load(&host);
    if let Some(problem) = mounts::mount_efi_variables() {
        log.note(problem);
    }
    log.mark("phase network");
    let cards = || {
        modules.load(&host);
        collectors::hardware_names(&host)
    };
    crate::network::bring_up(&settings, cards, Path::new(RESOLV_CONF), log)?;
    // Links are up, so that frames come in while the rest is done.
    host.lldp = Some(process::listen(log));
    while settle::settle(&host, settings.settle_timeout) && modules.load(&host) {}
    process::inspect(&host, &settings, &server)
}

/// The serial console and whatever else the kernel line names as console.
fn console() -> Option<Box<dyn Write + Send>> {
    let mut console = File::options().write(true).open("/dev/console").ok()?;
    // The firmware leaves its cursor anywhere; watchers look for whole lines.
    console.write_all(b"\n").ok()?;
    Some(Box::new(console))
}

fn delay_of(line: &KernelLine) -> Option<Duration> {
    match line.get("assay.reboot-after").map(str::parse) {
        Some(Ok(0)) => None,
        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
        _ => Some(BLIND_DELAY),
    }
}

/// Only panics of the agent's own thread get here; collectors' are survived.
fn reboot_on_panic(log: &Log, delay: Option<Duration>) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |info| {
        log.mark(format!("error: panicked: {info}"));
        give_up(&log, delay)
    }));
}

/// Lets people read the console, then tries the whole boot again.
fn give_up(log: &Log, delay: Option<Duration>) -> ! {
    let Some(delay) = delay else {
        rest();
    };
    thread::sleep(delay);
    if let Err(error) = reboot(RebootCommand::Restart) {
        log.mark(format!("error: reboot: {error}"));
    }
    rest()
}

/// Waits to be switched off, and buries processes that nobody else waits for.
fn rest() -> ! {
    loop {
        if !matches!(wait(WaitOptions::empty()), Ok(Some(_))) {
            thread::sleep(Duration::from_secs(1));
        }
    }
}

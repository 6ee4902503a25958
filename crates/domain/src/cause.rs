//! The known causes of an introspection that hangs or fails: what an operator reads first.
//!
//! Each cause can be told from the others by evidence. The table below is the catalogue: key, the
//! phases that do not come because of it, one sentence that says what is wrong, and what to do.

use std::str::FromStr;

use crate::error::{Error, Result};
use crate::phase::Phase;

/// What is known of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CauseFacts {
    /// Its key in APIs, alarms and metrics.
    pub key: &'static str,
    /// The phases that do not come because of it.
    pub phases: &'static [Phase],
    /// What is wrong, one sentence.
    pub text: &'static str,
    /// What to do about it.
    pub advice: &'static str,
}

const POWER: &[Phase] = &[Phase::Power];
const BOOT: &[Phase] = &[Phase::BootScript];
const KERNEL: &[Phase] = &[Phase::Kernel];
/// A transfer begins with the phase's stamp, so the phase that does not come is the next one.
const AFTER_KERNEL: &[Phase] = &[Phase::Initramfs];
const INITRAMFS: &[Phase] = &[Phase::Initramfs];
const AGENT: &[Phase] = &[Phase::Agent];
const COLLECTORS: &[Phase] = &[Phase::Collectors];
const RAMDISK: &[Phase] = &[Phase::Agent, Phase::Collectors, Phase::Callback];
/// A ramdisk without Assay's boot script shows no phase before its report.
const REPORT: &[Phase] = &[
    Phase::BootScript,
    Phase::Kernel,
    Phase::Initramfs,
    Phase::Agent,
    Phase::Collectors,
    Phase::Callback,
];
const MACHINE_ON: &[Phase] = REPORT;
const LOADING: &[Phase] = &[Phase::Kernel, Phase::Initramfs, Phase::Agent];
const PROCESSING: &[Phase] = &[Phase::Hooks, Phase::Rules];
const WORK: &[Phase] = &[Phase::Power, Phase::Hooks, Phase::Rules];

/// Declares the causes and their facts from one table, so that neither can miss one.
macro_rules! causes {
    ($($name:ident = $key:literal, $phases:expr, $text:literal, $advice:literal;)+) => {
        /// A known cause. Its key never changes: alarms and runbooks refer to it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Cause {
            $(#[doc = $text] $name,)+
        }

        impl Cause {
            /// All causes, in the order of the phases that they keep from coming.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];
        }

        const FACTS: &[CauseFacts] = &[$(CauseFacts {
            key: $key,
            phases: $phases,
            text: $text,
            advice: $advice,
        }),+];
    };
}

causes! {
    BmcUnreachable = "bmc_unreachable", POWER,
        "No connection to the BMC can be made.",
        "Check the BMC's address and port in the power control, its cable and VLAN, and any firewall between Assay's workers and it.";
    BmcMute = "bmc_mute", POWER,
        "The BMC takes the connection and does not answer in time.",
        "Reset the BMC (its own cold reset, or unplug the machine); raise bmc_request_timeout if it is merely slow.";
    BmcRefusedCredentials = "bmc_refused_credentials", POWER,
        "The BMC refuses the login; Assay asks no more until the credentials change, so that the account is not locked.",
        "Put the right login and password into the power control; check on the BMC whether the account is locked or lacks rights.";
    BmcTlsUntrusted = "bmc_tls_untrusted", POWER,
        "The BMC's TLS certificate or SSH host key is not one that the power control's settings trust.",
        "If the device is the right one, pin its certificate's or host key's fingerprint in the power control's settings, or name the authority that signed the certificate.";
    BmcUnsupported = "bmc_unsupported", POWER,
        "The BMC, its licence or the account cannot do what the introspection needs.",
        "Update the BMC's firmware, add the licence or right that is missing, or start with manage_boot=false and boot the machine by hand.";
    BmcMalformed = "bmc_malformed", POWER,
        "The BMC gives answers that make no sense.",
        "Check that the address is a BMC of this protocol and no proxy; reset the BMC and update its firmware.";
    BmcFailed = "bmc_failed", POWER,
        "The BMC answers with an error of its own.",
        "Read the BMC's message in the evidence; a BMC that is out of sessions or busy recovers, else reset it.";
    PowerNotReached = "power_not_reached", POWER,
        "The BMC accepts the power command and the machine does not follow.",
        "Look at the machine: power supplies, a latched fault light, a lock-out or power cap in the BMC's own event log.";
    NodeHeld = "node_held", POWER,
        "Another task holds the node, so this one waits.",
        "Wait for that task, or revoke it; the evidence names it, its purpose and since when.";
    NoWorker = "no_worker", WORK,
        "The task waits and no live worker takes tasks of its class.",
        "Start a worker; check that it reaches the same database and broker as the API servers.";
    WorkersBusy = "workers_busy", WORK,
        "The task waits because all workers are busy with other tasks.",
        "Wait, add workers, or raise worker_slots.";
    PxeNotAdmitted = "pxe_not_admitted", &[Phase::Power, Phase::BootScript],
        "The network boot service could not be told to serve this machine.",
        "Check the admission settings and the folder or service that they name; the evidence has its error.";
    PoweredOffAgain = "powered_off_again", MACHINE_ON,
        "The machine was switched on and its BMC now says that it is off.",
        "Look for who switched it off: a person, a power supply, a thermal shut-down in the BMC's event log; then start again.";
    BootOverrideLost = "boot_override_lost", BOOT,
        "The BMC accepted the boot override to the network and does not show it.",
        "Set the machine's own boot order to the network first, or update the BMC's firmware.";
    UnknownMac = "unknown_mac", BOOT,
        "A machine that fits no node asked for a boot script while this one was awaited: probably this one, from another network card.",
        "If it is this machine, give the node a port with that MAC address, or its system UUID or serial number.";
    AmbiguousMachine = "ambiguous_machine", &[Phase::BootScript, Phase::Kernel],
        "The machine that asked for a boot script fits several nodes.",
        "Remove the MAC address, system UUID or serial number that two nodes share; the evidence names the nodes.";
    SecondClaimant = "second_claimant", REPORT,
        "Another machine claims to be this node while its introspection runs.",
        "Two machines carry the same MAC address, system UUID or serial number: correct the one that is wrong.";
    NoBootRequest = "no_boot_request", BOOT,
        "The machine is on and asked for nothing: DHCP, cable, boot order or network card.",
        "Watch its console: no link is a cable or VLAN, no address is DHCP, a booted disk is the boot order; then check the DHCP server's boot file.";
    KernelNotConfigured = "kernel_not_configured", KERNEL,
        "The machine asked for the kernel and Assay has no file that it can read.",
        "Set boot.kernel to a kernel image that Assay's user may read.";
    KernelNotAsked = "kernel_not_asked", KERNEL,
        "The machine got its boot script and never asked for the kernel at the address in it.",
        "Check public_url: the machine must reach that address, and its iPXE must trust the certificate of an https address.";
    KernelCut = "kernel_cut", AFTER_KERNEL,
        "The machine began to load the kernel and the connection broke before its end.",
        "Look for packet loss, a duplex mismatch or an MTU that is too large between Assay and the machine.";
    InitramfsNotConfigured = "initramfs_not_configured", INITRAMFS,
        "The machine asked for the initramfs and Assay has no file that it can read.",
        "Build one with 'assay ramdisk build' and set boot.initramfs to it.";
    InitramfsNotAsked = "initramfs_not_asked", INITRAMFS,
        "The machine loaded the kernel and never asked for the initramfs.",
        "Check whether the firmware refuses the kernel (Secure Boot, wrong architecture); its console says so.";
    InitramfsCut = "initramfs_cut", AGENT,
        "The machine began to load the initramfs and the connection broke before its end.",
        "Look for packet loss or an MTU that is too large; a machine with little memory cannot hold a large initramfs.";
    KernelPanic = "kernel_panic", RAMDISK,
        "The kernel has panicked; the serial log has its last words.",
        "Read them: no init is a wrong or broken initramfs, a hardware error is the machine's; try another kernel.";
    RamdiskNoNetwork = "ramdisk_no_network", RAMDISK,
        "The agent runs and found no network card that works: a driver module or its firmware is missing, or there is no link.",
        "Build the initramfs for this kernel with the card's driver and firmware ('assay ramdisk build --firmware').";
    BootLoop = "boot_loop", LOADING,
        "The machine asks for its boot script again and again.",
        "It resets while it boots: watch its console for a panic, a watchdog or a firmware that rejects the kernel.";
    CallbackTls = "callback_tls", RAMDISK,
        "The agent does not trust Assay's certificate.",
        "Set boot.ca_file to the authority that signed the listener's certificate; check its dates and its names.";
    CallbackUnreachable = "callback_unreachable", RAMDISK,
        "The agent runs by its console and does not reach Assay.",
        "Check public_url and the route and firewall from the machine's network to it.";
    AgentError = "agent_error", RAMDISK,
        "The agent says on its console that it has failed.",
        "Read its words in the evidence; ipa-debug=1 in boot.extra_kernel_args makes it say more.";
    AgentSilent = "agent_silent", AGENT,
        "Kernel and initramfs were loaded and the agent was never heard of.",
        "Watch the machine's console, or set diagnosis.console_dir to where serial logs are kept: Assay then tells a panic from a missing driver.";
    CollectorHangs = "collector_hangs", COLLECTORS,
        "The agent runs and does not finish collecting the inventory.",
        "A device does not answer: a disk, a controller or the BMC's interface; the agent's console names the collector.";
    StaleNonce = "stale_nonce", REPORT,
        "A report came with the nonce of another boot and was refused.",
        "The machine still runs an earlier ramdisk, or something repeats its requests: reset the machine.";
    ReportTooLarge = "report_too_large", REPORT,
        "The report is larger than body_limits.report and was refused.",
        "Raise body_limits.report, or have the ramdisk send less (logs, extra collectors).";
    ReportMalformed = "report_malformed", REPORT,
        "What the ramdisk sent is not a report.",
        "Use a ramdisk that sends Inspector's format; the evidence says what is wrong and where.";
    ReportCut = "report_cut", REPORT,
        "The report began to arrive and broke off.",
        "Look for packet loss, an MTU that is too large or a proxy with a limit between the machine and Assay.";
    LookupNone = "lookup_none", REPORT,
        "A report without a nonce fits no node and was refused.",
        "Give the node the MAC address, BMC address, system UUID or serial number that the evidence names.";
    LookupSeveral = "lookup_several", REPORT,
        "A report without a nonce fits several nodes and was refused.",
        "Remove the identity that two nodes share; the evidence names the nodes and by what they were found.";
    RateLimited = "rate_limited", REPORT,
        "The machine's address asked more often than rate_limits allows.",
        "Raise rate_limits.reports_per_second or boot_per_second when many machines share one address (a proxy, NAT).";
    IntakeFull = "intake_full", REPORT,
        "The report found no room: body_limits.report_budget was used up.",
        "Raise body_limits.report_budget, or introspect fewer machines at a time.";
    ReportNeverSent = "report_never_sent", &[Phase::Callback],
        "The agent has collected the inventory and no report arrived.",
        "Check the callback URL in the boot script (public_url) and what lies between the machine and it.";
    HookFailed = "hook_failed", PROCESSING,
        "A hook refused the report.",
        "The evidence names the hook and what it misses; correct the node or the hook's settings, then reapply the report.";
    RamdiskError = "ramdisk_error", PROCESSING,
        "The ramdisk reported an error instead of an inventory.",
        "Read its words in the evidence and its logs in the raw report.";
    RuleFailed = "rule_failed", PROCESSING,
        "An introspection rule ended the processing.",
        "The evidence names the rule and which of its conditions held; correct the rule, then reapply the report.";
    ProcessingAbandoned = "processing_abandoned", WORK,
        "The task was given up because its worker died each time.",
        "Look at the workers' logs and memory; then reapply the report or start again.";
    ProcessingSlow = "processing_slow", PROCESSING,
        "A worker is still processing the report.",
        "Wait; a large report or many rules take time. The task's progress says more.";
}

impl Cause {
    /// The catalogue's entry.
    pub fn facts(self) -> CauseFacts {
        FACTS[self as usize]
    }

    /// The key in APIs, the database and metrics.
    pub fn as_str(self) -> &'static str {
        self.facts().key
    }

    /// Whether `phase` can fail to come because of this.
    pub fn explains(self, phase: Phase) -> bool {
        self.facts().phases.contains(&phase)
    }
}

impl FromStr for Cause {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|cause| cause.as_str() == text)
            .ok_or_else(|| Error::invalid(format!("unknown cause '{text}'")))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Cause, Phase};

    #[test]
    fn keys_are_unique_and_round_trip() {
        let keys: BTreeSet<_> = Cause::ALL.iter().map(|cause| cause.as_str()).collect();
        assert_eq!(keys.len(), Cause::ALL.len());
        for &cause in Cause::ALL {
            assert_eq!(cause.as_str().parse::<Cause>().unwrap(), cause);
        }
    }

    #[test]
    fn every_phase_has_causes_and_every_cause_a_phase_a_text_and_an_advice() {
        for phase in Phase::ALL {
            assert!(Cause::ALL.iter().any(|cause| cause.explains(phase)));
        }
        for &cause in Cause::ALL {
            let facts = cause.facts();
            assert!(!facts.phases.is_empty(), "{}", facts.key);
            assert!(facts.text.ends_with('.') && facts.advice.ends_with('.'));
        }
    }
}

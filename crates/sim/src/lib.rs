//! Simulated machines and BMCs: hardware as data, behind a Redfish service that says of itself that it is a simulator.
//!
//! A [`Bmc`] answers Redfish on its own address and switches a [`Machine`] on and off; an [`IpmiBmc`] does so for IPMI. There are three kinds of
//! machine: [`QemuMachine`] is a real virtual machine that boots over the network, [`ProcessMachine`] runs the agent
//! as a process on this host, and [`ScriptedMachine`] plays a machine over HTTP, for fleets and for tests that need
//! thousands of them or one that misbehaves.
//!
//! An [`Amt`] does the same in the language of Intel AMT. A [`Fleet`] is thousands of all three in one process.
//!
//! An [`OpenStack`] is a cloud whose hypervisors are hosts in name alone.
//!
//! Nothing here is a product for managing machines; it exists to be managed.

#![forbid(unsafe_code)]

mod amt;
mod bmc;
mod child;
mod console;
mod error;
mod firmware;
mod fleet;
mod hardware;
mod http;
mod ipmi;
mod machine;
mod openstack;
mod restart;
mod web;
mod work;

pub use amt::{Amt, AmtBoot, AmtCounters, AmtFaults, AmtOptions, AmtPowerCommand};
pub use bmc::{
    Bmc, BmcOptions, BootOverride, Counters, Failure, Faults, OverrideEnabled, OverrideMode,
    OverrideTarget, ResetSeen, ResetType, Scope,
};
pub use console::{Console, Marker, Sighting};
pub use error::Error;
pub use fleet::{
    FaultShare, Fleet, FleetBmc, FleetFault, FleetOptions, FleetPorts, Member, Protocol, Share,
    SimCertificate, allow_open_files, fleet, fleet_address,
};
pub use hardware::{
    BootDevice, BootPlan, DiskBus, Firmware, NicModel, SimDisk, SimMachine, SimNic,
};
pub use http::Http;
pub use ipmi::{ControlSeen, IpmiBmc, IpmiCounters, IpmiFaults, IpmiOptions};
pub use machine::idle::IdleMachine;
pub use machine::process::ProcessMachine;
pub use machine::qemu::{
    HOST_IN_GUEST, Network, QemuMachine, guest_url, qemu_available, uefi_available,
};
pub use machine::scripted::{
    Behaviour, Pace, Posted, ScriptedFault, ScriptedMachine, simulated_report,
};
pub use machine::{Machine, Power};

pub use openstack::{
    ActionFailure, BadEnd, CallFault, CloudHost, HostCondition, HostMachine, HostShape, OpenStack,
    OpenStackCounters, OpenStackFault, OpenStackOptions, TwoHosts,
};
pub use restart::RestartFault;
pub use web::server_tls;

/// The largest boot script that simulated firmware takes, in bytes; it also bounds a kernel that is chained to.
const SCRIPT_LIMIT: usize = 64 << 20;

//! Starts and stops a fleet.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::bmc::{FleetBmc, Protocol};
use super::fault::{FaultShare, FleetFault, spread};
use super::hardware::fleet;
use super::places::{addresses, allow_open_files};
use crate::hardware::SimMachine;
use crate::{
    Amt, AmtFaults, AmtOptions, Bmc, BmcOptions, CloudHost, Error, Faults, HostMachine,
    IdleMachine, IpmiBmc, IpmiFaults, IpmiOptions, Machine, SimCertificate,
};

/// The ports of a fleet: each BMC has an address of its own, and all of one protocol the same port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FleetPorts {
    /// TCP port of Redfish.
    pub redfish: u16,
    /// UDP port of IPMI.
    pub ipmi: u16,
    /// TCP port of Intel AMT.
    pub amt: u16,
}

/// How a fleet is set up.
#[derive(Clone)]
pub struct FleetOptions {
    /// How many BMCs speak Redfish.
    pub redfish: usize,
    /// How many speak IPMI.
    pub ipmi: usize,
    /// How many speak Intel AMT.
    pub amt: usize,
    /// The address of the first one in 127.0.0.0/8; the others follow, Redfish first, then IPMI, then
    /// Intel AMT.
    pub first: Ipv4Addr,
    /// Their ports; not 0.
    pub ports: FleetPorts,
    /// What their machines are made of, and which of them have which faults.
    pub seed: u64,
    /// The one account's name: at most 16 bytes where there is IPMI.
    pub username: String,
    /// The one account's password: at most 20 bytes where there is IPMI.
    pub password: String,
    /// With it Redfish and Intel AMT are HTTPS, else HTTP.
    pub certificate: Option<SimCertificate>,
    /// The faults, and how many BMCs of each protocol have them.
    pub faults: Vec<FaultShare>,
    /// When an IPMI session ends that nobody uses (60 s in section 6.12.15 of the specification).
    pub ipmi_session_timeout: Duration,
    /// The hosts of a simulated cloud that run on the first machines, in this order; the machines beyond
    /// them are off, and do nothing.
    pub hosts: Vec<CloudHost>,
    /// Stops all when cancelled.
    pub stop: CancellationToken,
}

impl FleetOptions {
    /// A fleet without any BMC yet, over plain HTTP and without faults.
    pub fn new(username: impl Into<String>, password: impl Into<String>) -> Self {
        Self {
            redfish: 0,
            ipmi: 0,
            amt: 0,
            first: Ipv4Addr::new(127, 1, 0, 1),
            ports: FleetPorts {
                redfish: 8443,
                ipmi: 6230,
                amt: 16993,
            },
            seed: 1,
            username: username.into(),
            password: password.into(),
            certificate: None,
            faults: Vec::new(),
            ipmi_session_timeout: IpmiOptions::default().session_timeout,
            hosts: Vec::new(),
            stop: CancellationToken::new(),
        }
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str| Err(Error::Fleet(what.to_owned()));
        let ports = [self.ports.redfish, self.ports.ipmi, self.ports.amt];
        if self.redfish + self.ipmi + self.amt == 0 {
            return wrong("a fleet needs at least one BMC");
        }
        if ports.contains(&0) {
            return wrong("all BMCs of one protocol share a port, which cannot be 0");
        }
        if self.username.is_empty() || self.password.is_empty() {
            return wrong("the account needs a name and a password");
        }
        if self.ipmi > 0 && (self.username.len() > 16 || self.password.len() > 20) {
            return wrong("IPMI has 16 bytes for a name and 20 for a password");
        }
        Ok(())
    }

    fn count(&self, protocol: Protocol) -> usize {
        match protocol {
            Protocol::Redfish => self.redfish,
            Protocol::Ipmi => self.ipmi,
            Protocol::Amt => self.amt,
        }
    }
}

/// A BMC of a fleet, and what is wrong with it from the beginning.
pub struct Member {
    /// The BMC.
    pub bmc: FleetBmc,
    /// Its fault.
    pub fault: Option<FleetFault>,
}

/// A running fleet. Dropping it stops it.
pub struct Fleet {
    members: Vec<Member>,
}

impl Fleet {
    /// Starts all BMCs, each before an idle machine; to be called inside a Tokio runtime. This process
    /// may open more files afterwards.
    ///
    /// # Errors
    /// [`Error::Fleet`] for options that cannot be, [`Error::Files`] when the system allows too few
    /// open files, [`Error::Host`] when an address is taken.
    pub fn start(options: &FleetOptions) -> Result<Self, Error> {
        options.check()?;
        let count = options.redfish + options.ipmi + options.amt;
        let mut addresses = addresses(options.first, count)?.into_iter();
        allow_open_files(count)?;
        let mut hosts = options.hosts.iter().cloned();
        let machines = fleet(count, options.seed).into_iter();
        let mut machines = machines.map(|hardware| machine(hardware, hosts.next()));
        let mut members = Vec::with_capacity(count);
        for protocol in Protocol::ALL {
            let count = options.count(protocol);
            let faults = spread(count, &options.faults, options.seed)?;
            for ((fault, address), machine) in
                faults.into_iter().zip(&mut addresses).zip(&mut machines)
            {
                let bmc = start(options, protocol, address, machine, fault)?;
                members.push(Member { bmc, fault });
            }
        }
        Ok(Self { members })
    }

    /// All BMCs: those of Redfish, then those of IPMI, then those of Intel AMT.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Stops all.
    pub async fn stop(self) -> Result<(), Error> {
        for member in self.members {
            member.bmc.stop().await?;
        }
        Ok(())
    }
}

fn machine(hardware: SimMachine, host: Option<CloudHost>) -> Arc<dyn Machine> {
    match host {
        Some(host) => Arc::new(HostMachine::new(hardware, host)),
        None => Arc::new(IdleMachine::new(hardware)),
    }
}

fn start(
    options: &FleetOptions,
    protocol: Protocol,
    address: Ipv4Addr,
    machine: Arc<dyn Machine>,
    fault: Option<FleetFault>,
) -> Result<FleetBmc, Error> {
    let tls = options.certificate.as_ref();
    let tls = tls.map(|certificate| Arc::clone(&certificate.tls));
    let listen = |port| SocketAddr::from((address, port));
    let (username, password) = (options.username.clone(), options.password.clone());
    let stop = options.stop.clone();
    Ok(match protocol {
        Protocol::Redfish => FleetBmc::Redfish(Bmc::start(
            machine,
            BmcOptions {
                listen: listen(options.ports.redfish),
                username,
                password,
                tls,
                faults: fault.map_or_else(Faults::default, FleetFault::redfish),
                stop,
                ..BmcOptions::default()
            },
        )?),
        Protocol::Ipmi => FleetBmc::Ipmi(IpmiBmc::start(
            machine,
            IpmiOptions {
                listen: listen(options.ports.ipmi),
                username,
                password,
                session_timeout: options.ipmi_session_timeout,
                faults: fault.map_or_else(IpmiFaults::default, FleetFault::ipmi),
                stop,
                ..IpmiOptions::default()
            },
        )?),
        Protocol::Amt => FleetBmc::Amt(Amt::start(
            machine,
            AmtOptions {
                listen: listen(options.ports.amt),
                username,
                password,
                tls,
                faults: fault.map_or_else(AmtFaults::default, FleetFault::amt),
                stop,
            },
        )?),
    })
}

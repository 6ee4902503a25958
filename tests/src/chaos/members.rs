//! The simulated machines of a run, each behind a BMC with an address of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use assay_sim::{
    Behaviour, Bmc, BmcOptions, Http, IdleMachine, Machine, Pace, Posted, ScriptedMachine,
    SimMachine,
};
use futures::StreamExt;

use crate::client::Client;
use crate::lab::{self, BMC_PASSWORD, Enrolled};

/// How many machines are enrolled at a time.
const AT_A_TIME: usize = 8;
/// A worker that is killed cannot log out; real BMCs forget such sessions as well.
pub(super) const SESSION: Duration = Duration::from_secs(10);
const PORT: u16 = 8000;

/// A machine that is introspected.
pub(super) struct Member {
    pub(super) machine: Arc<ScriptedMachine>,
    pub(super) bmc: Bmc,
    pub(super) node: Enrolled,
}

impl Member {
    /// How many of its reports were accepted so far.
    pub(super) fn accepted(&self) -> usize {
        let posted = self.machine.posted();
        posted
            .iter()
            .filter(|one| **one == Posted::Answered(200))
            .count()
    }
}

/// A machine that is switched on and gets resets.
pub(super) struct Idler {
    pub(super) machine: Arc<IdleMachine>,
    pub(super) bmc: Bmc,
    pub(super) node: Enrolled,
}

/// Enrols machines that play introspections.
pub(super) async fn members(client: &Client, hardware: Vec<SimMachine>) -> Vec<Member> {
    let http = Http::new([]).unwrap();
    let behaviour = Behaviour {
        pace: Pace {
            firmware: Duration::from_millis(400),
            kernel: Duration::from_millis(300),
            collectors: Duration::from_millis(200),
        },
        boot_retries: 1000,
        ..Behaviour::default()
    };
    let boot = format!("{}/assay/v1/boot/ipxe", client.base());
    let enrolled = hardware.into_iter().enumerate().map(|(number, hardware)| {
        let (http, behaviour) = (http.clone(), behaviour.clone());
        let machine = ScriptedMachine::new(hardware, boot.clone(), http, behaviour);
        enrol(client, number, Arc::new(machine))
    });
    let enrolled: Vec<_> = futures::stream::iter(enrolled)
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let member = |(machine, bmc, node)| Member { machine, bmc, node };
    enrolled.into_iter().map(member).collect()
}

/// Enrols machines that do nothing but be on.
pub(super) async fn idlers(client: &Client, first: usize, hardware: Vec<SimMachine>) -> Vec<Idler> {
    let mut idlers = Vec::new();
    for (number, hardware) in hardware.into_iter().enumerate() {
        let plan = hardware.default_plan();
        let machine = Arc::new(IdleMachine::new(hardware));
        machine.power_on(plan).await.unwrap();
        let (machine, bmc, node) = enrol(client, first + number, machine).await;
        idlers.push(Idler { machine, bmc, node });
    }
    idlers
}

async fn enrol<M: Machine + 'static>(
    client: &Client,
    number: usize,
    machine: Arc<M>,
) -> (Arc<M>, Bmc, Enrolled) {
    let options = BmcOptions {
        listen: address(number),
        password: BMC_PASSWORD.to_owned(),
        session_timeout: SESSION,
        ..BmcOptions::default()
    };
    let bmc = Bmc::start(machine.clone(), options).unwrap();
    let node = lab::enrol(client, &bmc).await;
    (machine, bmc, node)
}

/// An address of its own in the arena, 10.64.0.1 upwards.
fn address(number: usize) -> SocketAddr {
    let (block, host) = (number / 250, number % 250 + 1);
    let byte = |value: usize| u8::try_from(value).unwrap();
    SocketAddr::from((Ipv4Addr::new(10, 64, byte(block), byte(host)), PORT))
}

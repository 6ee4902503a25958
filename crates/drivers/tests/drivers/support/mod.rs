//! What the tests share: targets, the gate's state, a simulated BMC, and the peers.

pub(crate) mod conformance;
pub(crate) mod ipmi;
pub(crate) mod odd;
pub(crate) mod process;
pub(crate) mod pymodbus;
pub(crate) mod pytools;
pub(crate) mod snmp;
pub(crate) mod sshd;
pub(crate) mod sushy;
pub(crate) mod tree;

use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Secret, Session, Target, TlsTrust};
use assay_drivers::fake::FakeDriver;
use assay_drivers::testing::MemoryState;
use assay_drivers::{Drivers, Gate, GateLimits};
use assay_sim::{Bmc, BmcOptions, Faults, IdleMachine, fleet};
use serde_json::Map;

/// The protocol under test.
pub(crate) const REDFISH: &str = "redfish";

/// A target over plain HTTP without a login.
pub(crate) fn target(address: SocketAddr) -> Target {
    Target {
        power_control_id: 1,
        control_type: "Redfish".into(),
        host: address.ip().to_string(),
        port: address.port(),
        login: None,
        password: None,
        ssh_key: None,
        trust: TlsTrust::Plain,
        output: String::new(),
        settings: Map::new(),
        request_timeout: Duration::from_secs(5),
    }
}

/// The target with a login.
pub(crate) fn with_login(mut target: Target, login: &str, password: &str) -> Target {
    target.login = Some(login.into());
    target.password = Some(Secret::new(password));
    target
}

/// The simulated BMC of an idle machine, and its target with the right login.
pub(crate) fn simulator(faults: Faults) -> (Bmc, Target) {
    simulator_with(BmcOptions {
        faults,
        ..BmcOptions::default()
    })
}

/// As [`simulator`], with options of one's own.
pub(crate) fn simulator_with(options: BmcOptions) -> (Bmc, Target) {
    let hardware = fleet(1, 42).remove(0);
    let login = (options.username.clone(), options.password.clone());
    let bmc = Bmc::start(Arc::new(IdleMachine::new(hardware)), options).unwrap();
    let target = with_login(target(bmc.address()), &login.0, &login.1);
    (bmc, target)
}

/// A gate over all drivers that does not dawdle, and its state.
pub(crate) fn gate() -> (Gate, Arc<MemoryState>) {
    gate_over(Drivers::standard().with(Arc::new(fake())))
}

/// The fake driver, whose machines outlive a gate.
pub(crate) fn fake() -> FakeDriver {
    static FAKE: LazyLock<FakeDriver> = LazyLock::new(FakeDriver::new);
    FAKE.clone()
}

/// As [`gate`], over these drivers.
pub(crate) fn gate_over(drivers: Drivers) -> (Gate, Arc<MemoryState>) {
    let state = Arc::new(MemoryState::default());
    let limits = GateLimits {
        pace: Some(QUICK),
        first_pause: Duration::from_millis(20),
        settle: Duration::from_secs(1),
        ..GateLimits::default()
    };
    let gate = Gate::with_limits(drivers, state.clone(), limits);
    (gate, state)
}

/// A session with a device, past the gate: for what the gate has no operation of its own for.
pub(crate) async fn driver_session(protocol: &str, target: &Target) -> Box<dyn Session> {
    let driver = Drivers::standard().get(protocol).unwrap();
    driver.connect(target).await.unwrap()
}

/// A pace that holds nobody up.
pub(crate) const QUICK: Pace = Pace {
    interval: Duration::ZERO,
    refill: Duration::ZERO,
    burst: u32::MAX,
};

/// Waits until something holds, at most ten seconds.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("{what} did not come to hold within 10 s");
}

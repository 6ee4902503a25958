//! The Intel AMT driver.

mod apache;
mod boot;
mod others;
mod power;
mod simulator;

use std::sync::Arc;

use assay_domain::{DriverError, Session, Target};
use assay_drivers::{Drivers, Gate, Repeat};
use assay_sim::{Amt, AmtFaults, AmtOptions, IdleMachine, Machine, fleet};
use futures::future::BoxFuture;

use crate::support::{target, with_login};

/// The protocol under test.
const AMT: &str = "intel_amt";

/// A simulated device before a machine that does nothing, and its target with the right login.
struct Rig {
    amt: Amt,
    machine: Arc<IdleMachine>,
    target: Target,
}

impl Rig {
    fn new(faults: AmtFaults) -> Self {
        Self::with(AmtOptions {
            faults,
            ..AmtOptions::default()
        })
    }

    fn with(options: AmtOptions) -> Self {
        let machine = Arc::new(IdleMachine::new(fleet(1, 42).remove(0)));
        let login = (options.username.clone(), options.password.clone());
        let amt = Amt::start(Arc::clone(&machine) as Arc<dyn Machine>, options).unwrap();
        let target = with_login(target(amt.address()), &login.0, &login.1);
        Self {
            amt,
            machine,
            target,
        }
    }

    /// A session with the device, past the gate.
    async fn session(&self) -> Box<dyn Session> {
        let driver = Drivers::standard().get(AMT).unwrap();
        driver.connect(&self.target).await.unwrap()
    }
}

/// Carries something out in one session.
async fn within<T, F>(gate: &Gate, target: &Target, operation: F) -> Result<T, DriverError>
where
    T: Send,
    F: for<'a> FnMut(&'a dyn Session) -> BoxFuture<'a, Result<T, DriverError>> + Send,
{
    gate.with(target, AMT, Repeat::Idempotent, operation).await
}

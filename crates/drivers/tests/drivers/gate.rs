//! The gate, over a driver that does as it is told.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use assay_domain::capability::{PowerCapability, SendError};
use assay_domain::{Driver, DriverError, PowerCommand, PowerState, Session, Target};
use assay_drivers::testing::MemoryState;
use assay_drivers::{Drivers, Gate, GateLimits, Repeat, ResetOutcome};
use async_trait::async_trait;
use parking_lot::Mutex;

use crate::support::{QUICK, target};

const TOLD: &str = "told";

/// A device that does as it is told, and what it has seen.
#[derive(Default)]
struct Told {
    connects: Mutex<VecDeque<DriverError>>,
    reads: Mutex<VecDeque<DriverError>>,
    sends: Mutex<VecDeque<SendError>>,
    on: AtomicBool,
    /// A send that fails has its effect all the same.
    obeys_lost: AtomicBool,
    work: Mutex<Duration>,
    seen: Mutex<Vec<&'static str>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Told {
    fn count(&self, what: &str) -> usize {
        self.seen
            .lock()
            .iter()
            .filter(|seen| **seen == what)
            .count()
    }
}

struct ToldDriver(Arc<Told>);

struct ToldSession(Arc<Told>);

#[async_trait]
impl Driver for ToldDriver {
    fn protocol(&self) -> &'static str {
        TOLD
    }

    async fn connect(&self, _target: &Target) -> Result<Box<dyn Session>, DriverError> {
        self.0.seen.lock().push("connect");
        if let Some(error) = self.0.connects.lock().pop_front() {
            return Err(error);
        }
        let open = self.0.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.most_open.fetch_max(open, Ordering::SeqCst);
        Ok(Box::new(ToldSession(Arc::clone(&self.0))))
    }
}

impl Drop for ToldSession {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

#[async_trait]
impl Session for ToldSession {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(self)
    }

    async fn close(self: Box<Self>) {
        self.0.seen.lock().push("close");
    }
}

#[async_trait]
impl PowerCapability for ToldSession {
    async fn power_state(&self) -> Result<PowerState, DriverError> {
        self.0.seen.lock().push("read");
        let work = *self.0.work.lock();
        tokio::time::sleep(work).await;
        match self.0.reads.lock().pop_front() {
            Some(error) => Err(error),
            None if self.0.on.load(Ordering::SeqCst) => Ok(PowerState::On),
            None => Ok(PowerState::Off),
        }
    }

    async fn send(&self, command: PowerCommand) -> Result<(), SendError> {
        self.0.seen.lock().push("send");
        let told = self.0.sends.lock().pop_front();
        if told.is_none() || self.0.obeys_lost.load(Ordering::SeqCst) {
            self.0
                .on
                .store(command == PowerCommand::On, Ordering::SeqCst);
        }
        told.map_or(Ok(()), Err)
    }

    async fn wait_for(&self, wanted: PowerState, limit: Duration) -> Result<(), DriverError> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if self.power_state().await? == wanted {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Err(lost())
    }
}

fn lost() -> DriverError {
    DriverError::TimedOut {
        endpoint: "bmc:1".into(),
        cause: "lost".into(),
    }
}

fn refused() -> DriverError {
    DriverError::Refused {
        endpoint: "bmc:1".into(),
        cause: "HTTP status 401".into(),
    }
}

fn limits() -> GateLimits {
    GateLimits {
        pace: Some(QUICK),
        first_pause: Duration::from_millis(10),
        settle: Duration::from_millis(60),
        ..GateLimits::default()
    }
}

fn told_with(limits: GateLimits) -> (Gate, Arc<Told>, Arc<MemoryState>) {
    let told = Arc::new(Told::default());
    let state = Arc::new(MemoryState::default());
    let drivers = Drivers::new().with(Arc::new(ToldDriver(Arc::clone(&told))));
    (
        Gate::with_limits(drivers, state.clone(), limits),
        told,
        state,
    )
}

fn told() -> (Gate, Arc<Told>, Arc<MemoryState>) {
    told_with(limits())
}

fn control(id: i64) -> Target {
    let mut target = target(([192, 0, 2, 1], 1).into());
    target.power_control_id = id;
    target
}

#[tokio::test]
async fn one_at_a_time_per_control_and_others_beside() {
    let (gate, told, _) = told();
    *told.work.lock() = Duration::from_millis(20);
    let same: Vec<_> = (0..5).map(|_| control(1)).collect();
    let reads = same.iter().map(|target| gate.power_state(target, TOLD));
    futures::future::join_all(reads).await;
    assert_eq!(told.most_open.load(Ordering::SeqCst), 1);
    let others: Vec<_> = (1..=5).map(control).collect();
    let reads = others.iter().map(|target| gate.power_state(target, TOLD));
    futures::future::join_all(reads).await;
    assert_eq!(told.most_open.load(Ordering::SeqCst), 5);
    assert_eq!(told.count("close"), 10);
}

#[tokio::test]
async fn transient_errors_are_repeated_and_others_are_not() {
    let (gate, told, _) = told();
    told.connects.lock().extend([lost(), lost()]);
    told.reads.lock().extend([lost(), lost()]);
    assert_eq!(
        gate.power_state(&control(1), TOLD).await,
        Ok(PowerState::Off)
    );
    assert_eq!(
        (
            told.count("connect"),
            told.count("read"),
            told.count("close")
        ),
        (3, 3, 1)
    );

    told.reads.lock().extend([lost(), lost(), lost()]);
    assert_eq!(gate.power_state(&control(1), TOLD).await, Err(lost()));
    assert_eq!(told.count("read"), 6);

    let unsupported = DriverError::Unsupported {
        endpoint: "bmc:1".into(),
        cause: String::new(),
    };
    told.reads.lock().push_back(unsupported.clone());
    assert_eq!(gate.power_state(&control(1), TOLD).await, Err(unsupported));
    assert_eq!((told.count("read"), told.count("close")), (7, 3));
}

#[tokio::test]
async fn what_must_not_be_repeated_is_not() {
    let (gate, told, _) = told();
    told.reads.lock().push_back(lost());
    let outcome = gate
        .with(&control(1), TOLD, Repeat::Never, |session| {
            Box::pin(async move { session.power().unwrap().power_state().await })
        })
        .await;
    assert_eq!(outcome, Err(lost()));
    assert_eq!(told.count("read"), 1);
}

#[tokio::test]
async fn a_refusal_shuts_the_gate_of_its_control_only() {
    let (gate, told, state) = told();
    told.connects.lock().push_back(refused());
    for _ in 0..3 {
        let error = gate.power_state(&control(1), TOLD).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    }
    assert_eq!(told.count("connect"), 1);
    assert_eq!(state.gate(1).refused.as_deref(), Some("HTTP status 401"));
    assert!(gate.power_state(&control(2), TOLD).await.is_ok());
    state.reopen();
    assert!(gate.power_state(&control(1), TOLD).await.is_ok());
}

#[tokio::test]
async fn a_refusal_in_the_middle_shuts_the_gate_as_well() {
    let (gate, told, state) = told();
    told.reads.lock().push_back(refused());
    assert!(gate.power_state(&control(1), TOLD).await.is_err());
    assert!(state.gate(1).refused.is_some());
    assert_eq!((told.count("read"), told.count("close")), (1, 1));
}

#[tokio::test]
async fn a_refusal_that_cannot_be_stored_holds_in_this_process_until_it_is() {
    let (gate, told, state) = told();
    state.set_unwritable(true);
    told.connects.lock().push_back(refused());
    for _ in 0..3 {
        assert!(gate.power_state(&control(1), TOLD).await.is_err());
    }
    assert_eq!(told.count("connect"), 1);
    state.set_unwritable(false);
    assert!(gate.power_state(&control(1), TOLD).await.is_err());
    assert!(state.gate(1).refused.is_some(), "stored by the next caller");
    state.reopen();
    assert!(gate.power_state(&control(1), TOLD).await.is_ok());
}

#[tokio::test]
async fn while_nothing_is_known_of_refusals_nothing_is_asked() {
    let (gate, told, state) = told();
    state.set_unreadable(true);
    let error = gate.power_state(&control(1), TOLD).await.unwrap_err();
    assert!(matches!(error, DriverError::NotAsked { .. }), "{error}");
    let ResetOutcome::NotSent(error) = gate.reset_once(&control(1), TOLD).await else {
        panic!("it was sent");
    };
    assert!(assay_domain::Error::from(error).is_passing());
    assert!(told.seen.lock().is_empty());
    state.set_unreadable(false);
    assert!(gate.power_state(&control(1), TOLD).await.is_ok());
}

#[tokio::test]
async fn everything_has_a_time_limit_and_the_session_ends() {
    let (gate, told, _) = told_with(GateLimits {
        operation: Duration::from_millis(50),
        ..limits()
    });
    *told.work.lock() = Duration::from_mins(1);
    let error = gate.power_state(&control(1), TOLD).await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert_eq!(
        (told.count("close"), told.open.load(Ordering::SeqCst)),
        (1, 0)
    );
}

#[tokio::test]
async fn an_operation_that_is_given_up_lets_the_next_one_through() {
    let (gate, told, _) = told();
    *told.work.lock() = Duration::from_mins(1);
    let target = control(1);
    let reading = gate.power_state(&target, TOLD);
    let given_up = tokio::time::timeout(Duration::from_millis(50), reading);
    assert!(given_up.await.is_err());
    assert_eq!(told.open.load(Ordering::SeqCst), 0);
    *told.work.lock() = Duration::ZERO;
    assert_eq!(
        gate.power_state(&control(1), TOLD).await,
        Ok(PowerState::Off)
    );
}

#[tokio::test]
async fn an_unknown_protocol_is_unsupported() {
    let (gate, _, _) = told();
    let error = gate
        .power_state(&control(1), "telepathy")
        .await
        .unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("telepathy"));
}

#[tokio::test]
async fn a_reset_is_never_sent_twice() {
    let (gate, told, _) = told();
    told.sends.lock().push_back(SendError::Unknown(lost()));
    let outcome = gate.reset_once(&control(1), TOLD).await;
    assert_eq!(outcome, ResetOutcome::Unknown(lost()));
    told.sends.lock().push_back(SendError::NotSent(lost()));
    let outcome = gate.reset_once(&control(1), TOLD).await;
    assert_eq!(outcome, ResetOutcome::NotSent(lost()));
    assert_eq!((told.count("send"), told.count("close")), (2, 2));
    told.connects.lock().extend([lost(), lost(), lost()]);
    let outcome = gate.reset_once(&control(1), TOLD).await;
    assert_eq!(outcome, ResetOutcome::NotSent(lost()));
    assert_eq!(told.count("send"), 2);
}

#[tokio::test]
async fn a_lost_command_is_sent_again_only_when_it_had_no_effect() {
    let limit = Duration::from_secs(5);
    for (obeys, sends) in [(true, 1), (false, 2)] {
        let (gate, told, _) = told();
        told.obeys_lost.store(obeys, Ordering::SeqCst);
        told.sends.lock().push_back(SendError::Unknown(lost()));
        gate.ensure_power(&control(1), TOLD, PowerState::On, limit)
            .await
            .unwrap();
        assert_eq!(told.count("send"), sends, "obeys: {obeys}");
    }
}

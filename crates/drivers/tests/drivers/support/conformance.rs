//! What every driver must do, whatever its protocol: one suite, run against each peer.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::{DriverError, PowerState, Target};
use assay_drivers::{Drivers, ResetOutcome};
use tokio::net::TcpListener;

use super::{eventually, gate, target, with_login};

/// A peer that a driver is tried on.
pub(crate) struct Peer<'a> {
    /// The driver's protocol.
    pub(crate) protocol: &'a str,
    /// A machine that is off and answers to its button.
    pub(crate) target: Target,
    /// How long the peer may take to change a machine's state.
    pub(crate) limit: Duration,
    /// The same with a wrong password; `None` when the peer does not ask for any.
    pub(crate) wrong: Option<Target>,
    /// How many wrong logins the peer has seen.
    pub(crate) wrong_logins: &'a (dyn Fn() -> usize + Sync),
}

/// Tries a driver on a peer.
pub(crate) async fn run(peer: Peer<'_>) {
    run_on_an_outlet(&peer).await;
    shut_down(&peer).await;
}

/// What a simulator of Assay's counts: logins that it refused, and sessions that are open.
pub(crate) type Seen = (u64, usize);

/// Tries a driver on such a simulator, which has no session left in the end.
pub(crate) async fn run_on_simulator(
    protocol: &str,
    target: &Target,
    seen: &(dyn Fn() -> Seen + Sync),
) {
    run(Peer {
        protocol,
        target: target.clone(),
        limit: Duration::from_secs(10),
        wrong: Some(with_login(target.clone(), "admin", "quite-wrong")),
        wrong_logins: &|| usize::try_from(seen().0).unwrap(),
    })
    .await;
    eventually("all sessions closed", || seen().1 == 0).await;
}

/// Tries a driver on a peer that feeds a machine and knows nothing of its operating system.
pub(crate) async fn run_on_an_outlet(peer: &Peer<'_>) {
    on_and_off(peer).await;
    reset(peer).await;
    refused_credentials_stop(peer).await;
}

/// Every state is read, and asking for it twice is fine.
pub(crate) async fn on_and_off(peer: &Peer<'_>) {
    let (gate, _) = gate();
    for wanted in [
        PowerState::Off,
        PowerState::On,
        PowerState::Off,
        PowerState::On,
    ] {
        for _ in 0..2 {
            gate.ensure_power(&peer.target, peer.protocol, wanted, peer.limit)
                .await
                .unwrap();
            let state = gate.power_state(&peer.target, peer.protocol).await;
            assert_eq!(state, Ok(wanted));
        }
    }
}

/// A machine that is on is on again after a reset.
pub(crate) async fn reset(peer: &Peer<'_>) {
    let (gate, _) = gate();
    let outcome = gate.reset_once(&peer.target, peer.protocol).await;
    assert_eq!(outcome, ResetOutcome::Done);
    gate.ensure_power(&peer.target, peer.protocol, PowerState::On, peer.limit)
        .await
        .unwrap();
}

/// An operating system that listens lets its machine be switched off.
async fn shut_down(peer: &Peer<'_>) {
    let (gate, _) = gate();
    for _ in 0..2 {
        gate.shut_down_machine(&peer.target, peer.protocol, peer.limit)
            .await
            .unwrap();
        let state = gate.power_state(&peer.target, peer.protocol).await;
        assert_eq!(state, Ok(PowerState::Off));
    }
}

/// One wrong login shuts the gate: whoever asks afterwards, the device sees nothing.
async fn refused_credentials_stop(peer: &Peer<'_>) {
    let Some(wrong) = &peer.wrong else { return };
    let (gate, state) = gate();
    let before = (peer.wrong_logins)();
    for attempt in 0..3 {
        let error = gate.power_state(wrong, peer.protocol).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
        assert_eq!((peer.wrong_logins)() - before, 1, "attempt {attempt}");
        hides_the_login(&error, wrong);
    }
    let outcome = gate.reset_once(wrong, peer.protocol).await;
    assert!(matches!(
        outcome,
        ResetOutcome::NotSent(DriverError::Refused { .. })
    ));
    let on = gate.ensure_power(wrong, peer.protocol, PowerState::On, peer.limit);
    assert!(matches!(on.await, Err(DriverError::Refused { .. })));
    assert_eq!((peer.wrong_logins)() - before, 1);

    state.reopen();
    let state = gate.power_state(&peer.target, peer.protocol).await;
    assert_eq!(state, Ok(PowerState::On), "the right login still works");
}

/// A peer that takes connections and says nothing is given up after the request's time limit.
pub(crate) async fn a_mute_peer_times_out(protocol: &str) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let mut target = target(listener.local_addr().unwrap());
    target.request_timeout = Duration::from_millis(300);
    let driver = Drivers::standard().get(protocol).unwrap();
    let start = Instant::now();
    let error = Arc::clone(&driver).connect(&target).await.err().unwrap();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(3));
}

/// So is a device of a known kind that says nothing at all, or nothing any more.
pub(crate) async fn a_silent_device_times_out(protocol: &str, mut target: Target) {
    target.request_timeout = Duration::from_millis(200);
    let start = Instant::now();
    let error = gate().0.power_state(&target, protocol).await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(start.elapsed() < Duration::from_secs(4));
}

/// A machine that stays off is told to switch on once, and its state is named.
pub(crate) async fn disobedience_is_reported(protocol: &str, target: &Target) {
    let limit = Duration::from_millis(1500);
    let (gate, _) = gate();
    let on = gate.ensure_power(target, protocol, PowerState::On, limit);
    let error = on.await.unwrap_err();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    assert!(error.to_string().contains("still off"), "{error}");
}

/// Whether an error is of the right kind.
pub(crate) type Is = fn(&DriverError) -> bool;

/// A fault gives an error of the right kind, which names the device and hides the login.
pub(crate) async fn fails(protocol: &str, target: &Target, fault: &impl Debug, is: Is) {
    let error = gate().0.power_state(target, protocol).await.unwrap_err();
    assert!(is(&error), "{fault:?}: {error}");
    assert!(error.to_string().contains(&target.endpoint()), "{error}");
    hides_the_login(&error, target);
}

/// No error text holds the login or the password.
pub(crate) fn hides_the_login(error: &DriverError, target: &Target) {
    let text = format!("{error} {error:?}");
    let password = target.password.as_ref().map(assay_domain::Secret::expose);
    for secret in target.login.as_deref().into_iter().chain(password) {
        assert!(!text.contains(secret), "{text} tells a secret");
    }
}

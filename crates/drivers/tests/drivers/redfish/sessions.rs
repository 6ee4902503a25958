//! Sessions on the BMC: opened at most twice at once, and closed on every path.

use std::time::Duration;

use assay_domain::{Driver, DriverError, PowerState};
use assay_drivers::redfish::RedfishDriver;
use assay_sim::{BmcOptions, Failure, Faults, Scope};

use crate::support::{REDFISH, eventually, gate, simulator, simulator_with};

#[tokio::test]
async fn a_closed_session_is_gone_when_close_returns() {
    let (bmc, target) = simulator(Faults::default());
    let session = RedfishDriver::new().connect(&target).await.unwrap();
    assert_eq!(bmc.counters().open_sessions, 1);
    session.close().await;
    assert_eq!(bmc.counters().open_sessions, 0);
}

#[tokio::test]
async fn a_dropped_session_is_closed() {
    let (bmc, target) = simulator(Faults::default());
    let session = RedfishDriver::new().connect(&target).await.unwrap();
    drop(session);
    eventually("the session closed", || bmc.counters().open_sessions == 0).await;
}

#[tokio::test]
async fn a_login_that_is_dropped_at_any_moment_leaves_nothing_open() {
    let (bmc, target) = simulator(Faults {
        answer_delay: Duration::from_millis(20),
        ..Faults::default()
    });
    let driver = RedfishDriver::new();
    for step in 0..30 {
        let cut = Duration::from_millis(step * 4);
        let _ = tokio::time::timeout(cut, driver.connect(&target)).await;
    }
    eventually("all logins answered", || bmc.counters().logins > 5).await;
    driver.shutdown(Duration::from_secs(5)).await;
    assert_eq!(bmc.counters().open_sessions, 0);
    assert!(bmc.counters().most_sessions <= 2);
}

#[tokio::test]
async fn a_login_answered_after_its_caller_gave_up_is_closed() {
    let (bmc, mut target) = simulator(Faults::default());
    target.request_timeout = Duration::from_millis(150);
    let driver = RedfishDriver::new();
    let slow = async {
        eventually("the root was read", || bmc.counters().total() > 0).await;
        bmc.change_faults(|faults| faults.answer_delay = Duration::from_millis(400));
    };
    let (outcome, ()) = tokio::join!(driver.connect(&target), slow);
    if let Err(error) = outcome {
        assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
    }
    bmc.change_faults(|faults| faults.answer_delay = Duration::ZERO);
    driver.shutdown(Duration::from_secs(5)).await;
    assert_eq!(bmc.counters().open_sessions, 0);
}

#[tokio::test]
async fn a_session_is_closed_when_what_comes_after_the_login_fails() {
    let (bmc, mut target) = simulator(Faults::default());
    target.settings.insert("system_id".into(), "no-such".into());
    let error = RedfishDriver::new().connect(&target).await.err().unwrap();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert_eq!(
        (bmc.counters().logins, bmc.counters().open_sessions),
        (1, 0)
    );
}

#[tokio::test]
async fn a_shutdown_closes_what_others_still_hold() {
    let (bmc, target) = simulator(Faults::default());
    let driver = RedfishDriver::new();
    let _held = driver.connect(&target).await.unwrap();
    let _held_too = driver.connect(&target).await.unwrap();
    assert_eq!(bmc.counters().open_sessions, 2);
    driver.shutdown(Duration::from_secs(5)).await;
    assert_eq!(bmc.counters().open_sessions, 0);
}

#[tokio::test]
async fn a_shutdown_is_bounded_when_the_bmc_is_mute() {
    let (bmc, target) = simulator(Faults::default());
    let driver = RedfishDriver::new();
    let _held = driver.connect(&target).await.unwrap();
    bmc.change_faults(|faults| faults.mute = true);
    let shutdown = driver.shutdown(Duration::from_millis(200));
    tokio::time::timeout(Duration::from_secs(2), shutdown)
        .await
        .unwrap();
}

#[tokio::test]
async fn never_more_than_two_at_once() {
    let (bmc, mut target) = simulator(Faults {
        answer_delay: Duration::from_millis(10),
        ..Faults::default()
    });
    target.request_timeout = Duration::from_secs(20);
    let driver = RedfishDriver::new();
    let one = async {
        let session = driver.connect(&target).await.unwrap();
        session.power().unwrap().power_state().await.unwrap();
        session.close().await;
    };
    let again = async {
        for _ in 0..5 {
            let session = driver.connect(&target).await.unwrap();
            session.close().await;
        }
    };
    tokio::join!(
        one,
        again,
        async {
            let held = driver.connect(&target).await.unwrap();
            tokio::time::sleep(Duration::from_millis(100)).await;
            drop(held);
        },
        async {
            driver.connect(&target).await.unwrap().close().await;
        }
    );
    eventually("all sessions closed", || bmc.counters().open_sessions == 0).await;
    assert_eq!(bmc.counters().most_sessions, 2);
    assert_eq!(bmc.counters().logins, 8);
}

#[tokio::test]
async fn a_third_is_told_to_come_back() {
    let (_bmc, mut target) = simulator(Faults::default());
    target.request_timeout = Duration::from_millis(200);
    let driver = RedfishDriver::new();
    let _first = driver.connect(&target).await.unwrap();
    let _second = driver.connect(&target).await.unwrap();
    let error = driver.connect(&target).await.err().unwrap();
    assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
}

#[tokio::test]
async fn a_full_table_is_no_obstacle() {
    let (bmc, target) = simulator(Faults {
        session_table_full: true,
        ..Faults::default()
    });
    assert_eq!(
        gate().0.power_state(&target, REDFISH).await,
        Ok(PowerState::Off)
    );
    assert_eq!(bmc.counters().refused_sessions, 1);
}

#[tokio::test]
async fn an_expired_session_is_no_refused_login() {
    let (_bmc, target) = simulator_with(BmcOptions {
        session_timeout: Duration::from_millis(100),
        ..BmcOptions::default()
    });
    let session = RedfishDriver::new().connect(&target).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = session.power().unwrap().power_state().await.unwrap_err();
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
    session.close().await;
}

#[tokio::test]
async fn a_logout_that_fails_once_is_tried_again() {
    let (bmc, target) = simulator(Faults::default());
    let session = RedfishDriver::new().connect(&target).await.unwrap();
    bmc.change_faults(|faults| {
        faults.failure = Some(Failure {
            status: 503,
            scope: Scope::Writes,
            times: Some(1),
        });
    });
    session.close().await;
    assert_eq!(bmc.counters().open_sessions, 0);
}

#[tokio::test]
async fn a_slow_logout_is_waited_for() {
    let (bmc, mut target) = simulator(Faults::default());
    target.request_timeout = Duration::from_millis(150);
    let session = RedfishDriver::new().connect(&target).await.unwrap();
    bmc.change_faults(|faults| faults.answer_delay = Duration::from_millis(400));
    session.close().await;
    assert_eq!(bmc.counters().open_sessions, 0);
}

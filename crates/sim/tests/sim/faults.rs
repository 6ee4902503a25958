//! Each fault as a client feels it.

use std::time::{Duration, Instant};

use assay_sim::{Bmc, BmcOptions, Failure, Faults, Power, Scope, fleet_address};
use serde_json::{Value, json};

use crate::rig::Rig;
use crate::support::client;

const SYSTEM: &str = "/redfish/v1/Systems/1";

#[tokio::test]
async fn a_state_change_may_come_late_and_show_itself() {
    let faults = Faults {
        state_change_delay: Duration::from_millis(300),
        shows_transition: true,
        ..Faults::default()
    };
    let rig = Rig::new(BmcOptions {
        faults,
        ..BmcOptions::default()
    });
    let begun = Instant::now();
    assert_eq!(rig.reset("On").await, 204);
    assert_eq!(rig.get(SYSTEM).await.1["PowerState"], "PoweringOn");
    rig.until(Power::On).await;
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(rig.get(SYSTEM).await.1["PowerState"], "On");
}

#[tokio::test]
async fn wrong_passwords_lock_the_account() {
    let rig = Rig::default();
    rig.bmc.change_faults(|faults| faults.lock_after = Some(3));
    let try_with = |password: &'static str| {
        client()
            .get(rig.url(SYSTEM))
            .basic_auth("admin", Some(password))
            .send()
    };
    for _ in 0..3 {
        assert_eq!(try_with("guess").await.unwrap().status(), 401);
    }
    assert_eq!(
        try_with("simulated").await.unwrap().status(),
        401,
        "the right one does not help any more"
    );
    assert_eq!(rig.bmc.counters().failed_logins, 4);
}

#[tokio::test]
async fn credentials_can_be_refused() {
    let rig = Rig::default();
    rig.bmc
        .change_faults(|faults| faults.refuse_credentials = true);
    assert_eq!(rig.get(SYSTEM).await.0, 401);
    assert_eq!(rig.log_in().await.unwrap_err(), 401);
}

#[tokio::test]
async fn a_mute_bmc_takes_the_request_and_never_answers() {
    let rig = Rig::default();
    rig.bmc.change_faults(|faults| faults.mute = true);
    let request = client()
        .get(rig.url(SYSTEM))
        .timeout(Duration::from_millis(200))
        .send();
    assert!(request.await.unwrap_err().is_timeout());
    assert_eq!(rig.bmc.counters().total(), 1);
}

#[tokio::test]
async fn refused_connections_come_back_on_the_same_port() {
    let rig = Rig::default();
    rig.bmc
        .change_faults(|faults| faults.refuse_connections = true);
    rig.eventually(async || {
        client()
            .get(rig.url("/redfish"))
            .send()
            .await
            .is_err_and(|error| error.is_connect())
    })
    .await;
    rig.bmc
        .change_faults(|faults| faults.refuse_connections = false);
    rig.eventually(async || client().get(rig.url("/redfish")).send().await.is_ok())
        .await;
}

#[tokio::test]
async fn answers_can_be_slow_or_cut_off_or_missing() {
    let rig = Rig::default();
    rig.bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_millis(150));
    let begun = Instant::now();
    rig.get(SYSTEM).await;
    assert!(begun.elapsed() >= Duration::from_millis(150));

    rig.bmc.change_faults(|faults| {
        *faults = Faults {
            malformed_json: true,
            ..Faults::default()
        }
    });
    let text = client()
        .get(rig.url("/redfish/v1/"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap();
    assert!(serde_json::from_str::<Value>(&text).is_err());

    rig.bmc.change_faults(|faults| {
        *faults = Faults {
            hang_up: true,
            ..Faults::default()
        }
    });
    assert!(client().get(rig.url("/redfish/v1/")).send().await.is_err());
}

#[tokio::test]
async fn properties_can_be_missing() {
    let rig = Rig::default();
    rig.bmc
        .change_faults(|faults| faults.missing_properties = vec!["PowerState".to_owned()]);
    let (status, system) = rig.get(SYSTEM).await;
    assert_eq!((status, system.get("PowerState")), (200, None));
    let patch = client()
        .patch(rig.url(SYSTEM))
        .basic_auth("admin", Some("simulated"));
    let patch = patch.header("If-Match", system["@odata.etag"].as_str().unwrap());
    let patch = patch.json(&json!({ "Boot": { "BootSourceOverrideTarget": "Hdd" } }));
    assert_eq!(
        patch.send().await.unwrap().status(),
        200,
        "the tag belongs to what was shown"
    );
}

#[tokio::test]
async fn errors_hit_their_scope_and_pass() {
    let rig = Rig::default();
    let failure = Failure {
        status: 500,
        scope: Scope::Resets,
        times: Some(1),
    };
    rig.bmc
        .change_faults(|faults| faults.failure = Some(failure));
    assert_eq!(rig.get(SYSTEM).await.0, 200);
    assert_eq!(rig.reset("On").await, 500);
    assert_eq!(rig.reset("On").await, 204);
}

#[tokio::test]
async fn a_reset_can_be_answered_and_forgotten_or_refused() {
    let rig = Rig::default();
    rig.bmc.change_faults(|faults| faults.ignore_resets = true);
    assert_eq!(rig.reset("On").await, 204);
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(rig.power(), Power::Off);
    rig.bmc.change_faults(|faults| {
        *faults = Faults {
            conflict_on_same_state: true,
            ..Faults::default()
        }
    });
    assert_eq!(rig.reset("ForceOff").await, 409);
    assert_eq!(
        rig.bmc
            .counters()
            .resets
            .iter()
            .filter(|reset| reset.accepted)
            .count(),
        1
    );
}

#[tokio::test]
async fn the_session_table_can_be_full() {
    let rig = Rig::default();
    rig.bmc
        .change_faults(|faults| faults.session_table_full = true);
    assert_eq!(rig.log_in().await.unwrap_err(), 503);
    assert_eq!(rig.bmc.counters().refused_sessions, 1);
}

#[tokio::test]
async fn https_answers_with_the_given_certificate() {
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = certified.signing_key.serialize_der();
    let tls =
        assay_sim::server_tls(vec![certified.cert.der().clone()], key.try_into().unwrap()).unwrap();
    let rig = Rig::new(BmcOptions {
        tls: Some(tls),
        ..BmcOptions::default()
    });
    assert!(
        client().get(rig.url("/redfish")).send().await.is_err(),
        "nobody has signed that certificate"
    );
    let trusted = reqwest::Certificate::from_der(certified.cert.der()).unwrap();
    let trusting = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([trusted])
        .build()
        .unwrap();
    assert_eq!(
        trusting
            .get(rig.url("/redfish"))
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
}

#[tokio::test]
async fn hundreds_of_bmcs_have_an_address_each() {
    let rigs: Vec<Rig> = (0..300)
        .map(|number| {
            Rig::new(BmcOptions {
                listen: fleet_address(number, 0),
                ..BmcOptions::default()
            })
        })
        .collect();
    let client = client();
    let asked = rigs.iter().map(|rig| async {
        client
            .get(rig.url("/redfish"))
            .send()
            .await
            .unwrap()
            .status()
    });
    assert!(
        futures::future::join_all(asked)
            .await
            .iter()
            .all(reqwest::StatusCode::is_success)
    );
    futures::future::join_all(rigs.into_iter().map(|rig| Bmc::stop(rig.bmc)))
        .await
        .into_iter()
        .for_each(Result::unwrap);
}

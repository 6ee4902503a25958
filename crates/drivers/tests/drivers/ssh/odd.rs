//! Against servers that are mute, go away, or are no SSH servers at all; and what the library must not
//! log.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use assay_domain::{Driver, DriverError, Target};
use assay_drivers::ssh::SshDriver;
use proptest::prelude::*;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::conformance::hides_the_login;
use crate::support::{target, with_login};

/// Any key will do: none of these servers comes so far.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDguQ0kef9ruOLOF57spILmFAHORO16nCphEY60zLK5S";

fn odd_target(address: SocketAddr) -> Target {
    let mut target = with_login(target(address), "operator", "right-enough");
    target
        .settings
        .insert("host_key".into(), json!({ "known": KEY }));
    target.request_timeout = Duration::from_millis(500);
    target
}

/// A server that says this; then it ends the connection, or says nothing more.
async fn says(bytes: Vec<u8>, ends: bool) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(&bytes).await;
            if !ends {
                // Until the driver hangs up.
                let mut heard = Vec::new();
                let _ = stream.read_to_end(&mut heard).await;
            }
        }
    });
    address
}

async fn error_of(address: SocketAddr) -> DriverError {
    let target = odd_target(address);
    let error = SshDriver::new().connect(&target).await.err().unwrap();
    hides_the_login(&error, &target);
    error
}

#[tokio::test]
async fn a_mute_server_times_out_before_and_after_its_greeting() {
    for greeting in ["", "SSH-2.0-odd\r\n"] {
        let address = says(greeting.into(), false).await;
        let start = Instant::now();
        let error = error_of(address).await;
        assert!(matches!(error, DriverError::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(3));
    }
}

#[tokio::test]
async fn servers_that_are_none_are_told_apart() {
    let error = error_of(says(Vec::new(), true).await).await;
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
    let error = error_of(says("SSH-2.0-odd\r\n".into(), true).await).await;
    assert!(matches!(error, DriverError::Failed { .. }), "{error}");
    let error = error_of(says(vec![b'x'; 100_000], false).await).await;
    assert!(matches!(error, DriverError::Malformed { .. }), "{error}");

    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = error_of(address).await;
    assert!(matches!(error, DriverError::Unreachable { .. }), "{error}");
}

#[test]
fn the_librarys_debug_messages_are_not_compiled_in() {
    // They show the login request before it is encrypted.
    assert!(log::STATIC_MAX_LEVEL <= log::LevelFilter::Info);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_a_server_says_ends_in_an_error(
        greets: bool,
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let mut said = if greets { b"SSH-2.0-odd\r\n".to_vec() } else { Vec::new() };
            said.extend(bytes);
            error_of(says(said, true).await).await;
        });
    }
}

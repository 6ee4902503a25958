//! A real listener: started, replaced while a client holds on to it, stopped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use assay_api::{ServerConfig, launch};

use crate::support::server;

fn config() -> ServerConfig {
    ServerConfig {
        address: [127, 0, 0, 1].into(),
        port: 0,
        tls: None,
        metrics: None,
    }
}

fn ask(stream: &mut TcpStream) -> String {
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    while !answer.ends_with('}') {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).unwrap();
        assert!(count > 0, "{answer}");
        answer.push_str(std::str::from_utf8(&piece[..count]).unwrap());
    }
    answer
}

async fn asked(address: SocketAddr) -> String {
    rocket::tokio::task::spawn_blocking(move || ask(&mut TcpStream::connect(address).unwrap()))
        .await
        .unwrap()
}

#[rocket::async_test]
async fn a_listener_is_replaced_at_once_though_a_client_keeps_its_connection() {
    let server = server().await;
    let first = launch(server.app.clone(), config()).await.unwrap();
    let address = first.address();
    let kept = rocket::tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        ask(&mut stream);
        stream
    });
    let kept = kept.await.unwrap();
    let begun = Instant::now();
    let second = first.replace(server.app.clone(), config()).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(second.address(), address);
    assert!(asked(address).await.starts_with("HTTP/1.1 200"));
    drop(kept);
    second.stop().await;
    assert!(TcpStream::connect(address).is_err());
}

#[rocket::async_test]
async fn an_address_in_use_is_told() {
    let server = server().await;
    let first = launch(server.app.clone(), config()).await.unwrap();
    let taken = ServerConfig {
        port: first.address().port(),
        ..config()
    };
    let refused = launch(server.app.clone(), taken).await.err().unwrap();
    assert!(refused.contains("in use"), "{refused}");
    first.stop().await;
}

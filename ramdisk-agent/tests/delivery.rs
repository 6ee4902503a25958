//! Delivery of the report: retries, refusals, and whom https trusts.
#![allow(clippy::unwrap_used)] // Test code throughout.

mod server;

use std::time::Duration;

use assay_agent::http::Server;
use assay_agent::kernel_line::KernelLine;
use assay_agent::log::Log;
use assay_agent::settings::Settings;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use server::{Answer, TestServer};

const PATH: &str = "/v1/continue?nonce=0123456789abcdef";

fn client(url: &str, extra: &str) -> Result<Server, assay_agent::Error> {
    let line = format!("ipa-inspection-callback-url={url} {extra}");
    let line = KernelLine::parse(&line);
    Server::new(&Settings::from_kernel_line(&line), &Log::new(&line, None))
}

fn deliver(server: &TestServer, extra: &str) -> Result<(), assay_agent::Error> {
    client(&server.url(PATH), extra)?.deliver(b"{\"a\":1}")
}

#[test]
fn the_report_is_posted_until_the_server_takes_it() {
    let answers = [
        Answer::Status(503),
        Answer::HangUp,
        Answer::Status(429),
        Answer::Status(200),
    ];
    let server = TestServer::plain(answers.to_vec());
    deliver(&server, "").unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 4);
    for request in requests.iter().filter(|request| !request.body.is_empty()) {
        assert_eq!(
            (request.method.as_str(), request.target.as_str()),
            ("POST", PATH)
        );
        assert_eq!(request.body, b"{\"a\":1}");
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
}

#[test]
fn a_refusal_is_final_and_told() {
    let server = TestServer::plain(vec![Answer::Status(404)]);
    let error = deliver(&server, "").unwrap_err().to_string();
    assert_eq!(error, "the server refused the report: HTTP 404: status 404");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn attempts_have_an_end() {
    let server = TestServer::plain(vec![Answer::Status(500); 3]);
    let error = deliver(&server, "assay.post-attempts=3")
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the report was not delivered after 3 attempts: HTTP 500"
    );
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn a_redirect_is_not_followed() {
    let server = TestServer::plain(vec![Answer::Status(302)]);
    assert!(deliver(&server, "assay.post-attempts=1").is_err());
}

#[test]
fn a_mute_phase_address_stops_nothing() {
    let server = TestServer::plain(vec![Answer::Status(500), Answer::Status(200)]);
    let phases = format!("assay.phase-url={}", server.url("/phase"));
    let client = client(&server.url(PATH), &phases).unwrap();
    client.announce("agent");
    client.deliver(b"{}").unwrap();
    assert_eq!(server.requests()[0].target, "/phase/agent");
}

#[test]
fn urls_that_cannot_work_are_refused_at_once() {
    for (url, reason) in [
        ("ftp://h/x", "neither http nor https"),
        ("nonsense", "neither http nor https"),
        ("/v1/continue", "names no host"),
        ("https://127.0.0.1:9/x", "https needs the CA's certificate"),
    ] {
        let error = client(url, "").err().unwrap().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let line = KernelLine::parse("");
    let missing = Server::new(&Settings::from_kernel_line(&line), &Log::new(&line, None));
    assert!(
        missing
            .err()
            .unwrap()
            .to_string()
            .contains("ipa-inspection-callback-url is missing")
    );
}

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

impl Authority {
    /// A CA that is valid in these years.
    fn new(years: (i32, i32)) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let der = params.self_signed(&key).unwrap().der().to_vec();
        Self {
            issuer: Issuer::new(params, key),
            der,
        }
    }

    /// A server with a certificate of this CA, for this name and these years.
    fn server(&self, name: &str, years: (i32, i32)) -> TestServer {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(years.0, 1, 1);
        params.not_after = rcgen::date_time_ymd(years.1, 1, 1);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        TestServer::tls(
            certificate.der().to_vec(),
            key.serialize_der(),
            vec![Answer::Status(200); 2],
        )
    }

    fn parameter(&self) -> String {
        format!(
            "assay.post-attempts=1 assay.ca={}",
            URL_SAFE_NO_PAD.encode(&self.der)
        )
    }
}

#[test]
fn https_trusts_the_given_ca() {
    let authority = Authority::new((2020, 2090));
    let server = authority.server("127.0.0.1", (2020, 2090));
    deliver(&server, &authority.parameter()).unwrap();
    assert_eq!(server.requests()[0].body, b"{\"a\":1}");
}

#[test]
fn a_wrong_clock_is_survived() {
    // Seen from today the first clock is far ahead, the second far behind.
    for years in [(2001, 2002), (2080, 2081)] {
        for ca_years in [years, (2000, 2090)] {
            let authority = Authority::new(ca_years);
            let server = authority.server("127.0.0.1", years);
            deliver(&server, &authority.parameter()).unwrap();
        }
    }
}

#[test]
fn another_ca_and_another_name_are_not_trusted_whatever_the_clock() {
    let authority = Authority::new((2020, 2090));
    let other = Authority::new((2020, 2090));
    for years in [(2020, 2090), (2001, 2002)] {
        let server = authority.server("127.0.0.1", years);
        let error = deliver(&server, &other.parameter())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("UnknownIssuer") || error.contains("BadSignature"),
            "{error}"
        );
        let server = authority.server("other.example", years);
        let error = deliver(&server, &authority.parameter())
            .unwrap_err()
            .to_string();
        assert!(error.contains("not valid for name"), "{error}");
        assert!(server.requests().is_empty());
    }
}

#[test]
fn a_self_signed_certificate_may_be_its_own_ca() {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2002, 1, 1);
    params.not_before = rcgen::date_time_ymd(2001, 1, 1);
    let key = KeyPair::generate().unwrap();
    let der = params.self_signed(&key).unwrap().der().to_vec();
    let server = TestServer::tls(der.clone(), key.serialize_der(), vec![Answer::Status(200)]);
    deliver(
        &server,
        &format!("assay.ca={}", URL_SAFE_NO_PAD.encode(der)),
    )
    .unwrap();
}

#[test]
fn insecure_trusts_anybody_but_only_without_a_ca() {
    let authority = Authority::new((2020, 2090));
    let server = authority.server("other.example", (2001, 2002));
    deliver(&server, "assay.insecure=1 assay.post-attempts=1").unwrap();
    let both = format!(
        "assay.insecure=1 {}",
        Authority::new((2020, 2090)).parameter()
    );
    assert!(deliver(&server, &both).is_err());
}

#[test]
fn a_server_that_never_answers_does_not_hold_a_phase_up() {
    let server = TestServer::plain(vec![Answer::Silence]);
    let phases = format!("assay.phase-url={}", server.url("/phase"));
    let client = client(&server.url(PATH), &phases).unwrap();
    let started = std::time::Instant::now();
    client.announce("agent");
    assert!(started.elapsed() < Duration::from_secs(20));
}

//! Reading: the first answer, one status, a page of nodes.

use std::time::{Duration, Instant};

use assay_tests::{Client, Machine, Setup, status};

use crate::figures::{Figures, percentile};
use crate::load;

const RUN: Duration = Duration::from_secs(10);

/// From the process's start to the first answer, on a fresh and on a used data folder.
pub(crate) async fn start(figures: &mut Figures) {
    let setup = Setup::new();
    let began = Instant::now();
    let mut server = setup.start().await;
    let _ = server.client().get("/readyz").await.expect(200);
    let fresh = began.elapsed();
    figures.note(
        "start to first answer, new database, ms",
        milliseconds(fresh),
        "under 500",
    );
    server.kill();
    let began = Instant::now();
    server.start_again();
    let _ = server.client().get("/readyz").await.expect(200);
    figures.note(
        "start to first answer, ms",
        milliseconds(began.elapsed()),
        "under 500",
    );
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// GET of an introspection's status with a token.
pub(crate) async fn status(figures: &mut Figures) {
    let server = Setup::new().authenticated().start().await;
    let client = server.client();
    let address = server.base().trim_start_matches("http://");
    let mut requests = Vec::new();
    for number in 0..50 {
        let machine = Machine::numbered(number);
        let node = machine.enrol(client, &format!("status-{number}")).await;
        let uuid = node["uuid"].as_str().unwrap();
        let _ = machine.introspect(client, uuid).await.expect(200);
        status::finished(client, uuid, RUN).await;
        let path = format!("/v1/introspection/{uuid}");
        requests.push(load::get(address, &path, client.token()));
    }
    let run = load::run(address, requests, 16, RUN).await;
    figures.note(
        "GET status with a token, a second",
        run.rate,
        "at least 15000",
    );
    figures.note("GET status, p99, ms", percentile(&run.times, 0.99), "-");
}

/// A page of 1,000 nodes out of all.
pub(crate) async fn page(figures: &mut Figures, client: &Client) {
    let address = client.base().trim_start_matches("http://");
    let requests = (0..10)
        .map(|page| format!("/v1/nodes/?limit=1000&offset={}", page * 1000))
        .map(|path| load::get(address, &path, client.token()))
        .collect();
    let run = load::run(address, requests, 1, RUN).await;
    figures.note(
        "page of 1,000 nodes out of 10,000, p50, ms",
        percentile(&run.times, 0.5),
        "-",
    );
    figures.note(
        "page of 1,000 nodes out of 10,000, p99, ms",
        percentile(&run.times, 0.99),
        "under 25",
    );
    let list = vec![load::get(
        address,
        "/v1/introspection?limit=1000",
        client.token(),
    )];
    let run = load::run(address, list, 1, RUN).await;
    figures.note(
        "list of 1,000 introspections, a second",
        run.rate,
        "peer: 20",
    );
}

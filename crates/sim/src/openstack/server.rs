//! Connections of a cloud: its listener, its requests, and the faults that show there.

use std::convert::Infallible;
use std::sync::Arc;

use chrono::Utc;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request};
use tokio::net::{TcpListener, TcpStream};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, Moment};
use super::faults::CallFault;
use super::request::{Call, Service};
use super::{Shared, compute, control, identity, image, placement, versions, volume};
use crate::web::{self, Answered, HungUp, LOOK_AGAIN};

/// Larger bodies are refused.
const LARGEST_BODY: usize = 1 << 20;

/// Accepts connections.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => shared.work.spawn(connection(Arc::clone(&shared), stream)),
            Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
        }
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    let tls = shared.tls.clone();
    web::serve(stream, tls, false, |request| handle(&shared, request)).await;
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Answered {
    let (parts, body) = request.into_parts();
    let is_head = parts.method == Method::HEAD;
    let base = shared.url();
    if parts.uri.path() == "/" {
        return Ok(versions::index(&base).into_response(is_head));
    }
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let call = match body {
        Ok(body) => Call::read(&parts, &body.to_bytes(), base),
        Err(_) => Err((Service::Compute, Refusal::too_large())),
    };
    let answer = match call {
        Ok(call) => answer(shared, &call).await?,
        Err((service, refusal)) => refusal.answer(service),
    };
    Ok(answer.into_response(is_head))
}

async fn answer(shared: &Shared, call: &Call) -> Result<Answer, HungUp> {
    let fault = {
        let mut cloud = shared.cloud.lock();
        if call.service == Service::Simulator {
            None
        } else {
            let operation = call.operation();
            let fault = cloud.faults.of_call(&operation);
            *cloud.counters.requests.entry(operation).or_default() += 1;
            fault
        }
    };
    match fault {
        Some(CallFault::Hang) => {
            std::future::pending::<Infallible>().await;
        }
        Some(CallFault::HangUp) => return Err(HungUp),
        Some(CallFault::Answer {
            status,
            retry_after,
        }) => {
            let answer = Refusal::simulated(status).answer(call.service);
            return Ok(answer.retry_after(retry_after));
        }
        Some(CallFault::LoseAnswer) | None => {}
    }
    let answer = {
        let now = Utc::now();
        let mut cloud = shared.cloud.lock();
        cloud.advance(now);
        let handled = dispatch(&mut cloud, call, now);
        handled.unwrap_or_else(|refusal| refusal.answer(call.service))
    };
    if fault == Some(CallFault::LoseAnswer) {
        return Err(HungUp);
    }
    Ok(with_version(call, answer))
}

/// Finds who answers. All but logins and documents of versions need a token.
fn dispatch(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    if call.path.is_empty() {
        return versions::document(call);
    }
    match call.service {
        Service::Identity => return identity::answer(cloud, call, now),
        Service::Simulator => return control::answer(cloud, call, now),
        _ => {}
    }
    let token = cloud.token(call.token.as_deref(), now)?.clone();
    match call.service {
        Service::Placement => placement::answer(cloud, call),
        _ if !call.is_versioned => Err(Refusal::no_resource()),
        Service::Volume => volume::answer(cloud, call, &token, now),
        Service::Image => image::answer(cloud, call),
        _ => compute::answer(cloud, call, &token, now),
    }
}

/// Says which microversion the answer is of.
fn with_version(call: &Call, answer: Answer) -> Answer {
    let Some((major, ..)) = call.service.microversions() else {
        return answer;
    };
    let version = format!("{major}.{}", call.minor);
    let new = format!("{} {version}", call.service.name());
    let answer = answer
        .with("openstack-api-version", new)
        .with("vary", "OpenStack-API-Version");
    if call.service == Service::Compute {
        answer
            .with("x-openstack-nova-api-version", version)
            .with("vary", "X-OpenStack-Nova-API-Version")
    } else {
        answer
    }
}

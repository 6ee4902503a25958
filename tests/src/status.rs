//! Introspections as Inspector's API shows them.

use std::time::Duration;

use serde_json::Value;

use crate::client::Client;
use crate::wait;

/// The status of a node's current introspection.
pub async fn status(client: &Client, node: &str) -> Value {
    client
        .get(&format!("/v1/introspection/{node}"))
        .await
        .expect(200)
        .json()
}

/// Waits until a node's introspection has ended, well or badly.
pub async fn ended(client: &Client, node: &str, limit: Duration) -> Value {
    let what = format!("the introspection of {node} ends");
    wait::until_is(
        &what,
        limit,
        async || status(client, node).await,
        |status| status["finished"] == true,
    )
    .await
}

/// Waits until a node's introspection has ended, and panics if it ended badly.
pub async fn finished(client: &Client, node: &str, limit: Duration) -> Value {
    let status = ended(client, node, limit).await;
    assert_eq!(status["error"], Value::Null, "{status}");
    status
}

/// Waits until a node's introspection is in that state.
pub async fn in_state(client: &Client, node: &str, state: &str, limit: Duration) -> Value {
    let what = format!("the introspection of {node} is {state}");
    wait::until_is(
        &what,
        limit,
        async || status(client, node).await,
        |status| status["state"] == state,
    )
    .await
}

//! Tokens in a fleet: what one process revokes or changes holds in all within seconds.

use std::time::{Duration, Instant};

use assay_tests::database::Database;
use assay_tests::server::login;
use assay_tests::{Client, Server, Setup, wait};
use reqwest::Method;
use serde_json::json;

/// How long a revocation may take to be known everywhere.
const SECONDS: Duration = Duration::from_secs(5);
const PASSWORD: &str = "password of olga";

/// A second process over the first one's database and key.
async fn beside(first: &Server, database: &Database) -> Server {
    let key = first.setup().data().join("secret.key");
    let second = Setup::new()
        .database(database)
        .env("ASSAY_KEY_FILE", key.display());
    second.joining().start().await
}

async fn revoke(client: &Client, token: &str) {
    let request = client
        .request(Method::DELETE, "/v3/auth/tokens")
        .header("X-Subject-Token", token);
    let _ = assay_tests::client::send(request).await.expect(204);
}

async fn becomes_refused(client: &Client) {
    let begun = Instant::now();
    wait::until_is(
        "the token is refused",
        SECONDS,
        async || client.get("/v1/nodes/").await.status,
        |status| *status == 401,
    )
    .await;
    assert!(begun.elapsed() < SECONDS);
}

async fn a_fleet_agrees(database: Database) {
    let first = Setup::new()
        .database(&database)
        .authenticated()
        .start()
        .await;
    let second = beside(&first, &database).await;
    first.setup().add_user("olga", "operator", PASSWORD);
    let tokens = [
        login(first.client(), "olga", PASSWORD).await,
        login(second.client(), "olga", PASSWORD).await,
    ];
    let at_both = |token: &str| {
        [
            first.client().with_token(token),
            second.client().with_token(token),
        ]
    };
    for client in tokens.iter().flat_map(|token| at_both(token)) {
        let _ = client.get("/v1/nodes/").await.expect(200);
    }

    revoke(&first.client().with_token(&tokens[0]), &tokens[0]).await;
    let [here, there] = at_both(&tokens[0]);
    let _ = here.get("/v1/nodes/").await.expect(401);
    becomes_refused(&there).await;
    let [here, there] = at_both(&tokens[1]);
    for client in [&here, &there] {
        let _ = client.get("/v1/nodes/").await.expect(200);
    }

    let change = json!({"role": "observer"});
    let _ = first
        .client()
        .put("/assay/v1/users/olga", &change)
        .await
        .expect(200);
    let _ = here.get("/v1/nodes/").await.expect(401);
    becomes_refused(&there).await;

    let login_again = login(second.client(), "olga", PASSWORD).await;
    let [here, there] = at_both(&login_again);
    let _ = there.get("/v1/nodes/").await.expect(200);
    let _ = first
        .client()
        .delete("/assay/v1/users/olga")
        .await
        .expect(204);
    let _ = here.get("/v1/nodes/").await.expect(401);
    becomes_refused(&there).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_on_sqlite_agrees_on_who_may_come_in() {
    a_fleet_agrees(Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_on_postgres_agrees_on_who_may_come_in() {
    a_fleet_agrees(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_token_stays_revoked_after_a_crash() {
    let mut server = Setup::new().authenticated().start().await;
    let token = login(
        server.client(),
        "admin",
        assay_tests::server::ADMIN_PASSWORD,
    )
    .await;
    let client = server.client().with_token(&token);
    let _ = client.get("/v1/nodes/").await.expect(200);
    revoke(server.client(), &token).await;
    server.kill();
    server.start_again();
    let _ = client.get("/v1/nodes/").await.expect(401);
    let _ = server.client().get("/v1/nodes/").await.expect(200);
}

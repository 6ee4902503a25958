//! A real Keystone says whose token is whose: roles, revocation, outage.

use std::time::{Duration, Instant};

use assay_tests::keystone::{Keystone, PASSWORD, project};
use assay_tests::programs::OpenStack;
use assay_tests::server::{ADMIN_PASSWORD, login};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

/// How long Assay believes an answer of Keystone in these tests.
const CACHE: Duration = Duration::from_secs(3);
/// How long the new answer may take to come, once the old one counts no more.
const LIMIT: Duration = Duration::from_secs(30);

/// A Keystone with users of all roles, and an Assay that believes it.
struct Lab {
    keystone: Keystone,
    server: Server,
    node: String,
    anns_id: String,
}

async fn lab() -> Lab {
    let keystone = Keystone::start().await;
    let metal = keystone.add_project("baremetal").await;
    let tenant = keystone.add_project("tenant").await;
    let service = keystone.add_project("service").await;
    keystone.add_user("assay", "service", &service).await;
    keystone.add_user("boss", "admin", &metal).await;
    let anns_id = keystone.add_user("ann", "member", &metal).await;
    let reader = keystone.add_user("reader", "reader", &metal).await;
    keystone.grant_system(&reader, "reader").await;
    keystone.add_user("guest", "stranger", &metal).await;
    keystone.add_user("tenant", "admin", &tenant).await;
    let config = format!(
        "[keystone]\nurl = '{}'\nusername = 'assay'\npassword = '{PASSWORD}'\ncache_seconds = {}\ntimeout = 15\n",
        keystone.url(),
        CACHE.as_secs()
    );
    let setup = Setup::new()
        .authenticated()
        .env("ASSAY_LOG__LEVEL", "debug");
    let server = setup.config(&config).start().await;
    let kind = "baremetal-introspection";
    keystone.add_service(kind, server.base()).await;
    let body = json!({"node": {"name": "n", "mac_address": "52:54:00:00:0e:01"}});
    let node = server.client().post("/v1/nodes/", &body).await.expect(200);
    Lab {
        node: node.json()["node"]["uuid"].as_str().unwrap().to_owned(),
        keystone,
        server,
        anns_id,
    }
}

impl Lab {
    async fn client(&self, user: &str, scope: &Value) -> Client {
        let token = self.keystone.token(user, scope).await;
        self.server.client().with_token(&token)
    }

    fn start(&self) -> String {
        format!("/v1/introspection/{}?manage_boot=0", self.node)
    }

    fn abort(&self) -> String {
        format!("/v1/introspection/{}/abort", self.node)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_keystone_is_believed_while_it_answers() {
    let mut lab = lab().await;
    roles_are_mapped(&lab).await;
    other_scopes_and_tokens_are_refused(&lab).await;
    the_client_of_openstack_works(&lab);
    a_revoked_token_is_refused_in_time(&lab).await;
    an_outage_opens_no_door(&mut lab).await;
    local_users_still_come_in(&lab).await;
    let log = lab.server.log();
    assert!(log.contains("keystone:ann@Default"), "nobody was logged");
    assert!(
        !log.contains(PASSWORD) && !log.contains("gAAAA"),
        "the log holds a secret"
    );
}

async fn roles_are_mapped(lab: &Lab) {
    let metal = project("baremetal");
    let boss = lab.client("boss", &metal).await;
    let _ = boss.get("/assay/v1/users").await.expect(200);

    let ann = lab.client("ann", &metal).await;
    let _ = ann.get("/assay/v1/users").await.expect(403);
    let _ = ann.post_empty(&lab.start()).await.expect(202);
    let _ = ann.post_empty(&lab.abort()).await.expect(202);

    let scopes = [metal, json!({"system": {"all": true}})];
    for scope in &scopes {
        let reader = lab.client("reader", scope).await;
        let _ = reader.get("/v1/nodes/").await.expect(200);
        let _ = reader.post_empty(&lab.start()).await.expect(403);
    }
}

async fn other_scopes_and_tokens_are_refused(lab: &Lab) {
    let guest = lab.client("guest", &project("baremetal")).await;
    let refused = guest.get("/v1/introspection").await.expect(403);
    assert!(refused.json()["error"]["message"].is_string());
    let tenant = lab.client("tenant", &project("tenant")).await;
    let _ = tenant.get("/v1/nodes/").await.expect(403);
    let unscoped = lab.client("ann", &json!("unscoped")).await;
    let _ = unscoped.get("/v1/nodes/").await.expect(403);

    let forged = lab.server.client().with_token("gAAAAABforged");
    let refused = forged.get("/v1/introspection").await.expect(401);
    let uri = format!("Keystone uri=\"{}\"", lab.keystone.url());
    assert_eq!(refused.header("WWW-Authenticate"), Some(uri.as_str()));
}

fn the_client_of_openstack_works(lab: &Lab) {
    let scope = [
        "--os-project-name",
        "baremetal",
        "--os-project-domain-id",
        "default",
    ];
    let url = lab.keystone.url();
    let ann = OpenStack::with_password(&url, "ann", PASSWORD, &scope);
    assert_eq!(ann.json(&["list"])[0]["UUID"], lab.node.as_str());
    let reader = OpenStack::with_password(&url, "reader", PASSWORD, &scope);
    let complaint = reader.refused(&["start", &lab.node]);
    assert!(complaint.contains("operator"), "{complaint}");
}

/// Asks until the answer is `status`. What is asked later than the cache's time from now must not be
/// answered as before.
async fn within_the_caches_time(client: &Client, status: u16) {
    let changed = Instant::now();
    loop {
        let asked = changed.elapsed();
        let answer = client.get("/v1/nodes/").await.status;
        if answer == status {
            return;
        }
        assert_eq!(answer, 200);
        assert!(asked < CACHE, "still believed {asked:?} after the change");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn a_revoked_token_is_refused_in_time(lab: &Lab) {
    let token = lab.keystone.token("boss", &project("baremetal")).await;
    let boss = lab.server.client().with_token(&token);
    let _ = boss.get("/v1/nodes/").await.expect(200);
    lab.keystone.revoke(&token).await;
    within_the_caches_time(&boss, 401).await;

    // A user who is switched off loses the tokens as well.
    let ann = lab.client("ann", &project("baremetal")).await;
    let _ = ann.get("/v1/nodes/").await.expect(200);
    set_enabled(lab, false).await;
    within_the_caches_time(&ann, 401).await;
    set_enabled(lab, true).await;
}

async fn set_enabled(lab: &Lab, enabled: bool) {
    let path = format!("/v3/users/{}", lab.anns_id);
    let body = json!({"user": {"enabled": enabled}});
    let request = lab.keystone.client().request(reqwest::Method::PATCH, &path);
    let _ = assay_tests::client::send(request.json(&body))
        .await
        .expect(200);
}

async fn an_outage_opens_no_door(lab: &mut Lab) {
    let scope = project("baremetal");
    let known = lab.client("boss", &scope).await;
    let fresh = lab.client("boss", &scope).await;
    let _ = known.get("/v1/nodes/").await.expect(200);
    lab.keystone.kill();
    for client in [&fresh, &known.with_token("gAAAAABforged-in-the-outage")] {
        let refused = client.get("/v1/introspection").await.expect(503);
        let seconds: u64 = refused.header("Retry-After").unwrap().parse().unwrap();
        assert!((1..60).contains(&seconds), "{seconds}");
    }
    within_the_caches_time(&known, 503).await;
    local_users_still_come_in(lab).await;

    lab.keystone.start_again();
    for client in [&fresh, &known] {
        let status = async || client.get("/v1/nodes/").await.status;
        wait::until_is("Keystone is asked again", LIMIT, status, |status| {
            *status == 200
        })
        .await;
    }
}

async fn local_users_still_come_in(lab: &Lab) {
    let client = lab.server.client();
    let _ = client.get("/v1/nodes/").await.expect(200);
    let token = login(client, "admin", ADMIN_PASSWORD).await;
    let _ = client
        .with_token(&token)
        .get("/v1/nodes/")
        .await
        .expect(200);
    let request = client
        .without_token()
        .request(reqwest::Method::GET, "/v1/nodes/");
    let request = request.basic_auth("admin", Some(ADMIN_PASSWORD));
    let _ = assay_tests::client::send(request).await.expect(200);
}

#[test]
fn settings_that_cannot_work_end_the_start() {
    for (config, word) in [
        ("[identity]\nlocal_users = false\n", "local_users"),
        ("[keystone]\nurl = 'http://127.0.0.1:1/v3'\n", "username"),
        (
            "[keystone]\nurl = 'ftp://x'\nusername = 'a'\npassword = 'b'\n",
            "ftp",
        ),
        (
            "[keystone]\nurl = 'http://x'\nusername = 'a'\npassword = 'b'\nprojets = []\n",
            "projets",
        ),
        (
            "[keystone]\nurl = 'http://x'\nusername = 'a'\npassword = 4711\n",
            "password",
        ),
    ] {
        let setup = Setup::new();
        let file = setup.data().join("wrong.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = setup.command(&["serve", "--listen", "127.0.0.1:0"]);
        let output = command.arg("--config").arg(&file).output().unwrap();
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{config}");
        assert!(
            complaint.contains(word) && !complaint.contains("4711"),
            "{complaint}"
        );
    }
}

//! OpenStack's unmodified client logs in with a password against Assay alone, and finds the
//! introspection API in the catalog.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::IdleMachine;
use assay_tests::programs::OpenStack;
use assay_tests::server::ADMIN_PASSWORD;
use assay_tests::{Client, Machine, Server, Setup, lab, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const PROJECT: [&str; 4] = [
    "--os-project-name",
    "admin",
    "--os-project-domain-id",
    "default",
];

fn openstack(server: &Server, user: &str, password: &str, scope: &[&str]) -> OpenStack {
    OpenStack::with_password(&format!("{}/v3", server.base()), user, password, scope)
}

/// The client of a user who has just been added, in the project.
fn user(server: &Server, name: &str, role: &str) -> OpenStack {
    let password = format!("password of {name}");
    server.setup().add_user(name, role, &password);
    openstack(server, name, &password, &PROJECT)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_drives_an_introspection() {
    let server = Setup::new().authenticated().start().await;
    let machine = Machine::numbered(71);
    let node = machine.enrol(server.client(), "seventy-one").await;
    let uuid = node["uuid"].as_str().unwrap();
    let operator = user(&server, "olga", "operator");
    started_and_aborted(&server, &operator).await;

    let start = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = server.client().post_empty(&start).await.expect(202);
    let boot = machine.boot(server.client()).await;
    let _ = boot.report(&machine.report()).await.expect(200);
    status::finished(server.client(), uuid, LIMIT).await;
    assert_eq!(operator.json(&["status", uuid])["error"], Value::Null);
    let listed = operator.json(&["list"]);
    assert_eq!(listed[0]["UUID"], uuid);
    let data: Value = serde_json::from_str(&operator.ok(&["data", "save", uuid])).unwrap();
    let interface = &data["inventory"]["interfaces"][0];
    assert_eq!(interface["mac_address"], machine.macs[0]);

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json");
    let rules = json!([{"description": "a rule", "conditions": [],
        "actions": [{"action": "set-capability", "name": "seen", "value": "true"}]}]);
    std::fs::write(&file, rules.to_string()).unwrap();
    let imported = operator.json(&["rule", "import", file.to_str().unwrap()]);
    assert_eq!(operator.json(&["rule", "list"]), imported);
}

/// A machine with a BMC is started by the client, and given up before it has reported.
async fn started_and_aborted(server: &Server, openstack: &OpenStack) {
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(71))));
    let node = lab::enrol(server.client(), &bmc).await;
    openstack.ok(&["start", &node.uuid]);
    assert_eq!(openstack.json(&["status", &node.uuid])["finished"], false);
    openstack.ok(&["abort", &node.uuid]);
    let ended = status::ended(server.client(), &node.uuid, LIMIT).await;
    assert_eq!(ended["error"], "Canceled by operator");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_scope_finds_the_introspection_api() {
    let server = Setup::new().authenticated().start().await;
    let by_name = [
        "--os-project-name",
        "admin",
        "--os-project-domain-name",
        "Default",
    ];
    let system = ["--os-system-scope", "all"];
    for scope in [&PROJECT[..], &by_name, &system, &[]] {
        let client = openstack(&server, "admin", ADMIN_PASSWORD, scope);
        assert_eq!(client.json(&["list"]), json!([]), "{scope:?}");
    }
    let client = openstack(&server, "admin", ADMIN_PASSWORD, &PROJECT);
    let catalog = client.tell(&["catalog", "list"]);
    let mut kinds: Vec<&str> = catalog
        .as_array()
        .unwrap()
        .iter()
        .map(|service| service["Type"].as_str().unwrap())
        .collect();
    kinds.sort_unstable();
    assert_eq!(
        kinds,
        [
            "assay",
            "baremetal-introspection",
            "cloudmanager",
            "identity"
        ]
    );
    let projects = client.tell(&["project", "list"]);
    assert_eq!(projects[0]["Name"], "admin");
    assert_eq!(
        client.tell(&["user", "show", "admin"])["domain_id"],
        "default"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_issued_used_and_revoked() {
    let server = Setup::new().authenticated().start().await;
    let client = openstack(&server, "admin", ADMIN_PASSWORD, &PROJECT);
    let issued = client.tell(&["token", "issue"]);
    let token = issued["id"].as_str().unwrap().to_owned();
    assert_eq!(issued["user_id"], "admin");

    let auth_url = format!("{}/v3", server.base());
    let by_token = OpenStack::with_arguments(
        &[
            &[
                "--os-auth-type",
                "token",
                "--os-auth-url",
                &auth_url,
                "--os-token",
                &token,
            ],
            &PROJECT[..],
        ]
        .concat(),
    );
    assert_eq!(by_token.json(&["list"]), json!([]));
    assert!(client.run(&["token", "revoke", &token]).status.success());
    let complaint = by_token.refused(&["list"]);
    assert!(complaint.contains("401"), "{complaint}");
    assert!(!complaint.contains("Traceback"), "{complaint}");
    let stranger: Client = server.client().with_token(&token);
    let _ = stranger.get("/v1/nodes/").await.expect(401);
    assert!(client.deny(&["token", "revoke", &token]).contains("404"));
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_and_too_small_roles_are_refused_in_words() {
    let server = Setup::new().authenticated().start().await;
    let wrong = openstack(&server, "admin", "wrong", &PROJECT);
    let complaint = wrong.refused(&["list"]);
    assert!(
        complaint.contains("401") && !complaint.contains("Traceback"),
        "{complaint}"
    );
    let other = [
        "--os-project-name",
        "other",
        "--os-project-domain-id",
        "default",
    ];
    let elsewhere = openstack(&server, "admin", ADMIN_PASSWORD, &other);
    assert!(elsewhere.deny(&["token", "issue"]).contains("401"));

    let machine = Machine::numbered(72);
    let node = machine.enrol(server.client(), "seventy-two").await;
    let observer = user(&server, "otto", "observer");
    assert_eq!(observer.json(&["list"]), json!([]));
    let complaint = observer.refused(&["start", node["uuid"].as_str().unwrap()]);
    assert!(complaint.contains("operator"), "{complaint}");
    assert!(observer.deny(&["user", "list"]).contains("403"));
}

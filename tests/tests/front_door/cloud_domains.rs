//! Domains of a simulated Keystone: their configurations are loaded from files, and nothing of them is
//! told to anybody else.

use assay_sim::{CallFault, OpenStackFault, OpenStackOptions};
use assay_tests::openstack::{Cloud, Services};
use assay_tests::server::login;
use assay_tests::{Server, Setup};
use serde_json::json;

/// A password that must be nowhere but in Keystone.
const CANARY: &str = "canary-of-an-ldap-server-55b1";
const CONFIGURE: &str = "/v1/domains/default/actions/configure";

async fn lab(has_folder: bool) -> (Cloud, Server) {
    let cloud = Cloud::start(OpenStackOptions::default());
    let setup = Setup::new().authenticated();
    let mut config = cloud.config(&setup);
    if has_folder {
        let folder = setup.data().join("domains");
        std::fs::create_dir(&folder).unwrap();
        config = format!("{config}[cloud.domains]\nfolder = '{}'\n", folder.display());
    }
    let server = setup.config(&config).start().await;
    (cloud, server)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_is_loaded_from_its_file() {
    let (cloud, server) = lab(true).await;
    let client = server.client();
    let store = client.post_empty("/v1/domains/actions/get-store").await;
    assert_eq!(store.expect(200).json(), json!({"store": "file"}));
    let missing = client.post_empty(CONFIGURE).await.expect(404).text();
    assert!(missing.contains("keystone.Default.conf"), "{missing}");
    let file = server.setup().data().join("domains/keystone.Default.conf");
    let text =
        format!("[identity]\ndriver = ldap\n[ldap]\nurl = ldap://a:389\npassword = {CANARY}\n");
    std::fs::write(&file, text).unwrap();
    let _ = client.post_empty(CONFIGURE).await.expect(204);
    let simulator = cloud.simulator();
    let kept = simulator.domain_config("default").unwrap();
    assert_eq!(kept["identity"], json!({"driver": "ldap"}));
    assert_eq!(
        kept["ldap"],
        json!({"url": "ldap://a:389", "password": CANARY})
    );
    let services = Services::new(&cloud).await;
    let shown = services.get("/identity/v3/domains/default/config").await;
    assert_eq!(shown["config"]["ldap"], json!({"url": "ldap://a:389"}));

    // What is loaded next takes its place; what Keystone refuses changes nothing.
    std::fs::write(&file, "[identity]\ndriver = sql\n").unwrap();
    let _ = client.post_empty(CONFIGURE).await.expect(204);
    assert_eq!(
        simulator.domain_config("default").unwrap(),
        json!({"identity": {"driver": "sql"}})
    );
    for (text, why) in [
        (format!("[token]\nexpiration = {CANARY}\n"), "Group token"),
        (format!("[ldap]\npassword {CANARY}\n"), "no value"),
        (format!("[ldap\npassword = {CANARY}\n"), "line 1"),
        (String::new(), "no option"),
    ] {
        std::fs::write(&file, text).unwrap();
        let told = client.post_empty(CONFIGURE).await.expect(409).text();
        assert!(told.contains(why), "{told}");
        assert!(!told.contains(CANARY), "{told}");
    }
    assert_eq!(
        simulator.domain_config("default").unwrap(),
        json!({"identity": {"driver": "sql"}})
    );
    for nobody in ["0f3b1c6b5e9d5e4b9e8f0b1c2d3e4f5a", "..", "..%2Fusers"] {
        let path = format!("/v1/domains/{nobody}/actions/configure");
        let _ = client.post_empty(&path).await.expect(404);
    }
    simulator.add_fault(OpenStackFault {
        operation: "identity *".to_owned(),
        fault: CallFault::Answer {
            status: 503,
            retry_after: None,
        },
        times: None,
    });
    let _ = client.post_empty(CONFIGURE).await.expect(503);
    assert!(!server.log().contains(CANARY));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_folder_the_database_alone_has_them_and_operators_load_nothing() {
    let (_cloud, server) = lab(false).await;
    let client = server.client();
    let store = client.post_empty("/v1/domains/actions/get-store").await;
    assert_eq!(store.expect(200).json(), json!({"store": "sql"}));
    let told = client.post_empty(CONFIGURE).await.expect(409).text();
    assert!(told.contains("cloud.domains.folder"), "{told}");
    let (name, password) = ("worker", "works-with-nodes-only");
    server.setup().add_user(name, "operator", password);
    let operator = client.with_token(&login(client, name, password).await);
    let _ = operator.post_empty(CONFIGURE).await.expect(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_time_passwords_are_allowed_when_keystone_takes_them() {
    let (cloud, server) = lab(false).await;
    let path = "/v1/domains/totp-allowed";
    let told = server.client().get(path).await.expect(200).json();
    assert_eq!(told, json!({"totp_allowed": false}));
    let simulator = cloud.simulator();
    simulator.set_login_methods(&["password", "token", "totp"]);
    simulator.expire_tokens();
    let told = server.client().get(path).await.expect(200).json();
    assert_eq!(told, json!({"totp_allowed": true}));
    let requests = simulator
        .counters()
        .requests_of("identity POST /auth/tokens");
    assert!(requests <= 3, "one login and two questions, not {requests}");
}

//! Boot scripts, boot files and phases, as a machine asks for them.

use rocket::http::Method;
use rocket::http::uri::Host;
use serde_json::json;

use crate::support::{Server, server, server_with};

const MAC: &str = "52:54:00:00:00:01";

/// A server with boot files, and a machine that is awaited.
async fn awaited() -> (Server, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let (kernel, initramfs) = (
        folder.path().join("kernel"),
        folder.path().join("initramfs"),
    );
    std::fs::write(&kernel, "k".repeat(200_000)).unwrap();
    std::fs::write(&initramfs, "the initramfs").unwrap();
    let server = server_with(|settings| {
        settings.boot.kernel = Some(kernel);
        settings.boot.initramfs = Some(initramfs);
        "ipa-debug=1 bad${net0/mac}".clone_into(&mut settings.boot.extra_kernel_args);
    })
    .await;
    server.waiting("boots", MAC).await;
    (server, folder)
}

async fn script(server: &Server) -> String {
    let path = format!("/assay/v1/boot/ipxe/{MAC}?uuid=&serial=S");
    let reply = server.get(&path).await.expect(200);
    assert!(
        reply
            .header("Content-Type")
            .unwrap()
            .starts_with("text/plain")
    );
    reply.text
}

fn nonce(script: &str) -> String {
    let (_, rest) = script.split_once("nonce=").unwrap();
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

#[rocket::async_test]
async fn every_machine_gets_the_script_that_asks_again() {
    let server = server().await.anonymous();
    let text = server.get("/assay/v1/boot/ipxe").await.expect(200).text;
    assert!(text.starts_with("#!ipxe\n"));
    let url = "http://assay.test:5050/assay/v1/boot/ipxe/${netX/mac}?uuid=${uuid}&serial=${serial:uristring}";
    assert!(text.contains(url), "{text}");
}

#[rocket::async_test]
async fn an_awaited_machine_boots_the_ramdisk() {
    let (server, _folder) = awaited().await;
    let server = server.anonymous();
    let text = script(&server).await;
    let nonce = nonce(&text);
    assert_eq!(nonce.len(), 32);
    let base = format!("http://assay.test:5050/assay/v1/boot/{nonce}");
    for part in [
        &format!("{base}/kernel initrd=initramfs "),
        &format!("initrd --name initramfs {base}/initramfs"),
        &format!("ipa-inspection-callback-url=http://assay.test:5050/v1/continue?nonce={nonce} "),
        &format!("assay.phase-url={base}/phase "),
        "BOOTIF=01-${netX/mac:hexhyp} ",
        "ip=${netX/ip}::${netX/gateway}:${netX/netmask}:::none ",
        "ipa-debug=1",
        "badnet0/mac",
        "boot || goto failed\n",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let kernel = server
        .get(&format!("/assay/v1/boot/{nonce}/kernel"))
        .await
        .expect(200);
    assert_eq!(kernel.text.len(), 200_000);
    let initramfs = server
        .get(&format!("/assay/v1/boot/{nonce}/initramfs"))
        .await;
    assert_eq!(initramfs.expect(200).text, "the initramfs");
}

#[rocket::async_test]
async fn phases_are_stamped_under_the_nonce_alone() {
    let (server, _folder) = awaited().await;
    let nonce = nonce(&script(&server).await);
    server
        .get(&format!("/assay/v1/boot/{nonce}/kernel"))
        .await
        .expect(200);
    let phase = |nonce: &str, name: &str| format!("/assay/v1/boot/{nonce}/phase/{name}");
    server.post_empty(&phase(&nonce, "agent")).await.expect(204);
    server
        .post_empty(&phase("wrong", "agent"))
        .await
        .expect(404);
    server.post_empty(&phase(&nonce, "rules")).await.expect(400);
    server
        .post_empty(&phase(&nonce, "nonsense"))
        .await
        .expect(400);
    let detail = server
        .get("/assay/v1/nodes/boots/introspection")
        .await
        .expect(200)
        .json();
    let phases: Vec<&str> = detail["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|stamp| stamp["phase"].as_str().unwrap())
        .collect();
    assert_eq!(phases, ["boot_script", "kernel", "agent"]);
    assert_eq!(detail["missing"], "collectors");
}

#[rocket::async_test]
async fn other_machines_go_on_to_their_next_device() {
    let (server, _folder) = awaited().await;
    for mac in ["52:54:00:00:00:99", "nonsense", "%24%7Bx%7D"] {
        let reply = server
            .get(&format!("/assay/v1/boot/ipxe/{mac}"))
            .await
            .expect(200);
        assert!(reply.text.ends_with("exit\n"), "{}", reply.text);
        assert!(!reply.text.contains('$'), "{}", reply.text);
    }
    server.get("/assay/v1/boot/wrong/kernel").await.expect(404);
}

#[rocket::async_test]
async fn a_hostile_host_header_does_not_reach_the_script() {
    let server = server().await;
    for host in ["a b", "x\"y", "a${net0/mac}", "evil.test/path"] {
        let mut request = server.client().get("/assay/v1/boot/ipxe");
        if let Ok(host) = Host::parse_owned(host.to_owned()) {
            request.inner_mut().set_host(host);
        }
        let text = request.dispatch().await.into_string().await.unwrap();
        assert!(
            text.contains("--replace http://127.0.0.1:"),
            "{host}: {text}"
        );
    }
}

#[rocket::async_test]
async fn the_public_url_is_what_machines_are_told() {
    let server = server_with(|settings| {
        settings.public_url = Some("https://assay.example.org/".to_owned());
    })
    .await;
    let text = server.get("/assay/v1/boot/ipxe").await.expect(200).text;
    assert!(
        text.contains("--replace https://assay.example.org/assay/v1/boot/ipxe/"),
        "{text}"
    );
    let root = server.get("/").await.expect(200).json();
    assert_eq!(
        root["versions"][0]["links"][0]["href"],
        "https://assay.example.org/v1"
    );
}

#[rocket::async_test]
async fn hints_for_the_root_disk_and_the_authority_are_on_the_kernels_line() {
    let folder = tempfile::tempdir().unwrap();
    let (kernel, ca) = (folder.path().join("kernel"), folder.path().join("ca.pem"));
    std::fs::write(&kernel, "k").unwrap();
    std::fs::write(
        &ca,
        "-----BEGIN CERTIFICATE-----\n/+8A\n-----END CERTIFICATE-----\n",
    )
    .unwrap();
    let server = server_with(|settings| {
        settings.boot.kernel = Some(kernel);
        settings.boot.ca_file = Some(ca);
    })
    .await;
    server.waiting("hinted", MAC).await;
    let body = json!({"properties": {"root_device": {"size": ">= 10", "rotational": false}}});
    server
        .put("/assay/v1/nodes/hinted", &body)
        .await
        .expect(200);
    let text = script(&server).await;
    assert!(
        text.contains(" root_device=size=%3E%3D%2010,rotational=false "),
        "{text}"
    );
    assert!(text.contains(" assay.ca=_-8A "), "{text}");
}

#[rocket::async_test]
async fn boots_are_limited_by_rate() {
    let server = server_with(|settings| settings.rate_limits.boot_per_second = 2).await;
    let mut refused = 0;
    for _ in 0..10 {
        let reply = server
            .ask(Method::Get, "/assay/v1/boot/ipxe", &[], None)
            .await;
        refused += u32::from(reply.status == 429);
    }
    assert!(refused >= 5, "{refused}");
}

//! Storage hosts that cannot tell what they have: no list is shorter for it, and the host is named.

use std::net::TcpListener;

use assay_tests::sshd::new_key;
use assay_tests::{Server, Setup};
use serde_json::json;
use tempfile::TempDir;

/// Two backends on a host that does not answer, one on a host that is not pinned, and one nowhere.
const BACKENDS: &str = "
    [[volume_backends]]
    name = 'silent-1'
    node = 'silent'
    vg_name = 'vol'

    [[volume_backends]]
    name = 'silent-2'
    node = 'silent'
    vg_name = 'other'

    [[volume_backends]]
    name = 'unknown'
    node = 'strange'
    vg_name = 'vol'
";
const VOLUME: &str = "/v1/volumes/cfae37a3-6e8f-4bc8-862e-85db07ff429f";

async fn lab(folder: &TempDir) -> Server {
    let key = folder.path().join("key");
    let public = new_key(&key);
    let server = Setup::new()
        .env("ASSAY_HOSTS__SSH_KEY", key.display())
        .env("ASSAY_HOSTS__CONNECT_LIMIT", 1)
        .config(BACKENDS)
        .start()
        .await;
    for name in ["silent", "strange"] {
        let body = json!({"node": {"name": name, "ip_addresses": ["127.0.0.1"]}});
        let _ = server.client().post("/v1/nodes/", &body).await.expect(200);
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    let body = json!({"port": port, "host_key": public});
    let path = "/assay/v1/nodes/silent/host-access";
    let _ = server.client().put(path, &body).await.expect(200);
    server
}

#[tokio::test]
async fn a_list_lacks_no_backend_silently() {
    let folder = TempDir::new().unwrap();
    let server = lab(&folder).await;
    let client = server.client();
    for (query, status, named) in [
        ("", 503, "backend silent-1 on host silent"),
        ("?limit=1", 503, "backend silent-1 on host silent"),
        ("?offset=1&limit=1", 503, "backend silent-2 on host silent"),
        ("?volume_backend_name=like:un%25", 409, "host-access"),
        ("?host=strange", 409, "backend unknown on host strange"),
        ("?host=nin:silent,strange", 200, "[]"),
        ("?vg_name=another", 200, "[]"),
        ("?vg_name=vol&limit=0", 200, "[]"),
        ("?protocol=iscsi", 400, "protocol"),
        ("?limit=-1", 400, "limit"),
    ] {
        let path = format!("/v1/volume-backends/{query}");
        let reply = client.get(&path).await.expect(status);
        assert!(reply.text().contains(named), "{path}: {}", reply.text());
    }
    let _ = client.get("/v1/volumes/").await.expect(503);
    let _ = client.get("/v1/volumes/?limit=1").await.expect(400);
    // It might be there.
    let _ = client.get(VOLUME).await.expect(503);
    let mirror = format!("{VOLUME}/actions/mirror");
    let _ = client
        .post(&mirror, &json!({"mirror_count": 1}))
        .await
        .expect(503);
    let _ = client.get("/v1/volumes/nonsense").await.expect(404);
}

#[tokio::test]
async fn a_configuration_that_cannot_be_is_refused() {
    let twice = BACKENDS.replace("silent-2", "silent-1");
    let bad = BACKENDS.replace("'other'", "'a;b'");
    for (lines, named) in [(twice, "silent-1"), (bad, "a;b")] {
        let setup = Setup::new();
        let config = setup.data().join("bad.toml");
        std::fs::write(&config, &lines).unwrap();
        let arguments = ["status", "--config", config.to_str().unwrap()];
        let output = setup.command(&arguments).output().unwrap();
        let complained = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            !output.status.success() && complained.contains(named),
            "{complained}"
        );
        assert!(complained.contains("volume_backends"), "{complained}");
    }
}

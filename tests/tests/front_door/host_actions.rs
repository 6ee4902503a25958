//! What Assay does on the operating system of a node, tried on a Debian of its own in a virtual machine.

mod cpu_mode;
mod heartbeat;
mod locks;
mod targets;
mod volumes;

use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use assay_tests::host_guest::HostGuest;
use assay_tests::{Reply, Server, Setup, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

/// For what the guest does by itself.
const LIMIT: Duration = Duration::from_secs(120);
const FORWARD: &str = "/etc/rsyslog.d/90-assay-forward.conf";

struct Lab {
    guest: HostGuest,
    server: Server,
    logs: TcpListener,
    _folder: TempDir,
}

impl Lab {
    async fn new() -> Self {
        let guest = tokio::task::block_in_place(HostGuest::start);
        let folder = TempDir::new().unwrap();
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let key = file("key", &guest.client_key());
        let community = file("community", "canary-community\n");
        let logs = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Setup::new()
            .env("ASSAY_HOSTS__SSH_KEY", key.display())
            .env("ASSAY_HOSTS__SNMP__COMMUNITY_FILE", community.display())
            .env("ASSAY_HOSTS__LOG_PORT", logs.local_addr().unwrap().port())
            .env("ASSAY_HOSTS__CONNECT_LIMIT", 60)
            .env("ASSAY_HOSTS__ANSWER_WAIT", 300)
            .env("ASSAY_HOSTS__KEEP_INTERVAL", 5)
            .env("ASSAY_HEARTBEATS__WATCH", true)
            .env("ASSAY_HEARTBEATS__INTERVAL", 1)
            .env("ASSAY_HEARTBEATS__SILENCE", 4)
            .config(volumes::BACKENDS)
            .start()
            .await;
        let node = json!({"node": {"name": "host", "ip_addresses": ["127.0.0.1"]}});
        let _ = server.client().post("/v1/nodes/", &node).await.expect(200);
        Self {
            guest,
            server,
            logs,
            _folder: folder,
        }
    }

    fn on_guest<T>(&self, work: impl FnOnce(&HostGuest) -> T) -> T {
        tokio::task::block_in_place(|| work(&self.guest))
    }

    async fn pin(&self, host_key: &str) -> Reply {
        let body = json!({
            "port": self.guest.ssh().port(), "snmp_port": self.guest.snmp().port(),
            "host_key": host_key,
        });
        let path = "/assay/v1/nodes/host/host-access";
        self.server.client().put(path, &body).await
    }

    async fn act(&self, action: &str) -> Reply {
        let path = format!("/v1/nodes/1/actions/{action}");
        self.server.client().post_empty(&path).await
    }

    async fn redirect(&self, host: &str) -> Reply {
        let path = "/v1/nodes/1/actions/setup-log-redirection";
        let body = json!({"log_redirection_hostname": host});
        self.server.client().post(path, &body).await
    }

    /// The newest task of a kind.
    async fn task(&self, kind: &str) -> Value {
        let tasks = self.server.client().get("/assay/v1/tasks").await;
        let tasks = tasks.expect(200).json()["tasks"].clone();
        let mut tasks = tasks.as_array().unwrap().iter();
        tasks.find(|task| task["kind"] == kind).unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_as_it_was_set() {
    let mut lab = Lab::new().await;
    only_the_pinned_host_is_touched(&lab).await;
    volumes::disks_are_made(&lab);
    locks::a_neighbour_dies(&lab).await;
    the_log_arrives_elsewhere(&lab).await;
    what_was_set_is_kept(&lab).await;
    the_agent_answers(&lab).await;
    heartbeat::signs_of_life_are_written_and_seen(&lab).await;
    targets::targets_are_found_and_attached(&lab).await;
    nobody_else_comes_in(&lab).await;
    the_system_is_updated(&lab).await;
    what_the_host_lacks_is_said(&lab).await;
    volumes::they_are_mirrored_and_moved(&mut lab).await;
    locks::what_it_held_is_released(&lab).await;
    cpu_mode::it_is_set_and_the_former_file_is_kept(&lab).await;
}

async fn only_the_pinned_host_is_touched(lab: &Lab) {
    let reply = lab.act("enable-snmp").await.expect(409);
    assert!(reply.text().contains("host-access"), "{}", reply.text());
    let _ = lab.pin("ssh-ed25519 nonsense").await.expect(400);
    // Well formed, and another one's.
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE1Wy3M7jDdIHvdITiCNaWBW5XZycYmnPDymiqS9tNpf";
    let _ = lab.pin(other).await.expect(200);
    let reply = lab.act("enable-snmp").await.expect(502);
    assert!(reply.text().contains("not trusted"), "{}", reply.text());
    let _ = lab.pin(&lab.guest.host_key()).await.expect(200);
}

async fn the_log_arrives_elsewhere(lab: &Lab) {
    for bad in ["", "a b", "x;y", "$(reboot)", "-x"] {
        let _ = lab.redirect(bad).await.expect(400);
    }
    let _ = lab.redirect("10.0.2.2").await.expect(204);
    assert_eq!(lab.task("host.action").await["result"]["changed"], true);
    let text = lab.on_guest(|guest| {
        let _ = guest.ok("logger --tag assay-test a-line-for-elsewhere");
        let (mut stream, _) = lab.logs.accept().unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let mut text = String::new();
        while !text.contains("a-line-for-elsewhere") {
            let mut bytes = [0; 4096];
            let count = stream.read(&mut bytes).unwrap();
            assert!(count > 0, "{text}");
            text += &String::from_utf8_lossy(&bytes[..count]);
        }
        text
    });
    assert!(text.contains("assay-test"), "{text}");
    let _ = lab.redirect("10.0.2.2").await.expect(204);
    assert_eq!(lab.task("host.action").await["result"]["changed"], false);
}

/// What the host loses is set again, unless the node is left to itself.
async fn what_was_set_is_kept(lab: &Lab) {
    let lose = |guest: &HostGuest| guest.ok(&format!("rm {FORWARD}"));
    let is_there = |guest: &HostGuest| guest.run(&format!("test -e {FORWARD}")).status.success();
    let kept = lab
        .server
        .client()
        .get("/assay/v1/nodes/host/host-settings");
    let kept = kept.await.expect(200).json();
    assert_eq!(kept["settings"], json!([{"log_redirection": "10.0.2.2"}]));
    let _ = lab.on_guest(lose);
    let looked = async || lab.on_guest(is_there);
    wait::until_is("it is set again", LIMIT, looked, |is_there| *is_there).await;

    let _ = lab.act("disable-dcc").await.expect(204);
    // One that began before.
    let begun = async || lab.task("host.keep").await["status"].clone();
    wait::until_is("it has ended", LIMIT, begun, |status| status == "SUCCESS").await;
    let newest = lab.task("host.keep").await["id"].clone();
    let _ = lab.on_guest(lose);
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert_eq!(lab.task("host.keep").await["id"], newest);
    assert!(!lab.on_guest(is_there));
    let _ = lab.act("enable-dcc").await.expect(204);
    wait::until_is("it is set again", LIMIT, looked, |is_there| *is_there).await;
    let _ = lab.act("disable-log-redirection").await.expect(204);
    assert!(!lab.on_guest(is_there));
    // What comes next does not have to wait for that.
    let _ = lab.act("disable-dcc").await.expect(204);
}

fn asked(lab: &Lab, community: &str) -> bool {
    let address = lab.guest.snmp().to_string();
    let mut command = Command::new("snmpget");
    command.args(["-v2c", "-c", community, "-t", "2", "-r", "2", "-Oqv"]);
    let output = command
        .args([&address, ".1.3.6.1.2.1.1.5.0"])
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).contains("guest")
}

async fn the_agent_answers(lab: &Lab) {
    let _ = lab.act("enable-snmp").await.expect(204);
    let result = lab.task("host.action").await["result"].clone();
    assert!(
        result["report"].to_string().contains("guest answers"),
        "{result}"
    );
    assert!(asked(lab, "canary-community") && !asked(lab, "public"));
    let kept = lab.on_guest(|guest| guest.ok("cat /etc/snmp/snmpd.conf.before-assay"));
    assert!(kept.contains("public"), "{kept}");
    let _ = lab.act("disable-snmp").await.expect(204);
    assert!(!asked(lab, "canary-community"));
    assert!(!result.to_string().contains("canary"));
}

/// An administrator with a key of his own comes in before and after, and not meanwhile.
async fn nobody_else_comes_in(lab: &Lab) {
    lab.on_guest(|guest| {
        let _ = guest.ok(
            "ssh-keygen -q -t ed25519 -N '' -f /root/other && cat /root/other.pub >> /root/.ssh/authorized_keys && \
             echo 'StrictHostKeyChecking no' > /root/.ssh/config",
        );
    });
    let comes_in = || {
        lab.on_guest(|guest| {
            let login =
                "ssh -o BatchMode=yes -i /root/other -o IdentitiesOnly=yes root@127.0.0.1 true";
            guest.run(login).status.success()
        })
    };
    assert!(comes_in());
    let _ = lab.act("disable-ssh").await.expect(204);
    assert!(!comes_in());
    assert_eq!(lab.on_guest(|guest| guest.ok("echo still-in")), "still-in");
    let timers = lab.on_guest(|guest| guest.ok("systemctl list-timers --all"));
    assert!(!timers.contains("assay-ssh-undo"), "{timers}");
    let _ = lab.act("enable-ssh").await.expect(204);
    assert!(comes_in());
}

async fn the_system_is_updated(lab: &Lab) {
    let _ = lab.act("enable-nodesafe").await.expect(204);
    let _ = lab.act("update-system").await.expect(409);
    let _ = lab.act("update-system?force=true").await.expect(204);
    let result = lab.task("host.action").await["result"].clone();
    assert_eq!(result["report"], json!(["guest-notice 1.1"]));
    let _ = lab.act("disable-nodesafe").await.expect(204);
    let began = Instant::now();
    let _ = lab.act("update-system").await.expect(204);
    assert_eq!(lab.task("host.action").await["result"]["changed"], false);
    assert!(began.elapsed() < LIMIT);
}

async fn what_the_host_lacks_is_said(lab: &Lab) {
    let path = "/v1/nodes/1/actions/set-cpu-mode";
    let client = lab.server.client();
    let wanted = json!({"cpu_emulation_mode": "host-model"});
    let reply = client.post(path, &wanted).await.expect(422);
    assert!(reply.text().contains("nova-compute"), "{}", reply.text());
    for bad in [
        json!({}),
        json!({"cpu_emulation_mode": "fast"}),
        json!({"cpu_emulation_mode": "custom"}),
        json!({"cpu_emulation_mode": "custom", "cpu_model": "a b"}),
        json!({"cpu_emulation_mode": null, "cpu_model": "Nehalem"}),
    ] {
        let _ = client.post(path, &bad).await.expect(400);
    }
}

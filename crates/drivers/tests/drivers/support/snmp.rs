//! SNMP agents that Assay did not write: Debian's snmpd with a device of ours behind it, and PyPI's
//! snmpsim.

use std::fs::{self, File};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use assay_domain::Target;
use async_snmp::{Auth, Client, Oid, Retry, Value};
use serde_json::json;
use tempfile::TempDir;

use super::{pytools, target, with_login};

/// The community that may write.
pub(crate) const COMMUNITY: &str = "quite-private";
/// The community that may read only.
pub(crate) const READ_COMMUNITY: &str = "quite-public";
/// The passphrase of authentication of all users of SNMP 3.
pub(crate) const AUTH: &str = "right-enough";
/// The passphrase of privacy.
pub(crate) const PRIVACY: &str = "secret-enough";

/// The device behind an agent.
const DEVICE: &str = include_str!("snmp_device.py");

/// A running agent; dropping it ends it.
pub(crate) struct Agent {
    process: Child,
    address: SocketAddr,
    folder: TempDir,
}

impl Agent {
    /// Starts snmpd for a product, with objects under `root` that `document` describes to the device
    /// behind it.
    pub(crate) async fn snmpd(
        sys_object_id: &str,
        root: &str,
        document: &serde_json::Value,
    ) -> Self {
        Self::start(|folder, address| {
            fs::write(folder.join("device.py"), DEVICE).unwrap();
            fs::write(folder.join("device.json"), document.to_string()).unwrap();
            let config = folder.join("snmpd.conf");
            fs::write(&config, config_text(folder, address, sys_object_id, root)).unwrap();
            let mut command = dying("/usr/sbin/snmpd");
            command.args(["-f", "-Lo", "-C", "-c"]).arg(config);
            command.arg("-p").arg(folder.join("pid"));
            command.env("SNMP_PERSISTENT_DIR", folder.join("kept"));
            command
        })
        .await
    }

    /// Starts snmpsim with data files, each as its community's name and its lines.
    pub(crate) async fn snmpsim(files: &[(String, Vec<String>)]) -> Self {
        pytools::tool("mibdump", "pysmi");
        let program = pytools::tool("snmpsim-command-responder", "snmpsim");
        Self::start(|folder, address| {
            let data = folder.join("data");
            fs::create_dir(&data).unwrap();
            for (name, lines) in files {
                let text = lines.join("\n") + "\n";
                fs::write(data.join(format!("{name}.snmprec")), text).unwrap();
            }
            let mut command = dying(&program);
            command.arg(format!("--data-dir={}", data.display()));
            command.arg(format!("--cache-dir={}", folder.join("cache").display()));
            command.arg(format!("--agent-udpv4-endpoint={address}"));
            command.args(["--process-user=root", "--process-group=root"]);
            command
        })
        .await
    }

    async fn start(command: impl Fn(&Path, SocketAddr) -> Command) -> Self {
        // The port may be taken by another between its choice and its use: then another one is.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let address = free_address();
            let log = File::create(folder.path().join("log")).unwrap();
            let process = command(folder.path(), address)
                .stdout(log.try_clone().unwrap())
                .stderr(log)
                .spawn()
                .unwrap();
            let mut agent = Self {
                process,
                address,
                folder,
            };
            if agent.answers().await {
                return agent;
            }
        }
        panic!("the agent does not start");
    }

    /// Its target, over SNMP 2c with the community that may write.
    pub(crate) fn target(&self) -> Target {
        let mut target = target(self.address);
        target.control_type = "RackPDU".into();
        target.password = Some(assay_domain::Secret::new(COMMUNITY));
        target
    }

    /// Its target over SNMP 3.
    pub(crate) fn target_v3(&self, user: &str, password: &str) -> Target {
        let mut target = with_login(self.target(), user, password);
        target.settings.insert("version".into(), "3".into());
        target
    }

    /// What was written to the device: OID, value, and when in seconds.
    pub(crate) fn writes(&self) -> Vec<(String, i64, f64)> {
        let log = fs::read_to_string(self.folder.path().join("writes")).unwrap_or_default();
        log.lines()
            .map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                (
                    words[0].to_owned(),
                    words[1].parse().unwrap(),
                    words[2].parse().unwrap(),
                )
            })
            .collect()
    }

    /// Reads an object as somebody else, with a community.
    pub(crate) async fn get(&self, community: &str, oid: &str) -> Option<Value> {
        let client = self.client(community).await;
        let found = client.get(&Oid::parse(oid).unwrap()).await.ok()?;
        found.single().map(|found| found.value.clone())
    }

    /// Writes an object as somebody else.
    pub(crate) async fn set(&self, community: &str, oid: &str, value: i32) {
        let client = self.client(community).await;
        let oid = Oid::parse(oid).unwrap();
        client.set(&oid, Value::Integer(value)).await.unwrap();
    }

    /// How many messages with a wrong passphrase the agent has counted (usmStatsWrongDigests).
    pub(crate) fn wrong_digests(&self) -> usize {
        // The suite asks in between, and cannot wait for a future.
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .unwrap();
                runtime.block_on(self.get(COMMUNITY, "1.3.6.1.6.3.15.1.1.5.0"))
            });
            let count = asked.join().unwrap().unwrap().as_u32().unwrap();
            usize::try_from(count).unwrap()
        })
    }

    async fn client(&self, community: &str) -> async_snmp::UdpClient {
        let auth = Auth::v2c(community.as_bytes().to_vec());
        Client::builder(self.address, auth)
            .request_timeout(Duration::from_millis(500))
            .retry(Retry::fixed(3, Duration::ZERO).unwrap())
            .connect()
            .await
            .unwrap()
    }

    /// Whether it answers within ten seconds; anything that it says will do.
    async fn answers(&mut self) -> bool {
        for _ in 0..40 {
            if self.process.try_wait().unwrap().is_some() {
                break;
            }
            for community in [COMMUNITY, "apc-rpdu"] {
                let client =
                    Client::builder(self.address, Auth::v2c(community.as_bytes().to_vec()))
                        .request_timeout(Duration::from_millis(250))
                        .retry(Retry::none())
                        .connect()
                        .await
                        .unwrap();
                let asked = client.get(&Oid::parse("1.3.6.1.2.1.1.2.0").unwrap()).await;
                if asked.is_ok() {
                    return true;
                }
            }
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        eprintln!("{log}");
        false
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A program that ends with this process, however it ends.
fn dying(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).arg(program);
    command
}

fn free_address() -> SocketAddr {
    let socket = UdpSocket::bind(("127.0.0.1", 0)).unwrap();
    socket.local_addr().unwrap()
}

fn config_text(folder: &Path, address: SocketAddr, sys_object_id: &str, root: &str) -> String {
    let folder = folder.display();
    format!(
        "agentaddress udp:{address}\n\
         rwcommunity {COMMUNITY} 127.0.0.1\n\
         rocommunity {READ_COMMUNITY} 127.0.0.1\n\
         createUser operator SHA {AUTH} AES {PRIVACY}\n\
         rwuser operator priv\n\
         createUser keeper SHA-256 {AUTH} AES {AUTH}\n\
         rwuser keeper auth\n\
         createUser guest\n\
         rwuser guest noauth\n\
         sysObjectID {sys_object_id}\n\
         pass_persist .{root} /usr/bin/python3 -u {folder}/device.py {folder}/device.json {folder}/writes\n"
    )
}

/// The product of [`apc`].
pub(crate) const APC: &str = "1.3.6.1.4.1.318.1.3.4.6";
/// Where its outlets are switched.
pub(crate) const APC_COMMAND: &str = "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5";

/// A PDU as PowerNet-MIB's rPDU2 describes it, with four outlets that are off; a reboot takes one
/// second.
pub(crate) async fn apc(slow: serde_json::Value) -> Agent {
    let row = |column: &str, outlet: u32| format!("1.3.6.1.4.1.318.1.1.26.9.2.{column}.{outlet}");
    let mut objects = serde_json::Map::new();
    let mut effects = Vec::new();
    let mut put = |oid: String, kind: &str, value: serde_json::Value| {
        objects.insert(oid, json!([kind, value]));
    };
    put("1.3.6.1.4.1.318.1.1.26.9.1.0".into(), "integer", json!(4));
    put(
        "1.3.6.1.4.1.318.1.1.26.2.1.6.1".into(),
        "string",
        json!("6.7.2"),
    );
    for outlet in 1..=4 {
        let (state, pending) = (row("3.1.5", outlet), row("3.1.6", outlet));
        let command = row("4.1.5", outlet);
        put(
            row("3.1.3", outlet),
            "string",
            json!(format!("Rack 7 outlet {outlet}")),
        );
        put(state.clone(), "integer", json!(1));
        put(pending.clone(), "integer", json!(2));
        put(command.clone(), "integer", json!(2));
        effects.push(json!([command, 1, [[0, state, 2], [0, pending, 2]]]));
        effects.push(json!([command, 2, [[0, state, 1], [0, pending, 2]]]));
        effects.push(json!([
            command,
            3,
            [
                [0, state, 1],
                [0, pending, 1],
                [1, state, 2],
                [1, pending, 2]
            ]
        ]));
    }
    let document = json!({"objects": objects, "effects": effects, "slow": slow});
    Agent::snmpd(APC, "1.3.6.1.4.1.318", &document).await
}

/// Where a DAEnetIP2's lines are.
pub(crate) const DAENET: &str = "1.3.6.1.4.1.19865";

/// A DAEnetIP2 with all lines at 0; machines hang on its buttons and lights when `buttons` says so.
pub(crate) async fn daenet(buttons: bool, slow: serde_json::Value) -> Agent {
    let mut objects = serde_json::Map::new();
    for port in 1..=3 {
        for pin in 1..=8 {
            objects.insert(
                format!("{DAENET}.1.2.{port}.{pin}.0"),
                json!(["integer", 0]),
            );
        }
    }
    let lines = |pin: u32| {
        let line = |port: u32| format!("{DAENET}.1.2.{port}.{pin}.0");
        json!([line(2), line(1), line(3), 800, 12])
    };
    let wired: Vec<_> = (1..=8).filter(|_| buttons).map(lines).collect();
    let document = json!({"objects": objects, "buttons": wired, "slow": slow});
    Agent::snmpd(DAENET, DAENET, &document).await
}

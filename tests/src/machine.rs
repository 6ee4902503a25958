//! A machine as the server sees it: it asks for a boot script, loads what the script names, reports.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Client, Reply, send};

/// A machine with one processor socket, one disk and two network cards.
#[derive(Debug, Clone)]
pub struct Machine {
    /// MAC addresses; it boots from the first.
    pub macs: Vec<String>,
    /// System UUID.
    pub uuid: String,
    /// Serial number.
    pub serial: String,
}

/// What a boot script told the machine.
#[derive(Debug, Clone)]
pub struct Boot {
    client: Client,
    /// Where the kernel is.
    pub kernel: String,
    /// Where the initramfs is.
    pub initramfs: String,
    /// Where the report goes, the nonce included.
    pub callback: String,
    /// Where the phases are told.
    pub phases: String,
}

impl Machine {
    /// Machine `number`, which differs from all others.
    pub fn numbered(number: u32) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self {
            macs: (0..2)
                .map(|card: u8| format!("52:{card:02x}:{a:02x}:{b:02x}:{c:02x}:{d:02x}"))
                .collect(),
            uuid: uuid::Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(number))
                .to_string(),
            serial: format!("SERIAL-{number:08}"),
        }
    }

    /// Enrols it as a node of that name and gives the node as CloudManager shows it.
    pub async fn enrol(&self, client: &Client, name: &str) -> Value {
        let node = json!({"node": {"name": name, "mac_address": self.macs[0]}});
        let reply = client.post("/v1/nodes/", &node).await;
        assert!(
            [200, 201].contains(&reply.status),
            "{}: {}",
            reply.status,
            reply.text()
        );
        reply.json()["node"].clone()
    }

    /// What the firmware does: asks for the boot script of its first card.
    pub async fn ask_for_script(&self, client: &Client) -> Reply {
        let mac = &self.macs[0];
        let path = format!(
            "/assay/v1/boot/ipxe/{mac}?uuid={}&serial={}",
            self.uuid, self.serial
        );
        client.without_token().get(&path).await
    }

    /// As [`Self::ask_for_script`]; reads the script, which must be one that boots.
    pub async fn boot(&self, client: &Client) -> Boot {
        let script = self.ask_for_script(client).await.expect(200).text();
        let words: Vec<&str> = script.split_whitespace().collect();
        let url = |end: &str| {
            let found = words
                .iter()
                .find(|word| word.starts_with("http") && word.ends_with(end));
            (*found.unwrap_or_else(|| panic!("no {end} in the script:\n{script}"))).to_owned()
        };
        let value = |key: &str| {
            let found = words.iter().find_map(|word| word.strip_prefix(key));
            found
                .unwrap_or_else(|| panic!("no {key} in the script:\n{script}"))
                .to_owned()
        };
        Boot {
            client: client.without_token(),
            kernel: url("/kernel"),
            initramfs: url("/initramfs"),
            callback: value("ipa-inspection-callback-url="),
            phases: value("assay.phase-url="),
        }
    }

    /// Its report, in the shape that Inspector's agents send.
    pub fn report(&self) -> Value {
        let interfaces: Vec<Value> = self
            .macs
            .iter()
            .enumerate()
            .map(|(number, mac)| {
                json!({
                    "name": format!("eth{number}"), "mac_address": mac, "client_id": null,
                    "ipv4_address": format!("10.0.2.{}", 15 + number), "ipv6_address": null,
                    "has_carrier": true, "lldp": null, "vendor": "0x1af4", "product": "0x1000",
                    "speed_mbps": 1000, "pci_address": format!("0000:00:0{number}.0"),
                })
            })
            .collect();
        let disk = json!({
            "name": "/dev/sda", "model": "DISK", "size": 21_474_836_480_u64, "rotational": false,
            "wwn": "0x5000c500a0b1c2d3", "serial": format!("DISK-{}", self.serial),
            "vendor": "ATA", "hctl": "0:0:0:0", "by_path": "/dev/disk/by-path/pci-0000:00:07.0",
        });
        json!({
            "inventory": {
                "cpu": {
                    "model_name": "CPU", "frequency": "2400.0", "count": 4,
                    "architecture": "x86_64", "flags": ["aes", "vmx", "pdpe1gb"],
                },
                "memory": {"total": 8_350_000_000_u64, "physical_mb": 8192},
                "disks": [disk],
                "interfaces": interfaces,
                "system_vendor": {
                    "product_name": "Product", "manufacturer": "Vendor",
                    "serial_number": self.serial,
                },
                "boot": {"current_boot_mode": "uefi", "pxe_interface": self.macs[0]},
                "bmc_address": null, "bmc_v6address": null, "hostname": "machine",
            },
            "root_disk": disk,
            "boot_interface": format!("01-{}", self.macs[0].replace(':', "-")),
            "configuration": {"collectors": ["default"], "managers": []},
        })
    }

    /// Asks for an introspection in which somebody else switches the machine, boots, and reports.
    pub async fn introspect(&self, client: &Client, node: &str) -> Reply {
        let start = format!("/v1/introspection/{node}?manage_boot=False");
        let _ = client.post_empty(&start).await.expect(202);
        let boot = self.boot(client).await;
        boot.report(&self.report()).await
    }
}

impl Boot {
    /// Sends a report to the callback.
    pub async fn report(&self, report: &Value) -> Reply {
        let path = self.path(&self.callback);
        send(self.client.request(Method::POST, &path).json(report)).await
    }

    /// Tells a phase, `agent` or `collectors`.
    pub async fn phase(&self, name: &str) -> Reply {
        let path = format!("{}/{name}", self.path(&self.phases));
        self.client.post_empty(&path).await
    }

    /// Loads the kernel or the initramfs.
    pub async fn load(&self, url: &str) -> Reply {
        self.client.get(&self.path(url)).await
    }

    fn path(&self, url: &str) -> String {
        let path = url.strip_prefix(self.client.base());
        path.unwrap_or_else(|| panic!("{url} is not on {}", self.client.base()))
            .to_owned()
    }
}

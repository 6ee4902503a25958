//! A node and a report for the tests of this crate.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::{Node, Port};
use serde_json::{Map, Value, json};

use crate::Subject;

/// An enrolled node about which nothing is known.
pub(crate) fn node() -> Node {
    Node {
        id: 7,
        uuid: "5f3c1a52-8a57-4e4f-9d0b-0c2f5a1e7b11".to_owned(),
        name: Some("rack1-07".to_owned()),
        title: None,
        description: None,
        owner: None,
        active: false,
        condition: 1,
        is_reserved: false,
        is_protected: false,
        is_controller: false,
        power_state: None,
        image_id: None,
        node_class_id: None,
        node_type_id: None,
        ip_addresses: Vec::new(),
        mac_address: None,
        hypervisor_id: None,
        controller_id: None,
        controller_type: None,
        dtc_number: None,
        row_number: None,
        rack_number: None,
        unit_number: None,
        cpu_amount: None,
        cpu_arch: None,
        ram_mb: None,
        hdd_gb: None,
        inventory_code: None,
        system_uuid: None,
        serial_number: None,
        bmc_address: Some("192.0.2.10".to_owned()),
        metadata: Map::new(),
        properties: Map::new(),
        capabilities: BTreeMap::new(),
        traits: BTreeSet::new(),
        extra: Map::new(),
        created_at: chrono::DateTime::UNIX_EPOCH,
        updated_at: None,
    }
}

/// A stored port.
pub(crate) fn port(id: i64, address: &str) -> Port {
    Port {
        id,
        uuid: format!("port-{id}"),
        node_id: 7,
        address: address.to_owned(),
        pxe_enabled: true,
        local_link_connection: Map::new(),
        extra: Map::new(),
    }
}

/// The node with this report.
pub(crate) fn subject(data: Value) -> Subject {
    Subject {
        node: node(),
        ports: Vec::new(),
        data,
    }
}

/// A report of a machine with two cards, the first of which booted and hears a switch.
pub(crate) fn report() -> Value {
    json!({
        "inventory": {
            "interfaces": [
                {"name": "eth0", "mac_address": "52:54:00:4E:3D:30",
                 "ipv4_address": "192.0.2.71", "has_carrier": true, "client_id": null,
                 "lldp": [[1, "04112233aabbcc"], [2, "0545746865726e6574312f3138"],
                          [3, "0078"], [5, "737730312d646973742d31622d623132"],
                          [127, "0080c2010066"], [0, ""]]},
                {"name": "eth1", "mac_address": "52:54:00:47:20:4d",
                 "ipv4_address": null, "has_carrier": false, "client_id": null, "lldp": null},
                {"name": "usb0", "mac_address": "", "ipv4_address": null},
            ],
            "cpu": {"count": 2, "architecture": "x86_64", "frequency": "2100.084",
                    "flags": ["fpu", "vmx", "aes", "pse"]},
            "memory": {"physical_mb": 2048, "total": 2_105_864_192_u64},
            "disks": [
                {"name": "/dev/vda", "size": 13_958_643_712_u64, "rotational": true,
                 "serial": "s0", "vendor": "0x1af4"},
                {"name": "/dev/vdb", "size": 107_374_182_400_u64, "rotational": false,
                 "serial": "s1", "vendor": "0x1af4"},
            ],
            "bmc_address": "192.0.2.10",
            "bmc_v6address": "::/0",
            "boot": {"current_boot_mode": "uefi", "pxe_interface": "52:54:00:4e:3d:30"},
            "system_vendor": {"manufacturer": "QEMU", "product_name": "Standard PC",
                              "serial_number": "SN-1"},
        },
        "root_disk": {"name": "/dev/vda", "size": 13_958_643_712_u64},
        "boot_interface": "01-52-54-00-4e-3d-30",
        "pci_devices": [
            {"vendor_id": "8086", "product_id": "1528"},
            {"vendor_id": "8086", "product_id": "1528"},
            {"vendor_id": "10de", "product_id": "1db4"},
        ],
        "data": [["cpu", "physical", "number", "1"], ["system", "product", "name", "Box"]],
        "logs": "aGVsbG8=",
        "error": null,
    })
}

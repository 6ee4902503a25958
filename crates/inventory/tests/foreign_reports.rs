//! Reports as agents of other makes send them.

use assay_inventory::{BootMode, Inventory, Report};
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn a_report_of_ironic_python_agent_is_understood() {
    let report: Report = serde_json::from_value(json!({
        "inventory": {
            "interfaces": [{
                "lldp": [[1, "04112233aabbcc"], [0, ""]], "product": "0x0001", "vendor": "0x1af4",
                "name": "eth0", "has_carrier": true, "ipv4_address": "172.24.42.100",
                "client_id": null, "mac_address": "11:22:33:44:55:66", "biosdevname": null,
                "speed_mbps": "10000"
            }],
            "disks": [{
                "rotational": true, "vendor": "0x1af4", "name": "/dev/vda", "hctl": null,
                "wwn": ["0x5000", null], "serial": [null, "S1"], "model": "", "size": "13958643712"
            }],
            "boot": {"current_boot_mode": "UEFI", "pxe_interface": "11:22:33:44:55:66"},
            "system_vendor": {"serial_number": "N/A", "product_name": "Bochs", "manufacturer": "Bochs",
                              "firmware": {"vendor": "EDK II", "version": "1", "build_date": "02/02/2022"}},
            "memory": {"physical_mb": 2048.0, "total": 2_105_864_192_u64},
            "cpu": {"count": 2, "frequency": 2100.084, "flags": null, "architecture": "x86_64",
                    "cpus": [{"core_id": 0}]},
            "bmc_address": "0.0.0.0", "bmc_v6address": "::/0"
        },
        "root_disk": {"name": "/dev/vda", "size": 13_958_643_712_u64},
        "boot_interface": "01-11-22-33-44-55-66",
        "error": null,
        "pci_devices": [{"vendor_id": "8086", "numa_node_id": "-1"}],
        "data": [["system", "product", "uuid", "4C4C4544-0044-4810-8031-B4C04F4D3932"]],
        "configuration": {"collectors": ["default"], "managers": [{"name": "generic", "version": "1.1"}]},
        "something_new": {"a": 1}
    }))
    .unwrap();

    let inventory = report.inventory.as_ref().unwrap();
    let disk = &inventory.disks[0];
    assert_eq!(disk.size, Some(13_958_643_712));
    assert_eq!(
        (disk.wwn.as_deref(), disk.serial.as_deref()),
        (Some("0x5000"), Some("S1"))
    );
    assert_eq!(inventory.interfaces[0].speed_mbps, Some(10_000));
    assert_eq!(inventory.interfaces[0].lldp.as_ref().unwrap()[0].0, 1);
    assert_eq!(inventory.memory.as_ref().unwrap().physical_mb, Some(2048));
    assert_eq!(
        inventory.cpu.as_ref().unwrap().frequency.as_deref(),
        Some("2100.084")
    );
    assert_eq!(
        inventory.boot.as_ref().unwrap().current_boot_mode,
        Some(BootMode::Uefi)
    );
    assert_eq!(report.pxe_mac().unwrap().to_string(), "11:22:33:44:55:66");
    assert!(
        report.macs().is_empty(),
        "11:… is a multicast address and identifies nothing"
    );
    assert_eq!((report.bmc_ipv4(), report.bmc_ipv6()), (None, None));
    assert_eq!(
        report.system_uuid().as_deref(),
        Some("4c4c4544-0044-4810-8031-b4c04f4d3932")
    );
}

#[test]
fn what_is_not_known_is_null() {
    let encoded = serde_json::to_value(Report {
        inventory: Some(Inventory {
            interfaces: vec![assay_inventory::Interface::default()],
            ..Inventory::default()
        }),
        ..Report::default()
    })
    .unwrap();
    assert_eq!(encoded["error"], Value::Null);
    let inventory = encoded["inventory"].as_object().unwrap();
    for key in [
        "bmc_address",
        "bmc_mac",
        "cpu",
        "memory",
        "system_vendor",
        "usb_devices",
    ] {
        assert_eq!(inventory.get(key), Some(&Value::Null), "{key}");
    }
    let card = inventory["interfaces"][0].as_object().unwrap();
    assert_eq!(card.get("lldp"), Some(&Value::Null));
    assert_eq!(card.get("client_id"), Some(&Value::Null));
}

#[test]
fn a_number_that_is_none_is_an_error_with_the_value() {
    let error =
        serde_json::from_str::<Report>(r#"{"inventory":{"memory":{"physical_mb":"lots"}}}"#)
            .unwrap_err()
            .to_string();
    assert!(error.contains("\"lots\" is not a whole number"), "{error}");
    assert!(serde_json::from_str::<Report>(r#"{"inventory":{"cpu":{"count":-1}}}"#).is_err());
}

#[test]
fn macs_are_each_named_once() {
    let report: Report = serde_json::from_value(json!({"inventory": {"interfaces": [
        {"mac_address": "52:54:00:00:00:01", "permanent_mac_address": "52:54:00:00:00:02"},
        {"mac_address": "52-54-00-00-00-01"}, {"mac_address": ""}, {"mac_address": null}
    ]}}))
    .unwrap();
    let macs: Vec<String> = report.macs().iter().map(ToString::to_string).collect();
    assert_eq!(macs, ["52:54:00:00:00:01", "52:54:00:00:00:02"]);
}

#[test]
fn placeholder_uuids_identify_nothing() {
    for uuid in [
        "00000000-0000-0000-0000-000000000000",
        "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
        "Not Settable",
        "",
    ] {
        let report: Report =
            serde_json::from_value(json!({"inventory": {"system_vendor": {"uuid": uuid}}}))
                .unwrap();
        assert_eq!(report.system_uuid(), None, "{uuid}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("inventory"),
        Just("interfaces"),
        Just("disks"),
        Just("size"),
        Just("bmc_v6address"),
        Just("mac_address"),
        Just("lldp"),
        Just("data"),
        Just("boot"),
        Just("system_vendor"),
        Just("uuid"),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..6).prop_map(|pairs| {
                Value::Object(pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn no_json_panics(value in any_json()) {
        if let Ok(report) = serde_json::from_value::<Report>(value) {
            report.macs();
            report.pxe_mac();
            report.bmc_ipv4();
            report.bmc_ipv6();
            report.system_uuid();
            let again: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
            prop_assert_eq!(again, report);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = serde_json::from_slice::<Report>(&bytes);
    }
}

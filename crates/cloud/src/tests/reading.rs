//! What is read of answers in the shape that the API references publish.

use assay_domain::cloud::{
    Cloud, GroupPolicy, InstancePower, InstanceStatus, MigrationFilter, MigrationKind,
    MigrationStatus, NewVolume, VolumeStatus,
};
use serde_json::json;

use super::{Reply, lab};

fn ok(body: serde_json::Value) -> Reply {
    Reply::Json(200, body)
}

#[tokio::test]
async fn an_instance_is_read_with_its_sizes_volumes_and_state() {
    let server = json!({"server": {
        "id": "i1", "name": "web", "tenant_id": "p1", "status": "VERIFY_RESIZE", "image": "",
        "flavor": {"vcpus": 2, "ram": 512, "disk": 10, "ephemeral": 5, "swap": 1025,
            "original_name": "m1", "extra_specs": {}},
        "OS-EXT-SRV-ATTR:host": "a", "OS-EXT-STS:task_state": null, "OS-EXT-STS:power_state": 4,
        "OS-EXT-AZ:availability_zone": "nova", "locked": true, "updated": "2026-11-22T02:00:00Z",
        "os-extended-volumes:volumes_attached": [{"id": "v1", "delete_on_termination": true}],
    }});
    let down = json!({"server": {"id": "i2", "tenant_id": "p1", "status": "UNKNOWN",
        "created": "2026-11-22T02:00:00Z", "links": []}});
    let (_, cloud) = lab([ok(server), ok(down)]).await;
    let found = cloud.instances().get("i1").await.unwrap();
    assert_eq!(found.status, InstanceStatus::VerifyResize);
    assert_eq!(found.power_state, InstancePower::Shutdown);
    assert_eq!((found.vcpus, found.memory_mb, found.disk_gb), (2, 512, 17));
    assert_eq!(found.host.as_deref(), Some("a"));
    assert!(found.is_volume_backed && found.is_locked);
    assert!(found.volumes[0].is_deleted_with_instance);
    assert!(found.updated_at.is_some() && found.task_state.is_none());
    let away = cloud.instances().get("i2").await.unwrap();
    assert_eq!(away.status, InstanceStatus::Unknown);
    assert!(away.host.is_none() && !away.is_volume_backed);
}

#[tokio::test]
async fn a_template_names_flavor_volumes_and_networks() {
    let server = json!({"server": {
        "id": "i1", "name": "web", "tenant_id": "p1", "status": "ACTIVE", "image": "",
        "flavor": {"id": "42", "links": []}, "metadata": {"tier": "front"},
        "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
        "OS-EXT-AZ:availability_zone": "nova",
        "security_groups": [{"name": "default"}, {"name": "default"}],
    }});
    let attached = json!({"volumeAttachments": [
        {"id": "v2", "volumeId": "v2", "serverId": "i1", "device": "/dev/vdb"},
        {"id": "v1", "volumeId": "v1", "serverId": "i1", "device": "/dev/vda"},
    ]});
    let cards = json!({"interfaceAttachments": [{"net_id": "n1", "port_id": "x",
        "mac_addr": "fa:16:3e:00:00:01", "port_state": "ACTIVE", "fixed_ips": []}]});
    let made = json!({"server": {"id": "i9", "links": [], "adminPass": "not kept"}});
    let replies = [ok(server), ok(attached), ok(cards), Reply::Json(202, made)];
    let (script, cloud) = lab(replies).await;
    let mut new = cloud.instances().template("i1").await.unwrap();
    assert_eq!(script.lock().asked[0].1, "compute 2.46");
    assert_eq!(new.flavor_id, "42");
    assert_eq!(new.security_groups, ["default"]);
    assert_eq!(new.network_ids, ["n1"]);
    let ids: Vec<&str> = new.volumes.iter().map(|volume| &*volume.id).collect();
    assert_eq!(ids, ["v1", "v2"], "the root comes first");
    new.name = "copy".to_owned();
    assert_eq!(cloud.instances().create(&new).await.unwrap(), "i9");
    let script = script.lock();
    assert_eq!(script.logins, 2, "it is made in the project of the other");
    let sent = &script.bodies[3]["server"];
    assert_eq!(sent["block_device_mapping_v2"][0]["uuid"], "v1");
    assert_eq!(sent["metadata"]["tier"], "front");
}

#[tokio::test]
async fn capacities_are_those_of_hypervisors_alone() {
    let provider = |uuid: &str, name: &str, root: &str| {
        json!({"uuid": uuid, "name": name, "generation": 1,
            "root_provider_uuid": root, "parent_provider_uuid": null})
    };
    let inventory = |total: u64, reserved: u64, ratio: f64| {
        json!({"total": total, "reserved": reserved, "allocation_ratio": ratio,
            "min_unit": 1, "max_unit": total, "step_size": 1})
    };
    let replies = [
        json!({"resource_providers": [
            provider("1", "a", "1"), provider("2", "a_numa", "1"), provider("3", "other", "3"),
        ]}),
        json!({"resource_provider_generation": 1, "inventories": {
            "VCPU": inventory(8, 2, 4.0), "MEMORY_MB": inventory(1000, 100, 1.5),
        }}),
        json!({"resource_provider_generation": 1, "usages": {"VCPU": 3, "MEMORY_MB": 200}}),
    ];
    let (script, cloud) = lab(replies.map(ok)).await;
    let names = ["a".to_owned(), "gone".to_owned()];
    let found = cloud.hosts().capacities(Some(&names)).await.unwrap();
    assert_eq!(found.len(), 1);
    let room = &found[0];
    assert_eq!((room.vcpus, room.vcpus_used, room.memory_mb), (6, 3, 900));
    assert_eq!(room.disk_gb, None);
    assert!(room.fits(21, 1150, 99) && !room.fits(22, 1150, 99));
    assert_eq!(script.lock().asked[0].1, "placement 1.14");
}

#[tokio::test]
async fn migrations_come_newest_first() {
    let migration = |id: u64, status: &str| {
        json!({"id": id, "uuid": format!("m{id}"), "instance_uuid": "i1", "status": status,
            "migration_type": "live-migration", "source_compute": "a", "dest_compute": null,
            "created_at": "2026-11-22T02:00:00.123456", "updated_at": null})
    };
    let listed = json!({"migrations": [migration(1, "error"), migration(7, "strolling")]});
    let (script, cloud) = lab([ok(listed)]).await;
    let filter = MigrationFilter {
        instance_uuid: Some("i1".to_owned()),
        ..MigrationFilter::default()
    };
    let found = cloud.moves().migrations(&filter).await.unwrap();
    assert_eq!((found[0].id, found[1].id), (7, 1));
    assert_eq!(found[0].kind, MigrationKind::Live);
    assert_eq!(
        found[0].status,
        MigrationStatus::Other("strolling".to_owned())
    );
    assert!(!found[0].status.is_over() && found[1].status.has_failed());
    assert!(found[0].created_at.is_some());
    let asked = script.lock().asked[0].clone();
    assert!(asked.0.contains("instance_uuid=i1"));
    assert_eq!(asked.1, "compute 2.59");
}

#[tokio::test]
async fn groups_are_read_to_an_empty_page() {
    let group = json!({"server_groups": [{"id": "g", "name": "apart", "policy": "anti-affinity",
        "rules": {"max_server_per_host": 2}, "members": ["i1"], "project_id": "p", "user_id": "u"}]});
    let none = json!({"server_groups": []});
    let (script, cloud) = lab([ok(group), ok(none)]).await;
    let found = cloud.hosts().server_groups().await.unwrap();
    assert_eq!(found[0].policy, GroupPolicy::AntiAffinity);
    assert_eq!(found[0].max_per_host, Some(2));
    assert!(script.lock().asked[1].0.ends_with("offset=1"));
}

#[tokio::test]
async fn a_volume_is_copied_in_the_project_of_its_owner() {
    let made = json!({"volume": {"id": "v2", "name": "copy", "status": "creating", "size": 4,
        "source_volid": "v1", "bootable": "true", "attachments": []}});
    let (script, cloud) = lab([Reply::Json(202, made)]).await;
    let new = NewVolume {
        name: "copy".to_owned(),
        project_id: "p1".to_owned(),
        copy_of: "v1".to_owned(),
        size_gb: 4,
        notes: [("made by".to_owned(), "a test".to_owned())].into(),
    };
    let copy = cloud.volumes().unwrap().copy(&new).await.unwrap();
    assert_eq!(copy.status, VolumeStatus::Creating);
    assert!(copy.is_bootable && copy.copy_of.as_deref() == Some("v1"));
    let script = script.lock();
    assert_eq!(script.asked[0].0, "POST /volume/v3/volumes");
    assert_eq!(script.bodies[0]["volume"]["source_volid"], "v1");
    let notes = &script.bodies[0]["volume"]["metadata"];
    assert_eq!(notes["made by"], "a test");
}

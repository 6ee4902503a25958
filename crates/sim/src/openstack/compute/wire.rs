//! Servers as the API shows them, by microversion.

use serde_json::{Map, Value, json};

use crate::openstack::cloud::clock::{micros, seconds};
use crate::openstack::cloud::{Cloud, Instance, TaskState};
use crate::openstack::request::Call;

/// The two links of a resource.
pub(super) fn links(call: &Call, path: &str) -> Value {
    json!([
        {"rel": "self", "href": format!("{}/compute/v2.1/{path}", call.base)},
        {"rel": "bookmark", "href": format!("{}/compute/{path}", call.base)},
    ])
}

/// A server in a list without details.
pub(super) fn brief(call: &Call, instance: &Instance) -> Value {
    json!({
        "id": instance.id,
        "name": instance.name,
        "links": links(call, &format!("servers/{}", instance.id)),
    })
}

/// A server in full.
pub(super) fn full(cloud: &Cloud, call: &Call, instance: &Instance) -> Value {
    let mut server = brief(call, instance);
    let Some(map) = server.as_object_mut() else {
        return server;
    };
    common(cloud, call, instance, map);
    extended(cloud, instance, map);
    by_version(cloud, call, instance, map);
    if let Some(fault) = &instance.fault {
        let fault = json!({
            "code": fault.code,
            "message": fault.message,
            "created": seconds(fault.created),
        });
        map.insert("fault".to_owned(), fault);
    }
    server
}

fn put(map: &mut Map<String, Value>, members: Value) {
    if let Value::Object(members) = members {
        map.extend(members);
    }
}

fn common(cloud: &Cloud, call: &Call, instance: &Instance, map: &mut Map<String, Value>) {
    let image = match &instance.image_id {
        None => json!(""),
        Some(id) => {
            let href = format!("{}/compute/images/{id}", call.base);
            json!({"id": id, "links": [{"rel": "bookmark", "href": href}]})
        }
    };
    let host = instance.host.map(|host| &cloud.hosts[host]);
    put(
        map,
        json!({
            "status": instance.status(),
            "tenant_id": instance.project_id,
            "user_id": instance.user_id,
            "metadata": instance.metadata,
            "hostId": host.map(|host| host.uuid.replace('-', "")).unwrap_or_default(),
            "image": image,
            "flavor": flavor(cloud, call, instance),
            "created": seconds(instance.created),
            "updated": seconds(instance.updated),
            "addresses": {},
            "accessIPv4": "",
            "accessIPv6": "",
            "progress": 0,
            "config_drive": "",
            "key_name": instance.key_name,
            "security_groups": instance
                .security_groups
                .iter()
                .map(|name| json!({"name": name}))
                .collect::<Vec<_>>(),
        }),
    );
}

fn flavor(cloud: &Cloud, call: &Call, instance: &Instance) -> Value {
    let flavor = &cloud.flavors[instance.flavor];
    if call.minor < 47 {
        let href = format!("{}/compute/flavors/{}", call.base, flavor.id);
        return json!({"id": flavor.id, "links": [{"rel": "bookmark", "href": href}]});
    }
    json!({
        "vcpus": flavor.size.vcpus,
        "ram": flavor.size.ram_mb,
        "disk": flavor.size.disk_gb,
        "ephemeral": 0,
        "swap": 0,
        "original_name": flavor.name,
        "extra_specs": {},
    })
}

fn extended(cloud: &Cloud, instance: &Instance, map: &mut Map<String, Value>) {
    let host = instance.host.map(|host| cloud.hosts[host].name.as_str());
    let zone = match instance.host {
        Some(host) => cloud.zone(host),
        None => instance.zone.as_deref().unwrap_or_default(),
    };
    put(
        map,
        json!({
            "OS-DCF:diskConfig": "MANUAL",
            "OS-EXT-AZ:availability_zone": zone,
            "OS-EXT-SRV-ATTR:host": host,
            "OS-EXT-SRV-ATTR:hypervisor_hostname": host,
            "OS-EXT-SRV-ATTR:instance_name": format!("instance-{:08x}", instance.number),
            "OS-EXT-STS:power_state": instance.power_state(),
            "OS-EXT-STS:task_state": instance.task_state.map(TaskState::name),
            "OS-EXT-STS:vm_state": instance.vm_state.name(),
            "OS-SRV-USG:launched_at": instance.launched.map(micros),
            "OS-SRV-USG:terminated_at": null,
        }),
    );
}

/// Members that came with microversions.
fn by_version(cloud: &Cloud, call: &Call, instance: &Instance, map: &mut Map<String, Value>) {
    let volumes = cloud.volumes_of(&instance.id).map(|(volume, attachment)| {
        if call.minor < 3 {
            json!({"id": volume.id})
        } else {
            json!({"id": volume.id, "delete_on_termination": attachment.deletes})
        }
    });
    let volumes: Vec<Value> = volumes.collect();
    put(
        map,
        json!({"os-extended-volumes:volumes_attached": volumes}),
    );
    if call.minor >= 3 {
        put(
            map,
            json!({
                "OS-EXT-SRV-ATTR:hostname": instance.name,
                "OS-EXT-SRV-ATTR:reservation_id": format!("r-{:08x}", instance.number),
                "OS-EXT-SRV-ATTR:launch_index": 0,
                "OS-EXT-SRV-ATTR:kernel_id": "",
                "OS-EXT-SRV-ATTR:ramdisk_id": "",
                "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
                "OS-EXT-SRV-ATTR:user_data": null,
            }),
        );
    }
    let host_status = instance.host.map_or("", |host| cloud.host_status(host));
    let since: [(u16, Value); 6] = [
        (9, json!({"locked": false})),
        (16, json!({"host_status": host_status})),
        (19, json!({"description": null})),
        (26, json!({"tags": []})),
        (63, json!({"trusted_image_certificates": null})),
        (73, json!({"locked_reason": null})),
    ];
    for (least, members) in since {
        if call.minor >= least {
            put(map, members);
        }
    }
    if call.minor >= 71 {
        let groups: Vec<&String> = instance.group.iter().collect();
        put(map, json!({ "server_groups": groups }));
    }
}

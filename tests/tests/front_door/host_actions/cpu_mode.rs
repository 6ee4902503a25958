//! How guests see the processor. The guest has no nova: a service of its name that sleeps stands for it,
//! so what is shown here is what becomes of the configuration and of the service, not what nova makes of it.

use serde_json::{Value, json};

use super::Lab;

const CONFIGURATION: &str = "/etc/nova/nova.conf";

pub(super) async fn it_is_set_and_the_former_file_is_kept(lab: &Lab) {
    let before = lab.on_guest(|guest| {
        let _ = guest.ok(&format!(
            "mkdir /etc/nova && printf '[DEFAULT]\\nhost = guest\\n[libvirt]\\nvirt_type = kvm\\n' > {CONFIGURATION} \
             && printf '[Service]\\nExecStart=/bin/sleep infinity\\n' > /etc/systemd/system/nova-compute.service \
             && systemctl daemon-reload && systemctl start nova-compute"
        ));
        guest.ok(&format!("cat {CONFIGURATION}"))
    });
    let former = process(lab);
    set(lab, json!({"cpu_emulation_mode": "host-model"}), true).await;
    assert!(configuration(lab).contains("cpu_mode = host-model"));
    assert_ne!(process(lab), former, "the service was restarted");
    let kept = lab.on_guest(|guest| guest.ok(&format!("cat {CONFIGURATION}.before-assay-*")));
    assert_eq!(kept, before);

    let custom = json!({"cpu_emulation_mode": "custom", "cpu_model": "Nehalem"});
    set(lab, custom.clone(), true).await;
    let text = configuration(lab);
    assert!(text.contains("cpu_mode = custom") && text.contains("cpu_models = Nehalem"));
    assert!(text.contains("virt_type = kvm") && text.contains("host = guest"));
    let running = process(lab);
    set(lab, custom, false).await;
    assert_eq!(process(lab), running, "nothing was restarted");
    it_is_taken_back_when_the_service_does_not_start(lab).await;
}

async fn it_is_taken_back_when_the_service_does_not_start(lab: &Lab) {
    let before = configuration(lab);
    let _ = lab.on_guest(|guest| {
        guest.ok(&format!(
            "printf '[Service]\\nExecStart=/bin/sh -c \"grep -q Nehalem {CONFIGURATION} && sleep infinity\"\\n' \
             > /etc/systemd/system/nova-compute.service && systemctl daemon-reload"
        ))
    });
    let path = "/v1/nodes/1/actions/set-cpu-mode";
    let wanted = json!({"cpu_emulation_mode": "host-passthrough"});
    let reply = lab.server.client().post(path, &wanted).await.expect(409);
    assert!(reply.text().contains("does not start"), "{}", reply.text());
    assert_eq!(configuration(lab), before);
    let _ = process(lab);
}

async fn set(lab: &Lab, wanted: Value, changed: bool) {
    let path = "/v1/nodes/1/actions/set-cpu-mode";
    let _ = lab.server.client().post(path, &wanted).await.expect(204);
    let result = lab.task("host.action").await["result"].clone();
    assert_eq!(result["changed"], changed, "{wanted}: {result}");
}

fn configuration(lab: &Lab) -> String {
    lab.on_guest(|guest| guest.ok(&format!("cat {CONFIGURATION}")))
}

/// The process of the service, which runs.
fn process(lab: &Lab) -> String {
    lab.on_guest(|guest| {
        guest.ok(
            "systemctl is-active nova-compute && systemctl show --property MainPID nova-compute",
        )
    })
}

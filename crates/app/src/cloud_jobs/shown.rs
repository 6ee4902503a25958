//! What a task has done with hosts and instances, as it is shown.

use assay_domain::cloud::{HostProgress, InstanceMove};
use serde_json::{Value, json};

/// Every host with every instance that was on it.
pub(super) fn progress(hosts: &[HostProgress], moves: &[InstanceMove]) -> Value {
    let hosts: Vec<Value> = hosts.iter().map(|host| of_host(host, moves)).collect();
    json!({ "hosts": hosts })
}

fn of_host(host: &HostProgress, moves: &[InstanceMove]) -> Value {
    let of_it = moves.iter().filter(|one| one.source == host.host);
    let instances: Vec<Value> = of_it.map(of_move).collect();
    json!({
        "host": host.host,
        "stage": host.stage.as_str(),
        "detail": host.detail,
        "instances": instances,
    })
}

/// One instance that was, or is to be, moved.
pub(crate) fn of_move(one: &InstanceMove) -> Value {
    json!({
        "uuid": one.instance_uuid,
        "name": one.instance_name,
        "source": one.source,
        "state": one.state.as_str(),
        "method": one.methods.first().map(|method| method.as_str()),
        "detail": one.detail,
    })
}

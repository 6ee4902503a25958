//! Nova: key pairs of the one user.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::Cloud;
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["os-keypairs"]) => {
            let all = cloud.key_pairs.iter();
            let all: Vec<Value> = all.map(|(name, key)| shown(name, key)).collect();
            Ok(Answer::ok(json!({ "keypairs": all })))
        }
        (&Method::GET, ["os-keypairs", name]) => {
            let missing = || Refusal::not_found(format!("Keypair {name} not found for user"));
            let key = cloud.key_pairs.get(*name).ok_or_else(missing)?;
            Ok(Answer::ok(shown(name, key)))
        }
        (&Method::POST, ["os-keypairs"]) => {
            let asked = call.object("keypair")?;
            let text = |name: &str| asked.get(name).and_then(Value::as_str).map(str::to_owned);
            let missing = |name: &str| Refusal::bad(format!("'{name}' is a required property"));
            let name = text("name").ok_or_else(|| missing("name"))?;
            let key = text("public_key").ok_or_else(|| missing("public_key"))?;
            if cloud.key_pairs.contains_key(&name) {
                return Err(Refusal::conflict(format!(
                    "Key pair '{name}' already exists."
                )));
            }
            let body = shown(&name, &key);
            cloud.key_pairs.insert(name, key);
            Ok(Answer::with_status(StatusCode::CREATED, body))
        }
        (&Method::DELETE, ["os-keypairs", name]) => {
            let missing = || Refusal::not_found(format!("Keypair {name} not found for user"));
            cloud.key_pairs.remove(*name).ok_or_else(missing)?;
            Ok(Answer::accepted())
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn shown(name: &str, key: &str) -> Value {
    json!({"keypair": {"name": name, "public_key": key, "type": "ssh", "fingerprint": ""}})
}

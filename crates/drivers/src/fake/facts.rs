//! What a fake machine says of itself. All of it follows from its name, so that it is the same in every
//! process, and all of it says that it is fake.

use assay_domain::PowerState;
use assay_domain::capability::{
    Health, ManagementInfo, ManagementInterface, ManagementUser, Part, Sensor, SystemInfo,
};
use sha2::{Digest, Sha256};

/// Who makes such machines.
const MAKER: &str = "Assay (fake)";

/// The identity of the machine of a name.
pub(super) fn system(endpoint: &str, output: &str) -> SystemInfo {
    let digest = Sha256::digest(format!("{endpoint} {output}").as_bytes());
    let hex: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let hex = hex.concat();
    // Version 8 is for numbers of one's own making (RFC 9562, 5.8); `02` is a MAC address's bit for
    // locally administered.
    let uuid = format!(
        "{}-{}-8{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..15],
        &hex[15..18],
        &hex[18..30]
    );
    let mac: Vec<&str> = (30..40)
        .step_by(2)
        .map(|start| &hex[start..start + 2])
        .collect();
    SystemInfo {
        uuid: Some(uuid),
        serial_number: Some(format!("FAKE-{}", &hex[40..48])),
        manufacturer: Some(MAKER.into()),
        model: Some("Machine in memory".into()),
        macs: vec![format!("02:{}", mac.join(":"))],
    }
}

/// What its sensors show.
pub(super) fn sensors(power: PowerState) -> Vec<Sensor> {
    let runs = power == PowerState::On;
    let sensor = |name: &str, kind: &str, value: f64, unit: &str| Sensor {
        name: name.into(),
        kind: kind.into(),
        value: runs.then_some(value),
        unit: unit.into(),
        states: Vec::new(),
        health: runs.then_some(Health::Ok),
    };
    vec![
        sensor("CPU", "temperature", 42.0, "°C"),
        sensor("Fan 1", "fan", 4200.0, "RPM"),
        sensor("Power supply 1", "power", 250.0, "W"),
    ]
}

/// Its parts.
pub(super) fn parts(system: &SystemInfo) -> Vec<Part> {
    vec![Part {
        name: "Board".into(),
        manufacturer: Some(MAKER.into()),
        product: system.model.clone(),
        serial_number: system.serial_number.clone(),
        ..Part::default()
    }]
}

/// What its BMC says of itself.
pub(super) fn management(login: Option<&str>) -> ManagementInfo {
    ManagementInfo {
        firmware: Some("fake".into()),
        interfaces: vec![ManagementInterface {
            name: "1".into(),
            source: Some("fake".into()),
            ..ManagementInterface::default()
        }],
        users: Some(login.map(account).into_iter().collect()),
    }
}

fn account(name: &str) -> ManagementUser {
    ManagementUser {
        id: "1".into(),
        name: name.into(),
        privilege: "administrator".into(),
        enabled: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_well_formed_and_one_machines_own() {
        let one = system("fake:1", "1");
        assert_eq!(one, system("fake:1", "1"));
        let other = system("fake:1", "2");
        assert!(one.uuid != other.uuid && one.macs != other.macs);
        let uuid = one.uuid.unwrap();
        assert_eq!(uuid.len(), 36);
        let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(one.macs[0].len(), 17);
        assert!(one.manufacturer.unwrap().contains("fake"));
    }
}

//! What is read of BMCs beside power, and their light: Assay's simulator, and sushy-tools' emulator,
//! which Assay did not write.

use std::time::Duration;

use assay_domain::capability::{Health, Identify, Part};
use assay_domain::{Aspect, DeviceFacts, DriverError, PowerState, Target};
use assay_sim::{Failure, Faults, Scope};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::sushy::{Options, Sushy, UUID};
use crate::support::{REDFISH, driver_session, eventually, gate, simulator};

const LIMIT: Duration = Duration::from_secs(10);

async fn parts(target: &Target) -> Vec<Part> {
    match gate().0.facts(target, REDFISH, Aspect::Parts).await {
        Ok(DeviceFacts::Parts(parts)) => parts,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn sensors_are_read_with_units_and_health() {
    let (bmc, target) = simulator(Faults::default());
    let (gate, _) = gate();
    gate.ensure_power(&target, REDFISH, PowerState::On, LIMIT)
        .await
        .unwrap();
    let sensors = gate.facts(&target, REDFISH, Aspect::Sensors).await;
    let Ok(DeviceFacts::Sensors(sensors)) = sensors else {
        panic!("{sensors:?}")
    };
    let shown: Vec<_> = sensors
        .iter()
        .map(|sensor| {
            (
                sensor.name.as_str(),
                sensor.kind.as_str(),
                sensor.value,
                sensor.unit.as_str(),
            )
        })
        .collect();
    assert_eq!(
        shown,
        [
            ("CPU Temp", "temperature", Some(48.0), "°C"),
            ("Fan 1", "fan", Some(5400.0), "RPM"),
            ("12V", "voltage", Some(12.0), "V"),
            ("System power", "power", Some(244.0), "W"),
            ("PSU 1", "power supply", Some(244.0), "W"),
        ]
    );
    assert!(
        sensors
            .iter()
            .all(|sensor| sensor.health == Some(Health::Ok) && sensor.states.is_empty())
    );
    eventually("all sessions closed", || bmc.counters().open_sessions == 0).await;
}

#[tokio::test]
async fn a_log_of_several_pages_is_read_and_cleared_once() {
    let (bmc, target) = simulator(Faults::default());
    (0..45).for_each(|_| bmc.overheat());
    let session = driver_session(REDFISH, &target).await;
    let log = session.event_log().unwrap();
    let entries = log.event_log().await.unwrap();
    let ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    let wanted: Vec<String> = (1..=45).map(|id| id.to_string()).collect();
    assert_eq!(ids, wanted);
    assert_eq!(entries[0].subject, "temperature 0x01");
    assert_eq!(entries[0].severity, Some(Health::Critical));
    assert!(entries[0].at.is_some() && entries[0].text.contains("CPU Temp"));
    log.clear_event_log().await.unwrap();
    assert_eq!(log.event_log().await.unwrap(), []);
    session.close().await;
    let counters = bmc.counters().requests;
    let clears = counters
        .iter()
        .filter(|(name, _)| name.ends_with("ClearLog"));
    assert_eq!(clears.map(|(_, count)| count).sum::<u64>(), 1);
}

#[tokio::test]
async fn parts_network_and_accounts_are_read() {
    let (bmc, target) = simulator(Faults::default());
    let hardware = bmc.machine().hardware().clone();
    let parts = parts(&target).await;
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    let machine = hardware.name.as_str();
    // The system and its chassis have one name, so what tells them apart follows it.
    assert!(names[0].starts_with(machine), "{names:?}");
    assert_eq!(names[1..4], ["Processor 1", "Memory module", "Disk 1"]);
    assert_eq!(names.last(), Some(&"PSU 1"));
    assert_eq!(parts[0].serial_number, Some(hardware.serial));
    assert_eq!(parts[2].part_number.as_deref(), Some("SIM-DIMM"));
    assert_eq!(
        parts[3].serial_number,
        Some(hardware.disks[0].serial.clone())
    );

    let session = driver_session(REDFISH, &target).await;
    let device = session.management().unwrap();
    let info = device.management_info().await.unwrap();
    session.close().await;
    assert!(info.firmware.is_some());
    let [interface] = &info.interfaces[..] else {
        panic!("{info:?}")
    };
    assert_eq!(interface.mac, Some(hardware.bmc_mac.to_string()));
    assert_eq!(interface.address, Some(bmc.address().ip()));
    assert_eq!((interface.prefix, interface.vlan), (Some(8), None));
    assert_eq!(interface.source.as_deref(), Some("static"));
    let Some([user]) = info.users.as_deref() else {
        panic!("{info:?}")
    };
    assert_eq!(
        (user.name.as_str(), user.privilege.as_str(), user.enabled),
        ("admin", "administrator", true)
    );
}

#[tokio::test]
async fn the_light_is_switched() {
    let (bmc, target) = simulator(Faults::default());
    let session = driver_session(REDFISH, &target).await;
    let light = session.identify().unwrap();
    light.identify(Identify::On).await.unwrap();
    assert!(bmc.is_lit());
    let timed = Identify::For(Duration::from_secs(3));
    let error = light.identify(timed).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(bmc.is_lit());
    light.identify(Identify::Off).await.unwrap();
    assert!(!bmc.is_lit());
    session.close().await;
}

#[tokio::test]
async fn what_a_bmc_does_not_link_to_is_unsupported() {
    let (_bmc, target) = simulator(Faults {
        missing_properties: ["Links", "LogServices", "LocationIndicatorActive"]
            .map(String::from)
            .to_vec(),
        ..Faults::default()
    });
    let session = driver_session(REDFISH, &target).await;
    let errors = [
        session.sensors().unwrap().sensors().await.unwrap_err(),
        session.event_log().unwrap().event_log().await.unwrap_err(),
        session
            .identify()
            .unwrap()
            .identify(Identify::On)
            .await
            .unwrap_err(),
        session
            .management()
            .unwrap()
            .management_info()
            .await
            .unwrap_err(),
    ];
    for (error, what) in errors.iter().zip(["sensors", "log", "light", "manager"]) {
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains(what), "{error}");
    }
    // The machine itself is always a part.
    let parts = session.parts().unwrap().parts().await.unwrap();
    assert!(!parts.is_empty());
    session.close().await;
}

#[tokio::test]
async fn a_moment_of_trouble_is_overcome() {
    let (bmc, target) = simulator(Faults::default());
    bmc.change_faults(|faults| {
        faults.failure = Some(Failure {
            status: 503,
            scope: Scope::Reads,
            times: Some(2),
        });
    });
    assert!(!parts(&target).await.is_empty());
}

#[tokio::test]
async fn an_emulator_that_is_not_ours_is_read() {
    let sushy = Sushy::start(&Options::default());
    let session = driver_session(REDFISH, &sushy.target()).await;
    let sensors = session.sensors().unwrap().sensors().await.unwrap();
    let shown: Vec<_> = sensors
        .iter()
        .map(|sensor| (sensor.name.as_str(), sensor.value, sensor.unit.as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("CPU Temp", Some(41.0), "°C"),
            ("Chassis Intake Temp", Some(25.0), "°C"),
            ("BaseBoard System Fan", Some(2100.0), "RPM"),
            ("BaseBoard System Fan Backup", Some(2050.0), "RPM"),
        ]
    );
    let parts = session.parts().unwrap().parts().await.unwrap();
    let chassis = parts.iter().find(|part| part.name == "Chassis").unwrap();
    assert_eq!(chassis.manufacturer.as_deref(), Some("Contoso"));
    assert_eq!(chassis.part_number.as_deref(), Some("224071-J23"));
    assert_eq!(chassis.asset_tag.as_deref(), Some("Chicago-45Z-2381"));
    let device = session.management().unwrap();
    let info = device.management_info().await.unwrap();
    assert_eq!(info.firmware.as_deref(), Some("1.00"));
    assert_eq!((info.interfaces.len(), info.users), (0, None));
    let log = session.event_log().unwrap();
    let error = log.event_log().await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    session.close().await;
}

#[tokio::test]
async fn the_lamp_of_an_emulator_that_is_not_ours_is_switched() {
    let sushy = Sushy::start(&Options::default());
    let target = sushy.target();
    let session = driver_session(REDFISH, &target).await;
    let light = session.identify().unwrap();
    let lamp = async || {
        let mut stream = TcpStream::connect(target.endpoint()).await.unwrap();
        let request = format!("GET /redfish/v1/Systems/{UUID} HTTP/1.0\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let system: serde_json::Value = serde_json::from_str(body).unwrap();
        system["IndicatorLED"].as_str().unwrap().to_owned()
    };
    for (how, shown) in [
        (Identify::Off, "Off"),
        (Identify::On, "Blinking"),
        (Identify::For(Duration::ZERO), "Off"),
    ] {
        light.identify(how).await.unwrap();
        assert_eq!(lamp().await, shown);
    }
    session.close().await;
}

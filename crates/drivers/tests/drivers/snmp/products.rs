//! Every PDU profile of the build, against PyPI's snmpsim with a data file for each product line.

use std::time::Duration;

use assay_domain::{PowerState, Secret, Target};
use assay_drivers::{Repeat, snmp::Profiles};
use futures::FutureExt;

use crate::support::gate;
use crate::support::snmp::Agent;

const SNMP: &str = "snmp";

/// A product line as its MIB describes it: what the data file of a device with two outlets holds.
struct Product {
    profile: &'static str,
    sys_object_id: &'static str,
    /// Where it counts its outlets.
    count: &'static str,
    /// Where an outlet's name, its state and the objects for on, off and cycle are, without the
    /// outlet's number.
    name: &'static str,
    state: &'static str,
    on: &'static str,
    off: &'static str,
    cycle: &'static str,
    firmware: &'static str,
    /// The states of outlets that are on and off.
    states: (i32, i32),
    /// What is written for on, off and cycle.
    values: (i32, i32, i32),
}

const PRODUCTS: [Product; 4] = [
    Product {
        profile: "apc-rpdu2",
        sys_object_id: "1.3.6.1.4.1.318.1.3.4.6",
        count: "1.3.6.1.4.1.318.1.1.26.9.1.0",
        name: "1.3.6.1.4.1.318.1.1.26.9.2.3.1.3",
        state: "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5",
        on: "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
        off: "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
        cycle: "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5",
        firmware: "1.3.6.1.4.1.318.1.1.26.2.1.6.1",
        states: (2, 1),
        values: (1, 2, 3),
    },
    Product {
        profile: "apc-rpdu",
        sys_object_id: "1.3.6.1.4.1.318.1.3.4.5",
        count: "1.3.6.1.4.1.318.1.1.12.3.1.3.0",
        name: "1.3.6.1.4.1.318.1.1.12.3.5.1.1.2",
        state: "1.3.6.1.4.1.318.1.1.12.3.5.1.1.4",
        on: "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
        off: "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
        cycle: "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4",
        firmware: "1.3.6.1.4.1.318.1.1.12.1.3.0",
        states: (1, 2),
        values: (1, 2, 3),
    },
    Product {
        profile: "raritan-px2",
        sys_object_id: "1.3.6.1.4.1.13742.6",
        count: "1.3.6.1.4.1.13742.6.3.2.2.1.4.1",
        name: "1.3.6.1.4.1.13742.6.3.5.3.1.3.1",
        state: "1.3.6.1.4.1.13742.6.4.1.2.1.3.1",
        on: "1.3.6.1.4.1.13742.6.4.1.2.1.2.1",
        off: "1.3.6.1.4.1.13742.6.4.1.2.1.2.1",
        cycle: "1.3.6.1.4.1.13742.6.4.1.2.1.2.1",
        firmware: "1.3.6.1.4.1.13742.6.3.2.3.1.6.1.1.1",
        states: (7, 8),
        values: (1, 0, 2),
    },
    Product {
        profile: "eaton-epdu",
        sys_object_id: "1.3.6.1.4.1.534.6.6.7",
        count: "1.3.6.1.4.1.534.6.6.7.1.2.1.22.0",
        name: "1.3.6.1.4.1.534.6.6.7.6.1.1.3.0",
        state: "1.3.6.1.4.1.534.6.6.7.6.6.1.2.0",
        on: "1.3.6.1.4.1.534.6.6.7.6.6.1.4.0",
        off: "1.3.6.1.4.1.534.6.6.7.6.6.1.3.0",
        cycle: "1.3.6.1.4.1.534.6.6.7.6.6.1.5.0",
        firmware: "1.3.6.1.4.1.534.6.6.7.1.2.1.5.0",
        states: (1, 0),
        values: (0, 0, 0),
    },
];

impl Product {
    /// Its data file: outlet 1 is on, outlet 2 off; commands hold -1 until they are written.
    fn records(&self) -> (String, Vec<String>) {
        let number = |oid: &str, value: i32| format!("{oid}|2:writecache|value={value}");
        let mut lines = vec![
            format!("1.3.6.1.2.1.1.2.0|6|{}", self.sys_object_id),
            format!("{}|2|2", self.count),
            format!("{}|4|1.2.3", self.firmware),
        ];
        for (outlet, state) in [(1, self.states.0), (2, self.states.1)] {
            lines.push(format!("{}.{outlet}|4|web {outlet}", self.name));
            lines.push(number(&format!("{}.{outlet}", self.state), state));
            for command in [self.on, self.off, self.cycle] {
                lines.push(number(&format!("{command}.{outlet}"), -1));
            }
        }
        lines.sort_by_key(|line| {
            let oid = line.split('|').next().unwrap_or_default();
            let arcs = oid.split('.').map(|arc| arc.parse::<u32>().unwrap());
            arcs.collect::<Vec<_>>()
        });
        lines.dedup();
        (self.profile.to_owned(), lines)
    }

    fn target(&self, agent: &Agent, outlet: &str) -> Target {
        let mut target = agent.target();
        target.password = Some(Secret::new(self.profile));
        target.output = outlet.into();
        target
    }
}

/// One simulator plays all product lines: the community chooses the data file.
async fn simulator() -> Agent {
    let files: Vec<_> = PRODUCTS.iter().map(Product::records).collect();
    Agent::snmpsim(&files).await
}

#[tokio::test]
async fn every_product_is_recognised_read_and_switched() {
    let agent = simulator().await;
    for product in &PRODUCTS {
        outlets_are_read(&agent, product).await;
        commands_are_written(&agent, product).await;
        states_are_followed(&agent, product).await;
    }
}

async fn outlets_are_read(agent: &Agent, product: &Product) {
    let (gate, _) = gate();
    let target = product.target(agent, "");
    let read = gate.with(&target, SNMP, Repeat::Idempotent, |session| {
        async move {
            let outputs = session.outputs().unwrap().outputs().await?;
            let info = session.management().unwrap().management_info().await?;
            Ok((outputs, info))
        }
        .boxed()
    });
    let (outputs, info) = read.await.unwrap();
    let shown: Vec<_> = outputs
        .iter()
        .map(|output| (output.name.as_str(), output.label.as_deref(), output.state))
        .collect();
    assert_eq!(
        shown,
        [
            ("1", Some("web 1"), Some(PowerState::On)),
            ("2", Some("web 2"), Some(PowerState::Off)),
        ],
        "{}",
        product.profile
    );
    assert_eq!(info.firmware.as_deref(), Some("1.2.3"));
}

/// The simulator's states do not follow its commands, so each command is sent once and looked up.
async fn commands_are_written(agent: &Agent, product: &Product) {
    let (gate, _) = gate();
    let limit = Duration::from_millis(50);
    let written = async |oid: &str, outlet: u32| {
        let oid = format!("{oid}.{outlet}");
        let value = agent.get(product.profile, &oid).await;
        value.and_then(|value| value.as_i32())
    };
    let (on, off, cycle) = product.values;
    let second = product.target(agent, "2");
    assert_eq!(
        written(product.on, 2).await,
        Some(-1),
        "{}",
        product.profile
    );
    let _ = gate
        .ensure_power(&second, SNMP, PowerState::On, limit)
        .await;
    assert_eq!(
        written(product.on, 2).await,
        Some(on),
        "{}",
        product.profile
    );
    let first = product.target(agent, "1");
    let _ = gate
        .ensure_power(&first, SNMP, PowerState::Off, limit)
        .await;
    assert_eq!(
        written(product.off, 1).await,
        Some(off),
        "{}",
        product.profile
    );
    gate.reset_once(&first, SNMP).await;
    assert_eq!(
        written(product.cycle, 1).await,
        Some(cycle),
        "{}",
        product.profile
    );
}

async fn states_are_followed(agent: &Agent, product: &Product) {
    let (gate, _) = gate();
    let target = product.target(agent, "2");
    let oid = format!("{}.2", product.state);
    for (value, state) in [
        (product.states.0, PowerState::On),
        (product.states.1, PowerState::Off),
    ] {
        agent.set(product.profile, &oid, value).await;
        assert_eq!(
            gate.power_state(&target, SNMP).await,
            Ok(state),
            "{}",
            product.profile
        );
    }
}

#[tokio::test]
async fn an_operators_profile_is_used_without_any_code() {
    let agent = simulator().await;
    let folder = tempfile::tempdir().unwrap();
    let text = r#"
        title = "A PDU that nobody knows"
        sys_object_ids = []
        unit = 0
        [outlets]
        [state]
        oid = "1.3.6.1.4.1.534.6.6.7.6.6.1.2.{unit}.{outlet}"
        on = [0]
        off = [1]
        [commands.on]
        oid = "1.3.6.1.4.1.534.6.6.7.6.6.1.4.{unit}.{outlet}"
        value = 7
        [commands.off]
        oid = "1.3.6.1.4.1.534.6.6.7.6.6.1.4.{unit}.{outlet}"
        value = 8
    "#;
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    let profiles = Profiles::built_in().with_folder(folder.path()).unwrap();
    let driver = assay_drivers::snmp::SnmpDriver::with_profiles(profiles);
    let mut target = PRODUCTS[3].target(&agent, "1");
    target.settings.insert("profile".into(), "mine".into());
    let driver: &dyn assay_domain::Driver = &driver;
    let check = |target: &assay_domain::Target| {
        driver.check_settings(&target.control_type, &target.settings)
    };
    assert_eq!(check(&target), Ok(()));
    let session = driver.connect(&target).await.unwrap();
    let power = session.power().unwrap();
    assert_eq!(power.power_state().await, Ok(PowerState::Off));
    assert!(
        session.management().is_none(),
        "the profile names no firmware"
    );
    power.send(assay_domain::PowerCommand::On).await.unwrap();
    let value = agent
        .get("eaton-epdu", "1.3.6.1.4.1.534.6.6.7.6.6.1.4.0.1")
        .await;
    assert_eq!(value.and_then(|value| value.as_i32()), Some(7));

    target.settings.insert("profile".into(), "yours".into());
    let error = check(&target).unwrap_err();
    assert!(
        error.contains("'yours'") && error.contains("mine"),
        "{error}"
    );
    assert!(driver.connect(&target).await.is_err());
}

#[tokio::test]
async fn a_product_that_nobody_knows_is_named() {
    let lines = vec!["1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.8072.3.2.10".to_owned()];
    let agent = Agent::snmpsim(&[("apc-rpdu".into(), lines)]).await;
    let mut target = PRODUCTS[1].target(&agent, "1");
    let error = gate()
        .0
        .power_state(&target, SNMP)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("1.3.6.1.4.1.8072.3.2.10"), "{error}");
    assert!(error.contains("eaton-epdu"), "{error}");
    target
        .settings
        .insert("profile".into(), "eaton-epdu".into());
    let error = gate()
        .0
        .power_state(&target, SNMP)
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("how many outlets"), "{error}");
}

//! Sensors of a machine over Redfish: of its chassis, in the newer form (`Sensors`) or the older
//! (`Thermal` and `Power`).

use assay_domain::DriverError;
use assay_domain::capability::{Sensor, SensorCapability};
use async_trait::async_trait;
use serde_json::Value;

use super::fault::HttpFault;
use super::session::Machine;
use super::told::{first_text, health, id, is_absent, number, state, text, unique, words};
use super::walk::Walk;

/// A list of readings within a resource of a chassis.
struct Listed {
    list: &'static str,
    kind: &'static str,
    value: &'static [&'static str],
    unit: &'static str,
}

/// The lists of the older form (schemas Thermal and Power).
const LISTS: [(&str, &[Listed]); 2] = [
    (
        "Thermal",
        &[
            Listed {
                list: "Temperatures",
                kind: "temperature",
                value: &["ReadingCelsius"],
                unit: "°C",
            },
            Listed {
                list: "Fans",
                kind: "fan",
                // The second in Thermal 1.0.0.
                value: &["Reading", "ReadingRPM"],
                unit: "RPM",
            },
        ],
    ),
    (
        "Power",
        &[
            Listed {
                list: "Voltages",
                kind: "voltage",
                value: &["ReadingVolts"],
                unit: "V",
            },
            Listed {
                list: "PowerControl",
                kind: "power",
                value: &["PowerConsumedWatts"],
                unit: "W",
            },
            Listed {
                list: "PowerSupplies",
                kind: "power supply",
                value: &["PowerInputWatts"],
                unit: "W",
            },
        ],
    ),
];

/// A sensor whose name may be another's too, and its identifier.
type Found = (Sensor, Option<String>);

#[async_trait]
impl SensorCapability for Machine {
    async fn sensors(&self) -> Result<Vec<Sensor>, DriverError> {
        let (mut walk, system) = self.walk().await?;
        let found = find(&mut walk, &system).await;
        let Some(found) = found.map_err(|fault| self.wire.error(fault))? else {
            return Err(walk.lacks("the BMC shows no sensors of the machine's chassis"));
        };
        let named: Vec<_> = found
            .iter()
            .map(|(sensor, id)| (sensor.name.clone(), id.clone()))
            .collect();
        let sensors = found.into_iter().zip(unique(&named));
        Ok(sensors
            .map(|((sensor, _), name)| Sensor { name, ..sensor })
            .collect())
    }
}

/// All sensors of all the machine's chassis; `None` when no chassis has anything to hold sensors.
async fn find(walk: &mut Walk<'_>, system: &Value) -> Result<Option<Vec<Found>>, HttpFault> {
    let mut found: Option<Vec<Found>> = None;
    for chassis in walk.linked(system, "/Links/Chassis").await? {
        if let Some(sensors) = walk.members_of(&chassis, "Sensors").await? {
            let all = found.get_or_insert_default();
            all.extend(sensors.iter().filter_map(sensor));
            // Firmware on its way to the newer form has it empty.
            if !sensors.is_empty() {
                continue;
            }
        }
        for (resource, lists) in LISTS {
            if let Some(resource) = walk.follow(&chassis, resource).await? {
                let all = found.get_or_insert_default();
                all.extend(lists.iter().flat_map(|listed| listed.of(&resource)));
            }
        }
    }
    Ok(found)
}

impl Listed {
    fn of<'a>(&'a self, resource: &'a Value) -> impl Iterator<Item = Found> + 'a {
        let list = resource.get(self.list).and_then(Value::as_array);
        let list = list.into_iter().flatten();
        list.filter_map(move |entry| {
            let value = number(entry, self.value);
            let is_percent = text(entry, "ReadingUnits").as_deref() == Some("Percent");
            let unit = match value {
                Some(_) if is_percent => "%",
                // A power supply that does not tell its power has states only.
                None if self.kind == "power supply" => "",
                _ => self.unit,
            };
            shown(entry, self.kind.to_owned(), value, unit.to_owned())
        })
    }
}

/// A member of the newer form (schema Sensor).
fn sensor(resource: &Value) -> Option<Found> {
    let kind = kind(resource);
    let unit = match text(resource, "ReadingUnits") {
        Some(unit) => unit_of(unit),
        None => usual_unit(&kind).to_owned(),
    };
    shown(resource, kind, number(resource, &["Reading"]), unit)
}

fn shown(resource: &Value, kind: String, value: Option<f64>, unit: String) -> Option<Found> {
    if !resource.is_object() || is_absent(resource) {
        return None;
    }
    let id = id(resource);
    let name = first_text(resource, &["Name", "FanName"]).or_else(|| id.clone());
    let states = state(resource).filter(|state| *state != "Enabled");
    let sensor = Sensor {
        name: name.unwrap_or_else(|| kind.clone()),
        kind,
        value,
        unit,
        states: states.map(words).into_iter().collect(),
        health: health(resource.pointer("/Status/Health")),
    };
    Some((sensor, id))
}

/// What a sensor measures, from its ReadingType. Fans whose speed is a part of their best are percents
/// of something that is a fan.
fn kind(resource: &Value) -> String {
    let of_fan = text(resource, "PhysicalContext").as_deref() == Some("Fan");
    match resource.get("ReadingType").and_then(Value::as_str) {
        Some("Rotational") => "fan".into(),
        Some("Percent") if of_fan => "fan".into(),
        Some(kind) if kind.starts_with("Energy") => "energy".into(),
        Some(kind) if kind.starts_with("Pressure") => "pressure".into(),
        Some(kind) if kind.starts_with("AirFlow") => "air flow".into(),
        Some(kind) if kind.starts_with("LiquidFlow") => "liquid flow".into(),
        Some("ChargeAh") => "charge".into(),
        Some(kind) => words(kind),
        None => "other".into(),
    }
}

/// A unit of UCUM, which Redfish uses, as the domain writes it.
fn unit_of(unit: String) -> String {
    match unit.as_str() {
        "Cel" => "°C".into(),
        "{rev}/min" => "RPM".into(),
        "kW.h" => "kWh".into(),
        "W.h" => "Wh".into(),
        "A.h" => "Ah".into(),
        "m3/min" => "m³/min".into(),
        _ => unit,
    }
}

/// The unit that the schema demands of a kind, for sensors that do not tell theirs.
fn usual_unit(kind: &str) -> &'static str {
    match kind {
        "temperature" => "°C",
        "voltage" => "V",
        "current" => "A",
        "power" => "W",
        "frequency" => "Hz",
        "humidity" | "percent" => "%",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_and_units_are_the_fields() {
        let read = |resource: Value| {
            let (sensor, _) = sensor(&resource).unwrap();
            (sensor.kind, sensor.unit)
        };
        for (resource, kind, unit) in [
            (
                json!({"ReadingType": "Temperature", "ReadingUnits": "Cel"}),
                "temperature",
                "°C",
            ),
            (
                json!({"ReadingType": "Rotational", "ReadingUnits": "{rev}/min"}),
                "fan",
                "RPM",
            ),
            (
                json!({"ReadingType": "Percent", "PhysicalContext": "Fan"}),
                "fan",
                "",
            ),
            (json!({"ReadingType": "Voltage"}), "voltage", "V"),
            (
                json!({"ReadingType": "EnergykWh", "ReadingUnits": "kW.h"}),
                "energy",
                "kWh",
            ),
            (json!({"ReadingType": 4, "ReadingUnits": []}), "other", ""),
        ] {
            assert_eq!(read(resource), (kind.to_owned(), unit.to_owned()));
        }
    }

    #[test]
    fn an_empty_place_has_no_sensor() {
        assert!(sensor(&json!({"Name": "DIMM 4", "Status": {"State": "Absent"}})).is_none());
        assert!(sensor(&json!(7)).is_none());
        let (standby, _) = sensor(&json!({"Status": {"State": "StandbyOffline"}})).unwrap();
        assert_eq!((standby.name.as_str(), standby.value), ("other", None));
        assert_eq!(standby.states, ["standby offline"]);
    }
}

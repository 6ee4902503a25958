//! Readings of sensors (section 35), their conversion (section 36.3) and what they mean.

use assay_domain::capability::Health;

use super::events::{self, THRESHOLD, THRESHOLDS};
use super::sdr::SensorRecord;
use crate::Error;
use crate::client::Session;
use crate::command::Command;
use crate::cursor::Cursor;
use crate::wire::message::BMC;

const SENSOR: u8 = 0x04;

/// Get Sensor Reading Factors.
pub const FACTORS: Command = Command::new(SENSOR, 0x23, "Get Sensor Reading Factors");
/// Get Sensor Thresholds.
pub const GET_THRESHOLDS: Command = Command::new(SENSOR, 0x27, "Get Sensor Thresholds");
/// Get Sensor Reading.
pub const READING: Command = Command::new(SENSOR, 0x2d, "Get Sensor Reading");

/// How a reading becomes a value: `L((M·x + B·10^b)·10^r)`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Formula {
    /// 0: the reading has no sign; 1: one's complement; 2: two's complement.
    format: u8,
    /// Which function `L` is (table 43-1, byte 24); from 0x70 on the factors depend on the reading.
    linear: u8,
    m: i16,
    b: i16,
    b_exponent: i8,
    r_exponent: i8,
}

impl Formula {
    /// The formula of a full record: the first byte of the units, and the bytes from the linearisation
    /// to the exponents. `None` when the sensor has no analog reading.
    pub(super) fn of_record(unit: u8, [linear, factors @ ..]: [u8; 7]) -> Option<Self> {
        let format = unit >> 6;
        (format != 3).then(|| Self {
            format,
            linear: linear & 0x7f,
            ..Self::of_factors(factors)
        })
    }

    /// The six bytes of factors: M, tolerance, B, accuracy, direction, exponents.
    fn of_factors([m_low, m_high, b_low, b_high, _, exponents]: [u8; 6]) -> Self {
        Self {
            format: 0,
            linear: 0,
            m: ten_bits(m_low, m_high),
            b: ten_bits(b_low, b_high),
            b_exponent: four_bits(exponents & 0x0f),
            r_exponent: four_bits(exponents >> 4),
        }
    }

    /// Whether the factors have to be asked for with each reading.
    fn is_table(self) -> bool {
        self.linear >= 0x70
    }

    /// The value of a reading; none when it is no number, e.g. the logarithm of zero.
    pub fn value(&self, reading: u8) -> Option<f64> {
        let signed = reading.cast_signed();
        let x = match self.format {
            0 => f64::from(reading),
            // The complement of a negative number's bits is its size.
            1 if signed < 0 => -f64::from(!reading),
            _ => f64::from(signed),
        };
        let sum = f64::from(self.m) * x + f64::from(self.b) * power(self.b_exponent);
        let y = sum * power(self.r_exponent);
        let value = match self.linear {
            1 => y.ln(),
            2 => y.log10(),
            3 => y.log2(),
            4 => y.exp(),
            5 => 10_f64.powf(y),
            6 => y.exp2(),
            7 => y.recip(),
            8 => y * y,
            9 => y * y * y,
            10 => y.sqrt(),
            11 => y.cbrt(),
            _ => y,
        };
        value.is_finite().then_some(value)
    }
}

fn power(exponent: i8) -> f64 {
    10_f64.powi(exponent.into())
}

/// Ten bits in two's complement: the low eight, and the highest two of another byte.
fn ten_bits(low: u8, high: u8) -> i16 {
    (i16::from_be_bytes([high & 0xc0, 0]) >> 6) | i16::from(low)
}

/// Four bits in two's complement.
fn four_bits(bits: u8) -> i8 {
    (bits << 4).cast_signed() >> 4
}

/// A sensor's reading as it comes (table 35-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// The reading; none when the BMC has none now.
    pub raw: Option<u8>,
    /// The states that are asserted, by their bits: 15 of a sensor with states, six thresholds else.
    pub states: u16,
}

impl Reading {
    /// Reads the command's answer.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is too short.
    pub fn decode(body: &[u8]) -> Result<Self, Error> {
        let mut cursor = Cursor::new(READING.name, body);
        let [raw, how] = cursor.array()?;
        // Scanned (bit 6), and not marked as unavailable (bit 5).
        let is_there = how & 0x60 == 0x40;
        let low = cursor.u8().unwrap_or(0);
        let high = cursor.u8().unwrap_or(0);
        Ok(Self {
            raw: is_there.then_some(raw),
            states: if is_there {
                u16::from_le_bytes([low, high & 0x7f])
            } else {
                0
            },
        })
    }
}

/// A sensor and what it shows now.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The value in the sensor's unit.
    pub value: Option<f64>,
    /// The states that are asserted.
    pub states: Vec<String>,
    /// How it is to be taken; none when nothing tells.
    pub health: Option<Health>,
}

impl Shown {
    /// A sensor that shows nothing now.
    fn nothing() -> Self {
        Self {
            value: None,
            states: Vec::new(),
            health: None,
        }
    }

    /// What a reading means, with the value that was made of it.
    pub fn of(sensor: &SensorRecord, reading: Reading, value: Option<f64>) -> Self {
        let Some(_) = reading.raw else {
            return Self::nothing();
        };
        let asserted = (0..15_u8).filter(|bit| reading.states & 1 << bit != 0);
        let states: Vec<(String, Option<Health>)> = if sensor.reading == THRESHOLD {
            asserted
                .filter_map(|bit| THRESHOLDS.get(usize::from(bit)))
                .map(|(text, health)| ((*text).to_owned(), *health))
                .collect()
        } else {
            asserted
                .map(|bit| events::state(sensor.reading, sensor.kind, bit))
                .collect()
        };
        let worst = states.iter().filter_map(|(_, health)| *health).max();
        Self {
            value,
            // Past no threshold is well; no state asserted says nothing.
            health: worst.or((sensor.reading == THRESHOLD).then_some(Health::Ok)),
            states: states.into_iter().map(|(text, _)| text).collect(),
        }
    }
}

impl Session {
    /// What a sensor shows now. Sensors of other controllers than the BMC show nothing: they are not
    /// asked over bridges.
    pub async fn sensor(&self, sensor: &SensorRecord) -> Result<Shown, Error> {
        if sensor.owner != BMC || sensor.channel != 0 {
            return Ok(Shown::nothing());
        }
        let body = match self.request(READING.at(sensor.lun), &[sensor.number]).await {
            // Absent, or not to be read in the machine's present state.
            Err(Error::Completion {
                code: 0xcb..=0xce | 0xd3 | 0xd5 | 0xd6 | 0xc3,
                ..
            }) => {
                return Ok(Shown::nothing());
            }
            outcome => outcome?,
        };
        let reading = Reading::decode(&body)?;
        let value = match (reading.raw, sensor.formula) {
            (Some(raw), Some(formula)) => self.formula(sensor, formula, raw).await?.value(raw),
            _ => None,
        };
        Ok(Shown::of(sensor, reading, value))
    }

    /// The formula that holds for a reading.
    async fn formula(
        &self,
        sensor: &SensorRecord,
        formula: Formula,
        raw: u8,
    ) -> Result<Formula, Error> {
        if !formula.is_table() {
            return Ok(formula);
        }
        let body = self
            .request(FACTORS.at(sensor.lun), &[sensor.number, raw])
            .await?;
        let mut cursor = Cursor::new(FACTORS.name, &body);
        cursor.skip(1)?;
        Ok(Formula {
            format: formula.format,
            ..Formula::of_factors(cursor.array()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn formula(unit: u8, linear: u8, m: [u8; 2], b: [u8; 2], exponents: u8) -> Formula {
        Formula::of_record(unit, [linear, m[0], m[1], b[0], b[1], 0, exponents]).unwrap()
    }

    #[test]
    fn readings_become_values() {
        let plain = formula(0, 0, [1, 0], [0, 0], 0);
        assert_eq!(plain.value(0x60), Some(96.0));
        // 0.1 V a step: M = 1, r = -1.
        let volts = formula(0, 0, [1, 0], [0, 0], 0xf0);
        assert!((volts.value(121).unwrap() - 12.1).abs() < 1e-9);
        // (2·x - 5·10)·1 in two's complement.
        let signed = formula(0x80, 0, [2, 0], [0xfb, 0xc0], 0x01);
        assert_eq!(signed.value(0xff), Some(-52.0));
        let ones = formula(0x40, 0, [1, 0], [0, 0], 0);
        assert_eq!(ones.value(0xfe), Some(-1.0));
        assert_eq!(formula(0, 7, [1, 0], [0, 0], 0).value(0), None, "1/0");
        assert_eq!(formula(0, 8, [1, 0], [0, 0], 0).value(3), Some(9.0));
        assert!(Formula::of_record(0xc0, [0; 7]).is_none());
    }

    #[test]
    fn states_and_thresholds_are_weighed() {
        let mut sensor = SensorRecord {
            name: "Temp".into(),
            owner: BMC,
            channel: 0,
            lun: 0,
            number: 1,
            kind: 1,
            reading: THRESHOLD,
            unit: "°C".into(),
            formula: None,
        };
        let shown = |sensor: &SensorRecord, body: &[u8]| {
            Shown::of(sensor, Reading::decode(body).unwrap(), None)
        };
        assert_eq!(shown(&sensor, &[0x60, 0x40, 0xc0]).health, Some(Health::Ok));
        let hot = shown(&sensor, &[0x60, 0xc0, 0x18]);
        assert_eq!(hot.health, Some(Health::Critical));
        assert_eq!(hot.states.len(), 2);
        assert_eq!(shown(&sensor, &[0, 0x60, 0x18]), Shown::nothing());
        assert_eq!(shown(&sensor, &[0, 0, 0]), Shown::nothing());
        (sensor.reading, sensor.kind) = (events::SPECIFIC, 8);
        let supply = shown(&sensor, &[0, 0x40, 0x03, 0x80]);
        assert_eq!(supply.states, ["present", "failed"]);
        assert_eq!(supply.health, Some(Health::Critical));
    }

    proptest! {
        #[test]
        fn no_formula_makes_converting_panic(unit: u8, bytes: [u8; 7], reading: u8) {
            if let Some(formula) = Formula::of_record(unit, bytes) {
                let value = formula.value(reading);
                prop_assert!(value.is_none_or(f64::is_finite));
            }
        }

        #[test]
        fn no_bytes_make_decoding_panic(body in proptest::collection::vec(any::<u8>(), 0..6)) {
            let _ = Reading::decode(&body);
        }
    }
}

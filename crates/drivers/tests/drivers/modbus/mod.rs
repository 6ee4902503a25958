//! The Modbus driver against pymodbus' server and against relays that misbehave.

mod odd;
mod pymodbus;

/// The protocol under test.
const MODBUS: &str = "modbus";

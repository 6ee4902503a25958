//! The SNMP driver.

mod boards;
mod odd;
mod products;
mod versions;

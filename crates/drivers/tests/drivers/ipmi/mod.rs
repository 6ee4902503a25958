//! The IPMI driver.

mod fakebmc;
mod fleet;
mod ipmi_sim;
mod reads;
mod sessions;
mod simulator;

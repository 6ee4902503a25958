//! The IPMI driver.

mod fakebmc;
mod ipmi_sim;
mod reads;
mod sessions;
mod simulator;

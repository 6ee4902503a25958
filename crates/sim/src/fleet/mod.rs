//! Many simulated BMCs at once: their machines, their addresses, and the faults that a part of them has.

mod bmc;
mod certificate;
mod fault;
mod hardware;
mod places;
mod run;

pub use bmc::{FleetBmc, Protocol};
pub use certificate::SimCertificate;
pub use fault::{FaultShare, FleetFault, Share};
pub use hardware::{fleet, fleet_address};
pub use places::allow_open_files;
pub use run::{Fleet, FleetOptions, FleetPorts, Member};

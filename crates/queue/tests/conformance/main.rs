//! One suite over both engines, on both databases: what workers may rely on, whoever dies.

#[macro_use]
mod world;

mod broker;
mod dead;
mod delivery;
mod messages;
mod outage;

//! A network namespace for one process of a fleet, with a cable to each kind of peer, each of which
//! can be cut. To be used inside an arena.

use std::ffi::OsStr;
use std::net::Ipv4Addr;
use std::process::Command;

use crate::arena::{self, ip};

/// A cable of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cable {
    /// To the database.
    Database,
    /// To the broker.
    Broker,
    /// To BMCs, machines and callers.
    World,
}

impl Cable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Database, Self::Broker, Self::World];

    /// Its name inside the place.
    pub fn name(self) -> &'static str {
        match self {
            Self::Database => "database",
            Self::Broker => "broker",
            Self::World => "world",
        }
    }

    fn network(self) -> u8 {
        match self {
            Self::Database => 51,
            Self::Broker => 52,
            Self::World => 53,
        }
    }

    /// What is reached over it.
    fn peers(self) -> String {
        match self {
            Self::Database => arena::DATABASE.to_string(),
            Self::Broker => arena::BROKER.to_string(),
            Self::World => "10.64.0.0/14".to_owned(),
        }
    }
}

/// A network namespace. Dropping it removes it; its cables go with it.
#[derive(Debug)]
pub struct Place {
    number: u8,
}

impl Place {
    /// Place `number` of the arena, all of its cables whole.
    pub fn new(number: u8) -> Self {
        let place = Self { number };
        let name = place.name();
        ip(&format!("netns add {name}")).unwrap();
        ip(&format!("-n {name} link set lo up")).unwrap();
        for cable in Cable::ALL {
            place.lay(cable).unwrap();
        }
        place
    }

    /// Its address on the cable to the world.
    pub fn address(&self) -> Ipv4Addr {
        Ipv4Addr::new(10, Cable::World.network(), self.number, 2)
    }

    /// A program that is to run here. The process number is that of the program.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name()]).arg(program);
        command
    }

    /// Cuts a cable: what is sent into either end of it is lost without a word.
    pub fn cut(&self, cable: Cable) {
        ip(&format!("link set {} down", self.end(cable))).unwrap();
    }

    /// Mends a cable.
    pub fn mend(&self, cable: Cable) {
        ip(&format!("link set {} up", self.end(cable))).unwrap();
    }

    /// Two ends, the route to the peers inside, and on the outside the arena's own addresses.
    fn lay(&self, cable: Cable) -> std::io::Result<()> {
        let (name, inner, outer) = (self.name(), cable.name(), self.end(cable));
        let network = format!("10.{}.{}", cable.network(), self.number);
        ip(&format!(
            "link add {outer} type veth peer name {inner} netns {name}"
        ))?;
        ip(&format!("address add {network}.1/30 dev {outer}"))?;
        ip(&format!("link set {outer} up"))?;
        ip(&format!("-n {name} address add {network}.2/30 dev {inner}"))?;
        ip(&format!("-n {name} link set {inner} up"))?;
        let peers = cable.peers();
        ip(&format!("-n {name} route add {peers} via {network}.1"))
    }

    fn name(&self) -> String {
        format!("place{}", self.number)
    }

    /// The name of a cable's end outside; cutting there leaves the routes inside as they are, so
    /// that what is sent disappears instead of being refused.
    fn end(&self, cable: Cable) -> String {
        format!("{}{}", cable.name(), self.number)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = ip(&format!("netns delete {}", self.name()));
    }
}

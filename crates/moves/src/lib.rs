//! Which instances of a cloud could move where, and which should: forecasts and plans, without any I/O.
//!
//! A [`Board`] is a cloud at one moment. [`level()`] finds the moves that level the load of an
//! aggregate's hosts; [`empty`] finds those that empty a host. The cloud's own scheduler knows more than
//! the board, and has the last word when a move is made.
#![forbid(unsafe_code)]

mod board;
mod evacuation;
mod level;
mod load;
mod obstacle;

pub use board::{Board, CloudView};
pub use evacuation::{Emptying, PlannedMove, Ways, empty};
pub use level::{Audit, AuditEnd, Budget, ProposedMove, level};
pub use load::{Imbalance, Load};
pub use obstacle::Obstacle;

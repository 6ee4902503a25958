//! Levels the load of hosts: one move after the other, each the one that helps most.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use crate::board::Heed;
use crate::load::Limits;
use crate::{Board, Imbalance, Load, Obstacle};

/// What levelling may cost, and when it is good enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Budget {
    /// The most moves.
    pub moves: usize,
    /// How far a host may be above the common load, as a share (0.05 is five in a hundred): nothing
    /// is moved away from hosts that are within.
    pub tolerance: f64,
}

/// What was found out of an aggregate's hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The load that all hosts would have if all were level.
    pub mean: Load,
    /// How different their loads are.
    pub before: Imbalance,
    /// How different they are after the moves.
    pub after: Imbalance,
    /// The moves, in the order in which they are made.
    pub moves: Vec<ProposedMove>,
    /// Why there are no more.
    pub end: AuditEnd,
    /// Hosts that were left out, and why.
    pub left_out: BTreeMap<String, String>,
}

/// Why there are no more moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditEnd {
    /// No host is above the common load by more than is tolerated.
    Level,
    /// As many were found as may be.
    BudgetSpent,
    /// None helps hosts that are above it still.
    NothingHelps,
}

/// A move that levels load.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProposedMove {
    /// The instance.
    pub instance_uuid: String,
    /// Its name.
    pub instance_name: String,
    /// The host it leaves.
    pub source: String,
    /// The host it goes to.
    pub target: String,
    /// The load of the host it leaves, before and after.
    pub source_load: [Load; 2],
    /// The load of the host it goes to, before and after.
    pub target_load: [Load; 2],
}

impl ProposedMove {
    /// Why it is proposed, in a sentence.
    pub fn reason(&self) -> String {
        let percent = |share: f64| (share * 100.0).round();
        let change = |[before, after]: &[Load; 2]| {
            format!(
                "processors {} to {} %, memory {} to {} %",
                percent(before.cpu),
                percent(after.cpu),
                percent(before.memory),
                percent(after.memory),
            )
        };
        format!(
            "relieves {} ({}) in favour of {} ({})",
            self.source,
            change(&self.source_load),
            self.target,
            change(&self.target_load),
        )
    }
}

/// Finds moves among hosts that level their load; the board is then as after the moves. No instance is
/// moved twice, and none of an owner's lock, in a state that a live migration does not keep, or against
/// what its group prefers.
///
/// # Errors
/// [`Obstacle::UnknownHost`] for a host that the board does not have.
pub fn level(board: &mut Board, hosts: &[String], budget: Budget) -> Result<Audit, Obstacle> {
    let mut table = Table::new(board, hosts)?;
    let before = table.imbalance(board);
    let mut moves = Vec::new();
    let end = loop {
        let sources = table.sources(board, budget.tolerance);
        if sources.is_empty() {
            break AuditEnd::Level;
        }
        if moves.len() >= budget.moves {
            break AuditEnd::BudgetSpent;
        }
        let Some(best) = table.best_move(board, &sources) else {
            break AuditEnd::NothingHelps;
        };
        moves.push(table.make(board, &best));
    };
    Ok(Audit {
        mean: table.mean,
        before,
        after: table.imbalance(board),
        moves,
        end,
        left_out: table.left_out,
    })
}

/// The hosts that are levelled.
struct Table {
    hosts: Vec<usize>,
    mean: Load,
    moved: HashSet<usize>,
    /// Hosts of which no move helps.
    stuck: HashSet<usize>,
    left_out: BTreeMap<String, String>,
}

/// A move that helps.
struct Candidate {
    piece: usize,
    source: usize,
    target: usize,
    gain: f64,
}

/// Less than this is not worth a move: a share of a host's square.
const LEAST_GAIN: f64 = 1e-6;

impl Table {
    fn new(board: &Board, names: &[String]) -> Result<Self, Obstacle> {
        let mut left_out = BTreeMap::new();
        let mut hosts = Vec::with_capacity(names.len());
        for name in names {
            let host = board.host(name)?;
            if board.limits(host).is_some() {
                hosts.push(host);
            } else {
                let why = Obstacle::Unmeasured(name.clone()).to_string();
                let _ = left_out.insert(name.clone(), why);
            }
        }
        let limits = hosts.iter().filter_map(|&host| board.limits(host));
        let used = hosts.iter().map(|&host| board.used(host));
        let (vcpus, memory) = used.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        let mean = if hosts.is_empty() {
            Load {
                cpu: 0.0,
                memory: 0.0,
            }
        } else {
            Limits::sum(limits).share(vcpus, memory)
        };
        Ok(Self {
            hosts,
            mean,
            moved: HashSet::new(),
            stuck: HashSet::new(),
            left_out,
        })
    }

    fn imbalance(&self, board: &Board) -> Imbalance {
        let loads: Vec<Load> = self.hosts.iter().filter_map(|&h| board.load(h)).collect();
        Imbalance::of(&loads, self.mean)
    }

    /// Hosts that are too far above the mean, the farthest first.
    fn sources(&self, board: &Board, tolerance: f64) -> Vec<usize> {
        let above = |&host: &usize| {
            let above = board.load(host)?.above(self.mean);
            (above > tolerance).then_some((host, above))
        };
        let mut sources: Vec<(usize, f64)> = self.hosts.iter().filter_map(above).collect();
        sources.sort_by(|a, b| b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal));
        sources.into_iter().map(|(host, _)| host).collect()
    }

    /// The best move away from the first of these hosts that has one.
    fn best_move(&mut self, board: &Board, sources: &[usize]) -> Option<Candidate> {
        for &source in sources {
            if self.stuck.contains(&source) {
                continue;
            }
            let best = self.best_from(board, source);
            if best.is_some() {
                return best;
            }
            let _ = self.stuck.insert(source);
        }
        None
    }

    fn best_from(&self, board: &Board, source: usize) -> Option<Candidate> {
        let load = board.load(source)?;
        let far = load.squared_distance(self.mean);
        let mut best: Option<Candidate> = None;
        for &piece in board.pieces_on(source) {
            if self.moved.contains(&piece) || !may_go(board, piece) {
                continue;
            }
            let left = load.without(board.weight(piece, source)?);
            let relief = far - left.squared_distance(self.mean);
            for &target in &self.hosts {
                let (Some(there), Some(weight)) = (board.load(target), board.weight(piece, target))
                else {
                    continue;
                };
                let then = there.with(weight).squared_distance(self.mean);
                let gain = relief + there.squared_distance(self.mean) - then;
                let least = best.as_ref().map_or(LEAST_GAIN, |best| best.gain);
                if gain > least && board.takes(target, piece, Heed::Wishes).is_ok() {
                    best = Some(Candidate {
                        piece,
                        source,
                        target,
                        gain,
                    });
                }
            }
        }
        best
    }

    fn make(&mut self, board: &mut Board, candidate: &Candidate) -> ProposedMove {
        let (piece, source, target) = (candidate.piece, candidate.source, candidate.target);
        let load = |board: &Board, host| board.load(host).unwrap_or(self.mean);
        let before = (load(board, source), load(board, target));
        board.put(piece, target);
        let after = (load(board, source), load(board, target));
        let _ = self.moved.insert(piece);
        let instance = board.instance(piece);
        ProposedMove {
            instance_uuid: instance.uuid.clone(),
            instance_name: instance.name.clone(),
            source: board.name(source).to_owned(),
            target: board.name(target).to_owned(),
            source_load: [before.0, after.0],
            target_load: [before.1, after.1],
        }
    }
}

fn may_go(board: &Board, piece: usize) -> bool {
    board.rests(piece).is_ok() && !board.instance(piece).is_locked
}

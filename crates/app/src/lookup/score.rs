//! How much a machine is one that is known: points for and against, each with its fact.

use std::collections::BTreeSet;

use assay_domain::machine::says_the_same;
use assay_domain::{Fact, FactKind, Facts};
use serde_json::{Value, json};

use super::facts::Machine;
use super::weights::{ALL_CARDS_OTHER, CARD, CARD_IN_PLACE, CARDS_AT_MOST, weight};

/// What comparing one fact came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Both have it.
    Same,
    /// Both have it, a card at another place or at one that is not known.
    SameElsewhere,
    /// They contradict each other.
    Other,
    /// Several nodes have it, so that it says nothing.
    Shared,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::SameElsewhere => "same_elsewhere",
            Self::Other => "other",
            Self::Shared => "shared",
        }
    }
}

/// One fact of a machine, compared with what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compared {
    /// What it is about.
    pub(crate) kind: FactKind,
    /// What the machine says.
    pub(crate) value: String,
    /// What is known instead, when they contradict each other.
    pub(crate) known: Vec<String>,
    /// What it came to.
    pub(crate) verdict: Verdict,
    /// Points for it; below 0 against it.
    pub(crate) points: i32,
}

/// A machine compared with one that is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Score {
    /// All points; those of cards are limited together.
    pub(crate) points: i32,
    /// What they come from.
    pub(crate) evidence: Vec<Compared>,
}

impl Score {
    /// Whether any fact that is not shared speaks for it.
    pub(crate) fn has_support(&self) -> bool {
        self.evidence.iter().any(|compared| compared.points > 0)
    }

    /// The MAC addresses that both have and nobody else.
    pub(crate) fn common_cards(&self) -> impl Iterator<Item = &str> {
        let cards = self.evidence.iter();
        let cards = cards.filter(|it| it.kind == FactKind::Card && it.points > 0);
        cards.map(|it| it.value.as_str())
    }

    /// The evidence as it is kept and shown.
    pub(crate) fn shown(&self) -> Vec<Value> {
        let shown = |it: &Compared| {
            json!({
                "fact": it.kind.as_str(),
                "value": it.value,
                "known": it.known,
                "verdict": it.verdict.as_str(),
                "points": it.points,
            })
        };
        self.evidence.iter().map(shown).collect()
    }
}

/// Compares a machine with what is known of one; `shared` are facts that say nothing.
pub(crate) fn compare(
    machine: &Machine,
    known: &Facts,
    shared: &BTreeSet<(FactKind, String)>,
) -> Score {
    let mut score = Score::default();
    for kind in FactKind::ALL {
        let own: Vec<&Fact> = of_kind(&machine.facts, kind);
        let theirs: Vec<&Fact> = of_kind(known, kind);
        let (telling, common): (Vec<&Fact>, Vec<&Fact>) = own
            .into_iter()
            .partition(|fact| !shared.contains(&(kind, fact.value.clone())));
        score
            .evidence
            .extend(common.into_iter().map(|fact| Compared {
                kind,
                value: fact.value.clone(),
                known: Vec::new(),
                verdict: Verdict::Shared,
                points: 0,
            }));
        if telling.is_empty() || theirs.is_empty() {
            continue;
        }
        let (points, evidence) = match kind {
            FactKind::Card => cards(&telling, &theirs, machine.has_all_cards),
            _ => single(kind, &telling, &theirs),
        };
        score.points += points;
        score.evidence.extend(evidence);
    }
    score
}

fn of_kind(facts: &Facts, kind: FactKind) -> Vec<&Fact> {
    facts.iter().filter(|fact| fact.kind == kind).collect()
}

/// Facts of which a machine has one: any that agrees is for it, all that differ count once.
fn single(kind: FactKind, own: &[&Fact], theirs: &[&Fact]) -> (i32, Vec<Compared>) {
    let agrees = |fact: &Fact| {
        let mut theirs = theirs.iter();
        theirs.any(|known| says_the_same(kind, &known.value, &fact.value))
    };
    let same = own.iter().find(|fact| agrees(fact));
    let (fact, verdict, points) = match (same, own.first()) {
        (Some(fact), _) => (fact, Verdict::Same, weight(kind).same),
        (None, Some(fact)) => (fact, Verdict::Other, weight(kind).other),
        (None, None) => return (0, Vec::new()),
    };
    let known = match verdict {
        Verdict::Other => theirs.iter().map(|known| known.value.clone()).collect(),
        _ => Vec::new(),
    };
    let compared = Compared {
        kind,
        value: fact.value.clone(),
        known,
        verdict,
        points,
    };
    (points, vec![compared])
}

fn cards(own: &[&Fact], theirs: &[&Fact], all_are_told: bool) -> (i32, Vec<Compared>) {
    let mut evidence = Vec::new();
    for card in own {
        let mut same = theirs.iter().filter(|known| known.value == card.value);
        let Some(first) = same.next() else { continue };
        let in_place = card.place.is_some()
            && std::iter::once(first)
                .chain(same)
                .any(|known| known.place == card.place);
        evidence.push(Compared {
            kind: FactKind::Card,
            value: card.value.clone(),
            known: Vec::new(),
            verdict: if in_place {
                Verdict::Same
            } else {
                Verdict::SameElsewhere
            },
            points: if in_place { CARD_IN_PLACE } else { CARD },
        });
    }
    if evidence.is_empty() && all_are_told {
        let known: BTreeSet<String> = theirs.iter().map(|known| known.value.clone()).collect();
        let value: Vec<&str> = own.iter().map(|card| card.value.as_str()).collect();
        evidence.push(Compared {
            kind: FactKind::Card,
            value: value.join(", "),
            known: known.into_iter().collect(),
            verdict: Verdict::Other,
            points: ALL_CARDS_OTHER,
        });
    }
    let points: i32 = evidence.iter().map(|compared| compared.points).sum();
    (points.min(CARDS_AT_MOST), evidence)
}

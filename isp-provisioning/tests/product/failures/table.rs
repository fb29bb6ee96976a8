//! The table's words: a step's cells, how each failure is made, and what is expected of it.

use std::fmt::{self, Display};

use super::spoil::Spoil;

/// One of the seven steps and everything that can go wrong with it.
pub struct Step {
    pub name: &'static str,
    pub system: &'static str,
    pub cells: Vec<Cell>,
}

/// One failure, of the step or of its undo.
pub struct Cell {
    pub way: Way,
    pub failure: Failure,
    pub fate: Fate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Do,
    Undo,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    Refused,
    Misconfigured,
    TransientThenFine,
    /// The request is never answered and never done; the next one is fine.
    TimedOutWithoutEffect,
    TimedOutWithoutEffectForGood,
    /// It is done when the caller has given up; the next one is fine.
    TimedOutWithEffect,
    /// It is done at once, and the answer never comes.
    Held,
    HeldForGood,
    /// It is done at once, and the connection is closed.
    Dropped,
    DroppedForGood,
    /// It lands when it has been undone.
    LateAfterItsUndo,
    /// An undo that lands when it has been repeated.
    LateAfterItsRepetition,
    /// Of several requests or statements the later one fails.
    BrokenOffInTheMiddle,
    BrokenOffThenFine,
    MisconfiguredInTheMiddle,
    RefusedAndSettled,
    RefusedAndForgiven,
}

/// Every failure that each step has a cell for.
pub const OF_DO: [Failure; 14] = [
    Failure::Refused,
    Failure::Misconfigured,
    Failure::TransientThenFine,
    Failure::TimedOutWithoutEffect,
    Failure::TimedOutWithoutEffectForGood,
    Failure::TimedOutWithEffect,
    Failure::Held,
    Failure::HeldForGood,
    Failure::Dropped,
    Failure::DroppedForGood,
    Failure::LateAfterItsUndo,
    Failure::BrokenOffInTheMiddle,
    Failure::BrokenOffThenFine,
    Failure::MisconfiguredInTheMiddle,
];
pub const OF_UNDO: [Failure; 11] = [
    Failure::Refused,
    Failure::RefusedAndSettled,
    Failure::RefusedAndForgiven,
    Failure::Misconfigured,
    Failure::TransientThenFine,
    Failure::TimedOutWithoutEffect,
    Failure::TimedOutWithEffect,
    Failure::Held,
    Failure::Dropped,
    Failure::LateAfterItsRepetition,
    Failure::BrokenOffInTheMiddle,
];

/// What becomes of it.
pub enum Fate {
    /// With the reason.
    NotPossible(&'static str),
    Case(Box<Case>),
}

/// A failure that is made, and the outcome that is asserted.
pub struct Case {
    pub spoils: Vec<Spoil>,
    /// Fields of the request that are not the usual ones.
    pub request: Vec<(&'static str, serde_json::Value)>,
    pub settle_ms: u64,
    /// How often the step itself was tried.
    pub attempts: u32,
    pub end: End,
    /// What a person does then, and where that ends.
    pub person: Option<(Person, End)>,
}

/// Where a workflow comes to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// With the reason, if a person is needed.
    pub status: String,
    /// One letter a step, see [`letter`].
    pub steps: String,
    /// What the systems have of the subscriber.
    pub held: String,
    /// The steps that owe, in order.
    pub debts: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Person {
    /// `POST workflows/{id}/retry`.
    Retries,
    /// `POST …/debts/{step}` for each debt.
    RetriesDebts,
    SettlesDebts,
    ForgivesDebts,
}

pub const EVERYTHING: &str = "customer, subscriber, active, account, reply, address, line, router, service";

pub fn letter(status: &str) -> char {
    match status {
        "completed" => 'C',
        "compensated" => 'U',
        "failed" => 'F',
        "compensation_failed" => 'D',
        "skipped" => 'S',
        "pending" => '-',
        _ => '?',
    }
}

/// It comes to rest as `status`, with one letter a step, holding what is named.
pub fn end(status: &str, steps: &str, held: &str) -> End {
    End { status: status.into(), steps: steps.into(), held: held.into(), debts: vec![] }
}
pub fn completed() -> End {
    end("completed", "CCCCCCC", EVERYTHING)
}
pub fn rolled_back(steps: &str) -> End {
    end("rolled_back", steps, "")
}
pub fn owes(steps: &str, held: &str, debts: &[&str]) -> End {
    let debts = debts.iter().map(ToString::to_string).collect();
    End { debts, ..end("failed (debts)", steps, held) }
}
/// It stops where it is until somebody has mended the configuration.
pub fn parked(steps: &str, held: &str) -> End {
    end("failed (configuration)", steps, held)
}

impl Case {
    pub fn of(spoils: impl Into<Vec<Spoil>>, attempts: u32, end: End) -> Self {
        Self { spoils: spoils.into(), request: vec![], settle_ms: 300, attempts, end, person: None }
    }
    pub fn then(self, person: Person, end: End) -> Self {
        Self { person: Some((person, end)), ..self }
    }
    pub fn settling(self, settle_ms: u64) -> Self {
        Self { settle_ms, ..self }
    }
    pub fn asking(mut self, field: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.request.push((field, value.into()));
        self
    }
}

pub fn case(way: Way, failure: Failure, case: Case) -> Cell {
    Cell { way, failure, fate: Fate::Case(Box::new(case)) }
}
/// These cannot happen to this step, for this reason.
pub fn impossible(way: Way, failures: &[Failure], reason: &'static str) -> Vec<Cell> {
    failures.iter().map(|failure| Cell { way, failure: *failure, fate: Fate::NotPossible(reason) }).collect()
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "refused",
            Self::Misconfigured => "misconfigured",
            Self::TransientThenFine => "transient, then fine",
            Self::TimedOutWithoutEffect => "timed out without effect, then fine",
            Self::TimedOutWithoutEffectForGood => "timed out without effect, for good",
            Self::TimedOutWithEffect => "timed out with effect, then fine",
            Self::Held => "answer held, then fine",
            Self::HeldForGood => "answer held, for good",
            Self::Dropped => "answer dropped, then fine",
            Self::DroppedForGood => "answer dropped, for good",
            Self::LateAfterItsUndo => "late, after its undo",
            Self::LateAfterItsRepetition => "late, after its repetition",
            Self::BrokenOffInTheMiddle => "broken off in the middle",
            Self::BrokenOffThenFine => "broken off in the middle, then fine",
            Self::MisconfiguredInTheMiddle => "misconfigured in the middle",
            Self::RefusedAndSettled => "refused, settled by hand",
            Self::RefusedAndForgiven => "refused, forgiven",
        })
    }
}
impl Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Retries => "retry",
            Self::RetriesDebts => "retry of the debts",
            Self::SettlesDebts => "settled",
            Self::ForgivesDebts => "forgiven",
        })
    }
}
impl Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = match self.held.as_str() {
            "" => "nothing",
            EVERYTHING => "everything",
            some => some,
        };
        write!(f, "{} `{}` {held}", self.status, self.steps)?;
        if self.debts.is_empty() { Ok(()) } else { write!(f, "; owes {}", self.debts.join(", ")) }
    }
}

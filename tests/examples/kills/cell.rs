//! The table: every step, in both directions, before, between and after effect and commit.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

/// One place where a kill can come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cell {
    pub(super) step: Step,
    pub(super) direction: Direction,
    pub(super) moment: Moment,
}

/// In the order of the workflow; the journal counts from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Customer,
    Subscriber,
    Account,
    Address,
    Onu,
    Cpe,
    Service,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Direction {
    Forward,
    Backward,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Moment {
    /// The step is the next one, or under way; its effect is not there yet.
    Before,
    /// The effect is there, the journal does not know.
    Between,
    /// The journal knows, and the next step has not got there.
    After,
}

use Direction::{Backward, Forward};
use Moment::{After, Before, Between};

impl Step {
    pub(super) const ALL: [Self; 7] =
        [Self::Customer, Self::Subscriber, Self::Account, Self::Address, Self::Onu, Self::Cpe, Self::Service];

    /// Is its effect in the journal's own transaction?
    fn is_transactional(self) -> bool {
        matches!(self, Self::Customer | Self::Subscriber | Self::Service)
    }

    fn name(self) -> &'static str {
        match self {
            Self::Customer => "create_customer",
            Self::Subscriber => "create_subscriber",
            Self::Account => "create_radius_account",
            Self::Address => "allocate_ip",
            Self::Onu => "activate_onu",
            Self::Cpe => "configure_cpe",
            Self::Service => "create_billing_service",
        }
    }
}

impl Cell {
    /// Where a kill can come at all: where effect and commit are one there is nothing between them.
    pub(super) fn possible() -> impl Iterator<Item = Self> {
        let cells = Step::ALL.into_iter().flat_map(|step| {
            [Forward, Backward].into_iter().flat_map(move |direction| {
                [Before, Between, After].into_iter().map(move |moment| Self { step, direction, moment })
            })
        });
        cells.filter(|cell| cell.moment != Between || !cell.step.is_transactional())
    }
}

/// How often each cell was hit.
#[derive(Default)]
pub(super) struct Table(pub(super) BTreeMap<Cell, usize>);

impl Table {
    pub(super) fn hit(&mut self, cell: Cell) {
        *self.0.entry(cell).or_default() += 1;
    }

    /// Prints it, also where the harness keeps what tests print to itself.
    pub(super) fn print(&self, title: &str) {
        writeln!(std::io::stdout().lock(), "\n{title}\n{self}").unwrap();
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:22} {:9} {:>8} {:>13} {:>8}", "step", "direction", "before", "between", "after")?;
        for step in Step::ALL {
            for direction in [Forward, Backward] {
                let hits = |moment| {
                    let cell = Cell { step, direction, moment };
                    self.0.get(&cell).map_or_else(|| "-".to_owned(), usize::to_string)
                };
                let between = if step.is_transactional() { "not possible".to_owned() } else { hits(Between) };
                let direction = if direction == Forward { "forward" } else { "backward" };
                write!(f, "\n{:22} {direction:9} ", step.name())?;
                write!(f, "{:>8} {between:>13} {:>8}", hits(Before), hits(After))?;
            }
        }
        Ok(())
    }
}

//! How large a world is, and what is wrong with it.

use std::collections::HashSet;
use std::sync::Mutex;

/// For how many ticks a worker may be silent. One tick is whatever two clocks cannot tell apart; what happens within it happens
/// in every order.
pub const LEASE: u8 = 1;

/// Processes that share a database.
#[derive(Debug, Default)]
pub struct Group {
    /// How many processes there are.
    pub processes: u8,
    /// How many workflows there are.
    pub workflows: u8,
    /// What may happen to them.
    pub budget: Budget,
    /// Is it looked at, too, until when workers may send requests to other systems? That makes some twenty times as many
    /// moments.
    pub requests: bool,
    /// What somebody got wrong, if anything.
    pub bug: Option<Bug>,
    /// From where a survivor is known to come to an end with everything.
    pub(crate) good: Mutex<HashSet<u64>>,
}

/// How often something may happen in one history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Workers that may be declared dead: after that nobody looks for any more (but whoever survives alone).
    pub deaths: u8,
    /// Processes that come back as new workers.
    pub returns: u8,
    /// Processes that pause.
    pub pauses: u8,
    /// Processes that crash.
    pub crashes: u8,
    /// Answers that are lost or not waited for.
    pub losses: u8,
    /// Restarts of the server.
    pub restarts: u8,
    /// Workflows that are let go before they have ended.
    pub releases: u8,
}

/// A deliberate mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Bug {
    /// A batch does not ask whether its worker lives (a CTE that nothing selects from is never run).
    FenceNotAsked,
    /// A batch asks its snapshot, and takes no lock.
    SnapshotNotRechecked,
    /// The fencer does not wait for the batches that are under way (a plain UPDATE).
    FenceDoesNotWait,
    /// The fencer does not look again at the lease when it has waited.
    FenceLooksOnce,
    /// Whether a lease is over is judged by the clock of the process that looks.
    LeaseByOwnClock,
    /// A claim does not hold its own worker's row.
    ClaimNotFenced,
    /// The dead worker's row goes at once; only its fencer knows what is to be inherited.
    NoTombstone,
    /// The dead worker's row goes although some workflow still names it.
    BuriedTooEarly,
    /// A worker counts its lease from the heartbeat's answer.
    LeaseFromAnswer,
    /// A worker counts its lease by a clock that stands still while it is suspended.
    ClockStopsInSuspend,
    /// A worker sends requests without looking at its lease.
    LeaseNotLookedAt,
    /// A decision is not compared with the `rev` that it expects.
    DecisionNotCompared,
    /// A process comes back under the name that it had.
    NameUsedAgain,
    /// The server waits for ever for a process that is paused in a transaction.
    OpenTransactionsStay,
    /// What a claim took whose answer was lost is not asked for.
    StraysNotAskedFor,
}

impl Bug {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::FenceNotAsked,
        Self::SnapshotNotRechecked,
        Self::FenceDoesNotWait,
        Self::FenceLooksOnce,
        Self::LeaseByOwnClock,
        Self::ClaimNotFenced,
        Self::NoTombstone,
        Self::BuriedTooEarly,
        Self::LeaseFromAnswer,
        Self::ClockStopsInSuspend,
        Self::LeaseNotLookedAt,
        Self::DecisionNotCompared,
        Self::NameUsedAgain,
        Self::OpenTransactionsStay,
        Self::StraysNotAskedFor,
    ];
}

impl Group {
    /// One in which nothing is wrong.
    #[must_use]
    pub fn new(processes: u8, workflows: u8, budget: Budget) -> Self {
        Self { processes, workflows, budget, ..Self::default() }
    }

    /// The same, and it is looked at until when workers may send requests.
    #[must_use]
    pub fn with_requests(self) -> Self {
        Self { requests: true, ..self }
    }

    /// The same with a mistake.
    #[must_use]
    pub fn with(self, bug: Bug) -> Self {
        Self { bug: Some(bug), ..self }
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// How many ticks a process's clock is ahead of the server's.
    pub(crate) fn ahead(&self, process: u8) -> u8 {
        if process % 2 == 1 { LEASE } else { 0 }
    }
}

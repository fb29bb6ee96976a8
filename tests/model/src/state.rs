//! What there is at one moment: rows and transactions in the server, processes beside it.

use crate::words::{Budget, Bug, Group, LEASE};

/// One moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The workers' rows, by their names.
    pub rows: Vec<Row>,
    /// The workflows' headers.
    pub flows: Vec<Flow>,
    /// What the server has been asked and has not ended. Kept in order, so that equal moments are equal.
    pub txs: Vec<Tx>,
    /// The processes.
    pub processes: Vec<Process>,
    /// What may still happen.
    pub budget: Budget,
    /// What should never have happened.
    pub fault: Option<Fault>,
}

/// A worker's row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Row {
    /// `lease_until` lies so many ticks ahead. At 0 it may be over or not: the world has the choice, to our
    /// disadvantage.
    Live(u8),
    /// A tombstone.
    Dead,
    /// Not there any more.
    Gone,
}

/// A workflow: it has one fact and one decision to be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flow {
    /// Who owns it.
    pub owner: Option<u8>,
    /// Raised by every writer of the header.
    pub rev: u8,
    /// Its fact is stored.
    pub fact: bool,
    /// It has ended.
    pub done: bool,
    /// Not in the database: the `rev` with which it was claimed last.
    pub since: u8,
}

/// A process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Does it run?
    pub condition: Condition,
    /// Its present incarnation.
    pub life: Option<Life>,
    /// With [`NameUsedAgain`](crate::Bug::NameUsedAgain): the name of its last one.
    pub was: Option<u8>,
}

/// Does a process run?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Yes.
    Works,
    /// Stopped, or suspended: what it has sent goes on, it hears nothing.
    Paused,
}

/// One incarnation, in its process's memory.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Life {
    /// Its name.
    pub worker: u8,
    /// For how many ticks it may send requests to other systems.
    pub may_send: u8,
    /// The answer to a heartbeat is under way: how long ago the server has heard it. (The engine counts from before
    /// it was sent, which is earlier still.)
    pub beat: Option<u8>,
    /// What it runs, by workflow.
    pub hands: Vec<Hand>,
    /// With [`NoTombstone`](crate::Bug::NoTombstone): whom it has fenced and means to inherit from.
    pub heir_of: Option<u8>,
}

/// What a worker has of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hand {
    /// Nothing.
    Empty,
    /// The workflow as it knows it.
    Runs(Known),
    /// A commit was sent, and no answer is here yet.
    Waits(Known, Write),
}

/// What a worker knows of a workflow that it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Known {
    /// The header's `rev`.
    pub rev: u8,
    /// Not known to it: which claim this goes back to.
    pub since: u8,
}

/// What a commit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Write {
    /// A step's row, in the one statement of `batch_facts.sql`.
    Fact,
    /// The decision to let go, in the one statement of `batch_decisions.sql`.
    Release,
    /// The last decision, in the careful transaction of `judge` and `batch`.
    Finish,
}

/// What the server was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tx {
    /// As which worker.
    pub worker: u8,
    /// The process that waits for the answer.
    pub client: Option<u8>,
    /// What.
    pub job: Job,
    /// How far it has come.
    pub phase: Phase,
}

/// What the server may be asked.
#[expect(missing_docs, reason = "what they are the fields of says it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Job {
    /// To write a commit to a workflow: what, the `rev` that it expects, and (not known to anybody) which claim it goes
    /// back to.
    Batch { flow: u8, write: Write, rev: u8, since: u8 },
    /// To give a workflow.
    Claim { flow: u8 },
    /// To declare somebody dead.
    Fence { victim: u8 },
}

/// How far a transaction has come.
#[expect(missing_docs, reason = "what they are the fields of says it")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// On the wire.
    Sent,
    /// It has a snapshot, in which its writer lives and owns the workflow, or does not.
    Begun { lives: bool, owns: bool },
    /// It holds its locks.
    Locked { owns: bool },
}

/// What should never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// A write of an incarnation was accepted that had been declared dead.
    DeadWrote,
    /// A write was accepted that goes back to an earlier claim than the last.
    StaleWrote,
    /// Somebody was declared dead whose lease was not over by the server's clock.
    DeadTooEarly,
}

impl State {
    /// All processes have joined, and nobody has begun.
    pub(crate) fn first(group: &Group) -> Self {
        let process = |p| Process {
            condition: Condition::Works,
            life: Some(Life::new(p, group)),
            was: group.has(Bug::NameUsedAgain).then_some(p),
        };
        Self {
            rows: vec![Row::Live(LEASE); usize::from(group.processes)],
            flows: vec![Flow::default(); usize::from(group.workflows)],
            txs: vec![],
            processes: (0..group.processes).map(process).collect(),
            budget: group.budget,
            fault: None,
        }
    }

    pub(crate) fn lives(&self, worker: u8) -> bool {
        matches!(self.rows[usize::from(worker)], Row::Live(_))
    }

    pub(crate) fn owns(&self, worker: u8, flow: u8) -> bool {
        self.flows[usize::from(flow)].owner == Some(worker)
    }

    /// Somebody is just writing down that this worker is dead.
    pub(crate) fn is_being_fenced(&self, worker: u8) -> bool {
        let fences = |tx: &Tx| matches!(tx, Tx { job: Job::Fence { victim }, phase: Phase::Locked { .. }, .. } if *victim == worker);
        self.txs.iter().any(fences)
    }

    /// Somebody holds the workflow's header.
    pub(crate) fn is_header_held(&self, flow: u8) -> bool {
        self.txs.iter().any(|tx| match (tx.phase, tx.job) {
            (
                Phase::Locked { .. },
                Job::Batch { flow: held, write: Write::Finish, .. } | Job::Claim { flow: held },
            ) => held == flow,
            _ => false,
        })
    }
}

impl Life {
    pub(crate) fn new(worker: u8, group: &Group) -> Self {
        let hands = vec![Hand::Empty; usize::from(group.workflows)];
        Self { worker, may_send: if group.requests { LEASE } else { 0 }, beat: None, hands, heir_of: None }
    }
}

impl Tx {
    /// Does its process have to say how it goes on, or is it one statement?
    pub(crate) fn is_led(&self) -> bool {
        !matches!(self.job, Job::Batch { write: Write::Fact | Write::Release, .. })
    }
}

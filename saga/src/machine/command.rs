//! The words between machine and engine.

use std::sync::Arc;
use std::time::Duration;

use crate::clock::Timestamp;
use crate::definition::NodeId;
use crate::error::StepError;
use crate::json::Json;
use crate::step::Success;
use crate::store::{Commit, CommitOutcome, Header, PublishedEvent, Signal, Wanted};

/// Time and randomness, handed in with every event.
#[derive(Clone, Copy, Debug)]
pub struct Env {
    /// The present time.
    pub now: Timestamp,
    /// A number from 0 to 1, for jitter.
    pub random: f64,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The machine was made (or restored) and shall begin.
    Begin,
    /// A closure of the definition was evaluated.
    Evaluated {
        /// Which one.
        expression: Expression,
        /// What it gave.
        result: Result<Json, StepError>,
    },
    /// An attempt of a step ended.
    Attempted {
        /// The step.
        step: u32,
        /// How.
        result: Result<Success, StepError>,
    },
    /// An attempt of a compensation ended.
    Undone {
        /// The step.
        step: u32,
        /// How.
        result: Result<(), StepError>,
    },
    /// A look-up of an unknown outcome ended.
    LookedUp {
        /// The step.
        step: u32,
        /// What was found.
        result: Result<Option<Json>, StepError>,
    },
    /// A running step wants what was there before it to be durable.
    Record {
        /// The step.
        step: u32,
        /// What was there.
        before: Json,
    },
    /// A running attempt has come this far.
    Heartbeat {
        /// Whose attempt.
        pulse: Pulse,
        /// How far.
        data: Json,
    },
    /// An attempt has been running for a while: it should be visible in the journal.
    Slow {
        /// The step.
        step: u32,
    },
    /// The store was asked for an event.
    Looked {
        /// The place that waits for it.
        node: NodeId,
        /// The earliest one that it has.
        found: Option<PublishedEvent>,
    },
    /// The time of [`Machine::wake_at`](super::Machine::wake_at) has come.
    Tick,
    /// The commit in flight, or the one of the open transaction, was answered.
    Committed(CommitOutcome),
    /// Somebody sent a signal.
    Signal(Signal),
    /// The header as it is stored now: the answer to [`Command::ReadHeader`], or somebody ended the workflow
    /// by hand.
    Header(Box<Header>),
    /// Start nothing more; release the workflow when nothing runs.
    Drain,
    /// The time to drain is over: what still runs is given up, its outcome unknown.
    Abandon,
}

/// One heartbeat of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pulse {
    /// The step.
    pub step: u32,
    /// The attempt: its [`Call::number`].
    pub call: u64,
    /// The engine's number for it.
    pub beat: u64,
}

/// A closure of the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Expression {
    /// The value or condition of a node.
    Value(NodeId),
    /// The arguments of a step's node.
    Arguments(NodeId),
    /// The saga's output.
    Output,
}

/// What the engine shall do. There is nothing else that it may do.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Evaluate a closure at once, over [`Machine::values`](super::Machine::values).
    Evaluate(Expression),
    /// Hand a commit to the journal.
    Commit(Commit),
    /// Call user code.
    Call(Call),
    /// Call user code inside a transaction of the store.
    Transact(Call),
    /// The body of the open transaction is done: this is the commit to be written with it. If the transaction
    /// is rolled back after all the machine is of no use any more: resume it from the journal, as after an
    /// unclean end.
    FinishTransaction(Commit),
    /// It cannot go on here, and a person is needed: stop the workflow from outside, and drop this machine.
    GiveUp {
        /// For the person.
        reason: String,
    },
    /// The step's record is durable: let it go on.
    RecordDurable {
        /// The step.
        step: u32,
    },
    /// The heartbeat is durable: let the attempt go on.
    HeartbeatDurable(Pulse),
    /// The heartbeat was not written: its attempt is over, or no store can hold it.
    HeartbeatLost(Pulse),
    /// Ask the store whether an event has come, and answer with [`Event::Looked`].
    Look {
        /// The place that waits for it.
        node: NodeId,
        /// Which one.
        wanted: Wanted,
    },
    /// Somebody else wrote the header. Read it first and the inbox after it; deliver the inbox, then answer
    /// with [`Event::Header`]. In this order no signal that raised the header's `rev` stays unseen.
    ReadHeader,
    /// The workflow has come to rest, or belongs to somebody else: drop the machine.
    Stop,
}

/// Which of a step's functions is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// The step.
    Run,
    /// The compensation.
    Undo,
    /// The look-up.
    LookUp,
}

/// One call of user code.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its number among all calls of its machine.
    pub number: u64,
    /// The step: its number in the machine. Those of the plan come first, by `step_order`; items follow.
    pub step: u32,
    /// Its number in the plan.
    pub step_order: u32,
    /// Which of several items; empty for a plain step.
    pub item: Arc<str>,
    /// Its node.
    pub node: NodeId,
    /// Which of its functions.
    pub kind: CallKind,
    /// The forward pass.
    pub run: u32,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The idempotency key of this direction.
    pub key: Arc<str>,
    /// The key of the step itself.
    pub forward_key: Arc<str>,
    /// The arguments.
    pub args: Json,
    /// The output, for compensations that have one.
    pub output: Option<Json>,
    /// The record.
    pub recorded: Option<Json>,
    /// How far the attempts before have come.
    pub heartbeat: Option<Json>,
    /// Why the saga is being undone.
    pub cause: Option<Arc<str>>,
    /// When the attempt is given up.
    pub timeout: Duration,
}

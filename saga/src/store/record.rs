//! The journal's rows. Every store keeps these; their fields are the columns.

use std::sync::Arc;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::{CommitId, DefinitionId, WorkerId, WorkflowId};
use crate::json::Json;

macro_rules! words {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        $vis enum $name { $($(#[$doc])* #[serde(rename = $word)] $variant,)* }

        impl $name {
            /// Every one of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// The word in SQL and JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }
        }
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::str::FromStr for $name {
            type Err = String;
            fn from_str(word: &str) -> Result<Self, String> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => {
                        let known = Self::ALL.iter().map(|w| w.as_str()).collect::<Vec<_>>().join(", ");
                        Err(format!("`{word}` is none of {known}"))
                    }
                }
            }
        }
    };
}

pub(super) use words;

words! {
    /// Where a workflow stands.
    pub enum Status {
        /// Accepted; no worker has taken it yet.
        Pending = "pending",
        /// A worker runs it forward.
        Running = "running",
        /// It waits for a time or an event and costs no memory.
        Waiting = "waiting",
        /// Everything is done.
        Completed = "completed",
        /// It is being undone.
        RollingBack = "rolling_back",
        /// Everything is undone.
        RolledBack = "rolled_back",
        /// A person is needed; [`HeaderState::failure_reason`] says why.
        Failed = "failed",
    }
}

impl Status {
    /// Has it come to rest?
    pub const fn is_ended(self) -> bool {
        matches!(self, Self::Completed | Self::RolledBack | Self::Failed)
    }
}

words! {
    /// Why a workflow is `failed`.
    pub enum FailureReason {
        /// Compensations failed for good; each is a debt.
        Debts = "debts",
        /// It stopped without undoing, to be continued by a person.
        Parked = "parked",
        /// It took its worker down repeatedly, or the engine cannot go on with it.
        Poison = "poison",
        /// The definition it was started with is not here.
        Definition = "definition",
        /// Credentials, permissions or addresses are wrong.
        Configuration = "configuration",
        /// An operator set it so by hand.
        Operator = "operator",
    }
}

words! {
    /// Where a step stands.
    pub enum StepStatus {
        /// It will run (again).
        Pending = "pending",
        /// An attempt is under way, or may have been when the worker died.
        Running = "running",
        /// Done.
        Completed = "completed",
        /// It failed for good.
        Failed = "failed",
        /// Its condition did not hold.
        Skipped = "skipped",
        /// It is being undone.
        Compensating = "compensating",
        /// It is undone.
        Compensated = "compensated",
        /// Its undo failed for good; a debt.
        CompensationFailed = "compensation_failed",
    }
}

words! {
    /// What the attempts of a step have left behind.
    pub enum TouchedEffect {
        /// Nothing of ours: refused, skipped, adopted, undone, or a step that only reads.
        None = "none",
        /// Something, perhaps. Sticky: only a success or a finished undo takes it away.
        Unknown = "unknown",
        /// What the output says.
        Done = "done",
    }
}

words! {
    /// An effect that a rollback could not undo.
    pub enum Debt {
        /// It still has to be undone.
        Open = "open",
        /// A person undid it.
        Settled = "settled",
        /// It stays, and that is accepted.
        Forgiven = "forgiven",
    }
}

words! {
    /// What an operator, or another process, wants of a workflow.
    pub enum SignalKind {
        /// Roll it back.
        Cancel = "cancel",
        /// Something was published for which it waits: look for it.
        Event = "event",
    }
}

/// A message in a workflow's inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Given by the store, ascending.
    pub id: i64,
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// What is wanted.
    pub kind: SignalKind,
    /// Who wants it, for people; of an event its name.
    pub by: String,
    /// The workflow's `rev` when the inbox was read.
    pub rev: i64,
}

/// The header of a workflow: what is fixed at its start, and its state.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    /// Its name.
    pub workflow_id: WorkflowId,
    /// The tenant it belongs to; `default` when nobody says.
    pub tenant_id: Arc<str>,
    /// Who started it.
    pub initiator_id: Option<Arc<str>>,
    /// The caller's key: two starts of a tenant with one key make one workflow, for as long as that one is kept.
    pub idempotency_key: Option<Arc<str>>,
    /// A hash of type and input, to tell a replay from a conflict.
    pub input_hash: Arc<str>,
    /// The definition it was started with. Its name is the workflow's type.
    pub definition: DefinitionId,
    /// How many steps its plan has.
    pub total_steps: u32,
    /// Its input.
    pub input: Json,
    /// Keys that no two live workflows of a tenant share: held from the start on until it is completed or rolled back,
    /// so by a failed one too, which may go on.
    pub exclusion: Vec<String>,
    /// Business keys by which people look for it (e-mail, serial): not unique.
    pub search_keys: Vec<String>,
    /// More is earlier.
    pub priority: i32,
    /// When it is rolled back if it is still running.
    pub deadline_at: Option<Timestamp>,
    /// How many operator retries are allowed without force.
    pub max_retries: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Raised by everybody who writes the header; decisions are compare-and-set on it.
    pub rev: i64,
    /// The last decision, so that it is recognised when it is sent again.
    pub last_commit: Option<CommitId>,
    /// Who runs it.
    pub worker: Option<WorkerId>,
    /// Its worker died; what may have started then is unknown until the new owner has said so.
    pub unclean: bool,
    /// Takeovers since the last completed fact.
    pub takeovers: u32,
    /// When somebody last raised `rev`, by the latest time that a [commit](super::Commit::told) or a
    /// [claim](super::Claim::now) has told the store by then; never earlier than it was.
    pub updated_at: Timestamp,
    /// What decisions change.
    pub state: HeaderState,
}

/// The part of a header that decisions write, always as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderState {
    /// Where it stands.
    pub status: Status,
    /// Why it is `failed`.
    pub failure_reason: Option<FailureReason>,
    /// The forward pass, from 1.
    pub run: u32,
    /// Values that were ready at the start, by node name: a JSON object. `None`: not evaluated yet.
    pub context: Option<Json>,
    /// The output of a completed workflow.
    pub output: Option<Json>,
    /// What went wrong.
    pub error_message: Option<String>,
    /// What went wrong while undoing.
    pub compensation_error: Option<String>,
    /// Operator retries so far.
    pub retry_count: u32,
    /// Did any run enter rollback?
    pub rolled_back_once: bool,
    /// Is this run on its way back? A status that somebody overwrote by hand does not say so any more, and going
    /// forward after an undo has begun would run steps anew under keys that were undone.
    pub turned_back: bool,
    /// Has every step that began in this run left an intent, or been marked as one that may have begun? A workflow
    /// that took its workers down is run so: then its rows tell which step it was.
    pub leaves_intents: bool,
    /// The step at which it failed or waits.
    pub current_step: Option<Arc<str>>,
    /// That step's system.
    pub current_system: Option<Arc<str>>,
    /// When somebody should look at it again; only without a worker. Of one that waits for a message alone, none: it is
    /// not due until that has come.
    pub wake_at: Option<Timestamp>,
    /// When the first run began.
    pub started_at: Option<Timestamp>,
    /// When it completed.
    pub completed_at: Option<Timestamp>,
    /// When it was rolled back or stopped.
    pub failed_at: Option<Timestamp>,
}

impl HeaderState {
    /// How long a completed workflow took, in seconds.
    pub fn seconds(&self) -> f64 {
        match (self.started_at, self.completed_at) {
            (Some(start), Some(end)) => end.since(start).as_secs_f64(),
            _ => 0.0,
        }
    }
}

/// The row of one step in one run: a fact, which is always accepted from a worker that is not fenced.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    /// The forward pass it belongs to.
    pub run: u32,
    /// Its number in the plan.
    pub step_order: u32,
    /// Which of several items; empty for a plain step.
    pub item: Arc<str>,
    /// Orders the writes of one row: a higher one replaces a lower one.
    pub rev: i64,
    /// The node's name in the plan.
    pub node: Arc<str>,
    /// The step's name.
    pub step_name: Arc<str>,
    /// The system on which it acts.
    pub target_system: Option<Arc<str>>,
    /// Where it stands.
    pub status: StepStatus,
    /// What its attempts have left behind.
    pub effect: TouchedEffect,
    /// Attempts forward that were recorded.
    pub attempts: u32,
    /// Attempts to undo it that were recorded.
    pub undo_attempts: u32,
    /// Raised when an operator's retry may use a new idempotency key.
    pub key_generation: u32,
    /// How many workers died while its intent stood open.
    pub deaths: u32,
    /// Its arguments.
    pub input: Option<Json>,
    /// What it made.
    pub output: Option<Json>,
    /// What was there before (`cx.record`). The first one wins: a store keeps it, whatever later rows say.
    pub record: Option<Json>,
    /// How far its attempts have come (`cx.heartbeat`). The last one wins; gone when it is done, by the row that says so:
    /// a store keeps what the row of the highest `rev` has, also if that is nothing.
    pub heartbeat: Option<Json>,
    /// Values that became ready with this row, by node name: a JSON object.
    pub carry: Option<Json>,
    /// The effect that could not be undone.
    pub debt: Option<Debt>,
    /// What the person wrote who settled or forgave it.
    pub debt_note: Option<String>,
    /// What went wrong last.
    pub error_message: Option<String>,
    /// When its first attempt began.
    pub started_at: Option<Timestamp>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// When it failed last; for an unknown outcome, when the last request could have been sent.
    pub failed_at: Option<Timestamp>,
}

impl StepRow {
    /// The node and, if it is one of several, the item: `activate_onu[2]`.
    pub fn place(&self) -> String {
        if self.item.is_empty() { self.node.to_string() } else { format!("{}[{}]", self.node, self.item) }
    }
    /// How messages name the step: `step 3 (activate_onu)`, `step 3 (activate_onu[2])`.
    pub fn label(&self) -> String {
        match &*self.item {
            "" => format!("step {} ({})", self.step_order + 1, self.step_name),
            item => format!("step {} ({}[{item}])", self.step_order + 1, self.step_name),
        }
    }
    /// How people name the step: `{workflow_id}_step_{n}`, from the second run on `{workflow_id}_r2_step_{n}`, and
    /// `…_step_{n}_{item}` for one of several items.
    pub fn step_id(&self, workflow: &WorkflowId) -> String {
        let item = if self.item.is_empty() { String::new() } else { format!("_{}", self.item) };
        match self.run {
            1 => format!("{workflow}_step_{}{item}", self.step_order),
            run => format!("{workflow}_r{run}_step_{}{item}", self.step_order),
        }
    }
}

words! {
    /// What an audit event tells.
    pub enum AuditKind {
        /// An attempt of a step failed.
        AttemptFailed = "attempt_failed",
        /// The workflow began to roll back.
        RollbackStarted = "rollback_started",
        /// A step was undone.
        Compensated = "compensated",
        /// An attempt to undo failed.
        CompensationAttemptFailed = "compensation_attempt_failed",
        /// A step could not be undone.
        CompensationFailed = "compensation_failed",
        /// The workflow stopped for a person.
        Parked = "parked",
        /// Everything is undone.
        RolledBack = "rolled_back",
        /// A worker took over from a dead one.
        TakenOver = "taken_over",
        /// Somebody asked for cancellation.
        CancelRequested = "cancel_requested",
        /// A cancellation came too late.
        CancelRefused = "cancel_refused",
        /// An operator started a retry.
        Retried = "retried",
        /// An operator settled a debt.
        DebtSettled = "debt_settled",
        /// An operator forgave a debt.
        DebtForgiven = "debt_forgiven",
    }
}

/// One line of a workflow's audit trail. The happy path writes none: its rows say it all.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditEvent {
    /// The run.
    pub run: u32,
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: AuditKind,
    /// The node, where one is concerned.
    pub node: Option<Arc<str>>,
    /// The attempt, where one is concerned.
    pub attempt: Option<u32>,
    /// In words.
    pub message: String,
    /// Who did it, where it was a person.
    pub actor: Option<Arc<str>>,
}

//! The one write door's parcel: what one workflow adds to the journal at once.

use std::sync::Arc;

use super::published::Awaited;
use super::record::{AuditEvent, Header, HeaderState, Status, StepRow, StepStatus};
use crate::clock::Timestamp;
use crate::id::{CommitId, WorkflowId};

/// One atomic addition to the journal of one workflow.
///
/// *Facts* (step rows: what an attempt did) are always accepted from a worker that is not fenced. The
/// *decision* (a header change) is compare-and-set. Everything in it is idempotent: a commit whose answer was
/// lost is sent again as it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// Under which it is recognised when it is sent again.
    pub id: CommitId,
    /// The first commit of a workflow brings its header.
    pub create: Option<Box<NewWorkflow>>,
    /// At most one row per (run, step_order, item); it replaces a stored one of lower `rev`.
    pub facts: Vec<StepRow>,
    /// A change of the header.
    pub decision: Option<Box<Decision>>,
    /// For the audit trail: what the facts tell. Appended once, even if the commit is sent twice, and before what
    /// its decision tells.
    pub audit: Vec<AuditEvent>,
    /// Everything for which the workflow waits from now on, in place of what was registered before. It is
    /// written only if all of the commit is.
    pub waits: Option<Vec<Awaited>>,
    /// Signals that this commit has acted on; removed from the inbox if all of the commit is written. Those of other
    /// workflows stay.
    pub signals: Vec<i64>,
}

/// A workflow to be created. Refused, and nothing of the commit written, when its id or idempotency key is
/// known, or an exclusion key is held.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWorkflow {
    /// The header: `rev` 0, and the writing worker as its owner (none for a start without a worker).
    pub header: Header,
}

/// A change of the header: written only if `rev` and status are still as expected, and the writer owns it.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The header's `rev` when the decision was taken.
    pub expected_rev: i64,
    /// Its status then.
    pub expected_status: Status,
    /// The new state.
    pub state: HeaderState,
    /// For the audit trail: what the decision tells. Appended if it is taken, so that one which is refused and
    /// taken again is told once.
    pub audit: Vec<AuditEvent>,
    /// Is it known now what was under way when its last owner ended?
    pub interrupted: Interrupted,
    /// Does the writer let go of it? Otherwise it keeps what it owns.
    pub release: bool,
    /// Takes the exclusion keys again (a second run). If one is held by another workflow the commit is
    /// [`CommitOutcome::Excluded`]; its own are not in its way.
    pub retake_exclusion: bool,
}

/// What a decision says about steps that may have been under way when an owner of the workflow ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interrupted {
    /// Its rows say what was: the workflow is clean. Only an owner can know that.
    Told,
    /// Nothing: the workflow stays as clean as it was.
    Kept,
    /// Something may be under way that no row tells of: the workflow is unclean.
    Open,
}

/// What became of one commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommitOutcome {
    /// All of it is durable.
    Applied {
        /// The header's `rev` after it. Of a copy of a start or a decision it is the `rev` after the first one,
        /// whatever was written since: that the writer has not seen.
        rev: i64,
    },
    /// The workflow to be created exists already: by id or idempotency key. Nothing was written.
    Exists {
        /// The one that exists.
        workflow_id: WorkflowId,
        /// Was it started with the same input? (By its hash. A workflow of another tenant, met by its id, was not.)
        same_input: bool,
    },
    /// An exclusion key is held. Nothing was written.
    Excluded {
        /// The key.
        key: Arc<str>,
        /// Who holds it.
        holder: WorkflowId,
    },
    /// The header has changed meanwhile. If the writer owns the workflow still, facts and audit are durable and
    /// only the decision was not taken; otherwise nothing was written.
    Refused {
        /// The header's present `rev`.
        rev: i64,
        /// Its present status.
        status: Status,
        /// Does the writer still own it?
        owned: bool,
    },
    /// The store cannot hold it, and never will. Nothing was written.
    Unstorable {
        /// Why.
        reason: String,
    },
}

impl Decision {
    /// What the header's `unclean` becomes; none if it stays as it is.
    pub fn unclean(&self, by_owner: bool) -> Option<bool> {
        match self.interrupted {
            Interrupted::Told => by_owner.then_some(false),
            Interrupted::Kept => None,
            Interrupted::Open => Some(true),
        }
    }
}

impl Commit {
    /// A commit with nothing in it.
    pub fn empty(workflow_id: WorkflowId, id: CommitId) -> Self {
        Self {
            workflow_id,
            id,
            create: None,
            facts: vec![],
            decision: None,
            audit: vec![],
            waits: None,
            signals: vec![],
        }
    }
    /// The latest time that it tells of: what a store knows of the present. Stores read no clock, so that a
    /// header's `updated_at` is a time of the engine's clock too.
    pub fn told(&self) -> Option<Timestamp> {
        let step = |row: &StepRow| [row.started_at, row.completed_at, row.failed_at];
        let state = |s: &HeaderState| [s.started_at, s.completed_at, s.failed_at];
        let created = self.create.iter().map(|new| Some(new.header.created_at));
        let created = created.chain(self.create.iter().flat_map(|new| state(&new.header.state)));
        let facts = self.facts.iter().flat_map(step);
        let decided = self.decision.iter().flat_map(|decision| state(&decision.state));
        let audited = self.audit.iter().chain(self.decision.iter().flat_map(|decision| &decision.audit));
        let audited = audited.map(|event| Some(event.at));
        created.chain(facts).chain(decided).chain(audited).flatten().max()
    }
    /// Does it say that something got done or undone? Then a workflow does not count as poison any more.
    pub fn shows_progress(&self) -> bool {
        self.facts.iter().any(|row| matches!(row.status, StepStatus::Completed | StepStatus::Compensated))
    }
    /// Is there anything to write?
    pub fn is_empty(&self) -> bool {
        self.create.is_none()
            && self.facts.is_empty()
            && self.decision.is_none()
            && self.audit.is_empty()
            && self.waits.is_none()
            && self.signals.is_empty()
    }
}

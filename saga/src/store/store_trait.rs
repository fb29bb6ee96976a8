//! The seam: what an engine asks of a store. One write door; everything else reads, or moves ownership.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::commit::{Commit, CommitOutcome};
use super::error::StoreError;
use super::published::{PublishedEvent, Wanted};
use super::record::{AuditEvent, Header, Signal, SignalKind, Status, StepRow};
use super::removal::Removals;
use super::schedule::Schedules;
use super::statistics::Statistics;
use super::stranded::Stranded;
use super::trigger::Triggers;
use crate::clock::Timestamp;
use crate::error::StepError;
use crate::id::{DefinitionId, WorkerId, WorkflowId};
use crate::tx::Tx;

/// A process that wants to run workflows.
#[derive(Clone, Debug)]
pub struct Join {
    /// For people: host and process.
    pub name: String,
    /// The definitions it knows; kept for as long as it lives, so that others see what is known.
    pub definitions: Vec<DefinitionId>,
    /// The plans' texts, kept to show differences later: id and text. A new text of a known plan replaces the old
    /// one.
    pub plans: Vec<(DefinitionId, String)>,
    /// For how long it may be silent.
    pub lease: Duration,
}

/// A new incarnation of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registration {
    /// Its name, never used before.
    pub worker: WorkerId,
    /// Can it be fenced for being silent? Not on a store that belongs to one process.
    pub leased: bool,
    /// The store's clock, if it has one of its own: whoever shares it goes by that, whatever theirs say.
    pub now: Option<Timestamp>,
}

/// The answer to a heartbeat.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Beat {
    /// Messages for workflows that this worker owns, oldest first. They stay until a commit names them.
    pub signals: Vec<Signal>,
    /// Workflows of this worker that have ended and are its own still, so that somebody else must have ended them, by
    /// hand: to be let go. They are told until a commit lets go of them.
    pub lost: Vec<WorkflowId>,
    /// The store's clock, if it has one of its own.
    pub now: Option<Timestamp>,
}

/// A request for work.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What it will be done with.
    pub purpose: Purpose,
    /// The definitions whose workflows are wanted.
    pub definitions: Vec<DefinitionId>,
    /// How many it can take.
    pub limit: usize,
    /// The tenant whose turn it was last: tenants take turns, in the order of their names.
    pub after: Option<String>,
    /// Only what was due by this time: the present, or earlier.
    pub now: Timestamp,
}

/// What workflows are claimed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be run: the worker knows their definitions.
    Run,
    /// To be parked: nobody knows their definitions. Of one that some live worker knows by now nothing is given.
    Park,
}

/// A workflow as it is stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Loaded {
    /// The header.
    pub header: Header,
    /// The steps' rows of all runs, by run, step order and item.
    pub steps: Vec<StepRow>,
}

/// The answer to a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It lies in the inbox.
    Delivered {
        /// Who owns the workflow and should be woken.
        worker: Option<WorkerId>,
    },
    /// The workflow has ended; nothing was written.
    Ended(Status),
    /// There is no such workflow for this tenant.
    Unknown,
}

/// Which workflows to list. Newest first.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The tenant.
    pub tenant: String,
    /// Only those in this status.
    pub status: Option<Status>,
    /// Only those of this type.
    pub workflow_type: Option<String>,
    /// Only those created at this time or later.
    pub created_after: Option<Timestamp>,
    /// Only those created before this time.
    pub created_before: Option<Timestamp>,
    /// Only those with this business key.
    pub search_key: Option<String>,
    /// Only those that failed or wait at this step.
    pub step: Option<String>,
    /// Only those that failed or wait at this system.
    pub target_system: Option<String>,
    /// Only those that are older than this one (the last of the page before).
    pub after: Option<(Timestamp, WorkflowId)>,
    /// How many to pass over.
    pub offset: usize,
    /// How many to return.
    pub limit: usize,
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// The headers.
    pub headers: Vec<Header>,
    /// How many there are on all pages together (without regard to `after` and `offset`).
    pub total: u64,
    /// Are there no more than that? A store that keeps no count for a filter may stop counting at
    /// [`COUNTED`](Self::COUNTED), so that a page costs the same however many there are.
    pub total_is_exact: bool,
    /// Where the next page begins ([`after`](Listing::after)), if there may be one. A page may have fewer headers than
    /// were asked for, or none, and go on all the same: where filters meet in few of many workflows a store may look at
    /// [`LOOKED_AT`](Self::LOOKED_AT) of them and stop, so that a page costs the same however many there are.
    pub next: Option<(Timestamp, WorkflowId)>,
}

impl Page {
    /// How far a store counts at least.
    pub const COUNTED: usize = 1_000;
    /// How many workflows a store looks at, at least, before it ends a page early.
    pub const LOOKED_AT: usize = 10_000;
}

/// Which part of an audit trail to read.
#[derive(Clone, Copy, Debug)]
pub struct TrailPart {
    /// Only what comes after this place: the [`next`](Trail::next) of the part before.
    pub after: Option<u64>,
    /// How many to pass over.
    pub offset: usize,
    /// How many to return.
    pub limit: usize,
}

impl TrailPart {
    /// The whole trail.
    pub const ALL: Self = Self { after: None, offset: 0, limit: usize::MAX };
}

/// Part of an audit trail.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail {
    /// Oldest first, over all runs.
    pub events: Vec<AuditEvent>,
    /// How many there are on all parts together.
    pub total: u64,
    /// The place after which the trail goes on, if it does. Each store counts places in its own way.
    pub next: Option<u64>,
}

/// Keeps workflows.
///
/// Logic lives above this trait: the machine decides, a store writes finished commits. A store of your own is
/// held against the public conformance suite (feature `testing`).
///
/// # What a store writes into a header by itself
///
/// | when | `rev` | `worker` | `wake_at` | and |
/// |---|---|---|---|---|
/// | its start is written | 0 | as it says | as it says | clean, `takeovers` 0, no `last_commit` |
/// | a decision is taken | + 1 | as it was; none, if it is released | as it says | `last_commit`; `unclean` by [`Decision::unclean`](super::Decision::unclean) |
/// | it is claimed | + 1 | who claims it | none | |
/// | a message or an event comes | + 1 | as it was | `created_at`, if nobody owns it | |
/// | its owner ends (it leaves, is declared dead, or has a successor) | + 1 | none | `created_at`, if it is live | unclean, also what has ended; `takeovers` + 1, if it is live |
/// | facts are written | | | | `takeovers` 0, if the commit [shows progress](Commit::shows_progress) |
///
/// With `rev` goes [`updated_at`](Header::updated_at). What a commit may do is decided for all stores by
/// [`judge`](fn@super::judge), from the header as it is in the very transaction, or under the very lock, in which it is
/// written: also the fence is looked at there.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Makes a new incarnation. When it returns the worker may write until it is fenced.
    ///
    /// A store that belongs to one process fences the predecessor here and gives all of its live workflows,
    /// marked unclean, to nobody, so that they can be claimed at once.
    async fn join(&self, join: Join) -> Result<Registration, StoreError>;

    /// Says that the worker lives, and brings its mail. Called every second or so.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it has been declared dead.
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError>;

    /// Returns when something may have happened that concerns this worker: work that it could claim, or mail. A hint and
    /// never a promise: it may be lost, late, or about nothing, so whoever is hinted looks, and whoever is not looks now
    /// and then all the same. A store that has nothing to tell beyond what its own process knows never returns.
    async fn hint(&self, worker: WorkerId) {
        let _ = worker;
        std::future::pending().await
    }

    /// Ends an incarnation cleanly. When it returns the worker's remaining workflows, if there are any, can
    /// be claimed by others as after a death: unclean.
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError>;

    /// Takes ownership of live workflows that nobody owns and whose time has come, of known definitions. When it
    /// returns they are durably the worker's. Live workflows of dead workers are taken over too and marked unclean.
    ///
    /// Tenants take turns: the first workflow of each, then the second of each, and so on, however many one of them
    /// has. Each round goes by the tenants' names, from the one after [`Claim::after`] on and round again. Within
    /// a tenant the highest priority comes first, then what waits longest (`wake_at`, `created_at`, the id). That is
    /// the order of the answer too. What other workers are taking at the same time is passed over; so fewer may come
    /// than there are.
    ///
    /// *Known* is a matter of name and version alone. A workflow whose fingerprint differs from the worker's is
    /// handed out too: somebody has to park it.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when the worker has been declared dead. [`StoreError::Unavailable`]: unknown; what
    /// was taken all the same is [`held`](Self::held).
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError>;

    /// The live workflows that this worker owns: for a worker whose claim got no answer.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] when it has been declared dead.
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError>;

    /// Live workflows that are due, that no live worker owns, and whose definition, by name and version, no live
    /// worker knows: by definition. A claim leaves them alone, so somebody has to be told.
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError>;

    /// The same, by somebody who watches, and the time of it is kept: each is watched for as much longer as has passed
    /// since anybody looked last, if that is no more than `gap` ([`watched`](super::watched)). The count of a definition
    /// begins anew when a worker joins that knows it, and when nothing of it is stranded any more.
    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError>;

    /// The one write door. When it returns every outcome is durable, in order; no two commits of one batch
    /// concern one workflow, and no two creates of one batch share an idempotency or exclusion key. A key
    /// that one commit frees may still count as held for the others of its batch.
    ///
    /// `worker` is `None` for starts from a process without a worker and for operators' decisions, which are
    /// allowed only on workflows that nobody owns. A commit to a workflow that the writer does not own is
    /// refused as a whole.
    ///
    /// A commit of a workflow that does not exist is [`CommitOutcome::Unstorable`], and so is what
    /// [`limits::check`](super::limits::check) refuses: the store asks it, for each commit.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]: nothing of the batch was written, nor ever will be.
    /// [`StoreError::Unavailable`]: unknown; the same batch may be sent again.
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError>;

    /// Puts a message into the inbox of a live workflow and raises its `rev`, so that no decision is taken
    /// without having seen it. If nobody owns the workflow it is due from now on.
    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError>;

    /// Keeps an event for those who wait for it, or will; its caller has held it against
    /// [`limits`](super::limits::check_event). When it returns the event is durable, and every live workflow of the
    /// tenant that has registered for it ([`Commit::waits`]) has [`SignalKind::Event`] in its inbox. Answers whether
    /// there was one, or a [`Triggers`] to which it matters. A workflow that registers at the same time finds the event when it asks for it after that.
    /// Events whose time was over when this one happened ([`kept_until`](PublishedEvent::kept_until) is not later than its
    /// `at`) are forgotten, a thousand at a time at most.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: unknown; sent again, it may be there twice.
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError>;

    /// The earliest event of this kind that is still kept; of several of one time the one that came first.
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError>;

    /// One workflow with all its rows.
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError>;

    /// A page of headers. It costs the same among a thousand workflows and among a million.
    async fn list(&self, listing: Listing) -> Result<Page, StoreError>;

    /// Part of the audit trail of a workflow; of one that does not exist it is empty.
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError>;

    /// The text of a plan that some worker brought, to show how another one differs.
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError>;

    /// Counts over a tenant's workflows.
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError>;

    /// The transactions that it can lend, if it can.
    fn transactions(&self) -> Option<&dyn Transactions>;

    /// The schedules that it keeps, if it does.
    fn schedules(&self) -> Option<&dyn Schedules>;

    /// The triggers that it knows, if it does.
    fn triggers(&self) -> Option<&dyn Triggers>;

    /// How it forgets what has ended, if it can.
    fn removals(&self) -> Option<&dyn Removals>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn Store) = |_| ();

/// What runs inside a lent transaction: user code, which ends with the commit that is to be written in the
/// same transaction, or with an error, which rolls everything back.
pub type DoorBody =
    Box<dyn for<'t, 'c> FnOnce(&'t mut Tx<'c>) -> BoxFuture<'t, Result<Commit, StepError>> + Send>;

/// A transaction to be lent.
pub struct Door {
    /// The worker that writes.
    pub worker: WorkerId,
    /// The workflow, for messages.
    pub workflow_id: WorkflowId,
    /// The body is dropped and everything rolled back when it takes longer.
    pub limit: Duration,
    /// What runs inside.
    pub body: DoorBody,
}

/// What became of a lent transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Transacted {
    /// The body's commit and what it wrote are durable together, or refused together. A refused decision
    /// does not take facts back. A fact that the journal has already, from an earlier attempt whose answer was
    /// lost, refuses everything ([`CommitOutcome::Refused`], with how things are): what was written then stays, what was
    /// written now is rolled back. So does a commit of which nothing was written.
    Committed(CommitOutcome),
    /// The body failed, panicked, or took too long; nothing was written. The error of the latter two is the store's own,
    /// and has no [effect](StepError::effect).
    Failed(StepError),
}

/// Lends transactions of the store's own database to transactional steps.
#[async_trait]
pub trait Transactions: Send + Sync {
    /// Runs the body inside a transaction, checks that the worker is not fenced, writes the body's commit and
    /// commits. When it returns the outcome is certain.
    ///
    /// # Errors
    /// [`StoreError::Fenced`]: nothing was written. [`StoreError::Unavailable`]: the outcome is not known;
    /// the journal tells. If its commit may still be under way then, [`load`](Store::load) waits for its end: what it
    /// says is true for good.
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError>;

    /// Writes a commit without a worker (a start, usually) into a transaction that is open: it becomes durable,
    /// or vanishes, with everything else in there.
    ///
    /// # Errors
    /// [`StoreError::Configuration`] when the transaction is not one of this store's.
    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError>;
}

const _: fn(&dyn Transactions) = |_| ();

//! Group commit: everything that waits is written as one batch, while the next one gathers. No timer.

use std::collections::{BTreeSet, VecDeque};
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{Either, select};
use tokio::sync::{mpsc, oneshot};

use super::runtime::Runtime;
use super::shared::Life;
use super::trouble::is_lasting;
use crate::id::WorkerId;
use crate::store::{Commit, CommitOutcome, Store, StoreError, limits};

/// The most commits in one batch.
const MAX_COMMITS: usize = 1_000;
/// How many bytes of values a batch has before no further commit is put into it.
const MAX_BYTES: usize = 4 << 20;

/// What became of a commit that was handed in.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) outcome: CommitOutcome,
    /// Was it said of a copy? Then the one before it was given up, and may arrive yet.
    pub(super) is_copy: bool,
}

/// A start that would be kept waiting by what lasts.
#[derive(Clone, Debug)]
pub(super) struct GivenUp {
    pub(super) error: StoreError,
    /// Then it may arrive yet.
    pub(super) was_sent: bool,
}

pub(super) type Answered = Result<Written, GivenUp>;
pub(super) type Answer = oneshot::Sender<Answered>;

/// For those who start nothing. None: this worker's life is over.
pub(super) async fn outcome(durable: oneshot::Receiver<Answered>) -> Option<CommitOutcome> {
    durable.await.ok()?.ok().map(|written| written.outcome)
}

const WRITES: &str = "the journal cannot be written";

/// Hands commits to the journal.
#[derive(Clone)]
pub(super) struct Journal {
    door: mpsc::UnboundedSender<(Commit, Answer)>,
}

impl Journal {
    /// Opens the journal of a worker, whose life ends when it may not write any more. What was sent may still arrive
    /// until `lease` is over.
    pub(super) fn open(
        store: Arc<dyn Store>,
        worker: WorkerId,
        runtime: Arc<dyn Runtime>,
        life: Arc<Life>,
        lease: Duration,
    ) -> Self {
        let (door, waiting) = mpsc::unbounded_channel();
        let (fenced, clock) = (Arc::clone(&life), Arc::clone(&runtime));
        let writer = Writer { store, worker, runtime: clock, life, lease, waiting, late: VecDeque::new() };
        runtime.spawn(Box::pin(async move {
            if writer.run().await == Err(StoreError::Fenced) {
                fenced.fence();
            }
        }));
        Self { door }
    }

    /// Hands in a commit. The answer comes when it is durable; it never comes when this worker has been
    /// declared dead.
    pub(super) fn submit(&self, commit: Commit) -> oneshot::Receiver<Answered> {
        let (answer, durable) = oneshot::channel();
        if let Err(reason) = limits::check(&commit) {
            let outcome = CommitOutcome::Unstorable { reason };
            let _ = answer.send(Ok(Written { outcome, is_copy: false }));
        } else {
            // A closed door means that the worker is fenced: the answer is dropped, as documented.
            let _ = self.door.send((commit, answer));
        }
        durable
    }
}

struct Writer {
    store: Arc<dyn Store>,
    worker: WorkerId,
    runtime: Arc<dyn Runtime>,
    life: Arc<Life>,
    lease: Duration,
    waiting: mpsc::UnboundedReceiver<(Commit, Answer)>,
    /// Commits that must not share a batch with one before them.
    late: VecDeque<(Commit, Answer)>,
}

impl Writer {
    async fn run(mut self) -> Result<(), StoreError> {
        loop {
            let mut batch = Batch::default();
            if self.late.is_empty() {
                match self.waiting.recv().await {
                    Some(first) => self.late.push_back(first),
                    None => return Ok(()),
                }
            }
            let mut put_off = VecDeque::new();
            while !batch.is_full() {
                let Some((commit, answer)) = self.late.pop_front().or_else(|| self.waiting.try_recv().ok())
                else {
                    break;
                };
                put_off.extend(batch.take(commit, answer));
            }
            put_off.append(&mut self.late);
            self.late = put_off;
            self.write(batch).await?;
        }
    }

    async fn write(&mut self, mut batch: Batch<Answer>) -> Result<(), StoreError> {
        let mut pause = Duration::from_millis(10);
        let mut is_copy = false;
        while !batch.commits.is_empty() {
            let written = AssertUnwindSafe(self.store.commit(Some(self.worker), batch.commits.clone()));
            let panicked = |_| Err(StoreError::Unavailable("the store panicked".to_owned()));
            let written = async { written.catch_unwind().await.unwrap_or_else(panicked) };
            // A worker that was declared dead waits for its answer too: the store says that it refuses, and counts it.
            match self.until(Life::has_ended, written).await? {
                Ok(outcomes) if outcomes.len() == batch.commits.len() => {
                    self.life.cannot_write.store(false, Ordering::Release);
                    self.life.troubles.over(WRITES);
                    for (answer, outcome) in batch.waiting.into_iter().zip(outcomes) {
                        // Nobody waits any more when the workflow's task was dropped.
                        let _ = answer.send(Ok(Written { outcome, is_copy }));
                    }
                    return Ok(());
                }
                Err(StoreError::Fenced) => return Err(StoreError::Fenced),
                answer => {
                    if batch.commits.iter().any(|commit| commit.create.is_some()) {
                        // The copy that comes now may be refused, and the one that was given up may arrive after it,
                        // when what was in its way is gone: then there is a workflow of which nobody here knows.
                        self.life.expect_strays(self.runtime.uptime().saturating_add(self.lease));
                    }
                    // The same batch again: all of its parts are idempotent, and nobody is told anything
                    // before it is durable.
                    let too_few = || StoreError::Unavailable("too few answers".to_owned());
                    let error = answer.err().unwrap_or_else(too_few);
                    self.life.cannot_write.store(true, Ordering::Release);
                    self.life.troubles.tell(WRITES, &error);
                    if is_lasting(&error) {
                        if self.life.is_stopping() {
                            // It would be tried for as long as the stop waits for it. The next life reads the journal.
                            return Err(error);
                        }
                        batch.give_up_starts(&error);
                        self.refuse_starts(&error);
                    }
                    is_copy = true;
                    let turns = std::pin::pin!(self.life.turns());
                    self.until(Life::is_over, select(self.runtime.sleep(pause), turns)).await?;
                    pause = (pause * 2).min(Duration::from_secs(1));
                }
            }
        }
        Ok(())
    }

    /// Whoever starts something is not kept waiting until a person has mended the store.
    fn refuse_starts(&mut self, error: &StoreError) {
        while let Ok((commit, answer)) = self.waiting.try_recv() {
            if commit.create.is_some() {
                let _ = answer.send(Err(GivenUp { error: error.clone(), was_sent: false }));
            } else {
                self.late.push_back((commit, answer));
            }
        }
    }

    /// The output, unless this comes first in the worker's life.
    async fn until<F: Future>(&self, end: fn(&Life) -> bool, future: F) -> Result<F::Output, StoreError> {
        let mut future = std::pin::pin!(future);
        loop {
            let turns = std::pin::pin!(self.life.turns());
            if end(&self.life) {
                return Err(StoreError::Unavailable("this worker has ended".to_owned()));
            }
            if let Either::Left((output, _)) = select(future.as_mut(), turns).await {
                return Ok(output);
            }
        }
    }
}

impl Batch<Answer> {
    /// The same for those that have been sent.
    fn give_up_starts(&mut self, error: &StoreError) {
        let all = std::mem::take(&mut self.commits).into_iter().zip(std::mem::take(&mut self.waiting));
        for (commit, answer) in all {
            if commit.create.is_some() {
                let _ = answer.send(Err(GivenUp { error: error.clone(), was_sent: true }));
            } else {
                self.commits.push(commit);
                self.waiting.push(answer);
            }
        }
    }
}

/// Commits that can be written together: one per workflow, and no two starts that could exclude each other. Beside each
/// of them stands who waits for its outcome.
pub(super) struct Batch<W> {
    pub(super) commits: Vec<Commit>,
    pub(super) waiting: Vec<W>,
    keys: BTreeSet<(Arc<str>, String)>,
    bytes: usize,
}

impl<W> Default for Batch<W> {
    fn default() -> Self {
        Self { commits: vec![], waiting: vec![], keys: BTreeSet::new(), bytes: 0 }
    }
}

impl<W> Batch<W> {
    pub(super) fn is_full(&self) -> bool {
        self.commits.len() >= MAX_COMMITS || self.bytes >= MAX_BYTES
    }

    /// Takes the commit, or gives it back if it has to wait for the next batch.
    pub(super) fn take(&mut self, commit: Commit, waiting: W) -> Option<(Commit, W)> {
        if let Some(new) = &commit.create {
            let header = &new.header;
            let within = |key: String| (Arc::clone(&header.tenant_id), key);
            let mut keys = vec![("".into(), format!("workflow {}", header.workflow_id))];
            keys.extend(header.idempotency_key.iter().map(|k| within(format!("key {k}"))));
            keys.extend(header.exclusion.iter().map(|k| within(format!("exclusion {k}"))));
            if keys.iter().any(|k| self.keys.contains(k)) {
                return Some((commit, waiting));
            }
            self.keys.extend(keys);
        }
        self.bytes += bytes(&commit);
        self.commits.push(commit);
        self.waiting.push(waiting);
        None
    }
}

/// The size of what can be large in it.
fn bytes(commit: &Commit) -> usize {
    let created = commit.create.iter().flat_map(|new| {
        let header = &new.header;
        [Some(&header.input), header.state.context.as_ref()]
    });
    let facts = commit
        .facts
        .iter()
        .flat_map(|row| [&row.input, &row.output, &row.record, &row.heartbeat, &row.carry])
        .map(Option::as_ref);
    let decided = commit.decision.iter().flat_map(|d| [d.state.context.as_ref(), d.state.output.as_ref()]);
    created.chain(facts).chain(decided).flatten().map(|json| json.as_str().len()).sum()
}

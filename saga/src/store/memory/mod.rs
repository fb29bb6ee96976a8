//! A store in memory: the reference for every other one. It survives its engines, but not its process.

mod calls;
mod removal;
mod schedules;
mod state;
mod time;
mod transaction;
mod workers;

use std::cmp::Reverse;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

pub use calls::Calls;
pub use time::StoreTime;
pub use transaction::MemoryTx;

use super::{
    Awaited, Beat, Claim, Commit, CommitOutcome, FailureReason, Header, Join, Listing, Loaded, Page,
    PublishedEvent, Purpose, Registration, Removal, Removals, Schedules, Sent, Signal, SignalKind,
    Statistics, Status, Store, StoreError, Stranded, Trail, TrailPart, Transactions, Triggers, Wanted,
    watched,
};
use crate::clock::Timestamp;
use crate::id::{DefinitionId, WorkerId, WorkflowId};
use crate::json::Json;
use state::State;
use time::TokioTime;

/// Keeps workflows in memory. A clone is the same store; drop an engine and start another one on a clone to see
/// what a restart does.
///
/// It reads no clock: the present is the latest time that anybody told it.
#[derive(Clone)]
pub struct MemoryStore(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    sharing: Sharing,
    time: Arc<dyn StoreTime>,
    /// Held by whoever writes; by a lent transaction for as long as its body runs.
    writer: tokio::sync::Mutex<()>,
    calls: Mutex<Calls>,
    faults: Mutex<calls::Faults>,
}

/// Who works on a store at one time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sharing {
    /// One process: a successor fences its predecessor.
    One,
    /// Several: whoever looks for work fences who has been silent for longer than its lease.
    Leased,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryStore {
    /// An empty store that belongs to one process: a worker that joins fences its predecessor.
    pub fn new() -> Self {
        Self::of(Sharing::One, Arc::new(TokioTime))
    }
    /// An empty store that several workers share, like PostgreSQL. A worker that is silent for longer than its lease, by
    /// this clock, is declared dead by whoever looks for work.
    pub fn leased(time: Arc<dyn StoreTime>) -> Self {
        Self::of(Sharing::Leased, time)
    }
    fn of(sharing: Sharing, time: Arc<dyn StoreTime>) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::default(),
            sharing,
            time,
            writer: tokio::sync::Mutex::default(),
            calls: Mutex::default(),
            faults: Mutex::default(),
        }))
    }
    /// What transactional steps wrote under `key`.
    pub fn data(&self, key: &str) -> Option<Json> {
        self.state().data.get(key).cloned()
    }
    /// All values that transactional steps wrote, without the keys.
    #[cfg(feature = "testing")]
    pub(crate) fn all_data(&self) -> Vec<Json> {
        self.state().data.values().cloned().collect()
    }
    /// What a workflow that is not at its end waits for.
    pub fn awaited(&self, workflow: &WorkflowId) -> Vec<Awaited> {
        self.state().waits.get(workflow).cloned().unwrap_or_default()
    }
    /// What an operator's `UPDATE … SET status = …` does to a SQL store: it asks nobody.
    pub fn set_status_by_hand(&self, workflow: &WorkflowId, status: Status) {
        self.state().write(workflow, |header| {
            header.state.status = status;
            header.state.failure_reason = (status == Status::Failed).then_some(FailureReason::Operator);
        });
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn alive(state: &State, worker: WorkerId) -> Result<(), StoreError> {
    if state.workers.is_alive(worker) || mutant!(fence_unchecked) { Ok(()) } else { Err(StoreError::Fenced) }
}

#[async_trait]
impl Store for MemoryStore {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        let leased = self.0.sharing == Sharing::Leased;
        if !leased {
            state.workers.all_die();
            state.orphan(|_| true);
        }
        state.watched.retain(|watched, _| !join.definitions.iter().any(|d| d.is_version_of(watched)));
        let worker = state.workers.join(join.definitions, join.lease, self.0.time.now());
        state.plans.extend(join.plans);
        Ok(Registration { worker, leased, now: None })
    }

    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        self.count(|calls| calls.beats += 1);
        let mut state = self.state();
        alive(&state, worker)?;
        // One that comes late, but before anybody has noticed, is in time.
        state.workers.renew(worker, self.0.time.now());
        let state = state;
        let mine = |id: &WorkflowId| state.workflows.get(id).filter(|r| r.header.worker == Some(worker));
        let mail = state.signals.values();
        let signals =
            mail.filter_map(|s| Some(Signal { rev: mine(&s.workflow_id)?.header.rev, ..s.clone() }));
        let lost = state.held.iter().filter(|id| mine(id).is_some_and(|r| !r.is_live()));
        Ok(Beat { signals: signals.collect(), lost: lost.cloned().collect(), now: None })
    }

    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        state.workers.die(worker);
        state.orphan(|owner| owner == worker);
        Ok(())
    }

    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.count(|calls| calls.claims += 1);
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        alive(&state, worker)?;
        state.told(Some(claim.now));
        if self.0.sharing == Sharing::Leased {
            // Its row stays as a tombstone, so that its number is never used again.
            let dead = state.workers.bury_the_silent(worker, self.0.time.now());
            state.orphan(|owner| dead.contains(&owner));
        }
        let wanted = claim.definitions.iter().filter(|d| claim.purpose == Purpose::Run || !state.is_known(d));
        let wanted = wanted.collect::<Vec<_>>();
        let is_one = |d: &DefinitionId, h: &Header| {
            d.is_version_of(&h.definition) || mutant!(another_version_taken) && d.name == h.definition.name
        };
        let is_wanted = |h: &&Header| wanted.iter().any(|d| is_one(d, h));
        let mut due = state.due(claim.now).filter(is_wanted).collect::<Vec<&Header>>();
        due.sort_by_key(|h| (Reverse(h.priority), h.state.wake_at, h.created_at, h.workflow_id.clone()));
        let taken = state::in_turns(due, claim.after.as_deref()).into_iter().take(claim.limit);
        let taken = taken.map(|h| h.workflow_id.clone()).collect::<Vec<_>>();
        for id in taken.iter().filter(|_| !mutant!(double_claim)) {
            state.write(id, |header| {
                header.worker = Some(worker);
                header.state.wake_at = None;
            });
        }
        Ok(taken.iter().filter_map(|id| state.workflows.get(id)).map(state::Record::loaded).collect())
    }

    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        let state = self.state();
        alive(&state, worker)?;
        let mine = |id: &&WorkflowId| {
            state.workflows.get(*id).is_some_and(|r| r.is_live() && r.header.worker == Some(worker))
        };
        Ok(state.held.iter().filter(mine).cloned().collect())
    }

    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        Ok(self.state().stranded(now))
    }

    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        let mut found = state.stranded(now);
        for one in &mut found {
            one.watched = watched(state.watched.get(&one.definition).copied(), now, gap);
        }
        state.watched = found.iter().map(|one| (one.definition.clone(), (one.watched, now))).collect();
        Ok(found)
    }

    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.count(|calls| {
            calls.batches += 1;
            calls.commits += batch.len() as u64;
            calls.largest_batch = calls.largest_batch.max(batch.len() as u64);
        });
        let _turn = self.0.writer.lock().await;
        self.fail_before()?;
        let mut state = self.state();
        worker.map_or(Ok(()), |worker| alive(&state, worker))?;
        let outcomes = batch.iter().map(|commit| state.apply(worker, commit)).collect();
        self.fail_after()?;
        Ok(outcomes)
    }

    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        let Some(record) = state.workflows.get(workflow).filter(|r| &*r.header.tenant_id == tenant) else {
            return Ok(Sent::Unknown);
        };
        let (status, worker) = (record.header.state.status, record.header.worker);
        if status.is_ended() {
            return Ok(Sent::Ended(status));
        }
        state.send(workflow, kind, by);
        Ok(Sent::Delivered { worker })
    }

    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        let _turn = self.0.writer.lock().await;
        let mut state = self.state();
        state.published.retain(|kept| kept.kept_until > event.at);
        let waiters = state.waiters(&event);
        for workflow in &waiters {
            state.send(workflow, SignalKind::Event, &event.name);
        }
        let starts = state.trigger(&event);
        state.places += 1;
        let place = state.places;
        state.published.push(PublishedEvent { place, ..event });
        Ok(starts || !waiters.is_empty())
    }

    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        let state = self.state();
        let is_wanted = |e: &&PublishedEvent| {
            (&e.tenant_id, &e.name, &e.key) == (&wanted.tenant, &wanted.name, &wanted.key)
                && (e.at, e.place) > (wanted.since, wanted.after)
        };
        Ok(state.published.iter().filter(is_wanted).min_by_key(|e| (e.at, e.place)).cloned())
    }

    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.count(|calls| calls.loads += 1);
        Ok(self.state().workflows.get(workflow).map(state::Record::loaded))
    }

    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        let state = self.state();
        let all = state.workflows.values().map(|r| &r.header);
        let mut wanted = all.filter(|h| matches(h, &listing)).collect::<Vec<&Header>>();
        let total = wanted.len() as u64;
        let place = |h: &Header| (h.created_at, h.workflow_id.clone());
        wanted.sort_by_key(|h| Reverse(place(h)));
        let older = wanted.into_iter().filter(|h| listing.after.as_ref().is_none_or(|last| place(h) < *last));
        let headers = older.skip(listing.offset).take(listing.limit).cloned().collect::<Vec<Header>>();
        let full = headers.len() == listing.limit;
        let next = headers.last().filter(|_| full).map(place);
        Ok(Page { headers, total, total_is_exact: true, next })
    }

    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        let state = self.state();
        let all = state.workflows.get(workflow).map(|r| r.audit.as_slice()).unwrap_or_default();
        let after = part.after.map_or(0, |place| usize::try_from(place).unwrap_or(usize::MAX));
        let begin = after.saturating_add(part.offset).min(all.len());
        let end = begin.saturating_add(part.limit).min(all.len());
        let events = all.get(begin..end).unwrap_or_default().to_vec();
        Ok(Trail { events, total: all.len() as u64, next: (end < all.len()).then_some(end as u64) })
    }

    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        Ok(self.state().plans.get(definition).cloned())
    }

    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        let counted = self.state().statistics.get(tenant).cloned().unwrap_or_default();
        Ok(Statistics { completed_seconds: counted.completed_seconds.max(0.0), ..counted })
    }

    fn transactions(&self) -> Option<&dyn Transactions> {
        Some(self)
    }

    fn schedules(&self) -> Option<&dyn Schedules> {
        Some(self)
    }

    fn triggers(&self) -> Option<&dyn Triggers> {
        Some(self)
    }

    fn removals(&self) -> Option<&dyn Removals> {
        Some(self)
    }
}

#[async_trait]
impl Removals for MemoryStore {
    async fn remove(&self, removal: Removal) -> Result<usize, StoreError> {
        let _turn = self.0.writer.lock().await;
        Ok(self.state().remove(removal))
    }
}

fn matches(h: &Header, l: &Listing) -> bool {
    let is = |wanted: &Option<String>, value: Option<&str>| wanted.is_none() || wanted.as_deref() == value;
    let since = |at: Timestamp| h.created_at >= at;
    *h.tenant_id == l.tenant
        && l.status.is_none_or(|status| h.state.status == status)
        && is(&l.workflow_type, Some(&h.definition.name))
        && l.created_after.is_none_or(since)
        && l.created_before.is_none_or(|at| !since(at))
        && l.search_key.as_ref().is_none_or(|key| h.search_keys.contains(key))
        && is(&l.step, h.state.current_step.as_deref())
        && is(&l.target_system, h.state.current_system.as_deref())
}

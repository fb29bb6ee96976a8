//! A store of your own: one around another, that writes a line to a feed for each workflow that comes to rest.
//!
//! Whatever a store does beyond this, it has to keep the contract of [`Store`]: its tests are one line, and a subject that
//! says how a fresh one is made (`tests/examples/own_store.rs`).

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Door, DoorBody, Join, Listing, Loaded, MemoryStore, Page,
    PublishedEvent, Registration, Removals, Schedules, Sent, SignalKind, Statistics, Status, Store,
    StoreError, Stranded, Trail, TrailPart, Transacted, Transactions, Triggers, Wanted,
};
use saga::{DefinitionId, Engine, StepError, Timestamp, Tx, WorkerId, WorkflowId, saga, step};

/// The store, and where its feed goes. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Feeding<S> {
    inner: S,
    feed: Arc<Mutex<dyn Write + Send>>,
}

impl<S: Store> Feeding<S> {
    pub(crate) fn new(inner: S, feed: impl Write + Send + 'static) -> Self {
        Self { inner, feed: Arc::new(Mutex::new(feed)) }
    }

    /// Only what the store has acknowledged is told; of a commit that was sent twice it may be told twice.
    fn tell(&self, rest: Option<(WorkflowId, Status)>, outcome: &CommitOutcome) {
        let (Some((workflow, status)), CommitOutcome::Applied { .. }) = (rest, outcome) else { return };
        let mut feed = self.feed.lock().unwrap_or_else(PoisonError::into_inner);
        // The workflow has come to rest, whether anybody can be told or not.
        let _ = writeln!(feed, "{}", serde_json::json!({ "workflow": workflow, "status": status }));
    }
}

/// The workflow and its status, if a commit brings it to rest.
fn rest(commit: &Commit) -> Option<(WorkflowId, Status)> {
    let status = commit.decision.as_ref()?.state.status;
    status.is_ended().then(|| (commit.workflow_id.clone(), status))
}

#[async_trait]
impl<S: Store> Store for Feeding<S> {
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        let rests: Vec<_> = batch.iter().map(rest).collect();
        let outcomes = self.inner.commit(worker, batch).await?;
        rests.into_iter().zip(&outcomes).for_each(|(rest, outcome)| self.tell(rest, outcome));
        Ok(outcomes)
    }

    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        self.inner.join(join).await
    }
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        self.inner.beat(worker).await
    }
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.inner.leave(worker).await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.inner.claim(worker, claim).await
    }
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        self.inner.held(worker).await
    }
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        self.inner.stranded(now).await
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        self.inner.watch(now, gap).await
    }
    async fn send(
        &self,
        tenant: &str,
        id: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.inner.send(tenant, id, kind, by).await
    }
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.inner.publish(event).await
    }
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        self.inner.published(wanted).await
    }
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.inner.load(workflow).await
    }
    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        self.inner.list(listing).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        self.inner.history(workflow, part).await
    }
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        self.inner.plan(definition).await
    }
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        self.inner.statistics(tenant).await
    }
    async fn hint(&self, worker: WorkerId) {
        self.inner.hint(worker).await;
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        self.inner.transactions().map(|_| self as &dyn Transactions)
    }
    fn schedules(&self) -> Option<&dyn Schedules> {
        self.inner.schedules()
    }
    fn triggers(&self) -> Option<&dyn Triggers> {
        self.inner.triggers()
    }
    fn removals(&self) -> Option<&dyn Removals> {
        self.inner.removals()
    }
}

/// A transactional step may be the last one, so this is a way to rest too.
#[async_trait]
impl<S: Store> Transactions for Feeding<S> {
    async fn transact(&self, door: Door) -> Result<Transacted, StoreError> {
        let Some(transactions) = self.inner.transactions() else { return Err(lends_nothing()) };
        let ended = Arc::new(Mutex::new(None));
        let (body, seen) = (door.body, Arc::clone(&ended));
        let body: DoorBody = Box::new(move |tx| {
            Box::pin(async move {
                let commit = body(tx).await?;
                *seen.lock().map_err(|_| StepError::transient("a panic"))? = rest(&commit);
                Ok(commit)
            })
        });
        let transacted = transactions.transact(Door { body, ..door }).await?;
        if let Transacted::Committed(outcome) = &transacted {
            let rest = ended.lock().unwrap_or_else(PoisonError::into_inner).take();
            self.tell(rest, outcome);
        }
        Ok(transacted)
    }
    async fn commit_in(&self, tx: &mut Tx<'_>, commit: Commit) -> Result<CommitOutcome, StoreError> {
        let Some(transactions) = self.inner.transactions() else { return Err(lends_nothing()) };
        transactions.commit_in(tx, commit).await
    }
}

fn lends_nothing() -> StoreError {
    StoreError::Configuration("the store inside lends no transactions".to_owned())
}

#[step(compensate = erase(word))]
async fn write(word: &str) -> saga::Result<()> {
    println!("  wrote {word}");
    Ok(())
}
async fn erase(word: &str) -> saga::Result<()> {
    println!("  erased {word}");
    Ok(())
}
#[step(no_effect)]
async fn read(word: &str) -> saga::Result<()> {
    if word == "nonsense" { Err(StepError::permanent("nobody understands it")) } else { Ok(()) }
}

#[saga(version = 1)]
async fn say(word: String) -> saga::Result<()> {
    write(&word).await?;
    read(&word).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let store = Feeding::new(MemoryStore::new(), std::io::stdout());
    let engine = Engine::builder(()).store(store).saga(say::definition()).build().await?;
    for word in ["hello", "nonsense"] {
        let started = engine.client().start(say(word.to_owned())).id(format!("say-{word}")).await?;
        started.handle.outcome().await?;
    }
    engine.shutdown(Duration::from_secs(1)).await?;
    Ok(())
}

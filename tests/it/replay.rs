//! The same run twice: with time, chance and tasks handed in, an engine makes the same commits again.

use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::BoxFuture;
use saga::engine::Runtime;
use saga::store::{
    Beat, Claim, Commit, CommitOutcome, Join, Listing, Loaded, MemoryStore, Page, PublishedEvent,
    Registration, Sent, SignalKind, Statistics, Store, StoreError, Stranded, Trail, TrailPart, Transactions,
    Wanted,
};
use saga::{DefinitionId, Engine, Timestamp, WorkerId, WorkflowId, saga};

use crate::life::{Clock, id};
use crate::world::{Act, Way, World, a, b, c, d, found, recorded};

/// A world without tokio: one thread, tasks in the order in which they were woken, time that jumps to the next
/// timer when nothing else is left to do.
#[derive(Clone)]
struct Manual(Arc<Mutex<Inner>>);

struct Inner {
    now: Duration,
    random: fastrand::Rng,
    next: u64,
    tasks: BTreeMap<u64, BoxFuture<'static, ()>>,
    ready: VecDeque<u64>,
    timers: BTreeMap<(Duration, u64), Waker>,
}

struct Wakeup(u64, Manual);

impl Wake for Wakeup {
    fn wake(self: Arc<Self>) {
        let mut inner = self.1.0.lock().unwrap();
        if !inner.ready.contains(&self.0) {
            inner.ready.push_back(self.0);
        }
    }
}

impl Manual {
    fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            now: Duration::ZERO,
            random: fastrand::Rng::with_seed(seed),
            next: 0,
            tasks: BTreeMap::new(),
            ready: VecDeque::new(),
            timers: BTreeMap::new(),
        })))
    }

    /// Runs everything until `done` is.
    fn run<T: Send + 'static>(&self, done: impl Future<Output = T> + Send + 'static) -> T {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.spawn(Box::pin(async move {
            let value = done.await;
            *place.lock().unwrap() = Some(value);
        }));
        loop {
            if let Some(value) = result.lock().unwrap().take() {
                return value;
            }
            let next = self.0.lock().unwrap().ready.pop_front();
            match next {
                Some(task) => self.poll(task),
                None => self.advance(),
            }
        }
    }

    fn poll(&self, id: u64) {
        let Some(mut task) = self.0.lock().unwrap().tasks.remove(&id) else { return };
        let waker = Waker::from(Arc::new(Wakeup(id, self.clone())));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            self.0.lock().unwrap().tasks.insert(id, task);
        }
    }

    fn advance(&self) {
        let mut inner = self.0.lock().unwrap();
        let ((at, _), waker) = inner.timers.pop_first().expect("nothing can ever happen again");
        inner.now = inner.now.max(at);
        drop(inner);
        waker.wake();
    }
}

struct Timer {
    at: Duration,
    id: u64,
    world: Manual,
}

impl Future for Timer {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.world.0.lock().unwrap();
        if inner.now >= self.at {
            return Poll::Ready(());
        }
        inner.timers.insert((self.at, self.id), cx.waker().clone());
        Poll::Pending
    }
}
impl Drop for Timer {
    fn drop(&mut self) {
        self.world.0.lock().unwrap().timers.remove(&(self.at, self.id));
    }
}

impl Runtime for Manual {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_760_000_000_000_000).plus(self.uptime())
    }
    fn uptime(&self) -> Duration {
        self.0.lock().unwrap().now
    }
    fn random(&self) -> u64 {
        self.0.lock().unwrap().random.u64(..)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        let mut inner = self.0.lock().unwrap();
        inner.next += 1;
        let (at, id) = (inner.now + duration, inner.next);
        Box::pin(Timer { at, id, world: self.clone() })
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        let mut inner = self.0.lock().unwrap();
        inner.next += 1;
        let id = inner.next;
        inner.tasks.insert(id, task);
        inner.ready.push_back(id);
    }
}

/// Writes down everything that is written.
#[derive(Clone, Default)]
struct Recording {
    store: MemoryStore,
    trace: Arc<Mutex<Vec<String>>>,
}

#[async_trait]
impl Store for Recording {
    async fn join(&self, join: Join) -> Result<Registration, StoreError> {
        self.store.join(join).await
    }
    async fn beat(&self, worker: WorkerId) -> Result<Beat, StoreError> {
        self.store.beat(worker).await
    }
    async fn hint(&self, worker: WorkerId) {
        self.store.hint(worker).await
    }
    async fn leave(&self, worker: WorkerId) -> Result<(), StoreError> {
        self.store.leave(worker).await
    }
    async fn claim(&self, worker: WorkerId, claim: Claim) -> Result<Vec<Loaded>, StoreError> {
        self.store.claim(worker, claim).await
    }
    async fn held(&self, worker: WorkerId) -> Result<Vec<WorkflowId>, StoreError> {
        self.store.held(worker).await
    }
    async fn stranded(&self, now: Timestamp) -> Result<Vec<Stranded>, StoreError> {
        self.store.stranded(now).await
    }
    async fn watch(&self, now: Timestamp, gap: Duration) -> Result<Vec<Stranded>, StoreError> {
        self.store.watch(now, gap).await
    }
    async fn commit(
        &self,
        worker: Option<WorkerId>,
        batch: Vec<Commit>,
    ) -> Result<Vec<CommitOutcome>, StoreError> {
        self.trace.lock().unwrap().push(format!("{batch:?}"));
        self.store.commit(worker, batch).await
    }
    async fn send(
        &self,
        tenant: &str,
        workflow: &WorkflowId,
        kind: SignalKind,
        by: &str,
    ) -> Result<Sent, StoreError> {
        self.store.send(tenant, workflow, kind, by).await
    }
    async fn publish(&self, event: PublishedEvent) -> Result<bool, StoreError> {
        self.store.publish(event).await
    }
    async fn published(&self, wanted: Wanted) -> Result<Option<PublishedEvent>, StoreError> {
        self.store.published(wanted).await
    }
    async fn load(&self, workflow: &WorkflowId) -> Result<Option<Loaded>, StoreError> {
        self.store.load(workflow).await
    }
    async fn list(&self, listing: Listing) -> Result<Page, StoreError> {
        self.store.list(listing).await
    }
    async fn history(&self, workflow: &WorkflowId, part: TrailPart) -> Result<Trail, StoreError> {
        self.store.history(workflow, part).await
    }
    async fn plan(&self, definition: &DefinitionId) -> Result<Option<String>, StoreError> {
        self.store.plan(definition).await
    }
    async fn statistics(&self, tenant: &str) -> Result<Statistics, StoreError> {
        self.store.statistics(tenant).await
    }
    fn schedules(&self) -> Option<&dyn saga::store::Schedules> {
        self.store.schedules()
    }
    fn triggers(&self) -> Option<&dyn saga::store::Triggers> {
        self.store.triggers()
    }
    fn removals(&self) -> Option<&dyn saga::store::Removals> {
        self.store.removals()
    }
    fn transactions(&self) -> Option<&dyn Transactions> {
        None
    }
}

#[saga(version = 1)]
async fn trace(word: String) -> saga::Result<String> {
    a(&word).await?;
    let length = word.len();
    let (_, _) = try_join!(b(&format!("{length}")), async {
        c(&word).await?;
        let made = found().await?;
        Ok(made)
    })?;
    recorded().await?;
    let last = d(&word).await?;
    Ok(last)
}

/// Forty workflows with failures, lost answers, timeouts and cancellations.
fn run(seed: u64) -> Vec<String> {
    let manual = Manual::new(seed);
    let recording = Recording::default();
    let world = World::new(Clock::default());
    let mut random = fastrand::Rng::with_seed(seed);
    for step in ["a", "b", "c", "d", "found", "recorded"] {
        for way in [Way::Do, Way::Undo, Way::Find] {
            let acts =
                [Act::Ok, Act::Ok, Act::Ok, Act::Transient, Act::DoneAndLost, Act::Refuse, Act::DoneAndHang];
            let act = |_| acts[random.usize(..if way == Way::Do { acts.len() } else { 5 })].clone();
            world.script(step, way, (0..60).map(act).collect::<Vec<_>>());
        }
    }
    let builder = Engine::builder(world).store(recording.clone()).runtime(Arc::new(manual.clone()));
    let scenario = manual.clone();
    manual.run(async move {
        let engine = builder.saga(trace::definition()).build().await.unwrap();
        let client = engine.client();
        for n in 0..40 {
            client.start(trace(format!("{n}"))).id(format!("w{n}")).await.unwrap();
            if n % 7 == 0 {
                scenario.sleep(Duration::from_millis(30)).await;
                let _ = client.cancel("default", &id(&format!("w{}", n / 2)), "ada").await;
            }
        }
        for n in 0..40 {
            client.ended(&id(&format!("w{n}"))).await.unwrap();
        }
        engine.shutdown(Duration::from_secs(1)).await.unwrap();
    });
    let trace = recording.trace.lock().unwrap();
    trace.clone()
}

#[test]
fn the_same_trace_comes_out_twice() {
    let (first, second) = (run(7), run(7));
    for (n, (one, two)) in first.iter().zip(&second).enumerate() {
        assert_eq!(one, two, "batch {n}");
    }
    assert_eq!(first.len(), second.len());
    assert!(first.len() > 100, "{} batches", first.len());
    assert_ne!(first, run(8), "another seed is another story");
}

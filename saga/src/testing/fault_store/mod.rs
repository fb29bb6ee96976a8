//! A store that misbehaves at chosen calls.

mod fault;
mod forward;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

pub use fault::{Chance, Fault, Faults, Method, ParseFaultError, Which};

use super::clock::Time;
use crate::engine::Runtime;
use crate::store::{Store, StoreError};

/// Any store, some of whose calls fail, are delayed, or are done and lose their answers. It forwards every method and
/// every capability. A clone is the same store.
///
/// ```
/// use saga::store::{MemoryStore, Store, StoreError};
/// use saga::testing::FaultStore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let store = FaultStore::new(MemoryStore::new()).with("statistics 1 fails; call 3 loses its answer".parse().unwrap());
/// assert!(matches!(store.statistics("default").await, Err(StoreError::Unavailable(_))));
/// assert!(store.statistics("default").await.is_ok());
/// assert!(store.statistics("default").await.is_err());
/// assert_eq!(store.happened().to_string(), "call 1 fails; call 3 loses its answer");
/// # }
/// ```
///
/// What went wrong is kept as such a text ([`happened`](Self::happened)), so that what chance found can be said again.
#[derive(Clone)]
pub struct FaultStore(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    time: Time,
    state: Mutex<State>,
    cut_off: AtomicBool,
    dead: AtomicBool,
    died: Notify,
}

#[derive(Default)]
struct State {
    faults: Faults,
    chance: Option<(Chance, fastrand::Rng)>,
    calls: u64,
    writes: u64,
    of_method: [u64; Method::ALL.len()],
    happened: Faults,
}

impl FaultStore {
    /// A store that does nothing wrong yet.
    pub fn new(store: impl Store) -> Self {
        Self::shared(Arc::new(store))
    }
    /// The same, for stores that are chosen when the program runs.
    pub fn shared(store: Arc<dyn Store>) -> Self {
        Self::of(store, Time::Tokio)
    }
    /// The same, with delays in another time than tokio's.
    pub fn in_time_of(runtime: Arc<dyn Runtime>, store: Arc<dyn Store>) -> Self {
        Self::of(store, Time::Of(runtime))
    }
    fn of(store: Arc<dyn Store>, time: Time) -> Self {
        let (cut_off, dead) = (AtomicBool::new(false), AtomicBool::new(false));
        Self(Arc::new(Inner { store, time, state: Mutex::default(), cut_off, dead, died: Notify::new() }))
    }

    /// These calls go wrong, besides those that were said before.
    #[must_use]
    pub fn with(self, faults: Faults) -> Self {
        self.goes_wrong(faults);
        self
    }
    /// The same, in the midst of a test. Calls are counted from the beginning ([`calls`](Self::calls)).
    pub fn goes_wrong(&self, faults: Faults) {
        self.state().faults.0.extend(faults.0);
    }
    /// Each call goes wrong by chance; the same seed and the same calls give the same faults.
    #[must_use]
    pub fn by_chance(self, seed: u64, chance: Chance) -> Self {
        self.state().chance = Some((chance, fastrand::Rng::with_seed(seed)));
        self
    }
    /// Nothing goes wrong any more.
    pub fn heal(&self) {
        let mut state = self.state();
        (state.faults, state.chance) = Default::default();
        self.0.cut_off.store(false, Ordering::Relaxed);
    }
    /// From now on every call fails, undone, until [`heal`](Self::heal).
    pub fn cut_off(&self) {
        self.0.cut_off.store(true, Ordering::Relaxed);
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.state().calls
    }
    /// How many of them were to write something that an engine may lose by dying: see [`Method::is_write`].
    pub fn writes(&self) -> u64 {
        self.state().writes
    }
    /// What has gone wrong, each by the number of its call.
    pub fn happened(&self) -> Faults {
        self.state().happened.clone()
    }
    /// Returns when the process has died, by [`Fault::DiesBefore`] or [`Fault::DiesAfter`]. From then on no call of
    /// this store returns. What is left to do is to drop the engine; another one begins with a `FaultStore` of its own
    /// over the same store.
    pub async fn died(&self) {
        let died = self.0.died.notified();
        if !self.0.dead.load(Ordering::Relaxed) {
            died.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; what goes wrong with it.
    fn begin(&self, method: Method) -> Option<Fault> {
        let mut state = self.state();
        let state = &mut *state;
        state.calls += 1;
        state.writes += u64::from(method.is_write());
        let of_method = &mut state.of_method[method as usize];
        *of_method += 1;
        let (call, write, of_method) = (state.calls, state.writes, *of_method);
        let is = |which: &Which| match which {
            Which::Call(n) => *n == call,
            Which::Write(n) => method.is_write() && *n == write,
            Which::Of(m, n) => *m == method && *n == of_method,
        };
        let told = state.faults.0.iter().find(|(which, _)| is(which)).map(|(_, fault)| fault.clone());
        let cut_off = self.0.cut_off.load(Ordering::Relaxed).then_some(Fault::Fails);
        let chance = state.chance.as_mut().and_then(|(chance, random)| chance.throw(random));
        let fault = told.or(cut_off).or(chance)?;
        state.happened.0.push((Which::Call(call), fault.clone()));
        Some(fault)
    }

    /// One call, with what goes wrong around it.
    async fn call<T>(
        &self,
        method: Method,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        if self.0.dead.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let unavailable = |why: &str| Err(StoreError::Unavailable(format!("{why} ({method})")));
        match self.begin(method) {
            None => call.await,
            Some(Fault::Fails) => unavailable("the store does not answer"),
            Some(Fault::LosesAnswer) => {
                let _ = call.await;
                unavailable("the answer was lost")
            }
            Some(Fault::IsDelayed(by)) => {
                self.sleep(by).await;
                call.await
            }
            Some(Fault::DiesBefore) => self.die().await,
            Some(Fault::DiesAfter) => {
                let _ = call.await;
                self.die().await
            }
        }
    }

    async fn sleep(&self, time: Duration) {
        self.0.time.sleep(time).await;
    }

    async fn die<T>(&self) -> T {
        self.0.dead.store(true, Ordering::Relaxed);
        self.0.died.notify_waiters();
        std::future::pending().await
    }
}

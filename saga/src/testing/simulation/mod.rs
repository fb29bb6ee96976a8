//! Time, tasks and chance of a whole group of processes in one thread: the same seed is the same run, byte for byte.
//!
//! A [`Simulation`] is a world with a clock of its own, which jumps to the next timer when nothing else is left to do. A
//! [`Process`] of it is a [`Runtime`](crate::engine::Runtime) for one engine: it can be killed (its tasks are dropped where they stand), paused
//! (they stand still while time goes on, as under SIGSTOP), and its wall clock may be wrong. Which of several tasks that
//! could go on does so is drawn by the seed.
//!
//! ```
//! # use std::{sync::Arc, time::Duration};
//! # use saga::{Engine, store::MemoryStore, testing::simulation::Simulation};
//! let simulation = Simulation::new(42);
//! let worker = simulation.process(Duration::ZERO);
//! let engine = Engine::builder(()).store(MemoryStore::leased(Arc::new(simulation.outside())));
//! let engine = engine.runtime(Arc::new(worker.clone()));
//! let ended = simulation.run(async move {
//!     let engine = engine.build().await.unwrap();
//!     worker.kill();
//!     engine.is_fenced()
//! });
//! assert_eq!(ended, Ok(false));
//! ```

mod process;
mod tasks;
mod timers;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Waker};
use std::time::Duration;

use futures_util::future::BoxFuture;

pub use process::Process;
use tasks::{Tasks, Wakeup};
use timers::Timers;

/// So often tasks may be polled in one run: more is a task that goes round in circles.
const MOST_POLLS: u64 = 20_000_000;

/// Why a simulation did not come to its end.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum Stuck {
    /// Nothing can ever happen again.
    #[error("nothing can ever happen again: everybody waits")]
    Idle,
    /// Time does not go on.
    #[error("some task goes round in circles")]
    Circles,
}

/// A group of processes in one thread, with a clock and a chance of their own. A clone is the same one.
#[derive(Clone)]
pub struct Simulation(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    /// Tasks that were woken. Apart from the rest, because wakers are called while that is held.
    woken: Arc<Mutex<Vec<Arc<Wakeup>>>>,
}

struct State {
    now: Duration,
    chance: fastrand::Rng,
    tasks: Tasks,
    timers: Timers,
    processes: Vec<process::Standing>,
    polls: u64,
}

impl Simulation {
    /// A world that is wholly determined by this number.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State {
                now: Duration::ZERO,
                chance: fastrand::Rng::with_seed(seed),
                tasks: Tasks::default(),
                timers: Timers::default(),
                // The first one is what is outside of all processes.
                processes: vec![process::Standing::new(Duration::ZERO)],
                polls: 0,
            }),
            woken: Arc::default(),
        }))
    }

    /// A process whose wall clock is so much ahead of the others'.
    pub fn process(&self, ahead: Duration) -> Process {
        let mut state = self.state();
        state.processes.push(process::Standing::new(ahead));
        Process { simulation: self.clone(), number: state.processes.len() - 1 }
    }

    /// What is no process: networks, databases, other systems, people. It is never killed or paused.
    pub fn outside(&self) -> Process {
        Process { simulation: self.clone(), number: 0 }
    }

    /// The time since the beginning.
    pub fn now(&self) -> Duration {
        self.state().now
    }

    /// How often a task was polled so far.
    pub fn polls(&self) -> u64 {
        self.state().polls
    }

    /// Runs everything until this is done.
    ///
    /// # Errors
    /// [`Stuck`].
    pub fn run<T: Send + 'static>(
        &self,
        until: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Stuck> {
        let result = Arc::new(Mutex::new(None));
        let place = Arc::clone(&result);
        self.spawn(
            0,
            Box::pin(async move {
                let value = until.await;
                *place.lock().unwrap() = Some(value);
            }),
        );
        let mut ready = vec![];
        loop {
            let mut woken = std::mem::take(&mut *self.0.woken.lock().unwrap_or_else(PoisonError::into_inner));
            // Who wakes several at once (tokio's `watch`) does so in an order of chance, and not of this seed's.
            woken.sort_unstable_by_key(|wakeup| wakeup.number());
            ready.append(&mut woken);
            if ready.is_empty() {
                self.state().advance()?;
                continue;
            }
            let next = self.state().chance.usize(..ready.len());
            self.poll(ready.swap_remove(next))?;
            if let Some(value) = result.lock().unwrap().take() {
                return Ok(value);
            }
        }
    }

    /// Drops whatever is left: tasks hold their world, and it holds them.
    pub fn end(&self) {
        let all = self.state().tasks.take_all();
        drop(all);
        self.0.woken.lock().unwrap_or_else(PoisonError::into_inner).clear();
        let timers = std::mem::take(&mut self.state().timers);
        drop(timers);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spawn(&self, process: usize, task: BoxFuture<'static, ()>) {
        let mut state = self.state();
        if !state.processes[process].is_alive {
            drop(state);
            return drop(task);
        }
        let wakeup = state.tasks.add(process, task, &self.0.woken);
        drop(state);
        wakeup.wake_now();
    }

    fn poll(&self, wakeup: Arc<Wakeup>) -> Result<(), Stuck> {
        let mut state = self.state();
        state.polls += 1;
        if state.polls > MOST_POLLS {
            return Err(Stuck::Circles);
        }
        let Some(process) = state.tasks.process_of(&wakeup) else { return Ok(()) };
        if state.processes[process].is_paused {
            state.processes[process].standing_still.push(wakeup);
            return Ok(());
        }
        let Some(mut task) = state.tasks.take(&wakeup) else { return Ok(()) };
        drop(state);
        wakeup.is_running();
        let waker = Waker::from(Arc::clone(&wakeup));
        if task.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
            let left = self.state().tasks.put_back(&wakeup, task);
            drop(left);
        } else {
            drop(task);
            self.state().tasks.remove(&wakeup);
        }
        Ok(())
    }
}

impl State {
    fn advance(&mut self) -> Result<(), Stuck> {
        let (at, waker) = self.timers.next().ok_or(Stuck::Idle)?;
        self.now = self.now.max(at);
        waker.wake();
        Ok(())
    }
}

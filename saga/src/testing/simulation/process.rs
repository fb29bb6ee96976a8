//! One process of a simulation: the runtime of one engine.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Simulation;
use super::tasks::Wakeup;
use super::timers::Timer;
use crate::clock::Timestamp;
use crate::engine::Runtime;
use crate::store::StoreTime;

/// Simulations begin on 2025-10-15, noon.
const NOON: Timestamp = Timestamp::from_micros(1_760_529_600_000_000);

/// How a process stands.
pub(super) struct Standing {
    pub(super) is_alive: bool,
    pub(super) is_paused: bool,
    /// By how much its wall clock is ahead.
    ahead: Duration,
    /// What was woken while it was paused.
    pub(super) standing_still: Vec<Arc<Wakeup>>,
}

impl Standing {
    pub(super) fn new(ahead: Duration) -> Self {
        Self { is_alive: true, is_paused: false, ahead, standing_still: vec![] }
    }
}

/// One process of a simulation: the [`Runtime`] of one engine. A clone is the same process.
#[derive(Clone)]
pub struct Process {
    pub(super) simulation: Simulation,
    pub(super) number: usize,
}

impl Process {
    /// Which one it is, from 1; what is outside of all processes is 0.
    pub fn number(&self) -> usize {
        self.number
    }

    /// Ends it where it stands, as SIGKILL does: nothing of it runs any more, nothing is cleaned up.
    pub fn kill(&self) {
        let mut state = self.simulation.state();
        let standing = &mut state.processes[self.number];
        standing.is_alive = false;
        let woken = std::mem::take(&mut standing.standing_still);
        let tasks = state.tasks.take_of(self.number);
        // What they hold may wake others, or end timers.
        drop(state);
        drop((woken, tasks));
    }

    /// It stands still, as after SIGSTOP, while time goes on.
    pub fn pause(&self) {
        self.simulation.state().processes[self.number].is_paused = true;
    }

    /// It goes on, as after SIGCONT.
    pub fn resume(&self) {
        let mut state = self.simulation.state();
        let standing = &mut state.processes[self.number];
        standing.is_paused = false;
        let mut woken = std::mem::take(&mut standing.standing_still);
        drop(state);
        self.simulation.0.woken.lock().unwrap().append(&mut woken);
    }

    /// Has it not been killed?
    pub fn is_alive(&self) -> bool {
        self.simulation.state().processes[self.number].is_alive
    }

    /// Does it stand still?
    pub fn is_paused(&self) -> bool {
        self.simulation.state().processes[self.number].is_paused
    }

    fn uptime_of(&self) -> Duration {
        self.simulation.state().now
    }
}

impl Runtime for Process {
    fn now(&self) -> Timestamp {
        let state = self.simulation.state();
        NOON.plus(state.now + state.processes[self.number].ahead)
    }
    fn uptime(&self) -> Duration {
        self.uptime_of()
    }
    fn random(&self) -> u64 {
        self.simulation.state().chance.u64(..)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(Timer::after(&self.simulation, duration))
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.simulation.spawn(self.number, task);
    }
}

impl StoreTime for Process {
    fn now(&self) -> Duration {
        self.uptime_of()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Runtime::sleep(self, duration)
    }
}

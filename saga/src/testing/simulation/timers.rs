//! What wakes somebody at a time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::Simulation;

/// Of two at one time the one that was made first comes first.
type Place = (Duration, u64);

#[derive(Default)]
pub(super) struct Timers {
    waiting: BTreeMap<Place, Waker>,
    last: u64,
}

impl Timers {
    pub(super) fn next(&mut self) -> Option<(Duration, Waker)> {
        self.waiting.pop_first().map(|((at, _), waker)| (at, waker))
    }
}

/// Ready at its time.
pub(super) struct Timer {
    place: Place,
    simulation: Simulation,
    is_entered: bool,
}

impl Timer {
    pub(super) fn after(simulation: &Simulation, duration: Duration) -> Self {
        let mut state = simulation.state();
        state.timers.last += 1;
        let place = (state.now.saturating_add(duration), state.timers.last);
        drop(state);
        Self { place, simulation: simulation.clone(), is_entered: false }
    }
}

impl Future for Timer {
    type Output = ();
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.simulation.state();
        if state.now >= self.place.0 {
            return Poll::Ready(());
        }
        state.timers.waiting.insert(self.place, cx.waker().clone());
        drop(state);
        self.is_entered = true;
        Poll::Pending
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        if self.is_entered {
            let waker = self.simulation.state().timers.waiting.remove(&self.place);
            drop(waker);
        }
    }
}

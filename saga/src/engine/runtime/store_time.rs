//! The store's time: what several processes write down has to be of one clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Runtime;
use crate::clock::Timestamp;

/// An answer that was longer under way says too little about the present.
const PROMPT: Duration = Duration::from_secs(1);

/// A runtime whose time is the store's, as far as the store tells it. A process whose clock is an hour ahead would
/// otherwise wake what sleeps an hour too soon, and let what it puts to sleep lie an hour too long.
pub(crate) struct StoreTime {
    runtime: Arc<dyn Runtime>,
    /// How far the store's clock is ahead of this process's, in microseconds.
    ahead: AtomicI64,
}

impl StoreTime {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, ahead: AtomicI64::new(0) }
    }

    /// What the store's clock said in answer to a question of that time, by the uptime.
    pub(crate) fn hear(&self, told: Option<Timestamp>, asked: Duration) {
        let Some(told) = told else { return };
        let taken = self.runtime.uptime().saturating_sub(asked);
        if taken > PROMPT {
            return;
        }
        let middle = told.plus(taken / 2).as_micros();
        let ahead = middle.saturating_sub(self.runtime.now().as_micros());
        self.ahead.store(ahead, Ordering::Release);
    }
}

impl Runtime for StoreTime {
    fn now(&self) -> Timestamp {
        let now = self.runtime.now().as_micros();
        Timestamp::from_micros(now.saturating_add(self.ahead.load(Ordering::Acquire)))
    }
    fn uptime(&self) -> Duration {
        self.runtime.uptime()
    }
    fn random(&self) -> u64 {
        self.runtime.random()
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.runtime.sleep(duration)
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.runtime.spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Stopped;

    impl Runtime for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_micros(7_200_000_000)
        }
        fn uptime(&self) -> Duration {
            Duration::from_secs(100)
        }
        fn random(&self) -> u64 {
            0
        }
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(async {})
        }
        fn spawn(&self, _: BoxFuture<'static, ()>) {}
    }

    #[test]
    fn an_hour_between_the_clocks_is_the_store_s_hour() {
        let time = StoreTime::new(Arc::new(Stopped));
        let store = Timestamp::from_micros(3_600_000_000);
        let before = Duration::from_millis(99_900);
        assert_eq!(time.now().as_micros(), 7_200_000_000);
        time.hear(None, before);
        assert_eq!(time.now().as_micros(), 7_200_000_000);
        time.hear(Some(store), before);
        assert_eq!(time.now(), store.plus(Duration::from_millis(50)));
        // What was long under way, in a process that was paused perhaps, changes nothing.
        time.hear(Some(Timestamp::from_micros(5)), Duration::from_secs(98));
        assert_eq!(time.now(), store.plus(Duration::from_millis(50)));
    }
}

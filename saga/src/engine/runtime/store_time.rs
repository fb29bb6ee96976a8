//! The store's time: what several processes write down has to be of one clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
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
    /// Has the store ever told?
    heard: AtomicBool,
}

impl StoreTime {
    pub(crate) fn new(runtime: Arc<dyn Runtime>) -> Self {
        Self { runtime, ahead: AtomicI64::new(0), heard: AtomicBool::new(false) }
    }

    /// What the store's clock said in answer to a question of that time, by the uptime. It said so at some moment between
    /// the question and now. First the latest time is believed that is possible, and what is believed changes only as far
    /// as a later answer disproves it: so a correction makes a pause longer, not shorter.
    pub(crate) fn hear(&self, told: Option<Timestamp>, asked: Duration) {
        let Some(told) = told else { return };
        let taken = self.runtime.uptime().saturating_sub(asked);
        if taken > PROMPT {
            return;
        }
        let own = self.runtime.now().as_micros();
        let ahead = |now: Timestamp| now.as_micros().saturating_sub(own);
        let (least, most) = (ahead(told), ahead(told.plus(taken)));
        let believed = match self.heard.swap(true, Ordering::AcqRel) {
            true => self.ahead.load(Ordering::Acquire).clamp(least, most),
            false => most,
        };
        self.ahead.store(believed, Ordering::Release);
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
        assert_eq!(time.now(), store.plus(Duration::from_millis(100)));
        // What was long under way, in a process that was paused perhaps, changes nothing.
        time.hear(Some(Timestamp::from_micros(5)), Duration::from_secs(98));
        assert_eq!(time.now(), store.plus(Duration::from_millis(100)));
    }

    #[test]
    fn what_is_believed_changes_only_as_far_as_an_answer_disproves_it() {
        let time = StoreTime::new(Arc::new(Stopped));
        let at = Timestamp::from_micros;
        let asked = |millis: u64| Duration::from_millis(100_000 - millis);
        time.hear(Some(at(1_000_000)), asked(200));
        assert_eq!(time.now(), at(1_200_000));
        // The store's clock showed this 400 ms ago at the earliest, and just now at the latest.
        time.hear(Some(at(900_000)), asked(400));
        assert_eq!(time.now(), at(1_200_000), "it is possible still");
        time.hear(Some(at(900_000)), asked(100));
        assert_eq!(time.now(), at(1_000_000), "it was too late by 200 ms");
        time.hear(Some(at(1_300_000)), asked(100));
        assert_eq!(time.now(), at(1_300_000), "it was too early");
    }
}

//! The real world, by tokio.

use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Runtime;
use crate::clock::Timestamp;

/// The real world: tokio's timers and tasks, the system's clocks, the operating system's randomness.
#[derive(Clone, Debug)]
pub struct TokioRuntime {
    handle: tokio::runtime::Handle,
}

impl TokioRuntime {
    /// The tokio runtime in whose context this is called; `None` outside of one.
    pub fn current() -> Option<Self> {
        tokio::runtime::Handle::try_current().ok().map(|handle| Self { handle })
    }
}

impl Runtime for TokioRuntime {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
    }
    fn uptime(&self) -> Duration {
        // CLOCK_MONOTONIC stands still while a machine is suspended: a lease would seem alive after it.
        #[cfg(target_os = "linux")]
        let clock = rustix::time::ClockId::Boottime;
        #[cfg(not(target_os = "linux"))]
        let clock = rustix::time::ClockId::Monotonic;
        let t = rustix::time::clock_gettime(clock);
        Duration::new(u64::try_from(t.tv_sec).unwrap_or(0), u32::try_from(t.tv_nsec).unwrap_or(0))
    }
    fn random(&self) -> u64 {
        fastrand::u64(..)
    }
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
    fn spawn(&self, task: BoxFuture<'static, ()>) {
        self.handle.spawn(task);
    }
}

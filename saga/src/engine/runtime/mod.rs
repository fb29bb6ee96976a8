//! The seam to the world of time, tasks and chance. Nothing else in the engine touches a clock.

#[allow(clippy::disallowed_methods, reason = "this is the one place that touches the world")]
mod tokio;
mod store_time;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub(crate) use self::store_time::StoreTime;
pub use self::tokio::TokioRuntime;
use crate::clock::Timestamp;

/// Time, tasks and chance. The engine uses nothing else of the outside world, so that a simulation can stand
/// in for it.
pub trait Runtime: Send + Sync + 'static {
    /// The present time, for people and for deciding when to try again.
    fn now(&self) -> Timestamp;
    /// Time since some fixed point, counting the time in which the machine was suspended. For leases.
    fn uptime(&self) -> Duration;
    /// A random number.
    fn random(&self) -> u64;
    /// Resolves after that time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// Runs a task beside all others.
    fn spawn(&self, task: BoxFuture<'static, ()>);
}

// Proves that the trait stays object safe.
const _: fn(&dyn Runtime) = |_| ();

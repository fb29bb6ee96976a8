//! A memory store's own sense of time, like a database's: for leases, and for how long a transaction may take.

use std::time::Duration;

use futures_util::future::BoxFuture;

/// The clock of a [`MemoryStore`](super::MemoryStore) that several workers share. It is the store's alone: whatever the
/// workers' clocks say, this one tells who has been silent for too long.
pub trait StoreTime: Send + Sync + 'static {
    /// Time since some fixed point.
    fn now(&self) -> Duration;
    /// Resolves after that time.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn StoreTime) = |_| ();

/// Tokio's.
pub(super) struct TokioTime;

impl StoreTime for TokioTime {
    fn now(&self) -> Duration {
        // A store that belongs to one process keeps no leases.
        Duration::ZERO
    }
    #[allow(clippy::disallowed_methods, reason = "a store has its own sense of time, like a database")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

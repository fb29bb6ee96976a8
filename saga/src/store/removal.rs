//! Forgetting what has ended.

use async_trait::async_trait;

use super::error::StoreError;
use super::record::Status;
use crate::clock::Timestamp;

/// Which ended workflows are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Removal {
    /// In which status: `completed`, `rolled_back` or `failed`. Of any other one nothing is removed.
    pub status: Status,
    /// Only those that nobody has written to at this time or later.
    pub before: Timestamp,
    /// So many of them stay, of all tenants together: first those that have to ([`Removals::remove`] says which), then
    /// the ones that were written to last.
    pub leave: Option<u64>,
    /// How many at once. What nobody has to wait for is a matter of some hundreds.
    pub limit: usize,
}

/// Removes workflows that have ended, with everything that was kept for them: steps, audit trail, business keys,
/// exclusion keys, inbox. Their ids and idempotency keys are free again.
#[async_trait]
pub trait Removals: Send + Sync {
    /// Removes the ones that have rested the longest, and answers how many they were. They are durably gone when
    /// this returns, and the [`Statistics`](super::Statistics) count what is left.
    ///
    /// What somebody owns stays, and so does what a person has still to look at: open debts, and workflows that are
    /// unclean. When somebody else is removing at this time nothing is done.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`]: unknown; it may be asked again.
    async fn remove(&self, removal: Removal) -> Result<usize, StoreError>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn Removals) = |_| ();

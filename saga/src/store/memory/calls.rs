//! For tests: what a memory store was asked, and how to make it fail.

use std::sync::PoisonError;

use super::MemoryStore;
use crate::store::StoreError;

/// How often a memory store was asked for what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// Calls of `commit`.
    pub batches: u64,
    /// Commits in them.
    pub commits: u64,
    /// Commits in the largest of them.
    pub largest_batch: u64,
    /// Calls of `transact`.
    pub transactions: u64,
    /// Calls of `claim`.
    pub claims: u64,
    /// Calls of `load`.
    pub loads: u64,
    /// Calls of `beat`.
    pub beats: u64,
}

/// Failures to come.
#[derive(Default)]
pub(super) struct Faults {
    before: u32,
    after: u32,
}

impl MemoryStore {
    /// How often it was asked for what, since its beginning.
    pub fn calls(&self) -> Calls {
        *self.0.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
    /// The next `n` writes (`commit` or `transact`) write nothing and answer "unavailable".
    pub fn fail_commits(&self, n: u32) {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner).before = n;
    }
    /// The next `n` writes (`commit` or `transact`) write, and answer "unavailable" all the same.
    pub fn lose_answers(&self, n: u32) {
        self.0.faults.lock().unwrap_or_else(PoisonError::into_inner).after = n;
    }

    pub(super) fn count(&self, change: impl FnOnce(&mut Calls)) {
        change(&mut self.0.calls.lock().unwrap_or_else(PoisonError::into_inner));
    }
    pub(super) fn fail_before(&self) -> Result<(), StoreError> {
        use_up(&mut self.0.faults.lock().unwrap_or_else(PoisonError::into_inner).before)
    }
    pub(super) fn fail_after(&self) -> Result<(), StoreError> {
        use_up(&mut self.0.faults.lock().unwrap_or_else(PoisonError::into_inner).after)
    }
}

fn use_up(faults: &mut u32) -> Result<(), StoreError> {
    match faults.checked_sub(1) {
        None => Ok(()),
        Some(rest) => {
            *faults = rest;
            Err(StoreError::Unavailable("a test wants it so".into()))
        }
    }
}

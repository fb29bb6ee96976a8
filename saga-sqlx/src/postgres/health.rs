//! Whether the database can be written to, and if not, why.

use std::sync::{Mutex, MutexGuard, PoisonError};

use saga::store::StoreError;

use crate::error::Failure;

/// Why nothing can be written at present; nothing if it can. The heartbeat writes every second, so this is news.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Option<StoreError>>);

impl Health {
    /// Can it be written to?
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.error().clone().map_or(Ok(()), Err)
    }

    /// How a write ended.
    pub(super) fn tell<T>(&self, result: Result<T, Failure>) -> Result<T, StoreError> {
        let result = result.map_err(StoreError::from);
        match &result {
            // To be fenced is a worker's fault, or nobody's.
            Ok(_) | Err(StoreError::Fenced) => *self.error() = None,
            Err(error) => *self.error() = Some(error.clone()),
        }
        result
    }

    fn error(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Whether the database can be written to, and if not, why.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use saga::store::StoreError;

use crate::error::is_damage;

/// Why nothing can be written at present; nothing if it can. Damage stays: no later success takes it back.
#[derive(Clone, Debug, Default)]
pub(super) struct Health(Arc<Mutex<Option<StoreError>>>);

impl Health {
    /// Can it be written to?
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.error().clone().map_or(Ok(()), Err)
    }

    /// Is the file damaged? Then nothing more is written to it, since nobody knows what of it would be found again.
    pub(super) fn check_damage(&self) -> Result<(), StoreError> {
        self.error().clone().filter(is_damage).map_or(Ok(()), Err)
    }

    /// How a turn ended, or what keeps it waiting.
    pub(super) fn tell(&self, said: Option<StoreError>) {
        let mut error = self.error();
        if !error.as_ref().is_some_and(is_damage) {
            *error = said;
        }
    }

    /// The error of somebody who reads. Only damage says anything about writing.
    pub(super) fn hear(&self, error: StoreError) -> StoreError {
        if is_damage(&error) {
            self.tell(Some(error.clone()));
        }
        error
    }

    fn error(&self) -> MutexGuard<'_, Option<StoreError>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

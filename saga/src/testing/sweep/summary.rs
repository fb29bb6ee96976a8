//! What a sweep has done.

use std::fmt;

use super::history::History;
use crate::store::Status;

/// What a sweep has done: so that a test can say that it was not for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Swept {
    /// The seed by which histories were chosen.
    pub seed: u64,
    /// How many histories were played.
    pub histories: usize,
    /// In how many of them the process died: once or several times.
    pub deaths: usize,
    /// How many completed.
    pub completed: usize,
    /// How many were rolled back.
    pub rolled_back: usize,
    /// How many needed a person, and came to their end with an operator's retry.
    pub failed: usize,
}

impl Swept {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed, histories: 0, deaths: 0, completed: 0, rolled_back: 0, failed: 0 }
    }
    pub(super) fn count(&mut self, history: &History) {
        self.histories += 1;
        self.deaths += usize::from(history.lives > 1);
        match history.first.status {
            Status::Completed => self.completed += 1,
            Status::RolledBack => self.rolled_back += 1,
            _ => self.failed += 1,
        }
    }
}

impl fmt::Display for Swept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, histories, deaths, completed, rolled_back, failed } = self;
        write!(
            f,
            "{histories} histories (seed {seed}): {completed} completed, {rolled_back} rolled back, {failed} needed a \
             person; in {deaths} the process died"
        )
    }
}

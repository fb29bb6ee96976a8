//! Why a call failed, for a saga that wants to decide on it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What `let r = step(..).await;` gives in a saga when the step has failed for good: by then whatever it may have
/// left behind is undone. It is journaled, so it holds words and no types.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Where: the name of the step, sub-saga or event.
    pub at: String,
    /// What happened, for people.
    pub message: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failed: {}", self.at, self.message)
    }
}

impl std::error::Error for Failure {}

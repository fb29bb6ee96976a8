//! What the systems of a world are asked, and how they behave.

use std::fmt;
use std::time::Duration;

/// What a system does when it is called.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Act {
    /// What it was asked.
    Does,
    /// Says no, for certain.
    Refuses,
    /// Is not reachable: nothing was done.
    IsBusy,
    /// Is not reachable, and asks for this much time.
    IsBusyFor(Duration),
    /// Does it, and the answer is lost.
    LosesAnswer,
    /// Does not do it, and nobody can know that.
    LosesRequest,
    /// Never answers, and does nothing.
    Hangs,
    /// Does it, and never answers.
    DoesAndHangs,
    /// Takes its time.
    DoesSlowly(Duration),
    /// Never answers, and does it that much later, whatever became of who asked: also after an undo.
    DoesLate(Duration),
}

/// What is asked of a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// To do something.
    Do,
    /// To undo it.
    Undo,
    /// Whether it is there.
    Find,
}

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldCall {
    /// What is asked.
    pub way: Way,
    /// Of which system.
    pub system: String,
    /// The business name of the effect; empty when it is undone or looked for by its key.
    pub name: String,
    /// The request's own idempotency key.
    pub key: String,
    /// The key under which the effect was done, or is to be.
    pub forward_key: String,
}

impl WorldCall {
    /// A request.
    pub fn new(
        way: Way,
        system: impl Into<String>,
        name: impl Into<String>,
        key: impl Into<String>,
        forward_key: impl Into<String>,
    ) -> Self {
        Self {
            way,
            system: system.into(),
            name: name.into(),
            key: key.into(),
            forward_key: forward_key.into(),
        }
    }
}

impl fmt::Display for WorldCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { system, name, key, forward_key, .. } = self;
        match self.way {
            Way::Do => write!(f, "do {system} {name} under {key}"),
            Way::Undo => write!(f, "undo {system} of {forward_key} under {key}"),
            Way::Find => write!(f, "find {system} of {forward_key}"),
        }
    }
}

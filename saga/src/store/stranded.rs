//! What waits for a worker that knows it, and for how long that has been seen.

use std::time::Duration;

use crate::clock::Timestamp;
use crate::id::DefinitionId;

/// Workflows of one definition that nobody will run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stranded {
    /// What they were started with.
    pub definition: DefinitionId,
    /// How many they are.
    pub workflows: u64,
    /// Since when the first of them has been due.
    pub since: Timestamp,
    /// For how long workers have looked and found nobody who knows it, all together. What passes while nobody looks does
    /// not count: a group of processes that was down for an hour has watched nothing.
    pub watched: Duration,
}

/// For how long a definition has been watched, by somebody who looks now. `before` says for how long by the last look,
/// and when that was.
pub fn watched(before: Option<(Duration, Timestamp)>, now: Timestamp, gap: Duration) -> Duration {
    let Some((watched, looked)) = before else { return Duration::ZERO };
    let passed = now.since(looked);
    if passed <= gap { watched.saturating_add(passed) } else { watched }
}

//! Who works on a memory store, and until when it is believed to live.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::id::{DefinitionId, WorkerId};

/// All incarnations there ever were.
#[derive(Clone, Debug, Default)]
pub(super) struct Workers(BTreeMap<WorkerId, Option<Living>>);

/// A worker that nobody has declared dead.
#[derive(Clone, Debug)]
struct Living {
    knows: Vec<DefinitionId>,
    lease: Duration,
    /// By the store's own clock.
    until: Duration,
}

impl Workers {
    pub(super) fn join(&mut self, knows: Vec<DefinitionId>, lease: Duration, now: Duration) -> WorkerId {
        let worker = WorkerId(self.0.last_key_value().map_or(1, |(last, _)| last.0 + 1));
        self.0.insert(worker, Some(Living { knows, lease, until: now + lease }));
        worker
    }
    pub(super) fn is_alive(&self, worker: WorkerId) -> bool {
        self.0.get(&worker).is_some_and(Option::is_some)
    }
    pub(super) fn renew(&mut self, worker: WorkerId, now: Duration) {
        if let Some(Some(living)) = self.0.get_mut(&worker) {
            living.until = now + living.lease;
        }
    }
    pub(super) fn die(&mut self, worker: WorkerId) {
        self.0.entry(worker).and_modify(|living| *living = None);
    }
    pub(super) fn all_die(&mut self) {
        self.0.values_mut().for_each(|living| *living = None);
    }
    /// Declares dead whose lease is over, but for the one that looks: it is just showing that it lives.
    pub(super) fn bury_the_silent(&mut self, looks: WorkerId, now: Duration) -> Vec<WorkerId> {
        let mut dead = vec![];
        for (worker, living) in self.0.iter_mut().filter(|(worker, _)| **worker != looks) {
            let early =
                if mutant!(takeover_before_the_lease_ends) { Duration::from_secs(1) } else { Duration::ZERO };
            if living.take_if(|living| living.until < now + early).is_some() {
                dead.push(*worker);
            }
        }
        dead
    }
    /// What living workers know.
    pub(super) fn known(&self) -> impl Iterator<Item = &DefinitionId> {
        self.0.values().flatten().flat_map(|living| &living.knows)
    }
}

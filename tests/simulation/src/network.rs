//! How well processes reach the store at the moment.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::stage::Stage;

/// The links between processes and the store.
#[derive(Default)]
pub(crate) struct Network {
    links: BTreeMap<usize, Link>,
    /// How often a call gets lost by itself.
    pub(crate) loss: f64,
    /// One commit in so many cannot be stored.
    pub(crate) unstorable: Option<u64>,
}

/// What is wrong with a link.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Link {
    pub(crate) loses_requests: bool,
    pub(crate) loses_answers: bool,
    pub(crate) is_slow: bool,
}

/// What becomes of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passage {
    /// When it reaches the store; never, if it gets lost.
    pub(crate) there: Option<Duration>,
    /// How long the answer takes; it never comes, if it gets lost.
    pub(crate) back: Option<Duration>,
}

impl Stage {
    pub(crate) fn link(&self, process: usize, change: impl FnOnce(&mut Link)) {
        change(self.network.lock().unwrap().links.entry(process).or_default());
    }
    pub(crate) fn mend_all_links(&self) {
        let mut network = self.network.lock().unwrap();
        network.links.clear();
        network.loss = 0.0;
    }
    pub(crate) fn passage(&self, process: usize) -> Passage {
        let network = self.network.lock().unwrap();
        let link = network.links.get(&process).copied().unwrap_or_default();
        let loss = network.loss;
        drop(network);
        let mut passage = Passage { there: Some(self.between(1, 4)), back: Some(self.between(1, 4)) };
        if link.is_slow {
            // It may land after its sender has given up and sent it again, but before a lease can pass.
            passage = Passage { there: Some(self.between(1, 700)), back: Some(self.between(1, 200)) };
        }
        if link.loses_requests || self.chance(loss) {
            passage.there = None;
        }
        if link.loses_answers || self.chance(loss) {
            passage.back = None;
        }
        passage
    }
}

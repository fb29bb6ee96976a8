//! What other systems hold: one effect per idempotency key, some of which land late.

use std::collections::BTreeMap;

use super::super::journal::Place;
use crate::clock::Timestamp;

/// What is known at another system under one idempotency key of a step.
#[derive(Clone, Debug)]
pub(super) struct Effect {
    pub(super) place: Place,
    /// Is it there?
    pub(super) present: bool,
    /// Was it ever? Then the system knows the key, and a duplicate does nothing.
    known: bool,
    /// Has anybody begun to undo it?
    pub(super) undone: bool,
    /// A request that will land then.
    pub(super) late: Option<Timestamp>,
    /// Attempts since a person last said that it may be tried again.
    pub(super) attempts: u32,
    /// Did one of these end so that nobody knows what it did?
    pub(super) unknown: bool,
}

#[derive(Clone, Debug, Default)]
pub(super) struct World {
    pub(super) effects: BTreeMap<String, Effect>,
}

impl World {
    pub(super) fn of(&mut self, key: &str, place: Place) -> &mut Effect {
        self.effects.entry(key.to_owned()).or_insert(Effect {
            place,
            present: false,
            known: false,
            undone: false,
            late: None,
            attempts: 0,
            unknown: false,
        })
    }
    /// Late requests land.
    pub(super) fn pass(&mut self, now: Timestamp) {
        for effect in self.effects.values_mut() {
            if effect.late.is_some_and(|at| at <= now) {
                effect.late = None;
                // Not every system knows keys: there it happens even after its own undo.
                effect.present = true;
                effect.known = true;
            }
        }
    }
    pub(super) fn next_landing(&self) -> Option<Timestamp> {
        self.effects.values().filter_map(|e| e.late).min()
    }
    pub(super) fn at(&self, place: Place) -> impl Iterator<Item = &Effect> {
        self.effects.values().filter(move |e| e.place == place)
    }
    pub(super) fn is_present(&self, place: Place) -> bool {
        self.at(place).any(|e| e.present)
    }
    /// A person clears it away.
    pub(super) fn clear(&mut self, place: Place) {
        for effect in self.effects.values_mut().filter(|e| e.place == place) {
            effect.present = false;
        }
    }
}

impl Effect {
    pub(super) fn happen(&mut self) {
        self.present |= !self.known;
        self.known = true;
    }
}

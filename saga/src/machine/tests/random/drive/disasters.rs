//! What goes wrong, and who takes over.

use std::time::Duration;

use super::super::plan::{EVENTS, KEYS};
use super::super::rest;
use super::Drive;
use crate::machine::Event;
use crate::step::Class;

impl Drive {
    pub(super) fn die(&mut self) {
        self.disasters += 1;
        self.cut_off();
        let got_through = self.sim.in_flight.is_some() && self.tape.once_in(2);
        if got_through {
            let lent = self.sim.lent.clone();
            self.transact(lent.as_ref());
        }
        if !got_through && !self.sim.journal.exists {
            // It never was.
            self.sim.machine = None;
            return;
        }
        self.sim.die(got_through);
        self.draining = false;
    }

    /// The transaction of the commit in flight is rolled back after all: the engine reads the journal again.
    pub(super) fn roll_back_late(&mut self) {
        self.disasters += 1;
        self.cut_off();
        self.sim.reload();
        self.draining = false;
    }

    pub(super) fn abandon(&mut self) {
        self.disasters += 1;
        self.cut_off();
        self.sim.calls.clear();
        if self.sim.in_flight.is_some() && self.sim.lent.is_some() {
            // Its transaction is dropped with it.
            self.sim.in_flight = None;
            self.sim.feed(Event::Abandon);
            assert!(self.sim.machine.is_none(), "it goes on without knowing");
            self.sim.journal.orphan();
            self.draining = false;
            return;
        }
        self.sim.feed(Event::Abandon);
    }

    pub(super) fn cancel(&mut self) {
        if !self.sim.journal.exists {
            return;
        }
        self.disasters += 1;
        if self.sim.journal.send_cancel() {
            self.told = false;
            let passed = self.sim.definition.plan().steps().any(|(_, _, s)| s.class == Class::Pivot);
            self.cancelled |= !passed;
        }
    }

    pub(super) fn fail_by_hand(&mut self) {
        if self.sim.status().is_ended() {
            return;
        }
        self.disasters += 1;
        self.sim.journal.fail_by_hand();
    }

    /// It waits for a worker, for a time, or for an event.
    pub(super) fn nobody_has_it(&mut self) {
        self.looking.clear();
        rest::not_stuck(&self.sim);
        match self.tape.byte() {
            220..=239 => return self.something_is_published(),
            240..=246 if self.disasters < 6 => return self.cancel(),
            247..=249 if self.disasters < 6 => return self.fail_by_hand(),
            _ => {}
        }
        if self.sim.journal.header.state.wake_at.is_some() {
            return self.take_over();
        }
        let waits = self.sim.journal.waits.clone();
        let wait = &waits[self.tape.below(waits.len())];
        self.publish(&wait.name, &wait.key);
    }

    pub(super) fn something_is_published(&mut self) {
        let (event, key) = (EVENTS[self.tape.below(2)], KEYS[self.tape.below(3)]);
        self.publish(event, key);
        if self.tape.once_in(4) {
            // Another one, in the same microsecond.
            self.sim.journal.publish(event, key, "it came", self.sim.now);
        }
    }

    pub(super) fn publish(&mut self, event: &str, key: &str) {
        self.time_passes(Duration::from_millis(1));
        self.told = false;
        self.sim.journal.publish(event, key, "it came", self.sim.now);
    }

    pub(super) fn take_over(&mut self) {
        self.draining = false;
        self.told = false;
        let at = self.sim.journal.header.state.wake_at.unwrap_or(self.sim.now);
        let at = at.max(self.sim.now).plus(Duration::from_millis(200 * self.tape.below(12) as u64));
        self.world.pass(at);
        self.sim.now = at;
        self.sim.resume();
    }
}

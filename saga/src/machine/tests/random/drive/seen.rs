//! What the machine has done, seen and checked.

use super::super::super::journal::place;
use super::super::checks::{self, at};
use super::super::rest;
use super::Drive;
use crate::json::Json;
use crate::machine::{Call, CallKind, Event, Pulse};
use crate::store::StepStatus;

impl Drive {
    pub(super) fn look(&mut self) {
        while self.seen_calls < self.sim.all_calls.len() {
            let call = self.sim.all_calls[self.seen_calls].clone();
            self.seen_calls += 1;
            let effect = self.world.of(&call.forward_key, at(&call));
            if call.kind == CallKind::Run && call.attempt > 0 {
                effect.attempts += u32::from(!effect.undone);
            }
            if self.sim.machine.is_some() {
                checks::call(&self.sim, &self.world, &mut self.history, &call);
            }
            if call.kind == CallKind::Undo {
                self.world.of(&call.forward_key, at(&call)).undone = true;
            }
            let plain_run = call.kind == CallKind::Run && !self.spec(&call).transactional;
            if plain_run && self.tape.once_in(6) {
                let before = Json::encode(&format!("before {}", self.seen_calls)).unwrap();
                self.recording.push((call.clone(), before.clone()));
                self.sim.feed(Event::Record { step: call.step, before });
            }
            if plain_run && self.tape.once_in(6) {
                self.beat(&call, Counts::Yes);
            }
        }
        while self.seen_lines < self.sim.trace.len() {
            let line = self.sim.trace[self.seen_lines].clone();
            self.seen_lines += 1;
            self.see_beat(&line);
            if let Some(name) = line.strip_prefix("durable ") {
                let (name, item) = name.trim_end_matches(']').split_once('[').unwrap_or((name, ""));
                let place = place(self.sim.journal.header.state.run, self.sim.step(name), item);
                let durable = self.sim.journal.row_at(place).and_then(|row| row.record.clone());
                assert!(durable.is_some(), "told of a record that is not durable");
                self.recording.retain(|(call, _)| at(call) != place);
                self.history.steps.entry(place).or_default().record = durable;
            }
        }
        self.see_looks();
        rest::waits(&self.sim, &mut self.history);
        let alive = &self.sim.calls;
        self.recording.retain(|(call, _)| alive.contains(call));
    }

    /// An attempt says how far it has come.
    pub(super) fn beat(&mut self, call: &Call, counts: Counts) {
        self.beats += 1;
        if counts == Counts::Yes {
            self.history.steps.entry(at(call)).or_default().beats.push(self.beats);
            self.beating.push((call.clone(), self.beats));
        }
        let pulse = Pulse { step: call.step, call: call.number, beat: self.beats };
        self.sim.feed(Event::Heartbeat { pulse, data: Json::encode(&self.beats).unwrap() });
    }

    fn see_beat(&mut self, line: &str) {
        let Some(beat) = line.strip_prefix("beat ") else { return };
        let beat: u64 = beat.parse().unwrap();
        let call = self.beating.iter().find(|(_, number)| *number == beat).map(|(call, _)| at(call));
        let place = call.expect("an attempt that is over is told that its heartbeat is durable");
        let row = self.sim.journal.row_at(place).expect("told of a heartbeat that is not durable");
        let kept = row.heartbeat.as_ref().map(|json| json.decode::<u64>().unwrap());
        let done = row.status == StepStatus::Completed;
        assert!(done || kept >= Some(beat), "told of a heartbeat that is not durable: {row:?}");
        self.history.steps.entry(place).or_default().beat = Some(beat);
    }

    /// The store is asked for events. It answers later, with what there is now or with what there is then.
    pub(super) fn see_looks(&mut self) {
        for (node, wanted) in std::mem::take(&mut self.sim.looking) {
            let registered =
                self.sim.journal.waits.iter().any(|w| (&w.name, &w.key) == (&wanted.name, &wanted.key));
            assert!(registered, "it looks for {wanted:?} before it is registered");
            let found = self.tape.once_in(2).then(|| self.sim.journal.find(&wanted));
            self.looking.push((node, wanted, found));
        }
        if self.sim.machine.is_none() {
            self.looking.clear();
        }
    }

    pub(super) fn answer_a_look(&mut self) {
        let (node, wanted, found) = self.looking.remove(self.tape.below(self.looking.len()));
        let found = found.unwrap_or_else(|| self.sim.journal.find(&wanted));
        self.sim.feed(Event::Looked { node, found });
    }
}

/// Is it the attempt that counts?
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Counts {
    Yes,
    No,
}

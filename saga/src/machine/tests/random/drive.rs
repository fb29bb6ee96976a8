//! Everything that may happen, in an order that a tape of random bytes decides. When the tape is at its end
//! all goes well.

use std::time::Duration;

use super::super::journal::place;
use super::super::sim::{Reply, Sim};
use super::checks::{self, History, at};
use super::plan::{EVENTS, KEYS};
use super::rest;
use super::world::World;
use crate::definition::{Definition, Node, NodeId, StepNode};
use crate::error::StepError;
use crate::json::Json;
use crate::machine::{Call, CallKind, DebtAction, Event, Machine};
use crate::step::Class;
use crate::store::{Debt, PublishedEvent, Status, StepStatus, TouchedEffect, Wanted};

thread_local! {
    /// What had happened when a check failed, for the report.
    pub(super) static STORY: std::cell::RefCell<String> = const { std::cell::RefCell::new(String::new()) };
}

impl Drop for Drive {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let plan = self.sim.definition.plan().describe();
            let story = format!("{plan}\n{:#?}\n{:#?}", self.sim.trace, self.world);
            STORY.with(|last| *last.borrow_mut() = story);
        }
    }
}

/// Bytes that decide what happens.
struct Tape(std::vec::IntoIter<u8>);

impl Tape {
    fn byte(&mut self) -> u8 {
        self.0.next().unwrap_or(0)
    }
    /// A number below `n`; at the tape's end 0.
    fn below(&mut self, n: usize) -> usize {
        if n < 2 { 0 } else { usize::from(self.byte()) % n }
    }
    /// One time in `n`; at the tape's end never.
    fn once_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }
}

pub(super) struct Drive {
    sim: Sim,
    world: World,
    history: History,
    tape: Tape,
    seen_calls: usize,
    seen_lines: usize,
    /// Questions to the store that are not answered, and what it has found already.
    looking: Vec<(NodeId, Wanted, Option<Option<PublishedEvent>>)>,
    /// Calls that wait for their record to be durable, and what they want recorded.
    recording: Vec<(Call, Json)>,
    /// Was a cancellation accepted, in this run, before any pivot was known to be passed?
    cancelled: bool,
    draining: bool,
    /// A commit could not be stored; once is enough.
    unstorable: bool,
    told: bool,
    operations: u32,
    disasters: u32,
}

impl Drive {
    pub(super) fn new(definition: Definition<()>, luck: Vec<u8>) -> Self {
        let mut sim = Sim::of(definition);
        sim.reads_at_once = false;
        sim.looks_at_once = false;
        Self {
            sim,
            world: World::default(),
            history: History::default(),
            tape: Tape(luck.into_iter()),
            seen_calls: 0,
            seen_lines: 0,
            looking: vec![],
            recording: vec![],
            cancelled: false,
            draining: false,
            unstorable: false,
            told: false,
            operations: 0,
            disasters: 0,
        }
    }

    /// Until it rests for good.
    pub(super) fn go(mut self) {
        self.sim.begin();
        self.look();
        for _ in 0..5_000 {
            if self.sim.machine.is_some() {
                self.something();
            } else if !self.sim.journal.exists {
                return;
            } else if !self.sim.status().is_ended() {
                self.nobody_has_it();
            } else if self.sim.journal.header.worker.is_some() {
                // It was ended by hand while its worker died.
                self.sim.journal.orphan();
            } else if !self.rest() {
                return;
            }
            self.look();
        }
        panic!("it never rests: {:#?}", self.sim.trace);
    }

    fn spec(&self, call: &Call) -> StepNode {
        self.sim.definition.plan().node(call.node).and_then(Node::step).unwrap().as_ref().clone()
    }

    // ---- what the machine has done ------------------------------------------------------------------------

    fn look(&mut self) {
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
        }
        while self.seen_lines < self.sim.trace.len() {
            let line = self.sim.trace[self.seen_lines].clone();
            self.seen_lines += 1;
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

    /// The store is asked for events. It answers later, with what there is now or with what there is then.
    fn see_looks(&mut self) {
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

    fn answer_a_look(&mut self) {
        let (node, wanted, found) = self.looking.remove(self.tape.below(self.looking.len()));
        let found = found.unwrap_or_else(|| self.sim.journal.find(&wanted));
        self.sim.feed(Event::Looked { node, found });
    }

    // ---- what happens next --------------------------------------------------------------------------------

    fn something(&mut self) {
        let luck = self.tape.byte();
        if luck >= 250 {
            return self.something_is_published();
        }
        if self.disasters < 6 {
            match luck {
                200..=213 => return self.die(),
                214..=220 if !self.draining => {
                    self.draining = true;
                    return self.sim.feed(Event::Drain);
                }
                221..=226 => return self.cancel(),
                227..=229 if self.sim.journal.exists => return self.fail_by_hand(),
                230..=235 if !self.sim.calls.is_empty() => {
                    let step = self.sim.calls[0].step;
                    return self.sim.feed(Event::Slow { step });
                }
                236..=239 if self.sim.in_flight.is_some() && !self.unstorable => {
                    self.unstorable = true;
                    self.sim.unstorable = true;
                    return self.acknowledge();
                }
                240..=243 if self.sim.in_flight.is_some() && self.sim.lent.is_some() => {
                    return self.roll_back_late();
                }
                244..=247 if self.draining => return self.abandon(),
                _ => {}
            }
        }
        self.ordinary();
    }

    fn ordinary(&mut self) {
        let mut choices: Vec<fn(&mut Self)> = vec![];
        if self.sim.wants_header {
            choices.push(|d| {
                for event in d.sim.read_header() {
                    d.sim.feed(event);
                }
            });
        }
        if self.sim.in_flight.is_some() {
            choices.push(Self::acknowledge);
        }
        if self.endable().next().is_some() {
            choices.push(Self::end_a_call);
        }
        if !self.looking.is_empty() {
            choices.push(Self::answer_a_look);
        }
        if self.sim.journal.exists && !self.sim.journal.inbox.is_empty() && !self.told {
            choices.push(|d| {
                d.told = true;
                d.sim.deliver();
            });
        }
        let knows = self.sim.machine().header().status.is_ended();
        let by_hand = self.sim.journal.by_hand.is_some() && self.sim.in_flight.is_none() && !knows;
        if by_hand {
            choices.push(|d| {
                let header = Box::new(d.sim.journal.header.clone());
                d.sim.feed(Event::Header(header));
            });
        }
        if choices.is_empty() || self.tape.once_in(8) {
            let wake_at = self.sim.machine.as_ref().and_then(Machine::wake_at);
            match wake_at {
                Some(at) if choices.is_empty() || self.tape.once_in(2) => {
                    self.time_passes(at.since(self.sim.now));
                    return;
                }
                Some(_) => {
                    let millis = 100 * self.tape.below(20) as u64;
                    return self.time_passes(Duration::from_millis(millis));
                }
                None if choices.is_empty() => {
                    // Cut-off records end as time-outs.
                    if let Some((call, _)) = self.recording.first().cloned() {
                        return self.time_out(&call);
                    }
                    panic!("it hangs: {:#?} {:#?}", self.sim.trace, self.sim.machine);
                }
                None => {}
            }
        }
        let choice = choices[self.tape.below(choices.len())];
        choice(self);
    }

    fn time_passes(&mut self, time: Duration) {
        self.world.pass(self.sim.now.plus(time));
        self.sim.pass(time);
    }

    fn acknowledge(&mut self) {
        self.told = false;
        let lent = self.sim.lent.clone();
        let commit = self.sim.in_flight.clone();
        let stored = !self.sim.unstorable;
        if stored {
            self.transact(lent.as_ref());
        }
        let created = commit.is_some_and(|c| c.create.is_some());
        self.sim.acknowledge();
        assert!(stored || !created || self.sim.machine.is_none());
    }

    /// What a transaction did becomes real with its commit.
    fn transact(&mut self, lent: Option<&Call>) {
        if let Some(call) = lent {
            let effect = self.world.of(&call.forward_key, at(call));
            match call.kind {
                CallKind::Undo => effect.present = false,
                _ => effect.happen(),
            }
        }
    }

    fn endable(&self) -> impl Iterator<Item = &Call> {
        self.sim.calls.iter().filter(|call| !self.recording.iter().any(|(waiting, _)| waiting == *call))
    }

    fn end_a_call(&mut self) {
        let calls: Vec<_> = self.endable().cloned().collect();
        let call = calls[self.tape.below(calls.len())].clone();
        let spec = self.spec(&call);
        let luck = self.tape.byte();
        let reply = if spec.transactional {
            match luck {
                0..=159 => ok(&call),
                160..=199 => Reply::of("busy"),
                200..=229 => Reply::of("refused"),
                _ => Reply::of("lost"),
            }
        } else {
            match call.kind {
                CallKind::Run => self.end_run(&call, &spec, luck),
                CallKind::Undo => self.end_undo(&call, luck),
                CallKind::LookUp => self.end_look_up(&call, luck),
            }
        };
        self.sim.end(&call, reply);
    }

    fn end_run(&mut self, call: &Call, spec: &StepNode, luck: u8) -> Reply {
        match luck {
            0..=149 => {
                self.happens(call, spec);
                ok(call)
            }
            150..=164 => Reply::of("busy"),
            165..=184 => Reply::of("refused"),
            185..=219 => {
                self.unknown(call, spec);
                Reply::of("lost")
            }
            220..=229 => {
                self.unknown(call, spec);
                Reply::Err(StepError::permanent("odd").maybe_done())
            }
            230..=239 => Reply::of("wait"),
            240..=246 if self.nothing_of_ours(call) && spec.class != Class::Pivot => Reply::Adopted,
            247..=249 => Reply::of("config"),
            _ => Reply::of("refused"),
        }
    }

    fn nothing_of_ours(&self, call: &Call) -> bool {
        self.world.effects.get(&*call.forward_key).is_none_or(|e| !e.present && e.late.is_none() && !e.undone)
    }

    fn end_undo(&mut self, call: &Call, luck: u8) -> Reply {
        let effect = self.world.of(&call.forward_key, at(call));
        match luck {
            0..=159 => {
                effect.present = false;
                Reply::of("ok")
            }
            160..=189 => Reply::of("busy"),
            190..=209 => {
                effect.present = false;
                Reply::of("lost")
            }
            210..=229 => Reply::of("lost"),
            230..=239 => Reply::of("wait"),
            _ => Reply::of("refused"),
        }
    }

    fn end_look_up(&mut self, call: &Call, luck: u8) -> Reply {
        let present = self.world.of(&call.forward_key, at(call)).present;
        match luck {
            0..=199 if present => ok(call),
            0..=199 => Reply::Absent,
            200..=239 => Reply::of("lost"),
            _ => Reply::of("refused"),
        }
    }

    fn happens(&mut self, call: &Call, spec: &StepNode) {
        if spec.class != Class::NoEffect {
            self.world.of(&call.forward_key, at(call)).happen();
        }
    }

    /// Nobody hears of its end: it has happened, has not, or will.
    fn unknown(&mut self, call: &Call, spec: &StepNode) {
        if spec.class == Class::NoEffect || spec.transactional {
            return;
        }
        let choice = self.tape.below(3);
        let late = self.sim.now.plus(Duration::from_millis(1 + 200 * self.tape.below(24) as u64));
        let effect = self.world.of(&call.forward_key, at(call));
        effect.unknown = true;
        match choice {
            0 => effect.happen(),
            1 if !spec.late_safe => effect.late = effect.late.max(Some(late)),
            _ => {}
        }
    }

    /// Calls that are under way are cut off.
    fn cut_off(&mut self) {
        for call in self.sim.calls.clone() {
            let spec = self.spec(&call);
            match call.kind {
                CallKind::Run => self.unknown(&call, &spec),
                CallKind::Undo if !spec.transactional && self.tape.once_in(2) => {
                    self.world.of(&call.forward_key, at(&call)).present = false;
                }
                _ => {}
            }
        }
        self.recording.clear();
    }

    fn time_out(&mut self, call: &Call) {
        let spec = self.spec(call);
        self.recording.retain(|(waiting, _)| waiting != call);
        self.unknown(call, &spec);
        self.sim.end(call, Reply::of("lost"));
    }

    // ---- disasters ----------------------------------------------------------------------------------------

    fn die(&mut self) {
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
    fn roll_back_late(&mut self) {
        self.disasters += 1;
        self.cut_off();
        self.sim.reload();
        self.draining = false;
    }

    fn abandon(&mut self) {
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

    fn cancel(&mut self) {
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

    fn fail_by_hand(&mut self) {
        if self.sim.status().is_ended() {
            return;
        }
        self.disasters += 1;
        self.sim.journal.fail_by_hand();
    }

    /// It waits for a worker, for a time, or for an event.
    fn nobody_has_it(&mut self) {
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

    fn something_is_published(&mut self) {
        let (event, key) = (EVENTS[self.tape.below(2)], KEYS[self.tape.below(3)]);
        self.publish(event, key);
        if self.tape.once_in(4) {
            // Another one, in the same microsecond.
            self.sim.journal.publish(event, key, "it came", self.sim.now);
        }
    }

    fn publish(&mut self, event: &str, key: &str) {
        self.time_passes(Duration::from_millis(1));
        self.told = false;
        self.sim.journal.publish(event, key, "it came", self.sim.now);
    }

    fn take_over(&mut self) {
        self.draining = false;
        self.told = false;
        let at = self.sim.journal.header.state.wake_at.unwrap_or(self.sim.now);
        let at = at.max(self.sim.now).plus(Duration::from_millis(200 * self.tape.below(12) as u64));
        self.world.pass(at);
        self.sim.now = at;
        self.sim.resume();
    }

    // ---- rest, and operators ------------------------------------------------------------------------------

    /// `false`: that was all.
    fn rest(&mut self) -> bool {
        while let Some(at) = self.world.next_landing() {
            self.sim.now = self.sim.now.max(at);
            self.world.pass(at);
        }
        rest::over(&self.sim, &self.world, self.cancelled);
        if self.operations >= 4 {
            return false;
        }
        self.operations += 1;
        self.draining = false;
        self.cancelled = false;
        let owed = self.sim.journal.rows.values().find(|r| r.debt == Some(Debt::Open)).cloned();
        let unknown = owed.as_ref().is_some_and(|row| row.effect == TouchedEffect::Unknown);
        let choice = self.tape.byte();
        match (choice, owed) {
            (0..=99, _) => false,
            (100..=199, _) => {
                let completed = self.sim.status() == Status::Completed;
                let retried = self.sim.retry().is_ok();
                // What nobody but a person can know is retried by that person's word about it.
                assert!(retried != completed || (!retried && unknown));
                if retried {
                    self.try_again();
                }
                retried
            }
            (200..=224, _) => self.sim.cancel_stopped().is_ok(),
            (_, Some(row)) => {
                let action = [DebtAction::Retry, DebtAction::Settle, DebtAction::Forgive][self.tape.below(3)];
                let done = self.sim.debt(&row.place(), action).is_ok();
                if done && action == DebtAction::Settle {
                    self.world.clear(place(row.run, row.step_order, &row.item));
                }
                done
            }
            _ => false,
        }
    }

    /// A person takes the responsibility for another attempt.
    fn try_again(&mut self) {
        let run = self.sim.journal.header.state.run;
        for effect in self.world.effects.values_mut().filter(|e| e.place.0 == run) {
            let row = self.sim.journal.row_at(effect.place);
            if row.is_none_or(|r| r.status == StepStatus::Pending) {
                effect.unknown = false;
                effect.attempts = 0;
            }
        }
    }
}

fn ok(call: &Call) -> Reply {
    Reply::Ok(Json::encode(&format!("made under {}", call.forward_key)).unwrap())
}

//! Everything that may happen, in an order that a tape of random bytes decides. When the tape is at its end
//! all goes well.

mod disasters;
mod ends;
mod people;
mod seen;
mod tape;

use std::time::Duration;

use super::super::sim::Sim;
use super::checks::History;
use super::world::World;
use crate::definition::{Definition, Node, NodeId, StepNode};
use crate::json::Json;
use crate::machine::{Call, Event, Machine};
use crate::store::{PublishedEvent, Wanted};
use tape::Tape;

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
    /// Heartbeats that are not answered, by their numbers, which are also what they say.
    beating: Vec<(Call, u64)>,
    beats: u64,
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
            beating: vec![],
            beats: 0,
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
        if !stored {
            // How far whoever has come went with it: the next attempt begins at the beginning.
            self.history.steps.values_mut().for_each(|seen| seen.beat = None);
        }
        assert!(stored || !created || self.sim.machine.is_none());
    }
}

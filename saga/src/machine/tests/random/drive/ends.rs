//! How calls end, and what they leave in the world.

use std::time::Duration;

use super::super::super::sim::Reply;
use super::super::checks::at;
use super::Drive;
use super::seen::Counts;
use crate::definition::StepNode;
use crate::error::StepError;
use crate::json::Json;
use crate::machine::{Call, CallKind};
use crate::step::Class;

impl Drive {
    /// What a transaction did becomes real with its commit.
    pub(super) fn transact(&mut self, lent: Option<&Call>) {
        if let Some(call) = lent {
            let effect = self.world.of(&call.forward_key, at(call));
            match call.kind {
                CallKind::Undo => effect.present = false,
                _ => effect.happen(),
            }
        }
    }

    pub(super) fn endable(&self) -> impl Iterator<Item = &Call> {
        self.sim.calls.iter().filter(|call| !self.recording.iter().any(|(waiting, _)| waiting == *call))
    }

    pub(super) fn end_a_call(&mut self) {
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
        let runs = call.kind == CallKind::Run && !spec.transactional;
        self.sim.end(&call, reply);
        if runs && self.sim.machine.is_some() && self.tape.once_in(8) {
            self.beat(&call, Counts::No);
        }
    }

    pub(super) fn end_run(&mut self, call: &Call, spec: &StepNode, luck: u8) -> Reply {
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

    pub(super) fn nothing_of_ours(&self, call: &Call) -> bool {
        self.world.effects.get(&*call.forward_key).is_none_or(|e| !e.present && e.late.is_none() && !e.undone)
    }

    pub(super) fn end_undo(&mut self, call: &Call, luck: u8) -> Reply {
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

    pub(super) fn end_look_up(&mut self, call: &Call, luck: u8) -> Reply {
        let present = self.world.of(&call.forward_key, at(call)).present;
        match luck {
            0..=199 if present => ok(call),
            0..=199 => Reply::Absent,
            200..=239 => Reply::of("lost"),
            _ => Reply::of("refused"),
        }
    }

    pub(super) fn happens(&mut self, call: &Call, spec: &StepNode) {
        if spec.class != Class::NoEffect {
            self.world.of(&call.forward_key, at(call)).happen();
        }
    }

    /// Nobody hears of its end: it has happened, has not, or will.
    pub(super) fn unknown(&mut self, call: &Call, spec: &StepNode) {
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
    pub(super) fn cut_off(&mut self) {
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

    pub(super) fn time_out(&mut self, call: &Call) {
        let spec = self.spec(call);
        self.recording.retain(|(waiting, _)| waiting != call);
        self.unknown(call, &spec);
        self.sim.end(call, Reply::of("lost"));
    }
}

fn ok(call: &Call) -> Reply {
    Reply::Ok(Json::encode(&format!("made under {}", call.forward_key)).unwrap())
}

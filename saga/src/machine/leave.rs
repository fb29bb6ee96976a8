//! Leaving a workflow to another worker, at the end of this one.

use super::command::{CallKind, Env};
use super::draft::Slot;
use super::state::{Machine, Mode};
use super::step::{Act, Phase, Undo};
use crate::clock::Timestamp;
use crate::definition::{NodeId, Op};
use crate::step::Class;
use crate::store::{StepStatus, TouchedEffect};

impl Machine {
    /// A clean end of this worker's part: others go on.
    pub(super) fn hand_over(&mut self, env: Env) {
        let wake_at = self.resumes_at(env);
        self.retract_held();
        for step in self.phases.pausing() {
            self.touch(step);
        }
        self.decide(Mode::Over, self.header.status);
        self.header.wake_at = Some(wake_at);
        self.release = true;
    }

    /// When there is something to do for the next owner.
    fn resumes_at(&self, env: Env) -> Timestamp {
        let pauses = self.phases.active().filter_map(|(_, phase)| match phase {
            Phase::Pausing { until } => Some(*until),
            Phase::Undoing(undo) => undo.act.waits_until(),
            _ => None,
        });
        let at_once = self.mode == Mode::Forward
            && self.plan.nodes().iter().enumerate().any(|(i, node)| match &node.op {
                Op::Step(step) => self.is_ready(i, node) && self.phases.is_idle(step.step_order),
                Op::Sleep | Op::Wait(_) => {
                    let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
                    self.is_ready(i, node) && !self.waits.contains_key(&id)
                }
                _ => self.is_ready(i, node),
            });
        let waits = self.next_wait();
        let at_once = at_once || self.is_undoing_a_scope();
        match pauses.chain(waits).min() {
            Some(pause) if !at_once => self.deadline_at.map_or(pause, |deadline| pause.min(deadline)),
            _ => env.now,
        }
    }

    /// The time to drain is over.
    pub(super) fn abandon(&mut self, env: Env) {
        self.draining = true;
        self.retract_held();
        match &self.slot {
            Slot::Transaction { .. } => self.transaction_done(false),
            // Nobody will learn how it ended: the journal tells the next owner.
            Slot::Committing(in_flight) if in_flight.lent => return self.stop(),
            _ => {}
        }
        let active: Vec<u32> = self.phases.active().map(|(step, _)| step).collect();
        for step in active {
            let spec = self.spec(step);
            let leaves_traces = !spec.transactional && spec.class != Class::NoEffect;
            match self.phases.of(step) {
                Phase::Running => {
                    self.phases.set(step, Phase::Idle);
                    if leaves_traces {
                        let state = self.state(step);
                        state.row.status = StepStatus::Running;
                        state.row.effect = TouchedEffect::Unknown;
                        state.row.failed_at = Some(env.now);
                        self.touch(step);
                    }
                }
                Phase::Undoing(Undo { act: Act::Calling(kind), .. }) => {
                    let looks_up = *kind == CallKind::LookUp;
                    self.phases.set(step, Phase::Idle);
                    if !looks_up && leaves_traces {
                        self.state(step).row.failed_at = Some(env.now);
                        self.touch(step);
                    }
                }
                _ => {}
            }
        }
    }
}

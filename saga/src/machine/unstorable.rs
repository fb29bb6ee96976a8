//! A commit that no store can hold.

use std::sync::Arc;

use super::command::{Command, Env};
use super::draft::InFlight;
use super::state::{Machine, Mode, Settled, Then};
use super::step::Phase;
use super::{context, words};
use crate::definition::NodeId;
use crate::error::StepError;
use crate::store::{StepStatus, TouchedEffect};

impl Machine {
    /// Nothing of this commit was written. What cannot be told is left out of the next one; a result that
    /// nobody can write down is one that nobody knows.
    pub(super) fn not_storable(&mut self, mut in_flight: InFlight, reason: &str, env: Env) {
        self.unstorable = true;
        self.take_back_decision();
        self.draft.signals.append(&mut in_flight.signals);
        let mut held = std::mem::take(&mut in_flight.held);
        for step in &in_flight.facts {
            // Whoever waits for such a record is never told that it is durable, and times out.
            let record = Command::RecordDurable { step: *step };
            if held.contains(&record) {
                held.retain(|command| *command != record);
                self.state(*step).row.record = None;
            }
            self.lose_heartbeats(*step, &mut held);
        }
        self.draft.held.extend(held);
        self.retract_held();
        if let Some(before) = in_flight.before.take() {
            self.restore_before(before);
        }
        let words = words::of(&format!("the result cannot be stored: {reason}"));
        if in_flight.wrote_header {
            self.dirty_header = true;
            self.output = None;
            self.header.error_message = self.header.error_message.take().map(|_| words.clone());
            self.header.compensation_error = self.header.compensation_error.take().map(|_| words.clone());
            let mut values = context::read(&self.header);
            values.retain(|name, _| !in_flight.carried.contains(name));
            context::write(&mut self.header, &values);
        }
        let ends = self.undo_again(&self.lost_undos(&in_flight));
        let gone = self.forget(&in_flight, &ends);
        self.disarm(&in_flight, &gone);
        self.reopen(&in_flight.carried, &gone);
        for step in in_flight.facts {
            self.tell_less(step, &in_flight.carried, &gone, &words, env);
        }
        if self.mode == Mode::Forward {
            self.fail(None, words, Then::Policy);
        }
    }

    /// The steps whose undo was rolled back with their rows.
    fn lost_undos(&self, in_flight: &InFlight) -> Vec<u32> {
        let is_lost = |step: &&u32| {
            let state = &self.steps[**step as usize];
            state.spec.transactional && state.row.status == StepStatus::Compensated
        };
        in_flight.facts.iter().filter(is_lost).copied().collect()
    }

    /// The values of this commit do not exist, nor does anything that was made of them, nor these. Answers with the
    /// nodes that are gone.
    fn forget(&mut self, in_flight: &InFlight, ends: &[NodeId]) -> Vec<bool> {
        let plan = Arc::clone(&self.plan);
        let mut gone = vec![false; plan.nodes().len()];
        for (i, node) in plan.nodes().iter().enumerate() {
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            let calls: Vec<u32> = self.all_steps().filter(|s| self.steps[*s as usize].node == id).collect();
            let lost_calls: Vec<u32> =
                calls.iter().copied().filter(|s| self.is_lost(*s, in_flight)).collect();
            let lost = !lost_calls.is_empty()
                || calls.is_empty() && in_flight.carried.contains(&node.name)
                || self.is_failure_lost(id, &in_flight.carried)
                || ends.contains(&id);
            // Every node stands after those it depends on.
            gone[i] = lost || node.after.iter().any(|before| gone[before.0 as usize]);
            if !gone[i] {
                continue;
            }
            self.values[i] = None;
            self.settled[i] = Settled::No;
            self.draft.carry.remove(&node.name);
            for call in lost_calls {
                self.state(call).value = None;
                if let Some(list) = self.steps[call as usize].list {
                    self.state(list).given_before = 0;
                }
            }
            for call in calls.into_iter().filter(|_| !lost) {
                let state = self.state(call);
                state.args = None;
                state.row.input = None;
                state.row.completed_at = None;
                state.row.status = StepStatus::Pending;
            }
        }
        gone
    }

    /// Is this commit the only place where the step's result stands?
    fn is_lost(&self, step: u32, in_flight: &InFlight) -> bool {
        self.steps[step as usize].row.status == StepStatus::Completed && in_flight.facts.contains(&step)
    }

    /// The row of this step without what may be the reason why it cannot be stored.
    fn tell_less(&mut self, step: u32, carried: &[Arc<str>], gone: &[bool], words: &str, env: Env) {
        let transactional = self.spec(step).transactional;
        let node = self.steps[step as usize].node.0 as usize;
        self.touch(step);
        let is_running = *self.phases.of(step) == Phase::Running;
        let state = self.state(step);
        state.carry.retain(|name, _| !carried.contains(name));
        state.row.carry = None;
        state.row.error_message = state.row.error_message.take().map(|_| words.to_owned());
        match state.row.status {
            StepStatus::Completed => {
                state.row.output = None;
                if state.row.effect == TouchedEffect::Done {
                    // What a transaction did was rolled back with its row.
                    let effect = if transactional { TouchedEffect::None } else { TouchedEffect::Unknown };
                    state.row.effect = effect;
                    state.row.failed_at = Some(env.now);
                }
            }
            StepStatus::Compensated if transactional => {
                // Its undo was rolled back too.
                state.row.status = StepStatus::Compensating;
                state.row.effect = TouchedEffect::Done;
                return;
            }
            StepStatus::Running | StepStatus::Pending if !is_running && !gone[node] => {
                state.row.input = None;
            }
            _ => return,
        }
        self.final_failure(step, &StepError::permanent(words), env);
    }
}

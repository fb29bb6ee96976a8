//! What the journal answers, and what other people have written meanwhile.

use std::sync::Arc;

use super::command::{Command, Env};
use super::draft::{InFlight, Slot};
use super::state::{Machine, Mode, Phase, Settled, Then};
use super::words;
use crate::error::StepError;
use crate::store::{CommitOutcome, FailureReason, Header, Status, StepStatus, TouchedEffect};

impl Machine {
    pub(super) fn committed(&mut self, outcome: CommitOutcome, env: Env) {
        let Slot::Committing(in_flight) = std::mem::replace(&mut self.slot, Slot::Free) else {
            return;
        };
        let unstorable = std::mem::take(&mut self.unstorable);
        match outcome {
            CommitOutcome::Applied { rev } => self.applied(in_flight, rev, env),
            CommitOutcome::Refused { owned: true, .. } => self.refused(in_flight),
            // Somebody else owns it now, or it is another workflow: whatever still runs here belongs to the
            // past.
            CommitOutcome::Refused { owned: false, .. }
            | CommitOutcome::Exists { .. }
            | CommitOutcome::Excluded { .. } => self.stop(),
            // What cannot be stored at its first commit was never started; what cannot be stored even
            // without its contents never will be.
            CommitOutcome::Unstorable { .. } if in_flight.creates || unstorable => self.stop(),
            CommitOutcome::Unstorable { reason } => self.not_storable(in_flight, &reason, env),
        }
    }

    pub(super) fn stop(&mut self) {
        self.mode = Mode::Over;
        self.stopped = true;
        self.out.push(Command::Stop);
    }

    fn applied(&mut self, in_flight: InFlight, rev: i64, env: Env) {
        if in_flight.wrote_header {
            self.rev = self.rev.max(rev);
            self.stored_status = in_flight.status;
        }
        if in_flight.releases {
            return self.stop();
        }
        for command in in_flight.held {
            self.give_out(command);
        }
        self.heed_deferred(env);
    }

    /// Facts are durable, the decision was not taken. It is taken again when the header has been read.
    fn refused(&mut self, in_flight: InFlight) {
        self.slot = Slot::Refused;
        self.draft.signals.extend(in_flight.signals);
        let (records, calls) = in_flight
            .held
            .into_iter()
            .partition::<Vec<_>, _>(|command| matches!(command, Command::RecordDurable { .. }));
        for record in records {
            self.give_out(record);
        }
        self.draft.held.extend(calls);
        self.dirty_header = true;
        if let Some(before) = in_flight.before {
            self.retract_held();
            self.restore_before(before);
        }
        self.out.push(Command::ReadHeader);
    }

    pub(super) fn header_read(&mut self, header: &Header, env: Env) {
        let ended = header.state.status.is_ended();
        match &self.slot {
            Slot::Refused => self.slot = Slot::Free,
            // The answer to it will tell.
            Slot::Committing(in_flight) if in_flight.wrote_header => return,
            // Nobody asked: there may be signals that have not been delivered.
            _ if !ended => return,
            _ => {}
        }
        self.rev = self.rev.max(header.rev);
        self.stored_status = header.state.status;
        if ended {
            self.give_way(header);
        }
        self.heed_deferred(env);
    }

    /// Somebody ended the workflow by hand. What runs is waited for and written down; then it is let go.
    fn give_way(&mut self, header: &Header) {
        self.header = header.state.clone();
        if self.header.status == Status::Failed {
            self.header.failure_reason.get_or_insert(FailureReason::Operator);
        }
        self.mode = Mode::Over;
        self.overruled = true;
        self.release = false;
        self.dirty_header = false;
        self.draft.before = None;
        self.retract_held();
    }

    /// Lets go of a workflow that somebody else has ended.
    pub(super) fn let_go(&mut self) {
        if self.overruled && !self.release && !self.is_busy() {
            self.release = true;
            self.dirty_header = true;
        }
    }

    /// Nothing of this commit was written. What cannot be told is left out of the next one; a result that
    /// nobody can write down is one that nobody knows.
    fn not_storable(&mut self, in_flight: InFlight, reason: &str, env: Env) {
        self.unstorable = true;
        self.take_back_decision();
        self.draft.signals.extend(in_flight.signals);
        let mut held = in_flight.held;
        for step in &in_flight.facts {
            // Whoever waits for such a record is never told that it is durable, and times out.
            let record = Command::RecordDurable { step: *step };
            if held.contains(&record) {
                held.retain(|command| *command != record);
                self.state(*step).row.record = None;
            }
        }
        self.draft.held.extend(held);
        self.retract_held();
        if let Some(before) = in_flight.before {
            self.restore_before(before);
        }
        let words = words::of(&format!("the result cannot be stored: {reason}"));
        if in_flight.wrote_header {
            self.dirty_header = true;
            self.output = None;
            self.header.error_message = self.header.error_message.take().map(|_| words.clone());
            self.header.compensation_error = self.header.compensation_error.take().map(|_| words.clone());
            let mut context = self.context();
            context.retain(|name, _| !in_flight.carried.contains(name));
            self.set_context(&context);
        }
        for step in in_flight.facts {
            self.tell_less(step, &in_flight.carried, &words, env);
        }
        if self.mode == Mode::Forward {
            self.fail(None, words, Then::Policy);
        }
    }

    /// The row of this step without what may be the reason why it cannot be stored.
    fn tell_less(&mut self, step: u32, carried: &[Arc<str>], words: &str, env: Env) {
        let transactional = self.spec(step).transactional;
        let node = self.steps[step as usize].node.0 as usize;
        self.touch(step);
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
                self.values[node] = None;
                self.settled[node] = Settled::No;
            }
            StepStatus::Running | StepStatus::Pending if state.phase != Phase::Running => {
                state.row.input = None;
            }
            _ => return,
        }
        if self.mode == Mode::Forward {
            self.final_failure(step, &StepError::permanent(words), env);
        }
    }
}

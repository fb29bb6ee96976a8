//! Commands that wait until their cause is durable, and those that nobody wants any more by then.

use super::command::{Call, CallKind, Command};
use super::draft::Slot;
use super::state::{Machine, Mode};
use super::step::{Act, Phase, Undo};
use crate::store::StepStatus;

impl Machine {
    /// The command is given out when everything decided so far is durable.
    pub(super) fn hold(&mut self, command: Command) {
        if mutant!(command_before_durable) {
            return self.give_out(command);
        }
        if !self.draft.is_empty() || self.dirty_header {
            self.draft.held.push(command);
            return;
        }
        match &mut self.slot {
            Slot::Committing(in_flight) => in_flight.held.push(command),
            Slot::Refused => self.draft.held.push(command),
            Slot::Free | Slot::Transaction { .. } => self.give_out(command),
        }
    }

    /// Its cause is durable: out with it, unless it is no longer wanted.
    pub(super) fn give_out(&mut self, command: Command) {
        match command {
            Command::Call(call) | Command::Transact(call) if !self.is_wanted(&call) => self.retract(&call),
            Command::Look { node, .. } if !self.is_awaited(node) => self.look_again(node),
            Command::Transact(call) => self.transactions.push_back(call),
            Command::Call(call) => {
                self.mark_running(&call);
                self.out.push(Command::Call(call));
            }
            other => self.out.push(other),
        }
    }

    fn is_wanted(&self, call: &Call) -> bool {
        match self.phases.of(call.step) {
            Phase::Starting => {
                let node = self.steps[call.step as usize].node;
                self.is_forward() && !self.draining && !self.is_stopped(node)
            }
            Phase::Undoing(Undo { act: Act::Calling(kind), .. }) => {
                *kind == call.kind && !self.draining && self.mode != Mode::Over
            }
            _ => false,
        }
    }

    fn mark_running(&mut self, call: &Call) {
        if call.kind == CallKind::Run && *self.phases.of(call.step) == Phase::Starting {
            self.phases.set(call.step, Phase::Running);
        }
    }

    /// The call was never made: what was written in advance is taken back.
    fn retract(&mut self, call: &Call) {
        match self.phases.of(call.step) {
            Phase::Starting => {
                self.phases.set(call.step, Phase::Idle);
                let state = self.state(call.step);
                state.row.attempts = state.row.attempts.saturating_sub(1);
                if state.row.status == StepStatus::Running {
                    state.row.status = StepStatus::Pending;
                    self.touch(call.step);
                }
            }
            Phase::Undoing(Undo { act: Act::Calling(kind), .. }) if *kind == call.kind => {
                self.phases.set(call.step, Phase::Idle);
            }
            _ => return,
        }
        self.unfinished = true;
    }

    /// Calls that have not begun will not, and events are not looked for. Records become durable all the same.
    pub(super) fn retract_held(&mut self) {
        let mut calls = take_calls(&mut self.draft.held);
        if let Slot::Committing(in_flight) = &mut self.slot {
            calls.append(&mut take_calls(&mut in_flight.held));
        }
        calls.extend(self.transactions.drain(..).map(Command::Transact));
        for command in calls {
            match command {
                Command::Call(call) | Command::Transact(call) => self.retract(&call),
                Command::Look { node, .. } => self.look_again(node),
                _ => {}
            }
        }
    }

    pub(super) fn open_transaction(&mut self) {
        while let Some(call) = self.transactions.pop_front() {
            if self.is_wanted(&call) {
                self.mark_running(&call);
                self.slot = Slot::Transaction { step: call.step, done: false };
                self.out.push(Command::Transact(call));
                return;
            }
            self.retract(&call);
        }
    }

    /// The body of the open transaction succeeded: the next commit is written with it. Or it was rolled back.
    pub(super) fn transaction_done(&mut self, succeeded: bool) {
        if let Slot::Transaction { step, .. } = self.slot {
            self.slot = if succeeded { Slot::Transaction { step, done: true } } else { Slot::Free };
        }
    }
}

/// Takes the calls and looks out of `held`; what else is there concerns records.
fn take_calls(held: &mut Vec<Command>) -> Vec<Command> {
    let is_call =
        |command: &Command| matches!(command, Command::Call(_) | Command::Transact(_) | Command::Look { .. });
    let (calls, others) = std::mem::take(held).into_iter().partition(is_call);
    *held = others;
    calls
}

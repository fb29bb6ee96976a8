//! What the journal answers, and what other people have written meanwhile.

use super::command::{Command, Env};
use super::draft::{InFlight, Slot};
use super::state::{Machine, Mode};
use super::words;
use crate::store::{CommitOutcome, FailureReason, Header, Status};

impl Machine {
    pub(super) fn committed(&mut self, outcome: CommitOutcome, env: Env) {
        let Slot::Committing(in_flight) = std::mem::replace(&mut self.slot, Slot::Free) else {
            return;
        };
        let unstorable = std::mem::take(&mut self.unstorable);
        match outcome {
            CommitOutcome::Applied { rev } => self.applied(*in_flight, rev, env),
            CommitOutcome::Refused { owned: true, .. } => self.refused(*in_flight),
            // Somebody else owns it now, or it is another workflow: whatever still runs here belongs to the
            // past.
            CommitOutcome::Refused { owned: false, .. }
            | CommitOutcome::Exists { .. }
            | CommitOutcome::Excluded { .. } => self.stop(),
            // What cannot be stored at its first commit was never started.
            CommitOutcome::Unstorable { .. } if in_flight.creates => self.stop(),
            // What cannot be stored even without its contents never will be.
            CommitOutcome::Unstorable { reason } if unstorable => {
                self.mode = Mode::Over;
                self.stopped = true;
                let reason = words::of(&format!("its journal cannot be written: {reason}"));
                self.out.push(Command::GiveUp { reason });
            }
            CommitOutcome::Unstorable { reason } => self.not_storable(*in_flight, &reason, env),
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
        if in_flight.registers {
            self.draft.waits = Some(self.registered.clone());
        }
        self.draft.signals.extend(in_flight.signals);
        let is_fact = |c: &Command| matches!(c, Command::RecordDurable { .. } | Command::HeartbeatDurable(_));
        let (records, calls) = in_flight.held.into_iter().partition::<Vec<_>, _>(is_fact);
        for record in records {
            self.give_out(record);
        }
        self.draft.held.extend(calls);
        self.dirty_header = true;
        if let Some(before) = in_flight.before {
            self.retract_held();
            self.restore_before(before);
        }
        // What the header carried was not written, and the header may be somebody else's now.
        for (name, value) in in_flight.in_header {
            self.draft.carry.entry(name).or_insert(value);
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
}

//! At rest: what has to hold then, and what operators do.

use super::super::super::journal::place;
use super::super::rest;
use super::Drive;
use crate::machine::DebtAction;
use crate::store::{Debt, Status, StepStatus, TouchedEffect};

impl Drive {
    /// `false`: that was all.
    pub(super) fn rest(&mut self) -> bool {
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
    pub(super) fn try_again(&mut self) {
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

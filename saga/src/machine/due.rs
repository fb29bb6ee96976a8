//! When the next attempt of a step may begin, written down with the attempt that failed: whoever owns the workflow then
//! does not try earlier than its policy, or the other system, has said.
//!
//! It travels with the step's row as one of its carried values, beside the values of nodes.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::command::{CallKind, Env};
use super::state::Machine;
use super::step::{Act, Phase, StepState, Undo};
use crate::clock::Timestamp;
use crate::json::Json;

/// When the next attempt may begin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Due {
    until: Timestamp,
    /// How long that was from then on, in microseconds: no longer is waited, by whose clock ever it was.
    pause: u64,
    /// A person's retry does not wait for what was due before it.
    retry: u32,
    /// Of an attempt to undo it.
    undo: Option<DueUndo>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct DueUndo {
    /// Does it repeat the undo itself, or what comes before it?
    undoes: bool,
    last_pass: bool,
    since: Option<Timestamp>,
}

/// Under which name it is carried.
fn name(state: &StepState) -> Arc<str> {
    format!("{}@due", state.row.place()).into()
}

impl Machine {
    /// The next attempt of this step comes after a pause.
    pub(super) fn pause(&mut self, step: u32, pause: Duration, env: Env) {
        let until = env.now.plus(pause);
        self.phases.set(step, Phase::Pausing { until });
        self.owe_attempt(step, until, pause, None);
    }

    /// The next attempt to undo this step comes after a pause.
    pub(super) fn pause_undo(
        &mut self,
        step: u32,
        last_pass: bool,
        again: CallKind,
        pause: Duration,
        env: Env,
    ) {
        let until = env.now.plus(pause);
        self.phases.set(step, Phase::Undoing(Undo { last_pass, act: Act::Pausing { until, again } }));
        let since = self.steps[step as usize].undo_since;
        let undo = DueUndo { undoes: again == CallKind::Undo, last_pass, since };
        self.owe_attempt(step, until, pause, Some(undo));
    }

    fn owe_attempt(&mut self, step: u32, until: Timestamp, pause: Duration, undo: Option<DueUndo>) {
        let retry = self.header.retry_count;
        let pause = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        self.state(step).due = Some(Due { until, pause, retry, undo });
    }

    /// Back from the journal: the pause goes on.
    pub(super) fn resume_pause(&mut self, step: u32, env: Env) {
        let node = self.steps[step as usize].node;
        if self.is_stopped(node) || mutant!(retry_without_backoff) {
            return;
        }
        let state = &self.steps[step as usize];
        let Some(until) = state.due.as_ref().filter(|due| due.undo.is_none()).map(|due| due.at(env)) else {
            return;
        };
        if self.phases.is_idle(step) && state.args.is_some() && until > env.now {
            self.phases.set(step, Phase::Pausing { until });
        }
    }

    /// The undo of this step begins, or goes on: then its attempts are counted on, and what is left of its pause is
    /// answered.
    pub(super) fn resume_undo(
        &mut self,
        step: u32,
        last_pass: bool,
        kind: CallKind,
        env: Env,
    ) -> Option<Timestamp> {
        let state = self.state(step);
        state.undo_since = Some(env.now);
        let attempts = std::mem::take(&mut state.row.undo_attempts);
        let due = state.due.take()?;
        let undo = due.undo.as_ref()?;
        if undo.last_pass || !last_pass {
            state.undo_since = undo.since.or(state.undo_since);
            match undo.undoes == (kind == CallKind::Undo) {
                true => state.row.undo_attempts = attempts,
                // First it has to be learned again what there is to undo.
                false => state.undo_tried = attempts,
            }
        }
        let until = due.at(env);
        state.due = Some(due);
        Some(until).filter(|until| *until > env.now)
    }
}

impl Due {
    /// When that is, by this worker's clock.
    fn at(&self, env: Env) -> Timestamp {
        self.until.min(env.now.plus(Duration::from_micros(self.pause)))
    }
}

impl StepState {
    /// Puts it among the values that travel with the row, while there is a pause.
    pub(super) fn carry_due(&mut self, phase: &Phase) {
        let pauses =
            matches!(phase, Phase::Pausing { .. } | Phase::Undoing(Undo { act: Act::Pausing { .. }, .. }));
        let due = self.due.as_ref().filter(|_| pauses).and_then(|due| Json::encode(due).ok());
        let name = name(self);
        match due {
            Some(due) => drop(self.carry.insert(name, due)),
            None if self.carry.remove(&name).is_some() && self.carry.is_empty() => self.row.carry = None,
            None => {}
        }
    }

    /// What the row says about it.
    pub(super) fn restore_due(&mut self, retry: u32) {
        let due = self.carry.get(&name(self)).and_then(|due| due.decode::<Due>().ok());
        self.due = due.filter(|due| due.retry == retry && !mutant!(due_forgotten));
    }
}

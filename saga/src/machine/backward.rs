//! Backward: undoing steps in reverse plan order, and settling what nobody knows.

use super::attempt::capital;
use super::command::{CallKind, Env, Expression};
use super::state::{Machine, Mode, Then};
use super::step::{Act, Phase, StepState, Undo};
use super::words;
use crate::error::{Effect, StepError};
use crate::json::Json;
use crate::step::{Class, IfUnknown, Success};
use crate::store::{AuditKind, Debt, FailureReason, Status, StepRow, StepStatus, TouchedEffect};

impl Machine {
    /// Undoes the next step, or ends the rollback.
    pub(super) fn unwind(&mut self, env: Env) {
        if self.phases.active().any(|(_, phase)| matches!(phase, Phase::Undoing(_))) {
            if self.draining && !self.is_busy() {
                self.hand_over(env);
            }
            return;
        }
        if self.draining {
            return self.hand_over(env);
        }
        if self.suspect && (self.draft.before.is_some() || self.is_deciding()) {
            // Its intent to undo a step is a fact, which would stay even if the decision were refused.
            return;
        }
        match self
            .next_undo()
            .filter(|_| !(mutant!(debt_stops_the_rollback) && self.debts_in_words().is_some()))
        {
            Some(step) => self.begin_undo(step, env),
            None => self.end_rollback(env),
        }
    }

    /// The step that is undone next: the last one in the plan that has left something.
    pub(super) fn next_undo(&self) -> Option<u32> {
        self.next_undo_of(self.all_steps())
    }

    pub(super) fn next_undo_of(&self, steps: impl IntoIterator<Item = u32>) -> Option<u32> {
        // Reverse plan order: the branches of a join last-declared first, each as a whole.
        let undone = |s: &StepState| {
            s.spec.class == Class::Compensatable
                && s.row.effect != TouchedEffect::None
                && s.row.status != StepStatus::CompensationFailed
        };
        let left = steps.into_iter().filter(|s| undone(&self.steps[*s as usize]));
        let place = |s: &u32| self.steps[*s as usize].place();
        if mutant!(undo_forward) { left.min_by_key(place) } else { left.max_by_key(place) }
    }

    fn end_rollback(&mut self, env: Env) {
        let debts = self.debts_in_words();
        if debts.is_some() {
            self.decide(Mode::Over, Status::Failed);
            self.header.failure_reason = Some(FailureReason::Debts);
            self.header.compensation_error = debts;
        } else {
            self.decide(Mode::Over, Status::RolledBack);
            self.header.failure_reason = None;
            self.header.compensation_error = None;
            let words = self.header.error_message.clone().unwrap_or_default();
            self.audit(AuditKind::RolledBack, None, words, env);
        }
        self.header.failed_at = Some(env.now);
        self.release = true;
    }

    /// All open debts, for people.
    pub(super) fn debts_in_words(&self) -> Option<String> {
        let open = self.steps.iter().map(|s| &s.row).filter(|row| row.debt == Some(Debt::Open));
        let words: Vec<_> = open.map(debt_in_words).collect();
        (!words.is_empty()).then(|| words::of(&words.join("; ")))
    }

    /// Begins to undo a step (or to settle a pivot whose outcome nobody knows).
    pub(super) fn begin_undo(&mut self, step: u32, env: Env) {
        let last_pass = self.is_last_pass(step, env);
        if self.is_for_a_person(step) {
            return if last_pass { self.ask_a_person(step, env) } else { self.await_landing(step) };
        }
        let spec = self.spec(step);
        let known = self.steps[step as usize].row.effect == TouchedEffect::Done;
        let suspect = self.suspect;
        let state = self.state(step);
        state.pass_given_up = false;
        if state.args.is_none() {
            state.args.clone_from(&state.row.input);
        }
        if state.args.is_none() {
            // Its worker died before anybody wrote down with what it was called.
            let node = state.node;
            self.phases.set(step, Phase::Undoing(Undo { last_pass, act: Act::Preparing }));
            return self.evaluate(Expression::Arguments(node));
        }
        state.row.input.clone_from(&state.args);
        state.undo_output = if known { state.row.output.clone() } else { None };
        if suspect && spec.class != Class::Pivot && state.row.status != StepStatus::Compensating {
            // If it takes this worker down, the next one shall know what it was.
            state.row.status = StepStatus::Compensating;
            self.touch(step);
        }
        let kind = if known { CallKind::Undo } else { first_call(spec.if_unknown) };
        match self.resume_undo(step, last_pass, kind, env) {
            Some(until) => {
                let act = Act::Pausing { until, again: kind };
                self.phases.set(step, Phase::Undoing(Undo { last_pass, act }));
            }
            None => self.call_undo(step, last_pass, kind),
        }
    }

    /// Is it for a person to say whether there is anything to undo? A debt that is open already is here because that
    /// person said so.
    fn is_for_a_person(&self, step: u32) -> bool {
        let (spec, row) = (self.spec(step), &self.steps[step as usize].row);
        let is_new = row.effect != TouchedEffect::Done && row.debt != Some(Debt::Open);
        is_new && spec.if_unknown == IfUnknown::Park && spec.class != Class::Pivot
    }

    fn ask_a_person(&mut self, step: u32, env: Env) {
        let error = StepError::permanent("nobody knows whether the step took effect: a person decides");
        self.owe(step, &error, env);
    }

    fn call_undo(&mut self, step: u32, last_pass: bool, kind: CallKind) {
        self.phases.set(step, Phase::Undoing(Undo { last_pass, act: Act::Calling(kind) }));
        self.state(step).row.undo_attempts += 1;
        let call = self.call(step, kind);
        self.hold(call);
    }

    pub(super) fn undo_tick(&mut self, step: u32, undo: &Undo, env: Env) {
        match undo.act {
            Act::Pausing { until, again } if until <= env.now => {
                let last_pass = undo.last_pass || self.is_last_pass(step, env);
                self.call_undo(step, last_pass, again);
            }
            Act::Settling { until } if until <= env.now && self.is_for_a_person(step) => {
                self.ask_a_person(step, env);
            }
            Act::Settling { until } if until <= env.now => {
                let kind = first_call(self.spec(step).if_unknown);
                let state = self.state(step);
                let known = state.row.effect == TouchedEffect::Done;
                let kind = if known { CallKind::Undo } else { kind };
                state.undo_output = if known { state.row.output.clone() } else { None };
                state.undo_since = Some(env.now);
                state.row.undo_attempts = 0;
                self.call_undo(step, true, kind);
            }
            Act::Landing { until } if until <= env.now => self.pass_over(step, true, env),
            Act::Owing { until } if until <= env.now => {
                let words = self.steps[step as usize].row.error_message.clone().unwrap_or_default();
                self.owe(step, &StepError::permanent(words), env);
            }
            _ => {}
        }
    }

    fn undoing(&self, step: u32, kind: CallKind) -> Option<bool> {
        match self.phases.of(step) {
            Phase::Undoing(Undo { last_pass, act: Act::Calling(k) }) if *k == kind => Some(*last_pass),
            _ => None,
        }
    }

    pub(super) fn undone(&mut self, step: u32, result: Result<(), StepError>, env: Env) {
        let Some(last_pass) = self.undoing(step, CallKind::Undo) else { return };
        if self.spec(step).transactional {
            self.transaction_done(result.is_ok());
        }
        match result {
            Ok(()) => self.pass_over(step, last_pass, env),
            Err(error) => self.undo_failed(step, last_pass, CallKind::Undo, &error, env),
        }
    }

    pub(super) fn looked_up(&mut self, step: u32, result: Result<Option<Json>, StepError>, env: Env) {
        let Some(last_pass) = self.undoing(step, CallKind::LookUp) else { return };
        match result {
            Ok(Some(output)) if self.spec(step).class == Class::Pivot => {
                // It took effect after all: the saga goes on from here.
                self.succeeded(step, Success { output, adopted: false }, env);
            }
            Ok(Some(output)) => self.undo_found(step, last_pass, output, env),
            Ok(None) => self.pass_over(step, last_pass, env),
            Err(error) => self.undo_failed(step, last_pass, CallKind::LookUp, &error, env),
        }
    }

    /// The step ran once more, only to learn what it made.
    pub(super) fn reran(&mut self, step: u32, result: Result<Success, StepError>, env: Env) {
        let Some(last_pass) = self.undoing(step, CallKind::Run) else { return };
        match result {
            Ok(success) if success.adopted => self.pass_over(step, last_pass, env),
            Ok(success) => self.undo_found(step, last_pass, success.output, env),
            Err(error) => {
                let unknown = error.effect() == Effect::Unknown;
                if unknown {
                    // This request too may land late, whoever looks after it then.
                    self.state(step).row.failed_at = Some(env.now);
                    self.touch(step);
                }
                let last_pass = if unknown { self.is_last_pass(step, env) } else { last_pass };
                self.undo_failed(step, last_pass, CallKind::Run, &error, env);
            }
        }
    }

    /// It is known what there is to undo. The attempts to learn it do not count as attempts to undo it.
    fn undo_found(&mut self, step: u32, last_pass: bool, output: Json, env: Env) {
        let state = self.state(step);
        state.undo_output = Some(output);
        state.undo_since = Some(env.now);
        state.row.undo_attempts = std::mem::take(&mut state.undo_tried);
        self.call_undo(step, last_pass, CallKind::Undo);
    }

    /// The step cannot be undone: it becomes a debt, and the others go on.
    pub(super) fn owe(&mut self, step: u32, error: &StepError, env: Env) {
        let forward = self.mode == Mode::Forward;
        let is_pivot = self.spec(step).class == Class::Pivot;
        self.phases.set(step, Phase::Idle);
        let state = self.state(step);
        (state.due, state.undo_tried) = (None, 0);
        if is_pivot {
            state.row.status = StepStatus::Failed;
            let first = state.row.error_message.clone().unwrap_or_default();
            let label = capital(&state.row.label());
            self.touch(step);
            let message = words::of(&format!(
                "{label} failed: {first} (nobody knows whether it took effect; the look-up failed: {error})"
            ));
            return self.fail(Some(step), message, Then::Park(FailureReason::Parked));
        }
        state.row.error_message = Some(words::of(error.message()));
        state.row.status = StepStatus::CompensationFailed;
        state.row.debt = Some(Debt::Open).filter(|_| !mutant!(debt_dropped));
        let words = debt_in_words(&state.row);
        self.touch(step);
        self.audit(AuditKind::CompensationFailed, Some(step), words.clone(), env);
        if forward {
            self.fail(Some(step), words, Then::RollBack);
        }
    }
}

/// What an open debt is about.
pub(super) fn debt_in_words(row: &StepRow) -> String {
    let error = row.error_message.as_deref().unwrap_or_default();
    words::of(&format!("Compensation of {} failed: {error}", row.label()))
}

/// What is done first about a step whose outcome nobody knows.
fn first_call(if_unknown: IfUnknown) -> CallKind {
    match if_unknown {
        IfUnknown::LookUp => CallKind::LookUp,
        IfUnknown::Rerun => CallKind::Run,
        IfUnknown::Compensate | IfUnknown::Park => CallKind::Undo,
    }
}

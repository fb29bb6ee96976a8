//! Backward: undoing steps in reverse plan order, and settling what nobody knows.

use super::attempt::capital;
use super::command::{CallKind, Env, Expression};
use super::state::{Machine, Mode, Then};
use super::step::{Act, Phase, StepState, Undo};
use super::words;
use crate::clock::Timestamp;
use crate::error::{Effect, Retry, StepError};
use crate::json::Json;
use crate::step::{Class, IfUnknown, Success};
use crate::store::{AuditKind, Debt, FailureReason, Status, StepRow, StepStatus, TouchedEffect};

impl Machine {
    /// Undoes the next step, or ends the rollback.
    pub(super) fn unwind(&mut self, env: Env) {
        if self.steps.iter().any(|s| matches!(s.phase, Phase::Undoing(_))) {
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

    /// When a request of this step cannot land any more.
    fn settles_at(&self, step: u32) -> Timestamp {
        self.landed_by(step, self.steps[step as usize].row.failed_at.unwrap_or_default())
    }

    /// When a request of this step cannot land any more that was sent at this time.
    fn landed_by(&self, step: u32, sent: Timestamp) -> Timestamp {
        let state = &self.steps[step as usize];
        let policy = &state.spec.policy;
        let timeout = policy.timeout.unwrap_or(self.settings.timeout);
        let wait = policy.settle_after.or(self.settings.settle_after).unwrap_or(timeout);
        sent.plus(wait)
    }

    /// Is whatever is done now done after the last late request? A known outcome may have an attempt before it
    /// that nobody knows, and whose request is still under way.
    fn is_last_pass(&self, step: u32, env: Env) -> bool {
        self.spec(step).late_safe || self.settles_at(step) <= env.now || mutant!(no_second_pass)
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
            state.phase = Phase::Undoing(Undo { last_pass, act: Act::Preparing });
            let node = state.node;
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
                self.state(step).phase = Phase::Undoing(Undo { last_pass, act });
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

    /// Whoever looked now would see nothing of a request that is still under way.
    fn await_landing(&mut self, step: u32) {
        let until = self.settles_at(step);
        let state = self.state(step);
        state.row.status = StepStatus::Compensating;
        state.phase = Phase::Undoing(Undo { last_pass: true, act: Act::Settling { until } });
        self.touch(step);
    }

    fn call_undo(&mut self, step: u32, last_pass: bool, kind: CallKind) {
        let state = self.state(step);
        state.phase = Phase::Undoing(Undo { last_pass, act: Act::Calling(kind) });
        state.row.undo_attempts += 1;
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
        match &self.steps[step as usize].phase {
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

    /// One pass is over: the step is undone, or has to be looked after once more.
    fn pass_over(&mut self, step: u32, last_pass: bool, env: Env) {
        let spec = self.spec(step);
        let until = self.all_landed_at(step);
        let is_pivot = spec.class == Class::Pivot;
        let forward = self.mode == Mode::Forward;
        if !last_pass {
            return self.wait_to_land(step, Act::Settling { until });
        }
        if until > env.now && !spec.late_safe && !is_pivot {
            return self.wait_to_land(step, Act::Landing { until });
        }
        let state = self.state(step);
        (state.due, state.undo_tried) = (None, 0);
        state.phase = Phase::Idle;
        state.row.effect = TouchedEffect::None;
        if is_pivot {
            if state.row.status == StepStatus::Pending && self.is_forward() {
                // Certainly not done, by an attempt that was not the last one.
                let pause = spec.policy.retry.pause(self.steps[step as usize].row.attempts, env.random);
                self.pause(step, pause, env);
                return self.touch(step);
            }
            // Certainly not done, so there is a way back.
            let state = self.state(step);
            let error = state.row.error_message.clone().unwrap_or_default();
            return self.final_failure(step, &StepError::permanent(error), env);
        }
        state.row.status = StepStatus::Compensated;
        state.row.debt = None;
        if !mutant!(undo_not_recorded) {
            self.touch(step);
        }
        let words = format!("{} compensated", self.label(step));
        self.audit(AuditKind::Compensated, Some(step), words, env);
        if forward && self.spec(step).is_tolerated() && !self.is_given(step) {
            self.give_failure(step);
        }
    }

    /// When no request that anybody has sent for this step can land any more.
    fn all_landed_at(&self, step: u32) -> Timestamp {
        let state = &self.steps[step as usize];
        // Another owner's undo may be under way still.
        let elsewhere = state.undo_elsewhere.filter(|_| !state.spec.transactional);
        let elsewhere = elsewhere.map(|sent| self.landed_by(step, sent));
        self.settles_at(step).max(elsewhere.unwrap_or_default())
    }

    /// Nothing is done about this step until what is under way has landed.
    fn wait_to_land(&mut self, step: u32, act: Act) {
        let settling = matches!(act, Act::Settling { .. });
        let state = self.state(step);
        (state.due, state.undo_tried) = (None, 0);
        state.phase = Phase::Undoing(Undo { last_pass: true, act });
        if state.spec.class != Class::Pivot {
            state.row.status = StepStatus::Compensating;
        }
        if !settling {
            state.row.failed_at = state.row.failed_at.max(state.undo_elsewhere);
        }
        self.touch(step);
    }

    fn undo_failed(&mut self, step: u32, last_pass: bool, again: CallKind, error: &StepError, env: Env) {
        let policy = self.spec(step).policy.undo_retry;
        let attempts = self.steps[step as usize].row.undo_attempts;
        let since = self.steps[step as usize].undo_since;
        let words =
            words::of(&format!("attempt {attempts} to compensate {} failed: {error}", self.label(step)));
        self.audit(AuditKind::CompensationAttemptFailed, Some(step), words, env);
        let pause = match error.retry() {
            Retry::After(pause) => pause,
            _ => policy.pause(attempts, env.random),
        };
        let until = env.now.plus(pause);
        let in_time = policy.deadline.is_none_or(|d| since.is_none_or(|t| until.since(t) <= d));
        let lost = again == CallKind::Undo && error.effect() == Effect::Unknown;
        if error.retry() == Retry::No || attempts >= policy.max_attempts || !in_time {
            return self.give_up_undo(step, last_pass, lost, error, env);
        }
        let durable = pause >= self.settings.record_pauses_from;
        self.pause_undo(step, last_pass, again, pause, env);
        let state = self.state(step);
        if state.spec.class == Class::Pivot {
            if durable {
                self.touch(step);
            }
            return;
        }
        let lands_late = lost && !state.spec.transactional && !state.spec.late_safe;
        if lands_late {
            // This request too may land late: the step is not undone before it can no more.
            state.row.failed_at = Some(env.now);
        }
        let durable = durable || lands_late;
        state.row.error_message = Some(words::of(error.message()));
        if durable {
            state.row.status = StepStatus::Compensating;
            self.touch(step);
        }
    }

    /// No attempt is left. While something may still land, nobody can say what there is to undo: the last pass decides,
    /// and a person is shown no debt that the next request changes.
    fn give_up_undo(&mut self, step: u32, last_pass: bool, lost: bool, error: &StepError, env: Env) {
        let state = self.state(step);
        let lands_late =
            !state.spec.late_safe && !state.spec.transactional && state.spec.class != Class::Pivot;
        if lost && lands_late {
            state.row.failed_at = Some(env.now);
        }
        let is_first = !last_pass && !std::mem::replace(&mut state.pass_given_up, true);
        let until = self.all_landed_at(step);
        if is_first {
            return self.wait_to_land(step, Act::Settling { until });
        }
        if until <= env.now || !lands_late {
            return self.owe(step, error, env);
        }
        self.state(step).row.error_message = Some(words::of(error.message()));
        self.wait_to_land(step, Act::Owing { until });
    }

    /// The step cannot be undone: it becomes a debt, and the others go on.
    pub(super) fn owe(&mut self, step: u32, error: &StepError, env: Env) {
        let forward = self.mode == Mode::Forward;
        let is_pivot = self.spec(step).class == Class::Pivot;
        let state = self.state(step);
        state.phase = Phase::Idle;
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

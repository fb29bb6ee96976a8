//! Passes: a step is undone once or, where a request may still land, at once and again. When one is over, and when it is
//! given up.

use super::command::{CallKind, Env};
use super::state::{Machine, Mode};
use super::step::{Act, Phase, Undo};
use super::words;
use crate::clock::Timestamp;
use crate::error::{Effect, Retry, StepError};
use crate::step::Class;
use crate::store::{AuditKind, StepStatus, TouchedEffect};

impl Machine {
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

    /// When no request that anybody has sent for this step can land any more.
    pub(super) fn all_landed_at(&self, step: u32) -> Timestamp {
        let state = &self.steps[step as usize];
        // Another owner's undo may be under way still.
        let elsewhere = state.undo_elsewhere.filter(|_| !state.spec.transactional);
        let elsewhere = elsewhere.map(|sent| self.landed_by(step, sent));
        self.settles_at(step).max(elsewhere.unwrap_or_default())
    }

    /// Is whatever is done now done after the last late request? A known outcome may have an attempt before it
    /// that nobody knows, and whose request is still under way.
    pub(super) fn is_last_pass(&self, step: u32, env: Env) -> bool {
        self.spec(step).late_safe || self.settles_at(step) <= env.now || mutant!(no_second_pass)
    }

    /// Whoever looked now would see nothing of a request that is still under way.
    pub(super) fn await_landing(&mut self, step: u32) {
        let until = self.settles_at(step);
        self.state(step).row.status = StepStatus::Compensating;
        self.phases.set(step, Phase::Undoing(Undo { last_pass: true, act: Act::Settling { until } }));
        self.touch(step);
    }

    /// Nothing is done about this step until what is under way has landed.
    fn wait_to_land(&mut self, step: u32, act: Act) {
        let settling = matches!(act, Act::Settling { .. });
        self.phases.set(step, Phase::Undoing(Undo { last_pass: true, act }));
        let state = self.state(step);
        (state.due, state.undo_tried) = (None, 0);
        // The call has come back: whoever dies from here on was not taken down by it.
        state.row.deaths = 0;
        if state.spec.class != Class::Pivot {
            state.row.status = StepStatus::Compensating;
        }
        if !settling {
            state.row.failed_at = state.row.failed_at.max(state.undo_elsewhere);
        }
        self.touch(step);
    }

    /// One pass is over: the step is undone, or has to be looked after once more.
    pub(super) fn pass_over(&mut self, step: u32, last_pass: bool, env: Env) {
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
        self.phases.set(step, Phase::Idle);
        let state = self.state(step);
        (state.due, state.undo_tried) = (None, 0);
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

    pub(super) fn undo_failed(
        &mut self,
        step: u32,
        last_pass: bool,
        again: CallKind,
        error: &StepError,
        env: Env,
    ) {
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
}

//! One step forward: its attempts, its retries, and what its end means.

use super::command::{Call, CallKind, Command, Env, Expression};
use super::keys;
use super::state::{Act, Machine, Mode, Phase, StepState, Then, Undo};
use crate::error::{Effect, ErrorKind, Retry, StepError};
use crate::json::Json;
use crate::step::{Class, IfUnknown, Success};
use crate::store::{AuditKind, FailureReason, StepStatus, TouchedEffect};

impl Machine {
    /// The step is ready: its arguments are made, then its first attempt begins.
    pub(super) fn start(&mut self, step: u32, env: Env) {
        let state = self.state(step);
        if state.phase != Phase::Idle {
            return;
        }
        if state.args.is_some() {
            self.begin_attempt(step, env);
        } else {
            state.phase = Phase::Preparing;
            let node = state.node;
            self.evaluate(Expression::Arguments(node));
        }
    }

    pub(super) fn begin_attempt(&mut self, step: u32, env: Env) {
        let spec = self.spec(step);
        let suspect = self.suspect;
        let state = self.state(step);
        state.phase = Phase::Starting;
        state.row.input.clone_from(&state.args);
        state.row.attempts += 1;
        state.row.started_at.get_or_insert(env.now);
        let intent = (spec.needs_intent() || suspect) && !spec.transactional;
        if intent && state.row.status != StepStatus::Running {
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
        let call = self.call(step, CallKind::Run);
        self.hold(call);
    }

    /// The command that calls one of the step's functions.
    pub(super) fn call(&self, step: u32, kind: CallKind) -> Command {
        let state = &self.steps[step as usize];
        let (spec, row) = (&state.spec, &state.row);
        let forward_key = keys::forward(&self.workflow_id, row);
        let timeout = spec.policy.timeout.unwrap_or(self.settings.timeout);
        let undoing = kind == CallKind::Undo;
        let in_undo = matches!(state.phase, Phase::Undoing(_));
        let call = Call {
            step,
            node: state.node,
            kind,
            run: row.run,
            attempt: if in_undo { row.undo_attempts } else { row.attempts },
            key: if undoing {
                keys::undo(&self.workflow_id, row, self.is_late_pass(state))
            } else {
                forward_key.clone()
            },
            forward_key,
            args: state.args.clone().or_else(|| row.input.clone()).unwrap_or_else(|| empty_arguments()),
            output: if undoing { state.undo_output.clone() } else { None },
            recorded: row.record.clone(),
            cause: in_undo.then(|| self.cause()).flatten(),
            timeout: if undoing { spec.policy.undo_timeout.unwrap_or(timeout) } else { timeout },
        };
        if spec.transactional { Command::Transact(call) } else { Command::Call(call) }
    }

    /// Is this the pass that looks after what may have landed late? It must not be mistaken for a repetition
    /// of the first pass, so it has a key of its own.
    fn is_late_pass(&self, state: &StepState) -> bool {
        let last = matches!(state.phase, Phase::Undoing(Undo { last_pass: true, .. }));
        last && state.row.effect == TouchedEffect::Unknown
    }

    fn cause(&self) -> Option<std::sync::Arc<str>> {
        let failing = self.failing.as_ref().map(|f| f.message.as_str());
        failing.or(self.header.error_message.as_deref()).map(Into::into)
    }

    pub(super) fn attempted(&mut self, step: u32, result: Result<Success, StepError>, env: Env) {
        let transactional = self.spec(step).transactional;
        match self.steps[step as usize].phase {
            Phase::Running => {}
            Phase::Undoing(Undo { act: Act::Calling(CallKind::Run), .. }) => {
                return self.reran(step, result, env);
            }
            // It was given up before: whatever it says now comes too late.
            _ => return,
        }
        if transactional {
            self.transaction_done(result.is_ok());
        }
        match result {
            Ok(success) => self.succeeded(step, success, env),
            Err(error) => self.failed_once(step, &error, env),
        }
    }

    pub(super) fn succeeded(&mut self, step: u32, success: Success, env: Env) {
        let nothing_to_undo = success.adopted || self.spec(step).class == Class::NoEffect;
        let state = self.state(step);
        state.phase = Phase::Idle;
        state.row.status = StepStatus::Completed;
        state.row.effect = if nothing_to_undo { TouchedEffect::None } else { TouchedEffect::Done };
        state.row.output = Some(success.output.clone());
        state.row.completed_at = Some(env.now);
        state.row.error_message = None;
        let node = state.node;
        self.touch(step);
        self.settle(node, success.output);
    }

    fn failed_once(&mut self, step: u32, error: &StepError, env: Env) {
        let spec = self.spec(step);
        let state = self.state(step);
        // Whoever rolls back a transaction leaves nothing behind.
        let unknown =
            error.effect() == Effect::Unknown && !spec.transactional && spec.class != Class::NoEffect;
        state.row.error_message = Some(error.message().to_owned());
        if unknown {
            state.row.effect = TouchedEffect::Unknown;
            state.row.failed_at = Some(env.now);
        }
        let (attempts, started_at, effect) = (state.row.attempts, state.row.started_at, state.row.effect);
        let words = format!("attempt {attempts} of {} failed: {error}", self.label(step));
        self.audit(AuditKind::AttemptFailed, Some(step), words, env);

        let policy = spec.policy.retry;
        let pause = match error.retry() {
            Retry::After(pause) => pause,
            _ => policy.pause(attempts, env.random),
        };
        let in_time =
            policy.deadline.is_none_or(|d| started_at.is_none_or(|t| env.now.plus(pause).since(t) <= d));
        let blind = spec.class == Class::Pivot
            && effect == TouchedEffect::Unknown
            && spec.if_unknown != IfUnknown::Rerun;
        let again = error.retry() != Retry::No && attempts < policy.max_attempts && in_time && !blind;
        if !again || !self.is_forward() {
            return self.final_failure(step, error, env);
        }
        let durable = unknown || pause > self.settings.record_pauses_over;
        let state = self.state(step);
        state.phase = Phase::Pausing { until: env.now.plus(pause) };
        if durable {
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
    }

    /// There will be no further attempt.
    pub(super) fn final_failure(&mut self, step: u32, error: &StepError, env: Env) {
        let spec = self.spec(step);
        let state = self.state(step);
        state.phase = Phase::Idle;
        state.row.status = StepStatus::Failed;
        state.row.error_message = Some(error.message().to_owned());
        if state.row.effect != TouchedEffect::Unknown {
            state.row.failed_at = Some(env.now);
        }
        let unknown = state.row.effect == TouchedEffect::Unknown;
        let node = state.node;
        self.touch(step);
        if self.mode != Mode::Forward {
            return;
        }
        let name = &self.steps[step as usize].row.step_name;
        let message = format!("Step {} ({name}) failed: {error}", step + 1);
        let park = |reason| Then::Park(reason);
        if error.kind() == ErrorKind::Configuration {
            return self.fail(Some(step), message, park(FailureReason::Configuration));
        }
        if unknown && (spec.class == Class::Pivot || spec.if_unknown == IfUnknown::Park) {
            if spec.class == Class::Pivot && spec.if_unknown == IfUnknown::LookUp && self.is_forward() {
                return self.begin_undo(step, env);
            }
            let message = format!("{message} (nobody knows whether it took effect)");
            return self.fail(Some(step), message, park(FailureReason::Parked));
        }
        match spec.class {
            Class::Retriable if !spec.tolerated => {
                self.fail(Some(step), message, park(FailureReason::Parked))
            }
            Class::Compensatable if spec.tolerated && unknown => {
                self.state(step).row.status = StepStatus::Compensating;
                self.begin_undo(step, env);
            }
            _ if spec.tolerated => self.settle(node, Json::null()),
            _ => self.fail(Some(step), message, Then::Policy),
        }
    }

    pub(super) fn record(&mut self, step: u32, before: Json) {
        let state = self.state(step);
        if state.row.record.is_none() {
            state.row.record = Some(before);
            if state.phase == Phase::Running {
                state.row.status = StepStatus::Running;
            }
            self.touch(step);
        }
        self.hold(Command::RecordDurable { step });
    }

    pub(super) fn slow(&mut self, step: u32, _env: Env) {
        let transactional = self.spec(step).transactional;
        let state = self.state(step);
        if state.phase == Phase::Running && !transactional && state.row.status != StepStatus::Running {
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
    }
}

fn empty_arguments() -> Json {
    Json::parse("{}").unwrap_or_else(|_| Json::null())
}

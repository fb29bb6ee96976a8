//! One step forward: its attempts, its retries, and what its end means.

use std::sync::Arc;
use std::time::Duration;

use super::command::{Call, CallKind, Command, Env, Expression};
use super::state::{Machine, Mode, Then};
use super::step::{Act, Phase, Undo};
use super::{keys, waits, words};
use crate::definition::{IfFailed, NodeId};
use crate::error::{Effect, ErrorKind, Retry, StepError};
use crate::json::Json;
use crate::step::{Class, IfUnknown, Success};
use crate::store::{AuditKind, FailureReason, StepRow, StepStatus, TouchedEffect};

impl Machine {
    /// The step is ready: its arguments are made, then its first attempt begins.
    pub(super) fn start(&mut self, step: u32, env: Env) {
        if !self.phases.is_idle(step) {
            return;
        }
        let state = self.state(step);
        if state.args.is_some() {
            self.begin_attempt(step, env);
        } else {
            let node = state.node;
            self.phases.set(step, Phase::Preparing);
            self.evaluate(Expression::Arguments(node));
        }
    }

    pub(super) fn begin_attempt(&mut self, step: u32, env: Env) {
        let spec = self.spec(step);
        let suspect = self.suspect;
        self.phases.set(step, Phase::Starting);
        let state = self.state(step);
        state.due = None;
        state.row.input.clone_from(&state.args);
        state.row.attempts += 1;
        state.row.started_at.get_or_insert(env.now);
        if (spec.needs_intent() || suspect) && !mutant!(no_intent) && state.row.status != StepStatus::Running
        {
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
        let call = self.call(step, CallKind::Run);
        self.hold(call);
    }

    /// The command that calls one of the step's functions.
    pub(super) fn call(&mut self, step: u32, kind: CallKind) -> Command {
        self.calls += 1;
        self.state(step).called = self.calls;
        let state = &self.steps[step as usize];
        let (spec, row) = (&state.spec, &state.row);
        let forward_key = keys::forward(&self.workflow_id, row);
        let timeout = spec.policy.timeout.unwrap_or(self.settings.timeout);
        let undoing = kind == CallKind::Undo;
        let in_undo = matches!(self.phases.of(step), Phase::Undoing(_));
        let call = Call {
            number: self.calls,
            step,
            step_order: row.step_order,
            item: Arc::clone(&row.item),
            node: state.node,
            kind,
            run: row.run,
            attempt: if in_undo { row.undo_attempts } else { row.attempts },
            key: if undoing {
                keys::undo(&self.workflow_id, row, self.is_late_pass(step))
            } else {
                forward_key.clone()
            },
            forward_key,
            args: state.args.clone().or_else(|| row.input.clone()).unwrap_or_else(empty_arguments),
            output: if undoing { state.undo_output.clone() } else { None },
            recorded: row.record.clone(),
            heartbeat: row.heartbeat.clone(),
            cause: in_undo.then(|| self.cause(state.node, row)).flatten(),
            timeout: if undoing { spec.policy.undo_timeout.unwrap_or(timeout) } else { timeout },
        };
        if spec.transactional { Command::Transact(call) } else { Command::Call(call) }
    }

    /// Is this the pass that looks after what may have landed late, of a step whose outcome nobody knows? It
    /// must not be mistaken for a repetition of the first pass, so it has a key of its own. A known outcome keeps
    /// its key: whatever is undone twice by it (a refund) is recognised.
    fn is_late_pass(&self, step: u32) -> bool {
        let last = matches!(self.phases.of(step), Phase::Undoing(Undo { last_pass: true, .. }));
        last && self.steps[step as usize].row.effect == TouchedEffect::Unknown
    }

    /// Why something is undone: what stopped the workflow or, if nothing did, what this step failed with.
    fn cause(&self, node: NodeId, row: &StepRow) -> Option<Arc<str>> {
        let failing = self.failing.as_ref().map(|f| f.message.as_str());
        let scope = self.scope_failure(node);
        failing.or(scope).or(row.error_message.as_deref()).map(Into::into)
    }

    pub(super) fn attempted(&mut self, step: u32, result: Result<Success, StepError>, env: Env) {
        let transactional = self.spec(step).transactional;
        match self.phases.of(step) {
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
        let nothing_to_undo = match self.spec(step).class {
            Class::NoEffect => true,
            // Whoever made it, there is no way back behind it.
            Class::Pivot => false,
            Class::Compensatable | Class::Retriable => success.adopted && !mutant!(adopted_effect_undone),
        };
        self.phases.set(step, Phase::Idle);
        let state = self.state(step);
        state.row.status = StepStatus::Completed;
        if state.row.effect == TouchedEffect::None {
            // Nothing of an earlier attempt is under way, so it will be undone in one pass.
            state.row.failed_at = None;
        }
        state.row.effect = if nothing_to_undo { TouchedEffect::None } else { TouchedEffect::Done };
        state.row.output = Some(success.output.clone());
        state.row.heartbeat = None;
        state.row.completed_at = Some(env.now);
        state.row.error_message = None;
        state.row.deaths = 0;
        let value = waits::given(state.spec.if_failed, success.output);
        self.touch(step);
        self.give(step, value);
    }

    fn failed_once(&mut self, step: u32, error: &StepError, env: Env) {
        let spec = self.spec(step);
        let state = self.state(step);
        // Whoever rolls back a transaction leaves nothing behind.
        let unknown =
            error.effect() == Effect::Unknown && !spec.transactional && spec.class != Class::NoEffect
                || mutant!(refused_step_undone);
        state.row.error_message = Some(words::of(error.message()));
        if unknown {
            state.row.effect = TouchedEffect::Unknown;
            state.row.failed_at = Some(env.now);
        } else if mutant!(unknown_forgotten) {
            state.row.effect = TouchedEffect::None;
        }
        let (attempts, started_at, effect) = (state.row.attempts, state.row.started_at, state.row.effect);
        let words = words::of(&format!("attempt {attempts} of {} failed: {error}", self.label(step)));
        self.audit(AuditKind::AttemptFailed, Some(step), words, env);
        if unknown && spec.class == Class::Pivot && spec.if_unknown != IfUnknown::LookUp {
            self.refuse_rollback(env);
        }

        let policy = spec.policy.retry;
        let pause = match error.retry() {
            Retry::After(pause) => pause,
            _ if mutant!(retry_without_backoff) => Duration::ZERO,
            _ => policy.pause(attempts, env.random),
        };
        let in_time =
            policy.deadline.is_none_or(|d| started_at.is_none_or(|t| env.now.plus(pause).since(t) <= d));
        let settles = spec.class == Class::Pivot && effect == TouchedEffect::Unknown;
        let blind = settles && !matches!(spec.if_unknown, IfUnknown::Rerun | IfUnknown::LookUp);
        let again = error.retry() != Retry::No && attempts < policy.max_attempts && in_time && !blind;
        // While a rollback is only asked for it may still be refused, and then the next attempt comes.
        let lost = self.mode != Mode::Forward || self.failing.as_ref().is_some_and(|f| !f.asked);
        if !again || lost {
            return self.final_failure(step, error, env);
        }
        if settles && spec.if_unknown == IfUnknown::LookUp {
            return self.find_out(step, env);
        }
        let durable = unknown || pause >= self.settings.record_pauses_from;
        let writes_intents = spec.needs_intent() || self.suspect;
        self.pause(step, pause, env);
        let state = self.state(step);
        if durable {
            // An intent that is written down as closed has to be opened again.
            state.row.status = if writes_intents { StepStatus::Pending } else { StepStatus::Running };
            self.touch(step);
        }
    }

    /// Nobody knows whether the pivot took effect, and there may be another attempt if it did not: that is looked up
    /// first. Its intent is written down as closed, to be opened again.
    pub(super) fn find_out(&mut self, step: u32, env: Env) {
        self.state(step).row.status = StepStatus::Pending;
        self.touch(step);
        self.begin_undo(step, env);
    }

    /// There will be no further attempt.
    pub(super) fn final_failure(&mut self, step: u32, error: &StepError, env: Env) {
        self.phases.set(step, Phase::Idle);
        let state = self.state(step);
        state.row.status = StepStatus::Failed;
        state.row.error_message = Some(words::of(error.message()));
        if state.row.effect != TouchedEffect::Unknown {
            state.row.failed_at = Some(env.now);
        }
        self.touch(step);
        self.after_failure(step, error, env);
    }

    /// What follows from a failure that is written down.
    pub(super) fn after_failure(&mut self, step: u32, error: &StepError, env: Env) {
        if self.mode != Mode::Forward {
            return;
        }
        let spec = self.spec(step);
        let unknown = self.steps[step as usize].row.effect == TouchedEffect::Unknown;
        let label = capital(&self.label(step));
        let message = words::of(&format!("{label} failed: {error}"));
        if error.kind() == ErrorKind::Configuration {
            // With siblings under way the fact may be durable before the decision: so is its reason.
            self.header.failure_reason = Some(FailureReason::Configuration);
            self.dirty_header = true;
            return self.fail(Some(step), message, Then::Park(FailureReason::Configuration));
        }
        if unknown && spec.class == Class::Pivot && spec.if_unknown == IfUnknown::LookUp {
            return self.begin_undo(step, env);
        }
        if unknown && (spec.class == Class::Pivot || spec.if_unknown == IfUnknown::Park) {
            let message = format!("{message} (nobody knows whether it took effect)");
            return self.fail(Some(step), message, Then::Park(FailureReason::Parked));
        }
        // A list has a place for the failure of each item, and none for its own.
        let tolerated = spec.is_tolerated() && !self.is_list(step);
        match spec.class {
            Class::Compensatable if tolerated && (unknown || mutant!(tolerated_failure_undone)) => {
                self.state(step).row.status = StepStatus::Compensating;
                self.touch(step);
                self.begin_undo(step, env);
            }
            _ if tolerated => self.give_failure(step),
            Class::Retriable => self.fail(Some(step), message, Then::Park(FailureReason::Parked)),
            _ => self.fail_at(self.steps[step as usize].node, Some(step), message, Then::Policy),
        }
    }

    /// A tolerated failure: the saga goes on with `null`, or with the failure, which the row shows.
    pub(super) fn give_failure(&mut self, step: u32) {
        let value = self.failure_of(step);
        self.state(step).row.output = Some(value.clone());
        self.touch(step);
        self.give(step, value);
    }

    /// What the saga gets of a step whose failure it tolerates.
    pub(super) fn failure_of(&self, step: u32) -> Json {
        let state = &self.steps[step as usize];
        match state.spec.if_failed {
            IfFailed::Decide => {
                let message = state.row.error_message.clone().unwrap_or_default();
                waits::failed(&state.row.step_name, message)
            }
            IfFailed::Fail | IfFailed::GoOn => Json::null(),
        }
    }

    pub(super) fn record(&mut self, step: u32, before: Json) {
        let is_running = *self.phases.of(step) == Phase::Running;
        let state = self.state(step);
        if state.row.record.is_none() {
            state.row.record = Some(before);
            if is_running {
                state.row.status = StepStatus::Running;
            }
            self.touch(step);
        }
        if mutant!(record_before_durable) {
            return self.out.push(Command::RecordDurable { step });
        }
        self.hold(Command::RecordDurable { step });
    }

    pub(super) fn slow(&mut self, step: u32) {
        let transactional = self.spec(step).transactional;
        let is_running = *self.phases.of(step) == Phase::Running;
        let state = self.state(step);
        if is_running && !transactional && state.row.status != StepStatus::Running {
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
    }
}

/// `Step 3 (activate_onu)`
pub(super) fn capital(label: &str) -> String {
    label.replacen('s', "S", 1)
}

fn empty_arguments() -> Json {
    Json::parse("{}").unwrap_or_else(|_| Json::null())
}

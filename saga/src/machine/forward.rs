//! Forward: which nodes are ready, when the saga is complete, and what a failure leads to.

use std::sync::Arc;

use super::command::{Command, Env, Expression};
use super::state::{Failing, Machine, Mode, Phase, Settled, Then};
use crate::definition::{Node, NodeId, OnFailure, Op};
use crate::error::StepError;
use crate::json::Json;
use crate::store::{AuditKind, FailureReason, Signal, SignalKind, Status, StepStatus, TouchedEffect};

impl Machine {
    /// Everything that can be decided now is decided.
    pub(super) fn advance(&mut self, env: Env) {
        match self.mode {
            Mode::Over => self.let_go(),
            Mode::Backward => self.unwind(env),
            Mode::Forward => {
                if self.is_forward() && !self.draining {
                    self.launch(env);
                }
                if self.mode == Mode::Forward && !self.is_busy() && self.evaluating.is_empty() {
                    if self.failing.is_some() {
                        self.turn(env);
                    } else if self.draining {
                        self.hand_over(env);
                    }
                }
            }
        }
    }

    /// Settles what is settled by itself, and starts what is ready.
    fn launch(&mut self, env: Env) {
        let plan = Arc::clone(&self.plan);
        self.derive(env);
        for (i, node) in plan.nodes().iter().enumerate() {
            if !self.is_ready(i, node) {
                continue;
            }
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            match &node.op {
                Op::Value | Op::Condition => self.evaluate(Expression::Value(id)),
                Op::Step(step) => self.start(step.step_order, env),
                Op::Input | Op::Select { .. } => {}
            }
        }
        if self.settled.iter().all(|s| *s != Settled::No) {
            self.complete(env);
        }
    }

    fn is_ready(&self, i: usize, node: &Node) -> bool {
        self.settled[i] == Settled::No && node.after.iter().all(|n| self.settled[n.0 as usize] != Settled::No)
    }

    /// Skips what its condition excludes and takes over the values of arms. Neither needs anything but
    /// values that are there.
    pub(super) fn derive(&mut self, env: Env) {
        let plan = Arc::clone(&self.plan);
        // Every node stands after those it depends on, so one pass settles all that can be.
        for (i, node) in plan.nodes().iter().enumerate() {
            if !self.is_ready(i, node) {
                continue;
            }
            let holds = |condition: NodeId| {
                self.values[condition.0 as usize].as_ref().is_some_and(|v| v.as_str() == "true")
            };
            let excluded = node.guards.iter().any(|g| {
                self.settled[g.condition.0 as usize] == Settled::Skipped || holds(g.condition) != g.value
            });
            if excluded {
                self.settled[i] = Settled::Skipped;
                if let Op::Step(step) = &node.op {
                    self.skip(step.step_order, env);
                }
            } else if let Op::Select { condition, then, otherwise } = &node.op {
                let arm = if holds(*condition) { then } else { otherwise };
                self.values[i] = self.values[arm.0 as usize].clone();
                self.settled[i] = Settled::Yes;
            }
        }
    }

    fn skip(&mut self, step: u32, env: Env) {
        let state = self.state(step);
        if state.row.status != StepStatus::Skipped {
            state.row.status = StepStatus::Skipped;
            state.row.completed_at = Some(env.now);
            self.touch(step);
        }
    }

    pub(super) fn evaluate(&mut self, expression: Expression) {
        if self.evaluating.insert(expression) {
            self.out.push(Command::Evaluate(expression));
        }
    }

    pub(super) fn evaluated(&mut self, expression: Expression, result: Result<Json, StepError>, env: Env) {
        if !self.evaluating.remove(&expression) {
            return;
        }
        match (expression, result) {
            (Expression::Output, Ok(output)) => self.output = Some(output),
            (Expression::Output, Err(e)) => self.fail(None, format!("the output failed: {e}"), Then::Policy),
            (Expression::Value(node), Ok(value)) => {
                self.carry(node, &value);
                self.settle(node, value);
            }
            (Expression::Value(node), Err(e)) => {
                let name = Arc::clone(&self.plan.nodes()[node.0 as usize].name);
                self.fail(None, format!("`{name}` failed: {e}"), Then::Policy);
            }
            (Expression::Arguments(node), result) => {
                let Some(step) = self.plan.node(node).and_then(Node::step).map(|s| s.step_order) else {
                    return;
                };
                match result {
                    Ok(args) => {
                        if self.spec(step).evaluated {
                            self.carry(node, &args);
                        }
                        self.state(step).args = Some(args);
                        self.state(step).phase = Phase::Idle;
                        if self.is_forward() && !self.draining {
                            self.start(step, env);
                        }
                    }
                    Err(e) => self.final_failure(step, &e.context("its arguments"), env),
                }
            }
        }
    }

    fn carry(&mut self, node: NodeId, value: &Json) {
        let name = Arc::clone(&self.plan.nodes()[node.0 as usize].name);
        self.draft.carry.insert(name, value.clone());
    }

    pub(super) fn settle(&mut self, node: NodeId, value: Json) {
        self.values[node.0 as usize] = Some(value);
        self.settled[node.0 as usize] = Settled::Yes;
    }

    fn complete(&mut self, env: Env) {
        let Some(output) = self.output.clone() else {
            self.evaluate(Expression::Output);
            return;
        };
        self.decide(Mode::Over, Status::Completed);
        self.header.output = Some(output);
        self.header.completed_at = Some(env.now);
        self.header.error_message = None;
        self.release = true;
    }

    /// It cannot go on. The first cause is kept; a rollback that somebody asked for is not forgotten.
    pub(super) fn fail(&mut self, step: Option<u32>, message: String, then: Then) {
        match &mut self.failing {
            None => self.failing = Some(Failing { message, step, then }),
            Some(failing) if then == Then::RollBack => failing.then = then,
            Some(failing) => {
                if failing.then == Then::Policy && matches!(then, Then::Park(_)) {
                    failing.then = then;
                }
            }
        }
    }

    pub(super) fn signal(&mut self, signal: &Signal, env: Env) {
        self.rev = self.rev.max(signal.rev);
        if !self.seen_signals.insert(signal.id) {
            return;
        }
        self.draft.signals.push(signal.id);
        match signal.kind {
            SignalKind::Cancel if self.mode != Mode::Forward => {}
            SignalKind::Cancel => {
                if let Some(pivot) = self.pivot_passed() {
                    let words =
                        format!("cancellation by {} refused: past the pivot {}", signal.by, pivot.row.node);
                    self.audit(AuditKind::CancelRefused, None, words, env);
                    return;
                }
                self.audit(AuditKind::CancelRequested, None, format!("cancelled by {}", signal.by), env);
                self.fail(None, format!("cancelled by {}", signal.by), Then::RollBack);
            }
        }
    }

    pub(super) fn tick(&mut self, env: Env) {
        let overdue = self.deadline_at.is_some_and(|at| at <= env.now);
        if overdue {
            self.deadline_at = None;
            if self.is_forward() && self.pivot_passed().is_none() {
                self.fail(None, "the workflow's deadline has passed".to_owned(), Then::RollBack);
            }
        }
        for step in 0..self.plan.total_steps() {
            match self.steps[step as usize].phase.clone() {
                Phase::Pausing { until } if until <= env.now && self.is_forward() && !self.draining => {
                    self.begin_attempt(step, env);
                }
                Phase::Undoing(undo) if !self.draining => self.undo_tick(step, &undo, env),
                _ => {}
            }
        }
    }

    /// Nothing runs any more and it cannot go on: back, or stop.
    fn turn(&mut self, env: Env) {
        let Some(failing) = self.failing.clone() else { return };
        if failing.then == Then::RollBack && failing.step.is_none() && self.pivot_passed().is_some() {
            // The pivot was under way when somebody asked for a rollback, and it is done now.
            self.failing = None;
            let words = format!("{}: refused, the pivot was under way", failing.message);
            self.audit(AuditKind::CancelRefused, None, words, env);
            return self.launch(env);
        }
        self.stop_pausing(env);
        self.retract_held();
        let mut message = failing.message;
        let mut then = failing.then;
        if let Some(pivot) = self.pivot_passed() {
            // Past the point of no return there is only forward.
            if !matches!(then, Then::Park(_)) {
                then = Then::Park(FailureReason::Parked);
                message = format!("{message} (after the pivot {})", pivot.row.node);
            }
        }
        if then == Then::Policy {
            then = match self.plan.on_failure() {
                OnFailure::Backward => Then::RollBack,
                OnFailure::Park => Then::Park(FailureReason::Parked),
            };
        }
        let at = failing.step.map(|s| &self.steps[s as usize].row);
        let (current_step, current_system) =
            (at.map(|r| Arc::clone(&r.step_name)), at.and_then(|r| r.target_system.clone()));
        match then {
            Then::Park(reason) => {
                self.decide(Mode::Over, Status::Failed);
                self.header.failure_reason = Some(reason);
                self.header.failed_at = Some(env.now);
                self.release = true;
                self.audit(AuditKind::Parked, failing.step, message.clone(), env);
            }
            Then::RollBack | Then::Policy => {
                self.decide(Mode::Backward, Status::RollingBack);
                self.header.rolled_back_once = true;
                self.audit(AuditKind::RollbackStarted, failing.step, message.clone(), env);
            }
        }
        self.header.error_message = Some(message);
        self.header.current_step = current_step;
        self.header.current_system = current_system;
        if self.mode == Mode::Backward {
            self.unwind(env);
        }
    }

    /// Steps that wait for another attempt will not get it.
    fn stop_pausing(&mut self, env: Env) {
        for step in 0..self.plan.total_steps() {
            let state = self.state(step);
            if matches!(state.phase, Phase::Pausing { .. }) {
                state.phase = Phase::Idle;
                state.row.status = StepStatus::Failed;
                if state.row.effect == TouchedEffect::None {
                    state.row.failed_at = Some(env.now);
                }
                self.touch(step);
            }
        }
    }

    /// A clean end of this worker's part: others go on.
    pub(super) fn hand_over(&mut self, env: Env) {
        let wake_at = self.next_due();
        for step in 0..self.plan.total_steps() {
            if matches!(self.steps[step as usize].phase, Phase::Pausing { .. }) {
                self.state(step).row.status = StepStatus::Running;
                self.touch(step);
            }
        }
        self.decide(Mode::Over, self.header.status);
        self.header.wake_at = Some(wake_at.unwrap_or(env.now));
        self.release = true;
    }

    /// The time to drain is over.
    pub(super) fn abandon(&mut self, env: Env) {
        self.draining = true;
        self.transactions.clear();
        self.transaction_done(false);
        for step in 0..self.plan.total_steps() {
            let transactional = self.spec(step).transactional;
            let state = self.state(step);
            let was_running = state.phase == Phase::Running;
            if !matches!(state.phase, Phase::Pausing { .. }) {
                state.phase = Phase::Idle;
            }
            if was_running && !transactional {
                state.row.status = StepStatus::Running;
                state.row.effect = TouchedEffect::Unknown;
                state.row.failed_at = Some(env.now);
                self.touch(step);
            }
        }
    }

    fn let_go(&mut self) {
        if self.overruled && !self.release && !self.is_busy() {
            self.release = true;
            self.dirty_header = true;
        }
    }
}

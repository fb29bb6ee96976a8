//! Forward: which nodes are ready, what is evaluated for them, and when the saga is complete.

use std::sync::Arc;

use super::command::{Command, Env, Expression};
use super::draft::Slot;
use super::state::{Machine, Mode, Settled, Then};
use super::step::{Act, Phase, Undo};
use super::words;
use crate::definition::{Node, NodeId, Op};
use crate::error::{ErrorKind, StepError};
use crate::json::Json;
use crate::store::{FailureReason, Status, StepStatus};

impl Machine {
    /// Everything that can be decided now is decided.
    pub(super) fn advance(&mut self, env: Env) {
        if matches!(self.slot, Slot::Refused) {
            // Somebody has written the header: not before it is known what.
            return;
        }
        match self.mode {
            Mode::Over => self.let_go(),
            Mode::Backward => self.unwind(env),
            Mode::Forward => {
                if self.is_forward() && !self.draining {
                    self.launch(env);
                }
                if self.mode == Mode::Forward && self.may_turn() {
                    if self.failing.is_some() && !self.is_settling_pivot() {
                        self.turn(env);
                    } else if self.draining {
                        self.hand_over(env);
                    }
                }
            }
        }
    }

    /// Nothing runs, and the workflow exists: it can go another way.
    fn may_turn(&self) -> bool {
        !self.is_busy() && self.evaluating.is_empty() && self.draft.create.is_none()
    }

    /// Settles what is settled by itself, and starts what is ready.
    fn launch(&mut self, env: Env) {
        let plan = Arc::clone(&self.plan);
        self.unwind_scopes(env);
        self.derive(env);
        for (i, node) in plan.nodes().iter().enumerate() {
            if !self.is_ready(i, node) {
                continue;
            }
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            match &node.op {
                Op::Value | Op::Condition => self.evaluate(Expression::Value(id)),
                Op::Step(step) if self.is_list(step.step_order) => self.start_list(step.step_order, env),
                Op::Step(step) => self.start(step.step_order, env),
                Op::Sleep | Op::Wait(_) if self.waits.contains_key(&id) => self.attend(id, env),
                Op::Sleep | Op::Wait(_) => self.evaluate(Expression::Value(id)),
                Op::Input | Op::Select { .. } => {}
            }
        }
        if self.settled.iter().all(|s| *s != Settled::No) {
            self.complete(env);
        } else if !self.unfinished {
            self.rest(env);
        }
    }

    pub(super) fn is_ready(&self, i: usize, node: &Node) -> bool {
        let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
        !self.is_stopped(id) && self.is_next(i, node)
    }

    /// Is all that stands before it settled?
    pub(super) fn is_next(&self, i: usize, node: &Node) -> bool {
        self.settled[i] == Settled::No && node.after.iter().all(|n| self.settled[n.0 as usize] != Settled::No)
    }

    /// Skips what its condition excludes and takes over the values of arms. Neither needs anything but
    /// values that are there.
    pub(super) fn derive(&mut self, env: Env) {
        let plan = Arc::clone(&self.plan);
        // Every node stands after those it depends on, so one pass settles all that can be.
        for (i, node) in plan.nodes().iter().enumerate() {
            // In a sub-saga that has failed too: after a death it is asked what may have begun there.
            if !self.is_next(i, node) {
                continue;
            }
            let holds = |condition: NodeId, value: &str| {
                self.settled[condition.0 as usize] == Settled::Yes
                    && self.values[condition.0 as usize].as_ref().is_some_and(|v| v.as_str() == value)
            };
            let excluded = node.guards.iter().any(|g| !holds(g.condition, &g.value));
            if excluded {
                self.settled[i] = Settled::Skipped;
                if let Op::Step(step) = &node.op {
                    self.skip(step.step_order, env);
                }
            } else if let Op::Select { condition, arms } = &node.op {
                let ran = arms.iter().find(|(value, _)| holds(*condition, value));
                self.values[i] = ran.and_then(|(_, arm)| self.values[arm.0 as usize].clone());
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
            // Its sub-saga has failed meanwhile, and is over.
            (Expression::Value(node), _) if self.settled[node.0 as usize] != Settled::No => {}
            (Expression::Output, Ok(output)) => self.output = Some(output),
            (Expression::Output, Err(e)) => {
                self.fail(None, words::of(&format!("the output failed: {e}")), after(&e));
            }
            (Expression::Value(node), Ok(value)) if self.is_waiting_place(node) => {
                self.arm(node, &value, env)
            }
            (Expression::Value(node), Ok(value)) => {
                self.carry(node, &value);
                self.settle(node, value);
            }
            (Expression::Value(node), Err(e)) => {
                let name = Arc::clone(&self.plan.nodes()[node.0 as usize].name);
                self.fail_at(node, None, words::of(&format!("`{name}` failed: {e}")), after(&e));
            }
            (Expression::Arguments(node), result) => {
                let Some(step) = self.plan.node(node).and_then(Node::step).map(|s| s.step_order) else {
                    return;
                };
                self.arguments(step, node, result.map_err(|e| e.context("its arguments")), env);
            }
        }
    }

    fn arguments(&mut self, step: u32, node: NodeId, result: Result<Json, StepError>, env: Env) {
        let undoing = matches!(self.phases.of(step), Phase::Undoing(Undo { act: Act::Preparing, .. }));
        match result {
            Ok(args) => {
                if self.spec(step).evaluated && !mutant!(arguments_not_durable) {
                    self.carry(node, &args);
                }
                if self.is_list(step) {
                    return self.list(step, &args, env);
                }
                self.state(step).args = Some(args);
                self.phases.set(step, Phase::Idle);
                if undoing {
                    self.begin_undo(step, env);
                } else if self.is_forward() && !self.draining {
                    self.start(step, env);
                }
            }
            Err(error) if undoing => self.owe(step, &error, env),
            Err(error) => self.final_failure(step, &error, env),
        }
    }

    fn list(&mut self, step: u32, args: &Json, env: Env) {
        self.phases.set(step, Phase::Idle);
        match self.expand(step, args) {
            Ok(()) if self.is_forward() && !self.draining => self.start_items(step, env),
            Ok(()) => {}
            Err(error) => self.final_failure(step, &error, env),
        }
    }

    /// The list is computed once; then its items begin.
    fn start_list(&mut self, step: u32, env: Env) {
        if self.steps[step as usize].items.is_some() {
            self.start_items(step, env);
        } else {
            self.start(step, env);
        }
    }

    fn is_waiting_place(&self, node: NodeId) -> bool {
        matches!(self.plan.node(node).map(|n| &n.op), Some(Op::Sleep | Op::Wait(_)))
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
        if self.draft.create.is_some() {
            // First it is made, then it is let go.
            return;
        }
        let Some(output) = self.output.clone() else {
            self.evaluate(Expression::Output);
            return;
        };
        self.decide(Mode::Over, Status::Completed);
        self.header.output = Some(output);
        self.header.completed_at = Some(env.now);
        self.header.error_message = None;
        self.header.failure_reason = None;
        self.header.current_step = None;
        self.header.current_system = None;
        self.release = true;
    }
}

/// What follows when a value cannot be computed. What is wrong with the configuration a person mends.
fn after(error: &StepError) -> Then {
    match error.kind() {
        ErrorKind::Configuration => Then::Park(FailureReason::Configuration),
        _ => Then::Policy,
    }
}

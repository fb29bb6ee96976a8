//! What stops a workflow on its way forward, and where it turns to then.

use super::command::Env;
use super::state::{Failing, Machine, Mode, Then};
use super::step::Phase;
use crate::definition::{NodeId, OnFailure};
use crate::step::Class;
use crate::store::{AuditKind, FailureReason, Signal, SignalKind, Status, StepStatus, TouchedEffect};

impl Machine {
    /// It cannot go on. The first cause is kept; a rollback that somebody asked for is not forgotten.
    pub(super) fn fail(&mut self, step: Option<u32>, message: String, then: Then) {
        match &mut self.failing {
            None => self.failing = Some(Failing { message, step, then, asked: false }),
            Some(failing) => {
                failing.asked = false;
                let parks = failing.then == Then::Policy && matches!(then, Then::Park(_));
                if then == Then::RollBack || parks {
                    failing.then = then;
                }
            }
        }
    }

    /// It cannot go on here. A sub-saga whose failure is tolerated keeps that to itself.
    pub(super) fn fail_at(&mut self, node: NodeId, step: Option<u32>, message: String, then: Then) {
        match self.scope_of(node) {
            Some(scope) if then == Then::Policy => self.fail_scope(scope, message),
            _ => self.fail(step, message, then),
        }
    }

    /// Somebody wants it rolled back.
    fn ask_back(&mut self, message: String) {
        match &mut self.failing {
            Some(failing) => failing.then = Then::RollBack,
            None => {
                let then = Then::RollBack;
                self.failing = Some(Failing { message, step: None, then, asked: true });
            }
        }
    }

    pub(super) fn signal(&mut self, signal: Signal, env: Env) {
        if self.is_deciding() {
            // If the decision is taken this comes too late, and if it is refused it will be heeded.
            self.deferred.push(signal);
        } else {
            self.heed(&signal, env);
        }
    }

    pub(super) fn heed_deferred(&mut self, env: Env) {
        for signal in std::mem::take(&mut self.deferred) {
            self.heed(&signal, env);
        }
    }

    fn heed(&mut self, signal: &Signal, env: Env) {
        if !self.seen_signals.insert(signal.id) {
            self.rev = self.rev.max(signal.rev);
            return;
        }
        if self.mode == Mode::Over {
            self.take_back_decision();
        }
        self.rev = self.rev.max(signal.rev);
        if signal.kind == SignalKind::Event {
            self.draft.heard.push(signal.id);
            return self.something_came();
        }
        self.draft.signals.push(signal.id);
        match signal.kind {
            SignalKind::Event => {}
            SignalKind::Cancel if self.mode != Mode::Forward => {}
            SignalKind::Cancel => {
                if let Some(pivot) = self.no_return() {
                    let words =
                        format!("cancellation by {} refused: past the pivot {}", signal.by, pivot.row.node);
                    self.audit(AuditKind::CancelRefused, None, words, env);
                    return;
                }
                let turns_back = self.failing.as_ref().is_some_and(|f| f.then == Then::RollBack);
                if !self.cancelled_by.insert(signal.by.clone()) && turns_back {
                    // The same person again, or another worker that saw the same tick of a schedule: it is told once.
                    return;
                }
                let words = format!("cancelled by {}", signal.by);
                self.audit(AuditKind::CancelRequested, None, words.clone(), env);
                self.ask_back(words);
            }
        }
    }

    pub(super) fn tick(&mut self, env: Env) {
        let overdue = self.deadline_at.is_some_and(|at| at <= env.now);
        if overdue {
            self.deadline_at = None;
            if self.is_forward() && self.no_return().is_none() {
                self.ask_back("the workflow's deadline has passed".to_owned());
            }
        }
        let active: Vec<(u32, Phase)> = self.phases.active().map(|(s, phase)| (s, phase.clone())).collect();
        for (step, phase) in active {
            match phase {
                Phase::Pausing { until } if until <= env.now && self.is_forward() && !self.draining => {
                    self.begin_attempt(step, env);
                }
                Phase::Undoing(undo) if !self.draining => self.undo_tick(step, &undo, env),
                _ => {}
            }
        }
    }

    /// Nothing runs any more and it cannot go on: back, or stop.
    pub(super) fn turn(&mut self, env: Env) {
        let Some(failing) = self.failing.clone() else { return };
        if self.pivot_done().is_some() && self.refuse_rollback(env) {
            self.unfinished = true;
            return;
        }
        self.stop_pausing(env);
        self.retract_held();
        let (then, message) = self.way_out(&failing);
        let at = failing.step.map(|s| &self.steps[s as usize].row);
        let current_step = at.map(|r| r.step_name.clone());
        let current_system = at.and_then(|r| r.target_system.clone());
        match then {
            Then::Park(reason) => {
                self.decide(Mode::Over, Status::Failed);
                self.header.failure_reason = Some(reason);
                self.header.failed_at = Some(env.now);
                self.header.compensation_error = self.debts_in_words();
                self.release = true;
                self.audit(AuditKind::Parked, failing.step, message.clone(), env);
            }
            Then::RollBack | Then::Policy => {
                self.decide(Mode::Backward, Status::RollingBack);
                self.header.failure_reason = None;
                self.header.rolled_back_once = true;
                self.header.turned_back = true;
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

    /// The pivot was under way when somebody asked for a rollback, and now there is only forward.
    pub(super) fn refuse_rollback(&mut self, env: Env) -> bool {
        let Some(failing) = self.failing.take_if(|failing| failing.asked) else { return false };
        let words = format!("{}: refused, the pivot was under way", failing.message);
        self.audit(AuditKind::CancelRefused, None, words, env);
        true
    }

    /// Past the point of no return there is only forward; otherwise what was asked for, or the saga's policy.
    fn way_out(&self, failing: &Failing) -> (Then, String) {
        let message = failing.message.clone();
        match (failing.then, self.pivot_passed()) {
            (Then::Park(reason), _) => (Then::Park(reason), message),
            (_, Some(pivot)) => {
                let node = &pivot.row.node;
                let why = match pivot.row.effect {
                    TouchedEffect::Unknown => format!("nobody knows whether the pivot {node} took effect"),
                    _ => format!("after the pivot {node}"),
                };
                (Then::Park(FailureReason::Parked), format!("{message} ({why})"))
            }
            (Then::Policy, None) if self.plan.on_failure() == OnFailure::Park => {
                (Then::Park(FailureReason::Parked), message)
            }
            (Then::Policy | Then::RollBack, None) => (Then::RollBack, message),
        }
    }

    /// Steps that wait for another attempt will not get it.
    fn stop_pausing(&mut self, env: Env) {
        for step in self.phases.pausing() {
            self.phases.set(step, Phase::Idle);
            let state = self.state(step);
            state.row.status = StepStatus::Failed;
            if state.row.effect == TouchedEffect::None {
                state.row.failed_at = Some(env.now);
            }
            self.touch(step);
        }
    }

    /// A pivot whose outcome is being looked up decides between back and forward: it is waited for.
    pub(super) fn is_settling_pivot(&self) -> bool {
        let is_pivot = |step: u32| self.steps[step as usize].spec.class == Class::Pivot;
        self.phases.active().any(|(step, phase)| matches!(phase, Phase::Undoing(_)) && is_pivot(step))
    }
}

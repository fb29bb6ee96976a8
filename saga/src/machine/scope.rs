//! A sub-saga whose failure its caller tolerates: it is undone as a whole while the caller goes forward.

use std::sync::Arc;

use super::command::Env;
use super::draft::Slot;
use super::state::{Machine, Settled};
use super::step::Phase;
use super::waits;
use crate::definition::{IfFailed, NodeId};
use crate::json::Json;
use crate::store::StepStatus;

/// Where such a sub-saga stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Scope {
    /// As the caller.
    #[default]
    Open,
    /// It has failed for this reason: nothing of it begins any more, and what it did is undone.
    Failed(String),
    /// All of that is over. (For this reason it was undone: it may turn out that it is not.)
    Over(String),
}

/// Under which name the failure of a sub-saga is journaled.
fn failed(name: &str) -> Arc<str> {
    format!("{name}@failed").into()
}

impl Machine {
    /// The sub-saga fails. That is durable before anything of it is undone.
    pub(super) fn fail_scope(&mut self, scope: u32, message: String) {
        if self.scopes[scope as usize] != Scope::Open {
            return;
        }
        let name = Arc::clone(&self.plan.sub_sagas()[scope as usize].name);
        if let Ok(journaled) = Json::encode(&message) {
            self.draft.carry.insert(failed(&name), journaled);
        }
        self.scopes[scope as usize] = Scope::Failed(message);
        self.unfinished = true;
    }

    /// What the journal says about the sub-sagas.
    pub(super) fn restore_scopes(&mut self, journaled: impl Fn(&str) -> Option<Json>) {
        let plan = Arc::clone(&self.plan);
        for (i, sub) in plan.sub_sagas().iter().enumerate() {
            let Some(message) = journaled(&failed(&sub.name)).and_then(|json| json.decode().ok()) else {
                continue;
            };
            self.scopes[i] = Scope::Failed(message);
            if self.settled[sub.last.0 as usize] != Settled::No {
                self.close(u32::try_from(i).unwrap_or(u32::MAX));
            }
        }
    }

    /// Is it the value of a sub-saga whose failure was to be journaled with these, which is not possible?
    pub(super) fn is_failure_lost(&self, last: NodeId, carried: &[Arc<str>]) -> bool {
        self.plan.sub_sagas().iter().any(|sub| sub.last == last && carried.contains(&failed(&sub.name)))
    }

    /// The undo of these steps was rolled back with what told of it: a sub-saga that ended with them is being undone
    /// still. Answers with where its value stood.
    pub(super) fn undo_again(&mut self, steps: &[u32]) -> Vec<NodeId> {
        let plan = Arc::clone(&self.plan);
        let mut ends = vec![];
        for step in steps {
            let around: Vec<u32> = self.failures_around(self.steps[*step as usize].node).collect();
            for scope in around {
                if let Scope::Over(message) = &self.scopes[scope as usize] {
                    self.scopes[scope as usize] = Scope::Failed(message.clone());
                    ends.push(plan.sub_sagas()[scope as usize].last);
                }
            }
        }
        ends
    }

    /// A failure that is not journaled, or that rests on what is gone, did not happen.
    pub(super) fn reopen(&mut self, carried: &[Arc<str>], gone: &[bool]) {
        let plan = Arc::clone(&self.plan);
        for (i, sub) in plan.sub_sagas().iter().enumerate() {
            let name = failed(&sub.name);
            let open = self.draft.carry.contains_key(&name)
                && (sub.first.0..=sub.last.0).any(|node| gone[node as usize]);
            if open || carried.contains(&name) {
                self.draft.carry.remove(&name);
                self.scopes[i] = Scope::Open;
            }
        }
    }

    /// The node is part of a sub-saga that has failed: it does not begin any more.
    pub(super) fn is_stopped(&self, node: NodeId) -> bool {
        self.failed_scope(node).is_some()
    }

    /// Why the step is undone, if it is because its sub-saga has failed.
    pub(super) fn scope_failure(&self, node: NodeId) -> Option<&str> {
        match self.failed_scope(node).map(|scope| &self.scopes[scope as usize]) {
            Some(Scope::Failed(message)) => Some(message),
            _ => None,
        }
    }

    /// The sub-sagas around the node that have failed, whether or not they are undone, the innermost first.
    fn failures_around(&self, node: NodeId) -> impl Iterator<Item = u32> {
        let subs = self.plan.sub_sagas();
        let innermost = self.plan.node(node).and_then(|n| n.within);
        std::iter::successors(innermost, |scope| subs[*scope as usize].within)
            .filter(|scope| self.scopes[*scope as usize] != Scope::Open)
    }

    /// The outermost of them that is being undone.
    fn failed_scope(&self, node: NodeId) -> Option<u32> {
        let is_failed = |scope: &u32| matches!(self.scopes[*scope as usize], Scope::Failed(_));
        self.failures_around(node).filter(is_failed).last()
    }

    /// Did the undo of the failed sub-saga around the node begin before the worker died? Nothing of it was under
    /// way then.
    pub(super) fn was_being_undone(&self, node: NodeId) -> bool {
        let Some(scope) = self.failed_scope(node) else { return false };
        self.steps.iter().any(|s| {
            // What its own failure or that of an inner sub-saga has left is undone before.
            let with_it = !s.spec.is_tolerated() && self.failures_around(s.node).eq([scope]);
            let undone = [StepStatus::Compensating, StepStatus::Compensated, StepStatus::CompensationFailed];
            with_it && undone.contains(&s.row.status)
        })
    }

    pub(super) fn is_undoing_a_scope(&self) -> bool {
        self.scopes.iter().any(|scope| matches!(scope, Scope::Failed(_)))
    }

    /// The steps that are undone with this failed sub-saga.
    fn inside(&self, scope: u32) -> Vec<u32> {
        let is_inside = |s: &u32| self.failed_scope(self.steps[*s as usize].node) == Some(scope);
        self.all_steps().filter(is_inside).collect()
    }

    /// The worker died when these may have been in the course of being undone.
    pub(super) fn died_undoing_scopes(&mut self, env: Env) {
        for scope in 0..u32::try_from(self.scopes.len()).unwrap_or(u32::MAX) {
            let inside = self.inside(scope);
            if let Some(step) = self.next_undo_of(inside.iter().copied()) {
                self.state(step).undo_elsewhere = Some(env.now);
            }
            for step in inside {
                if !self.is_undone_alone(step) {
                    self.died_undoing(step, env);
                }
            }
        }
    }

    /// Is it undone because of its own failure, which is tolerated?
    pub(super) fn is_undone_alone(&self, step: u32) -> bool {
        let state = &self.steps[step as usize];
        state.spec.is_tolerated() && state.row.status == StepStatus::Compensating
    }

    /// Undoes what failed sub-sagas have done, one step after the other, and lets their callers go on.
    pub(super) fn unwind_scopes(&mut self, env: Env) {
        for scope in 0..u32::try_from(self.scopes.len()).unwrap_or(u32::MAX) {
            if matches!(self.scopes[scope as usize], Scope::Failed(_)) {
                self.unwind_scope(scope, env);
            }
        }
    }

    fn unwind_scope(&mut self, scope: u32, env: Env) {
        let inside = self.inside(scope);
        for step in &inside {
            if matches!(self.phases.of(*step), Phase::Pausing { .. }) {
                self.phases.set(*step, Phase::Idle);
                self.state(*step).row.status = StepStatus::Failed;
                self.touch(*step);
            }
        }
        if inside.iter().any(|step| !self.phases.is_idle(*step)) {
            return;
        }
        if self.suspect && !self.is_failure_durable(scope) {
            // Its intent to undo a step is a fact, which would stay even if the failure were lost.
            return;
        }
        match self.next_undo_of(inside) {
            Some(step) => self.begin_undo(step, env),
            None => self.end_scope(scope),
        }
    }

    fn is_failure_durable(&self, scope: u32) -> bool {
        let name = failed(&self.plan.sub_sagas()[scope as usize].name);
        let on_its_way = match &self.slot {
            Slot::Committing(in_flight) => in_flight.carried.contains(&name),
            _ => false,
        };
        !on_its_way && !self.draft.carry.contains_key(&name)
    }

    /// All of it is undone: the caller goes on.
    fn end_scope(&mut self, scope: u32) {
        let Scope::Failed(message) = self.scopes[scope as usize].clone() else { return };
        let sub = self.plan.sub_sagas()[scope as usize].clone();
        let value = match sub.if_failed {
            IfFailed::Decide => waits::failed(&sub.name, message),
            IfFailed::Fail | IfFailed::GoOn => Json::null(),
        };
        self.draft.carry.insert(Arc::clone(&self.plan.nodes()[sub.last.0 as usize].name), value.clone());
        self.settle(sub.last, value);
        self.close(scope);
        self.register();
        self.unfinished = true;
    }

    /// What was not reached in it never will be.
    fn close(&mut self, scope: u32) {
        if let Scope::Failed(message) = std::mem::take(&mut self.scopes[scope as usize]) {
            self.scopes[scope as usize] = Scope::Over(message);
        }
        let sub = self.plan.sub_sagas()[scope as usize].clone();
        for i in sub.first.0..sub.last.0 {
            let node = NodeId(i);
            self.waits.remove(&node);
            if self.settled[i as usize] == Settled::No {
                self.settled[i as usize] = Settled::Skipped;
            }
        }
    }

    /// The innermost sub-saga around the node whose failure is tolerated.
    pub(super) fn scope_of(&self, node: NodeId) -> Option<u32> {
        self.plan.tolerated_scope(self.plan.node(node)?).map(|(scope, _)| scope)
    }
}

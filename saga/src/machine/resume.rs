//! Back from the journal: a machine for a workflow that another worker, or an earlier life, has begun.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::backward::debt_in_words;
use super::command::Env;
use super::state::{Failing, Machine, Mode, Settings, Settled, Then};
use super::{context, waits};
use crate::definition::{NodeId, Op, Plan};
use crate::error::StepError;
use crate::json::Json;
use crate::step::{Class, IfUnknown};
use crate::store::{
    AuditKind, Debt, FailureReason, Header, Loaded, Status, StepRow, StepStatus, TouchedEffect,
};

impl Machine {
    /// A machine for a workflow that is in the journal. It begins with [`Event::Begin`](super::Event::Begin).
    /// Whatever was in the inbox comes first, read after `loaded` was: the header's `rev` stands for it too, and
    /// the first decision could be taken without it.
    ///
    /// After an unclean end of its former worker every step that may have started counts as unknown.
    pub fn resume(plan: Arc<Plan>, loaded: &Loaded, settings: Settings, first_commit: i64, env: Env) -> Self {
        let header = &loaded.header;
        let mut machine = Self::bare(plan, header, settings, first_commit);
        machine.row_rev = loaded.steps.iter().map(|r| r.rev).max().unwrap_or(0);
        machine.left_intents = header.state.leaves_intents;
        machine.suspect = machine.left_intents || header.takeovers >= settings.suspect_after;
        let rolling_back = header.state.status == Status::RollingBack;
        let rows = || loaded.steps.iter().filter(|r| r.run == header.state.run);
        // All values first: the list of a row's item may have travelled with another row.
        let carried = header.state.context.iter().chain(rows().filter_map(|row| row.carry.as_ref()));
        let carried: BTreeMap<String, Json> = carried
            .flat_map(|object| object.decode::<BTreeMap<String, Json>>().unwrap_or_default())
            .collect();
        machine.restore_carried(&carried, env);
        for row in rows() {
            machine.restore(row, rolling_back, env);
        }
        machine.restore_scopes(|name| carried.get(name).cloned());
        machine.header.wake_at = None;
        if header.state.retry_count > 0 {
            // A person made it go on: the time it was given once does not count any more.
            machine.deadline_at = None;
        }
        let backward = header.state.status == Status::RollingBack && machine.pivot_passed().is_none();
        machine.derive(env);
        if backward {
            machine.resume_backward(header, env);
        } else {
            machine.resume_forward(header, env);
        }
        if machine.suspect && !machine.left_intents {
            machine.header.leaves_intents = true;
            machine.dirty_header = true;
        }
        if header.unclean {
            machine.dirty_header = true;
            machine.audit(AuditKind::TakenOver, None, "taken over after its worker ended uncleanly", env);
        }
        machine
    }

    fn restore(&mut self, row: &StepRow, backward: bool, env: Env) {
        let Some(step) = self.step_of(row) else { return };
        let retry = self.header.retry_count;
        let state = self.state(step);
        state.row = row.clone();
        if row.effect != TouchedEffect::None && row.debt != Some(Debt::Open) {
            // By whose clock that was nobody knows, and a request lands when it lands: it is waited for anew.
            state.row.failed_at = row.failed_at.map(|at| at.max(env.now));
        }
        if let Some(carry) = &row.carry {
            state.carry = carry.decode().unwrap_or_default();
        }
        state.restore_due(retry);
        if state.args.is_none() {
            state.args.clone_from(&row.input);
        }
        let (node, tolerated, if_failed) = (state.node, state.spec.is_tolerated(), state.spec.if_failed);
        let closed = row.debt.is_some_and(|debt| debt != Debt::Open);
        match (row.status, &row.output) {
            (StepStatus::Skipped, _) => self.settled[node.0 as usize] = Settled::Skipped,
            (StepStatus::Completed, output) => {
                self.give(step, waits::given(if_failed, output.clone().unwrap_or_else(Json::null)));
            }
            (StepStatus::Compensated, None) if tolerated && !backward => {
                self.give(step, self.failure_of(step));
            }
            // A tolerated failure shows the value that the saga went on with.
            (StepStatus::Failed | StepStatus::Compensated, Some(output)) => self.give(step, output.clone()),
            (StepStatus::CompensationFailed, _) if tolerated && closed && !backward => {
                self.give(step, self.failure_of(step));
            }
            (_, Some(output)) if backward => self.give(step, waits::given(if_failed, output.clone())),
            _ => {}
        }
    }

    /// The machine's number of the step to which a row belongs.
    fn step_of(&self, row: &StepRow) -> Option<u32> {
        let place = self.steps.get(row.step_order as usize)?;
        if row.item.is_empty() {
            return Some(row.step_order).filter(|order| *order < self.plan.total_steps());
        }
        place.items.clone()?.nth(row.item.parse().ok()?)
    }

    fn restore_carried(&mut self, values: &BTreeMap<String, Json>, env: Env) {
        let plan = Arc::clone(&self.plan);
        for (i, node) in plan.nodes().iter().enumerate() {
            let id = NodeId(u32::try_from(i).unwrap_or(u32::MAX));
            let value = values.get(&*node.name);
            match (&node.op, value) {
                (Op::Sleep | Op::Wait(_), _) => {
                    self.restore_wait(id, |name| values.get(name).cloned(), env);
                }
                (Op::Step(step), Some(list)) if step.each.is_some() => {
                    if let Err(error) = self.expand(step.step_order, list) {
                        self.final_failure(step.step_order, &error, env);
                    }
                }
                (Op::Step(step), Some(args)) => self.state(step.step_order).args = Some(args.clone()),
                (_, Some(value)) => self.settle(id, value.clone()),
                _ => {}
            }
        }
    }

    fn resume_backward(&mut self, header: &Header, env: Env) {
        self.mode = Mode::Backward;
        let message = header.state.error_message.clone().unwrap_or_default();
        self.failing = Some(Failing { message, step: None, then: Then::RollBack, asked: false });
        self.register_again();
        if !header.unclean {
            return;
        }
        if let Some(step) = self.next_undo() {
            self.state(step).undo_elsewhere = Some(env.now);
        }
        for step in self.all_steps() {
            self.died_undoing(step, env);
        }
    }

    fn resume_forward(&mut self, header: &Header, env: Env) {
        self.set_status(Status::Running);
        if self.header.started_at.is_none() {
            self.header.started_at = Some(env.now);
            self.dirty_header = true;
        }
        // What may have started: nothing, before the values of the start were journaled.
        let begun = header.state.context.is_some();
        if !begun {
            context::write(&mut self.header, &BTreeMap::new());
            self.dirty_header = true;
        }
        if header.state.status == Status::Waiting {
            // It said for what it waited.
            self.header.current_step = None;
        }
        self.register_again();
        if header.unclean {
            self.died_undoing_scopes(env);
        }
        for step in self.all_steps() {
            if self.is_given(step) || self.is_list(step) && self.steps[step as usize].items.is_some() {
                continue;
            }
            match self.steps[step as usize].row.status {
                StepStatus::Failed => self.failed_before(step, header, env),
                // With the sub-saga around it.
                StepStatus::Compensated => {}
                StepStatus::Compensating
                    if self.is_stopped(self.steps[step as usize].node) && !self.is_undone_alone(step) => {}
                StepStatus::Compensating => {
                    self.state(step).undo_elsewhere = header.unclean.then_some(env.now);
                    if !(header.unclean && self.died_undoing(step, env)) {
                        self.begin_undo(step, env);
                    }
                }
                StepStatus::CompensationFailed if self.steps[step as usize].row.debt != Some(Debt::Open) => {}
                StepStatus::CompensationFailed => {
                    let message = debt_in_words(&self.steps[step as usize].row);
                    self.fail(Some(step), message, Then::RollBack);
                }
                _ => {
                    if header.unclean && begun && self.is_reached(step) {
                        self.interrupted(step, env);
                    }
                    self.judge_open(step, env);
                    self.resume_pause(step, env);
                }
            }
        }
    }

    /// Its failure is in the journal, what follows from it is not.
    fn failed_before(&mut self, step: u32, header: &Header, env: Env) {
        let words = self.steps[step as usize].row.error_message.clone().unwrap_or_default();
        let error = match header.state.failure_reason {
            Some(FailureReason::Configuration) => StepError::configuration(words),
            _ => StepError::permanent(words),
        };
        self.after_failure(step, &error, env);
    }

    /// Can it have started? Not before everything before it was journaled, its own arguments included. A sub-saga
    /// that has failed may have had others under way then.
    fn is_reached(&self, step: u32) -> bool {
        let state = &self.steps[step as usize];
        let i = state.node.0 as usize;
        self.is_next(i, &self.plan.nodes()[i])
            && self.is_item_reached(step)
            && !self.was_being_undone(state.node)
            && (!state.spec.evaluated || state.args.is_some())
    }

    /// The worker died when this step may have been under way.
    fn interrupted(&mut self, step: u32, env: Env) {
        let spec = self.spec(step);
        let wrote_intent = spec.needs_intent() || self.left_intents;
        let poison_after = self.settings.poison_after;
        let state = self.state(step);
        if wrote_intent {
            if state.row.status != StepStatus::Running {
                return;
            }
            state.row.deaths += 1;
            self.touch(step);
        }
        let state = self.state(step);
        if mutant!(key_changes_after_restart) {
            state.row.key_generation += 1;
        }
        // What a transaction did is in the journal, or was rolled back.
        if !spec.transactional && spec.class != Class::NoEffect {
            state.row.effect = TouchedEffect::Unknown;
            state.row.failed_at = Some(env.now);
            state.row.status = StepStatus::Running;
            self.touch(step);
        }
        let deaths = self.steps[step as usize].row.deaths;
        if deaths >= poison_after {
            let words = format!("{} took its worker down {deaths} times", self.label(step));
            let state = self.state(step);
            state.row.status = StepStatus::Failed;
            state.row.error_message = Some(words.clone());
            self.fail(Some(step), words, Then::Park(FailureReason::Poison));
        }
    }

    /// An attempt was cut off, by a death or by the end of a worker's patience: may there be another one?
    fn judge_open(&mut self, step: u32, env: Env) {
        let spec = self.spec(step);
        let row = &self.steps[step as usize].row;
        let looked_up = spec.class == Class::Pivot && spec.if_unknown == IfUnknown::LookUp;
        // A pivot that is being looked up has its intent closed.
        let open = row.status == StepStatus::Running || looked_up && row.status == StepStatus::Pending;
        if !open || row.effect != TouchedEffect::Unknown {
            return;
        }
        let blind = spec.class == Class::Pivot && !looked_up && spec.if_unknown != IfUnknown::Rerun;
        let person = spec.if_unknown == IfUnknown::Park;
        let spent = row.status == StepStatus::Running && row.attempts >= spec.policy.retry.max_attempts;
        let words = "the worker ended during an attempt";
        if blind || person || spent {
            self.final_failure(step, &StepError::unknown(words), env);
        } else if looked_up {
            self.state(step).row.error_message.get_or_insert_with(|| words.to_owned());
            self.find_out(step, env);
        }
    }

    /// The worker died when this step may have been about to be undone. A step whose undo takes down one
    /// worker after the other becomes a debt.
    pub(super) fn died_undoing(&mut self, step: u32, env: Env) -> bool {
        let poison_after = self.settings.poison_after;
        let rerun = self.spec(step).if_unknown == IfUnknown::Rerun;
        let state = self.state(step);
        if rerun && state.row.effect == TouchedEffect::Unknown {
            // It may have been running once more, and that request may land late too.
            state.row.failed_at = Some(env.now);
            self.touch(step);
        }
        let row = &self.steps[step as usize].row;
        let open = row.status == StepStatus::Compensating && row.effect != TouchedEffect::None;
        if !self.left_intents || !open {
            return false;
        }
        let state = self.state(step);
        state.row.deaths += 1;
        let deaths = state.row.deaths;
        self.touch(step);
        if deaths >= poison_after {
            let words = format!("{} took its worker down {deaths} times", self.label(step));
            self.owe(step, &StepError::permanent(words), env);
            return true;
        }
        false
    }
}

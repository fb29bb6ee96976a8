//! Back from the journal: a machine for a workflow that another worker, or an earlier life, has begun.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::command::Env;
use super::state::{Failing, Machine, Mode, Settings, Settled, Then};
use crate::definition::{Op, Plan};
use crate::error::StepError;
use crate::json::Json;
use crate::step::IfUnknown;
use crate::store::{AuditKind, FailureReason, Header, Loaded, Status, StepRow, StepStatus, TouchedEffect};

impl Machine {
    /// A machine for a workflow that is in the journal. It begins with [`Event::Begin`](super::Event::Begin).
    ///
    /// After an unclean end of its former worker every step that may have started counts as unknown.
    pub fn resume(plan: Arc<Plan>, loaded: &Loaded, settings: Settings, first_commit: i64, env: Env) -> Self {
        let header = &loaded.header;
        let mut machine = Self::bare(plan, header, settings, first_commit);
        machine.row_rev = loaded.steps.iter().map(|r| r.rev).max().unwrap_or(0);
        machine.suspect = header.takeovers >= settings.suspect_after;
        if let Some(context) = &header.state.context {
            machine.restore_carried(context);
        }
        for row in loaded.steps.iter().filter(|r| r.run == header.state.run) {
            machine.restore(row);
        }
        machine.header.wake_at = None;
        if header.state.status == Status::RollingBack {
            machine.mode = Mode::Backward;
            let message = header.state.error_message.clone().unwrap_or_default();
            machine.failing = Some(Failing { message, step: None, then: Then::RollBack });
        } else {
            machine.derive(env);
            machine.resume_forward(header, env);
        }
        if header.unclean {
            machine.dirty_header = true;
            machine.audit(AuditKind::TakenOver, None, "taken over after its worker ended uncleanly", env);
        }
        machine
    }

    fn restore(&mut self, row: &StepRow) {
        if row.step_order >= self.plan.total_steps() {
            return;
        }
        if let Some(carry) = &row.carry {
            self.restore_carried(carry);
        }
        let state = self.state(row.step_order);
        state.row = row.clone();
        if let Some(carry) = &row.carry {
            state.carry = carry.decode().unwrap_or_default();
        }
        if state.args.is_none() {
            state.args.clone_from(&row.input);
        }
        let (node, tolerated) = (state.node, state.spec.tolerated);
        match row.status {
            StepStatus::Completed => self.settle(node, row.output.clone().unwrap_or_else(Json::null)),
            StepStatus::Skipped => self.settled[node.0 as usize] = Settled::Skipped,
            StepStatus::Compensated if tolerated => self.settle(node, Json::null()),
            StepStatus::Failed if tolerated && row.effect == TouchedEffect::None => {
                self.settle(node, Json::null())
            }
            _ => {}
        }
    }

    fn restore_carried(&mut self, object: &Json) {
        let values: BTreeMap<String, Json> = object.decode().unwrap_or_default();
        let plan = Arc::clone(&self.plan);
        for (i, node) in plan.nodes().iter().enumerate() {
            let Some(value) = values.get(&*node.name) else { continue };
            match &node.op {
                Op::Step(step) => self.state(step.step_order).args = Some(value.clone()),
                _ => {
                    self.values[i] = Some(value.clone());
                    self.settled[i] = Settled::Yes;
                }
            }
        }
    }

    fn resume_forward(&mut self, header: &Header, env: Env) {
        if header.state.status != Status::Running {
            self.set_status(Status::Running);
        }
        if self.header.started_at.is_none() {
            self.header.started_at = Some(env.now);
            self.dirty_header = true;
        }
        for step in 0..self.plan.total_steps() {
            let row = self.steps[step as usize].row.clone();
            if self.settled[self.steps[step as usize].node.0 as usize] != Settled::No {
                continue;
            }
            match row.status {
                // Its failure is in the journal, what follows from it is not.
                StepStatus::Failed => {
                    let error = StepError::permanent(row.error_message.clone().unwrap_or_default());
                    self.final_failure(step, &error, env);
                }
                StepStatus::Compensating => self.begin_undo(step, env),
                _ if header.unclean && header.state.context.is_some() && self.is_reached(step) => {
                    self.interrupted(step, header, env);
                }
                _ => {}
            }
        }
    }

    fn is_reached(&self, step: u32) -> bool {
        let node = &self.plan.nodes()[self.steps[step as usize].node.0 as usize];
        node.after.iter().all(|n| self.settled[n.0 as usize] != Settled::No)
    }

    /// The worker died when this step may have been under way.
    fn interrupted(&mut self, step: u32, header: &Header, env: Env) {
        let spec = self.spec(step);
        if spec.transactional {
            // What it did is in the journal, or was rolled back.
            return;
        }
        // Was the former worker obliged to write an intent? It had one takeover less.
        let was_suspect = header.takeovers > self.settings.suspect_after;
        let poison_after = self.settings.poison_after;
        let state = self.state(step);
        let intent_open = state.row.status == StepStatus::Running;
        if spec.needs_intent() || was_suspect {
            if !intent_open {
                return;
            }
            state.row.deaths += 1;
        }
        if state.spec.class != crate::step::Class::NoEffect {
            state.row.effect = TouchedEffect::Unknown;
            state.row.failed_at = Some(env.now);
        }
        state.row.status = StepStatus::Running;
        let (deaths, attempts) = (state.row.deaths, state.row.attempts);
        self.touch(step);
        if deaths >= poison_after {
            let words = format!("{} took its worker down {deaths} times", self.label(step));
            return self.fail(Some(step), words, Then::Park(FailureReason::Poison));
        }
        let blind = spec.class == crate::step::Class::Pivot && spec.if_unknown != IfUnknown::Rerun;
        let person = spec.if_unknown == IfUnknown::Park;
        let spent = attempts >= spec.policy.retry.max_attempts;
        if blind || person || spent {
            let error = StepError::unknown("the worker died during an attempt");
            self.final_failure(step, &error, env);
        }
    }
}

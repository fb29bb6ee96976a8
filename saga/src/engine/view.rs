//! A workflow as people see it: the journal, and on top what runs at this moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::live::{Doing, Place};
use crate::definition::Plan;
use crate::machine::pending_row;
use crate::seal;
use crate::store::{Header, Loaded, Status, StepRow, StepStatus};

/// A workflow as people see it.
#[derive(Clone, Debug)]
pub struct WorkflowView {
    /// Its header.
    pub header: Header,
    /// The steps of its latest run that were reached, in plan order.
    pub steps: Vec<StepView>,
    /// Its plan, if this process knows it.
    pub plan: Option<Arc<Plan>>,
}

/// A step as people see it.
pub type StepView = StepRow;

impl WorkflowView {
    pub(super) fn new(loaded: Loaded, plan: Option<Arc<Plan>>, doing: &BTreeMap<Place, Doing>) -> Self {
        let Loaded { header, steps } = loaded;
        let run = header.state.run;
        let mut steps: Vec<StepRow> = steps.into_iter().filter(|row| row.run == run).collect();
        for (step, doing) in doing.iter().filter(|_| !header.state.status.is_ended()) {
            show(&mut steps, step, *doing, plan.as_deref(), run);
        }
        // Items are numbers, so the longer one is the later one.
        let place = |row: &StepRow| (row.step_order, row.item.len(), Arc::clone(&row.item));
        steps.sort_by_key(place);
        Self { header, steps, plan }
    }

    /// All steps of the plan in order; those that were not reached are pending. A list has as many as
    /// it has items.
    pub fn all_steps(&self) -> Vec<StepRow> {
        let Some(plan) = &self.plan else { return self.steps.clone() };
        let run = self.header.state.run;
        plan.steps()
            .flat_map(|(_, node, spec)| {
                let reached = self.steps.iter().filter(|row| row.step_order == spec.step_order);
                let mut rows: Vec<StepRow> = reached.cloned().collect();
                if rows.is_empty() {
                    let mut row = pending_row(run, &node.name, spec);
                    if self.header.state.status == Status::Completed {
                        // A list without items.
                        row.status = StepStatus::Skipped;
                    }
                    rows.push(row);
                }
                rows
            })
            .collect()
    }

    /// How many steps had been done going forward, whatever became of them since. Skipped ones count in a
    /// completed workflow.
    pub fn steps_completed(&self) -> u32 {
        let completed = self.header.state.status == crate::store::Status::Completed;
        let counts =
            |row: &&StepRow| row.completed_at.is_some() && (completed || row.status != StepStatus::Skipped);
        u32::try_from(self.steps.iter().filter(counts).count()).unwrap_or(u32::MAX)
    }
}

/// What is sealed is shown as `[secret]`.
pub(super) fn redact(loaded: &mut Loaded) {
    redact_header(&mut loaded.header);
    for row in &mut loaded.steps {
        for value in [&mut row.input, &mut row.output, &mut row.record, &mut row.heartbeat, &mut row.carry] {
            *value = value.as_ref().map(seal::redact);
        }
    }
}

/// What is sealed is shown as `[secret]`.
pub(super) fn redact_header(header: &mut Header) {
    header.input = seal::redact(&header.input);
    for value in [&mut header.state.context, &mut header.state.output] {
        *value = value.as_ref().map(seal::redact);
    }
}

fn show(steps: &mut Vec<StepRow>, (step, item): &Place, doing: Doing, plan: Option<&Plan>, run: u32) {
    if let Some(row) = steps.iter_mut().find(|row| row.step_order == *step && row.item == *item) {
        // A row that is further than what was seen running stays as it is.
        let stale = doing.status == StepStatus::Running && row.status == StepStatus::Completed
            || row.status == StepStatus::Compensated;
        if !stale {
            row.status = doing.status;
            row.attempts =
                row.attempts.max(if doing.status == StepStatus::Running { doing.attempt } else { 0 });
        }
        return;
    }
    let Some((_, node, spec)) = plan.and_then(|p| p.steps().find(|(_, _, s)| s.step_order == *step)) else {
        return;
    };
    steps.push(StepRow {
        status: doing.status,
        attempts: doing.attempt,
        started_at: Some(doing.since),
        item: Arc::clone(item),
        ..pending_row(run, &node.name, spec)
    });
}

//! One step: its row, which is what the journal will hold, and what can be going on with it. What is, is in `phases`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::command::CallKind;
use super::due::Due;
use crate::clock::Timestamp;
use crate::definition::{Node, NodeId, StepNode};
use crate::json::Json;
use crate::store::{StepRow, StepStatus, TouchedEffect};

/// What is going on with a step at this moment. What has gone on before is in its row.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    /// Nothing.
    Idle,
    /// Its arguments are being evaluated.
    Preparing,
    /// Its start waits for an acknowledgement.
    Starting,
    /// An attempt is under way.
    Running,
    /// It waits for its next attempt.
    Pausing { until: Timestamp },
    /// It is being undone, or its unknown outcome settled.
    Undoing(Undo),
}

/// Undoing one step: one pass, or two if a late request may still land.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Undo {
    /// Is this the pass after which nothing can land any more?
    pub(super) last_pass: bool,
    /// What is done in it.
    pub(super) act: Act,
}

/// What is done to undo a step.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Its arguments, which the journal does not hold, are being evaluated.
    Preparing,
    /// A call waits for an acknowledgement, or is under way.
    Calling(CallKind),
    /// The call failed and is repeated.
    Pausing { until: Timestamp, again: CallKind },
    /// The first pass is over; the last one begins then.
    Settling { until: Timestamp },
    /// It is undone, and a lost request of the undo itself may still land. It must not hit whoever comes next.
    Landing { until: Timestamp },
    /// It cannot be undone, and is a debt when no request can land any more: who looks after it sees what is.
    Owing { until: Timestamp },
}

impl Act {
    /// When it goes on, if that is a matter of time.
    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        match self {
            Act::Preparing | Act::Calling(_) => None,
            Act::Pausing { until, .. }
            | Act::Settling { until }
            | Act::Landing { until }
            | Act::Owing { until } => Some(*until),
        }
    }
}

/// One step: its row, which is what the journal will hold, and what is known beside it.
#[derive(Clone, Debug)]
pub(super) struct StepState {
    pub(super) node: NodeId,
    pub(super) spec: Arc<StepNode>,
    pub(super) row: StepRow,
    /// Its last call.
    pub(super) called: u64,
    pub(super) args: Option<Json>,
    /// Values that travel with the row.
    pub(super) carry: BTreeMap<Arc<str>, Json>,
    /// What the compensation in progress is called with.
    pub(super) undo_output: Option<Json>,
    /// When its present undo began here.
    pub(super) undo_since: Option<Timestamp>,
    /// When another owner may last have sent a request to undo it, which may land late.
    pub(super) undo_elsewhere: Option<Timestamp>,
    /// Attempts to undo it in an earlier life, until it is known again what there is to undo.
    pub(super) undo_tried: u32,
    /// Has a pass to undo it been given up here, before the last one?
    pub(super) pass_given_up: bool,
    /// When its next attempt may begin.
    pub(super) due: Option<Due>,
    /// The place of its list, if it is one item of several, and its place there.
    pub(super) list: Option<u32>,
    pub(super) index: u32,
    /// What it gives to its list.
    pub(super) value: Option<Json>,
    /// Of a list: its items, once they are known.
    pub(super) items: Option<Range<u32>>,
    /// Of a list: so many of its items, from the first on, are certainly given.
    pub(super) given_before: u32,
}

impl StepState {
    pub(super) fn new(run: u32, id: NodeId, node: &Node, spec: &Arc<StepNode>) -> Self {
        let row = pending_row(run, &node.name, spec);
        Self {
            node: id,
            spec: Arc::clone(spec),
            row,
            called: 0,
            args: None,
            carry: BTreeMap::new(),
            undo_output: None,
            undo_since: None,
            undo_elsewhere: None,
            undo_tried: 0,
            pass_given_up: false,
            due: None,
            list: None,
            index: 0,
            value: None,
            items: None,
            given_before: 0,
        }
    }
}

impl StepState {
    /// Where it stands in the plan: steps are undone in the reverse order of this.
    pub(super) fn place(&self) -> (u32, u32) {
        (self.row.step_order, self.index)
    }
}

/// The row of a step that has not been reached.
pub(crate) fn pending_row(run: u32, node: &Arc<str>, step: &StepNode) -> StepRow {
    StepRow {
        run,
        step_order: step.step_order,
        item: "".into(),
        rev: 0,
        node: Arc::clone(node),
        step_name: Arc::clone(&step.step_name),
        target_system: step.system.clone(),
        status: StepStatus::Pending,
        effect: TouchedEffect::None,
        attempts: 0,
        undo_attempts: 0,
        key_generation: 0,
        deaths: 0,
        input: None,
        output: None,
        record: None,
        heartbeat: None,
        carry: None,
        debt: None,
        debt_note: None,
        error_message: None,
        started_at: None,
        completed_at: None,
        failed_at: None,
    }
}

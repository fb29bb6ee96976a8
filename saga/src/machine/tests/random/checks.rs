//! What must hold at every call, and when a workflow has come to rest.

use std::collections::BTreeMap;

use super::super::sim::Sim;
use super::world::World;
use crate::definition::{Node, Op, StepNode};
use crate::json::Json;
use crate::machine::step::Phase;
use crate::machine::{Call, CallKind, keys};
use crate::step::{Class, IfUnknown};
use crate::store::{Debt, FailureReason, Status, StepRow, StepStatus, TouchedEffect};

/// What was seen of a step in one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    args: Option<Json>,
    pub(super) record: Option<Json>,
}

pub(super) type History = BTreeMap<(u32, u32), Seen>;

fn spec(sim: &Sim, step: u32) -> StepNode {
    let plan = sim.definition.plan();
    plan.step_id(step).and_then(|id| plan.node(id)).and_then(Node::step).unwrap().as_ref().clone()
}

/// The status as far as the worker can know it.
fn status(sim: &Sim) -> Status {
    let told = sim.machine().header().status.is_ended();
    sim.journal.by_hand.filter(|_| !told).unwrap_or_else(|| sim.status())
}

/// May what comes after this row begin?
fn is_settled(row: &StepRow, spec: &StepNode) -> bool {
    match row.status {
        StepStatus::Completed | StepStatus::Skipped => true,
        StepStatus::Failed => spec.is_tolerated() && row.output.is_some(),
        StepStatus::Compensated => spec.is_tolerated(),
        StepStatus::CompensationFailed => spec.is_tolerated() && row.debt != Some(Debt::Open),
        _ => false,
    }
}

/// A call begins. Everything on which it depends is durable, and nothing forbids it.
pub(super) fn call(sim: &Sim, world: &World, history: &mut History, call: &Call) {
    let spec = spec(sim, call.step);
    let header = &sim.journal.header;
    let row = sim.journal.row(call.step);
    assert_eq!(call.run, header.state.run);
    assert!(!status(sim).is_ended(), "a call of a workflow that has ended: {call:?}");
    let undoing = matches!(sim.machine().steps[call.step as usize].phase, Phase::Undoing(_));

    let seen = history.entry((call.run, call.step)).or_default();
    let first = seen.args.get_or_insert_with(|| call.args.clone());
    assert_eq!(*first, call.args, "one step, two different arguments");
    assert!(seen.record.is_none() || seen.record == call.recorded, "a record was forgotten: {call:?}");

    let generation = row.map_or(0, |r| r.key_generation);
    let key_row =
        StepRow { key_generation: generation, ..sim.machine().steps[call.step as usize].row.clone() };
    assert_eq!(call.forward_key, keys::forward(&header.workflow_id, &key_row));
    if call.kind == CallKind::Undo {
        assert!(call.key.starts_with(&*call.forward_key) && call.key != call.forward_key);
    } else {
        assert_eq!(call.key, call.forward_key);
    }

    if undoing {
        settles(sim, &spec, row, call);
    } else {
        runs(sim, world, &spec, row, call);
    }
}

fn runs(sim: &Sim, world: &World, spec: &StepNode, row: Option<&StepRow>, call: &Call) {
    assert_eq!(status(sim), Status::Running, "a step begins in a workflow that is not running");
    let plan = sim.definition.plan();
    let carried = carried(sim);
    let node = plan.node(call.node).unwrap();
    let mut todo = node.after.clone();
    while let Some(id) = todo.pop() {
        let before = plan.node(id).unwrap();
        match &before.op {
            Op::Step(s) => {
                let row = sim.journal.row(s.step_order);
                assert!(row.is_some_and(|r| is_settled(r, s)), "{} begins before {}", node.name, before.name);
            }
            Op::Value | Op::Condition if before.guards.is_empty() => {
                assert!(carried.contains_key(&*before.name), "{} is not durable", before.name);
            }
            _ => {}
        }
        todo.extend(&before.after);
    }
    assert!(row.is_none_or(|r| !is_settled(r, spec)), "{} is settled and runs again", node.name);
    if spec.evaluated {
        assert!(carried.contains_key(&*node.name), "the arguments of {} are not durable", node.name);
    }
    if spec.needs_intent() {
        assert!(row.is_some_and(|r| r.status == StepStatus::Running), "no intent for {}", node.name);
    }
    let effect = &world.effects[&*call.key];
    assert!(!effect.undone, "{} runs again under a key that was undone", node.name);
    let blind = spec.class == Class::Pivot && spec.if_unknown != IfUnknown::Rerun;
    assert!(!(blind && effect.unknown), "{} is tried again although nobody knows what it did", node.name);
    assert!(effect.attempts <= 1 || spec.policy.retry.max_attempts > 1, "{} is tried twice", node.name);
    for older in world.of_step(call.run, call.step).filter(|e| !std::ptr::eq(*e, effect)) {
        assert!(!older.present && older.late.is_none(), "a new key while the old one is unsettled");
    }
}

fn settles(sim: &Sim, spec: &StepNode, row: Option<&StepRow>, call: &Call) {
    let Some(row) = row else { panic!("{call:?}: nothing durable says that it may have run") };
    assert_ne!(row.effect, TouchedEffect::None, "nothing of ours is undone: {row:?}");
    if spec.class == Class::Pivot {
        assert_eq!((status(sim), row.effect), (Status::Running, TouchedEffect::Unknown));
        assert_eq!(call.kind, CallKind::LookUp, "a pivot is undone");
        return;
    }
    assert_eq!(spec.class, Class::Compensatable);
    if call.kind == CallKind::Undo && row.effect == TouchedEffect::Done {
        assert_eq!(call.output, row.output);
    }
    assert!(call.cause.is_some(), "undone without a cause");
    if status(sim) == Status::RollingBack {
        assert!(!pivot_done(sim), "rolled back past the pivot");
        // Whatever comes later in the plan has been seen to before.
        for (_, _, later) in sim.definition.plan().steps().skip(call.step as usize + 1) {
            if later.class == Class::Compensatable
                && let Some(row) = sim.journal.row(later.step_order)
            {
                let seen_to =
                    row.effect == TouchedEffect::None || row.status == StepStatus::CompensationFailed;
                // The undo of a tolerated failure may have begun long before.
                let early = spec.is_tolerated() && row_is_compensating(sim, call.step);
                assert!(seen_to || early, "step {} is undone before step {}", call.step, later.step_order);
            }
        }
    } else {
        assert!(
            spec.is_tolerated() && row.status == StepStatus::Compensating,
            "undone without a decision: {row:?}"
        );
    }
}

fn row_is_compensating(sim: &Sim, step: u32) -> bool {
    sim.journal.row(step).is_some_and(|r| r.status == StepStatus::Compensating)
}

fn pivot_done(sim: &Sim) -> bool {
    sim.definition.plan().steps().any(|(_, _, s)| {
        s.class == Class::Pivot
            && sim.journal.row(s.step_order).is_some_and(|r| r.effect == TouchedEffect::Done)
    })
}

/// All values in the journal, by node name.
fn carried(sim: &Sim) -> BTreeMap<String, Json> {
    let run = sim.journal.header.state.run;
    let rows = sim.journal.rows.values().filter(|r| r.run == run).filter_map(|r| r.carry.as_ref());
    let all = rows.chain(sim.journal.header.state.context.as_ref());
    all.flat_map(|object| object.decode::<BTreeMap<String, Json>>().unwrap()).collect()
}

/// The workflow has come to rest, and nothing is on its way any more.
pub(super) fn rest(sim: &Sim, world: &World, cancelled: bool) {
    let state = &sim.journal.header.state;
    assert!(state.status.is_ended() && sim.journal.header.worker.is_none());
    let read = sim.journal.inbox.is_empty() || sim.journal.header.unclean;
    assert!(read || state.status != Status::Completed, "completed with mail that nobody has read");
    let owed = |row: Option<&StepRow>| row.and_then(|r| r.debt);
    for (_, node, s) in sim.definition.plan().steps() {
        let row = sim.journal.row(s.step_order);
        let present = world.is_present(state.run, s.step_order);
        let name = &node.name;
        let effect = row.map_or(TouchedEffect::None, |r| r.effect);
        if !sim.journal.header.unclean {
            assert!(!present || effect != TouchedEffect::None, "{name} is there and nobody knows: {row:?}");
        }
        let undone = world.of_step(state.run, s.step_order).any(|e| e.undone);
        assert!(effect != TouchedEffect::Done || present || undone, "{name} is not there");
        match state.status {
            Status::Completed => {
                let row = row.unwrap_or_else(|| panic!("{name} has no row"));
                assert!(is_settled(row, s), "completed without {name}: {row:?}");
                assert!(owed(Some(row)) != Some(Debt::Open), "completed, and {name} is owed");
                if row.status == StepStatus::Completed {
                    assert_eq!(present, effect == TouchedEffect::Done, "{name}: {row:?}");
                } else if s.class == Class::Compensatable && row.debt.is_none() {
                    assert!(!present, "{name} was given up, and is there");
                }
            }
            Status::RolledBack => {
                assert!(s.class != Class::Pivot || !present, "rolled back with the pivot done");
                if s.class == Class::Compensatable {
                    assert!(!present || owed(row) == Some(Debt::Forgiven), "{name} is left over: {row:?}");
                }
                assert_ne!(owed(row), Some(Debt::Open), "rolled back, and {name} is owed");
            }
            Status::Failed if state.failure_reason == Some(FailureReason::Debts) => {
                let open = matches!(owed(row), Some(Debt::Open | Debt::Forgiven));
                let left_over = s.class == Class::Compensatable && present && !open;
                assert!(!left_over, "{name} is left over and not owed: {row:?}");
            }
            _ => {}
        }
    }
    match state.status {
        Status::Completed => {
            assert!(state.output.is_some());
            assert!(!cancelled || pivot_done(sim), "completed although it was cancelled in time");
        }
        Status::Failed => {
            let owed = sim.journal.rows.values().any(|r| r.run == state.run && r.debt == Some(Debt::Open));
            match state.failure_reason {
                Some(FailureReason::Debts) => assert!(owed && state.compensation_error.is_some()),
                Some(_) => {}
                None => panic!("failed without a reason"),
            }
            assert!(state.error_message.is_some() || state.failure_reason == Some(FailureReason::Operator));
        }
        _ => {}
    }
}

//! What must hold whenever a call begins.

use std::collections::BTreeMap;

use super::super::journal::{Place, place};
use super::super::sim::Sim;
use super::facts::Facts;
use super::world::World;
use crate::clock::Timestamp;
use crate::definition::{Node, StepNode};
use crate::json::Json;
use crate::machine::step::Phase;
use crate::machine::{Call, CallKind, keys};
use crate::step::{Class, IfUnknown};
use crate::store::{Status, StepRow, StepStatus, TouchedEffect};

/// What was seen of a step in one run.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    args: Option<Json>,
    pub(super) record: Option<Json>,
    /// The heartbeats of attempts that counted then, and the last one of which an attempt was told that it is durable.
    pub(super) beats: Vec<u64>,
    pub(super) beat: Option<u64>,
}

/// What must not change afterwards.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) steps: BTreeMap<Place, Seen>,
    /// Until when the places of a run wait.
    pub(super) armed: BTreeMap<(u32, String), (Option<Timestamp>, u32)>,
}

/// The place of a call.
pub(super) fn at(call: &Call) -> Place {
    place(call.run, call.step_order, &call.item)
}

/// The status as far as the worker can know it.
fn status(sim: &Sim) -> Status {
    let told = sim.machine().header().status.is_ended();
    sim.journal.by_hand.filter(|_| !told).unwrap_or_else(|| sim.status())
}

/// A call begins. Everything on which it depends is durable, and nothing forbids it.
pub(super) fn call(sim: &Sim, world: &World, history: &mut History, call: &Call) {
    let facts = Facts::of(sim);
    let spec = facts.spec(call.step_order);
    let header = &sim.journal.header;
    let row = sim.journal.row_at(at(call));
    assert_eq!(call.run, header.state.run);
    assert!(!status(sim).is_ended(), "a call of a workflow that has ended: {call:?}");
    let undoing = matches!(sim.machine().phases.of(call.step), Phase::Undoing(_));

    let seen = history.steps.entry(at(call)).or_default();
    let first = seen.args.get_or_insert_with(|| call.args.clone());
    assert_eq!(*first, call.args, "one step, two different arguments");
    assert!(seen.record.is_none() || seen.record == call.recorded, "a record was forgotten: {call:?}");

    let beat = call.heartbeat.as_ref().map(|json| json.decode::<u64>().unwrap());
    assert!(beat.is_none_or(|beat| seen.beats.contains(&beat)), "whose heartbeat is this? {call:?}");
    // Whoever is done has no heartbeat any more.
    let done = row.is_some_and(|row| row.completed_at.is_some());
    assert!(done || beat >= seen.beat, "a heartbeat was forgotten: {call:?}");

    let generation = row.map_or(0, |r| r.key_generation);
    let key_row =
        StepRow { key_generation: generation, ..sim.machine().steps[call.step as usize].row.clone() };
    assert_eq!((key_row.step_order, &key_row.item), (call.step_order, &call.item));
    assert_eq!(call.forward_key, keys::forward(&header.workflow_id, &key_row));
    if call.kind == CallKind::Undo {
        assert!(call.key.starts_with(&*call.forward_key) && call.key != call.forward_key);
    } else {
        assert_eq!(call.key, call.forward_key);
    }

    if undoing {
        settles(&facts, &spec, row, call);
    } else {
        runs(&facts, world, &spec, row, call);
    }
}

fn runs(facts: &Facts<'_>, world: &World, spec: &StepNode, row: Option<&StepRow>, call: &Call) {
    let sim = facts.sim;
    assert_eq!(status(sim), Status::Running, "a step begins in a workflow that is not running");
    let node = facts.plan.node(call.node).unwrap();
    let mut todo = node.after.clone();
    while let Some(id) = todo.pop() {
        let before = facts.plan.node(id).unwrap();
        assert!(facts.is_over(id), "{} begins before {} is over", node.name, before.name);
        todo.extend(&before.after);
    }
    assert!(row.is_none_or(|r| !facts.is_call_over(r)), "{} is settled and runs again", node.name);
    assert!(facts.failed_scopes(node).is_empty(), "{} begins in a sub-saga that has failed", node.name);
    assert!(!facts.is_excluded(node), "{} begins in an arm that was not chosen", node.name);
    if let Some(at_once) = spec.each {
        belongs(facts, node, at_once, call);
    }
    if spec.evaluated {
        assert!(facts.carried.contains_key(&*node.name), "the arguments of {} are not durable", node.name);
    }
    if spec.needs_intent() {
        assert!(row.is_some_and(|r| r.status == StepStatus::Running), "no intent for {}", node.name);
    }
    let effect = &world.effects[&*call.key];
    assert!(!effect.undone, "{} runs again under a key that was undone", node.name);
    let blind = spec.class == Class::Pivot && spec.if_unknown != IfUnknown::Rerun;
    // A look-up may have told since.
    let unknown = match spec.if_unknown {
        IfUnknown::LookUp => row.is_some_and(|r| r.effect == TouchedEffect::Unknown),
        _ => effect.unknown,
    };
    assert!(!(blind && unknown), "{} is tried again although nobody knows what it did", node.name);
    assert!(effect.attempts <= 1 || spec.policy.retry.max_attempts > 1, "{} is tried twice", node.name);
    for older in world.at(at(call)).filter(|e| !std::ptr::eq(*e, effect)) {
        assert!(!older.present && older.late.is_none(), "a new key while the old one is unsettled");
    }
}

/// An item is one of a list that is durable, and there is room for it.
fn belongs(facts: &Facts<'_>, node: &Node, at_once: u32, call: &Call) {
    let list = facts.list(node).unwrap_or_else(|| panic!("the list of {} is not durable", node.name));
    let item: usize = call.item.parse().unwrap_or_else(|_| panic!("{} is called without an item", node.name));
    assert_eq!(list.get(item), Some(&call.args), "not what the list says");
    let under_way = facts.sim.calls.iter().filter(|other| other.node == call.node).count();
    assert!(under_way <= at_once as usize, "{under_way} of {} are under way", node.name);
}

fn settles(facts: &Facts<'_>, spec: &StepNode, row: Option<&StepRow>, call: &Call) {
    let sim = facts.sim;
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
    let node = facts.plan.node(call.node).unwrap();
    let failed = facts.failed_scopes(node);
    // What a tolerated failure has left is undone as soon as it has failed.
    let alone = spec.is_tolerated() && row.status == StepStatus::Compensating;
    if status(sim) == Status::RollingBack {
        assert!(!pivot_done(facts), "rolled back past the pivot");
        // Its undo may have begun long before.
        if !alone && failed.is_empty() {
            later_ones_are_undone(facts, call, |_| true);
        }
        return;
    }
    assert!(alone || !failed.is_empty(), "undone without a decision: {row:?}");
    // The undo of an inner sub-saga may have begun before the outer one failed.
    if let (false, [scope]) = (alone, &failed[..]) {
        later_ones_are_undone(facts, call, |node| facts.failed_scopes(node).contains(scope));
    }
}

/// Whatever comes later in the plan, or in the list, has been seen to before.
fn later_ones_are_undone(facts: &Facts<'_>, call: &Call, concerned: impl Fn(&Node) -> bool) {
    for (later, row) in facts.rows() {
        let spec = facts.spec(later.1);
        if later <= at(call) || spec.class != Class::Compensatable || !concerned(facts.node_of(later.1)) {
            continue;
        }
        let seen_to = row.effect == TouchedEffect::None || row.status == StepStatus::CompensationFailed;
        assert!(seen_to, "{:?} is undone before {later:?}", at(call));
    }
}

pub(super) fn pivot_done(facts: &Facts<'_>) -> bool {
    let is_pivot = |place: Place| facts.spec(place.1).class == Class::Pivot;
    facts.rows().any(|(place, row)| is_pivot(place) && row.effect == TouchedEffect::Done)
}

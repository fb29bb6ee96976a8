//! What must hold when nobody has the workflow: because it is over, or because it waits.

use super::super::journal::Place;
use super::super::sim::Sim;
use super::checks::{History, pivot_done};
use super::facts::{Came, Facts};
use super::world::World;
use crate::clock::Timestamp;
use crate::definition::{Node, NodeId, Op};
use crate::step::Class;
use crate::store::{Debt, FailureReason, Status, StepStatus, TouchedEffect};

/// The workflow has come to rest, and nothing is on its way any more.
pub(super) fn over(sim: &Sim, world: &World, cancelled: bool) {
    let facts = Facts::of(sim);
    let state = &sim.journal.header.state;
    assert!(state.status.is_ended() && sim.journal.header.worker.is_none());
    let clean = !sim.journal.header.unclean;
    let read = sim.journal.inbox.iter().all(|s| s.kind == crate::store::SignalKind::Event);
    assert!(read || !clean || state.status != Status::Completed, "completed with mail that nobody has read");
    assert!(sim.journal.waits.is_empty() || sim.journal.by_hand.is_some(), "it is over, and registered");
    let mut places: Vec<Place> = facts.rows().map(|(place, _)| place).collect();
    places.extend(world.effects.values().map(|e| e.place).filter(|place| place.0 == facts.run));
    places.sort_unstable();
    places.dedup();
    for place in places {
        one(&facts, world, place);
    }
    let message = state.error_message.clone().unwrap_or_default();
    assert!(!message.contains("a journaled value"), "{message}");
    match state.status {
        Status::Completed => {
            for (i, node) in facts.plan.nodes().iter().enumerate() {
                let id = NodeId(u32::try_from(i).unwrap());
                assert!(facts.is_over(id), "completed without {}", node.name);
            }
            assert!(state.output.is_some());
            assert!(!cancelled || pivot_done(&facts), "completed although it was cancelled in time");
        }
        Status::Failed => {
            let owed = facts.rows().any(|(_, row)| row.debt == Some(Debt::Open));
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

fn one(facts: &Facts<'_>, world: &World, place: Place) {
    let state = &facts.sim.journal.header.state;
    let row = facts.sim.journal.row_at(place);
    let (spec, node) = (facts.spec(place.1), facts.node_of(place.1));
    let name = format!("{}[{}]", node.name, place.2);
    let present = world.is_present(place);
    let effect = row.map_or(TouchedEffect::None, |r| r.effect);
    let debt = row.and_then(|r| r.debt);
    let undoes = spec.class == Class::Compensatable;
    if !facts.sim.journal.header.unclean {
        assert!(!present || effect != TouchedEffect::None, "{name} is there and nobody knows: {row:?}");
    }
    let undone = world.at(place).any(|e| e.undone);
    assert!(effect != TouchedEffect::Done || present || undone, "{name} is not there");
    match state.status {
        Status::Completed => {
            assert!(debt != Some(Debt::Open), "completed, and {name} is owed");
            if !facts.failed_scopes(node).is_empty() {
                assert!(!undoes || !present || debt.is_some(), "{name} is left of a sub-saga that failed");
            } else if row.is_some_and(|r| r.status == StepStatus::Completed) {
                assert_eq!(present, effect == TouchedEffect::Done, "{name}: {row:?}");
            } else if undoes && debt.is_none() {
                assert!(!present, "{name} was given up, and is there");
            }
        }
        Status::RolledBack => {
            assert!(spec.class != Class::Pivot || !present, "rolled back with the pivot done");
            assert!(!undoes || !present || debt == Some(Debt::Forgiven), "{name} is left over: {row:?}");
            assert_ne!(debt, Some(Debt::Open), "rolled back, and {name} is owed");
        }
        Status::Failed if state.failure_reason == Some(FailureReason::Debts) => {
            let listed = matches!(debt, Some(Debt::Open | Debt::Forgiven));
            assert!(!undoes || !present || listed, "{name} is left over and not owed: {row:?}");
        }
        _ => {}
    }
}

/// Nobody has it, and it is not over: something will make it go on.
pub(super) fn not_stuck(sim: &Sim) {
    let header = &sim.journal.header;
    if header.worker.is_some() || header.state.status.is_ended() || header.state.wake_at.is_some() {
        return;
    }
    assert_eq!(header.state.status, Status::Waiting, "nobody will ever take it");
    assert!(!header.unclean && sim.journal.inbox.is_empty(), "it waits with mail that nobody has read");
    let facts = Facts::of(sim);
    let mut waits = vec![];
    for node in facts.plan.nodes() {
        let Some((event, key, until)) = waiting(&facts, node) else { continue };
        assert_eq!(until, None, "{} is over some time, and nobody is woken", node.name);
        let registered = sim.journal.waits.iter().any(|w| w.name == event && w.key == key);
        assert!(registered, "{} waits for what it is not registered for", node.name);
        assert!(came(&facts, &event, &key, until).is_empty(), "{} waits for what has come", node.name);
        waits.push(node);
    }
    assert!(!waits.is_empty(), "it waits for nothing: {:?}", facts.carried);
}

/// For which event a node waits, and until when, if it does.
fn waiting(facts: &Facts<'_>, node: &Node) -> Option<(String, String, Option<Timestamp>)> {
    let Op::Wait(wait) = &node.op else { return None };
    let armed = facts.armed(node)?;
    let over = facts.carried.contains_key(&*node.name) || !facts.failed_scopes(node).is_empty();
    (!over).then(|| (wait.event.to_string(), armed.key.unwrap(), armed.until))
}

/// Events that came in time, and that no place of the workflow has had.
fn came(facts: &Facts<'_>, event: &str, key: &str, until: Option<Timestamp>) -> Vec<(Timestamp, i64)> {
    let taken = taken(facts, event, key);
    let latest = taken.iter().max();
    let journal = &facts.sim.journal;
    let all = journal.published.iter().filter(|e| e.name == event && e.key == key).map(|e| (e.at, e.place));
    let all =
        all.filter(|(at, _)| *at >= journal.header.created_at && until.is_none_or(|until| *at <= until));
    all.filter(|at| latest.is_none_or(|latest| at > latest)).collect()
}

/// When the events happened that places of the workflow have had.
fn taken(facts: &Facts<'_>, event: &str, key: &str) -> Vec<(Timestamp, i64)> {
    let nodes = facts.plan.nodes().iter().filter(|node| {
        let is_its = matches!(&node.op, Op::Wait(wait) if *wait.event == *event);
        is_its && facts.armed(node).is_some_and(|armed| armed.key.as_deref() == Some(key))
    });
    nodes.filter_map(|node| facts.read::<Came>(&node.name)?.at).collect()
}

/// After every commit: what was waited for stays as it was said, and every event is had once.
pub(super) fn waits(sim: &Sim, history: &mut History) {
    let facts = Facts::of(sim);
    for node in facts.plan.nodes() {
        let Some(armed) = facts.armed(node) else { continue };
        let first = history.armed.entry((facts.run, node.name.to_string())).or_insert((armed.until, 0));
        if first.0 != armed.until {
            // Once for each time that a person made it go on, and only when its time was over.
            let retries = facts.sim.journal.header.state.retry_count;
            let was_over = first.0.is_some_and(|until| until <= sim.now) && first.1 < retries;
            assert!(was_over, "{} waits anew", node.name);
            *first = (armed.until, retries);
        }
        let (Op::Wait(wait), Some(key)) = (&node.op, armed.key) else { continue };
        let mut had = taken(&facts, &wait.event, &key);
        let events = had.len();
        had.sort_unstable();
        had.dedup();
        assert_eq!(had.len(), events, "two places had one event of {}", node.name);
        if let Some(Came { at }) = facts.read::<Came>(&node.name) {
            let published = |at: (Timestamp, i64)| {
                sim.journal
                    .published
                    .iter()
                    .any(|e| (e.at, e.place) == at && *e.name == *wait.event && e.key == key)
            };
            assert!(at.is_none_or(published), "{} had an event that never was", node.name);
            assert!(at.is_none_or(|(at, _)| armed.until.is_none_or(|until| at <= until)), "it came too late");
            if at.is_none() {
                let until = armed.until.unwrap_or_else(|| panic!("{} is given up", node.name));
                assert!(until <= sim.now, "{} is given up too early", node.name);
                let before = Timestamp::from_micros(until.as_micros() - 1);
                let missed = came(&facts, &wait.event, &key, Some(before));
                assert!(missed.is_empty(), "{} is given up although it came", node.name);
            }
        }
    }
}

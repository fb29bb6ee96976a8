//! What one process does when nothing else happens any more. From every moment on it has to come to an end with everything,
//! alone: that is what "nothing is stuck" means, and no order of events that goes round in circles can hide from it.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::PoisonError;

use crate::rules::{self, Action};
use crate::state::{Condition, State, Write};
use crate::words::{Budget, Group};

/// Does this process finish every workflow if all others stay as they are: silent?
pub(crate) fn survives(group: &Group, state: &State, process: u8) -> bool {
    let mut way = HashSet::new();
    let mut now = alone(state, process);
    let ends = loop {
        // What should never have happened is another property's matter.
        if now.flows.iter().all(|flow| flow.done) || now.fault.is_some() {
            break true;
        }
        let print = print(&now, process);
        if group.good.lock().unwrap_or_else(PoisonError::into_inner).contains(&print) {
            break true;
        }
        if !way.insert(print) {
            break false;
        }
        now = step(group, &now, process);
    };
    if ends {
        group.good.lock().unwrap_or_else(PoisonError::into_inner).extend(way);
    }
    ends
}

/// As good as the moment itself: the checker tells moments apart by 64 bits, too.
fn print(state: &State, process: u8) -> u64 {
    let mut hasher = DefaultHasher::new();
    (process, state).hash(&mut hasher);
    hasher.finish()
}

/// The same moment, but for what will never happen any more.
fn alone(state: &State, survivor: u8) -> State {
    let mut alone = State { budget: Budget::default(), ..state.clone() };
    for (process, one) in (0..).zip(&mut alone.processes) {
        if process != survivor && one.condition == Condition::Works {
            one.condition = Condition::Paused;
        }
    }
    alone
}

/// The next thing that happens then. Time passes when there is nothing else to do.
fn step(group: &Group, state: &State, process: u8) -> State {
    let mut possible = vec![];
    rules::possible(group, state, true, &mut possible);
    let happens = |action: &Action| is_calm(*action, process);
    let next = possible.into_iter().filter(happens).find_map(|action| rules::next(group, state, action));
    let next = next.or_else(|| rules::next(group, state, Action::Tick));
    next.unwrap_or_else(|| state.clone())
}

/// What the survivor does, what the server does, and nothing that goes wrong.
fn is_calm(action: Action, survivor: u8) -> bool {
    match action {
        Action::Send { write: Write::Release, .. } => false,
        Action::Resume(process)
        | Action::Join(process)
        | Action::Beat(process)
        | Action::BeatAnswered(process)
        | Action::Look { process, .. }
        | Action::Claim { process, .. }
        | Action::TakeUp { process, .. }
        | Action::Send { process, .. }
        | Action::Orphan { process, .. }
        | Action::Bury { process, .. } => process == survivor,
        Action::Commit { is_heard, .. } => is_heard,
        Action::Begin(_) | Action::Lock(_) | Action::Close(_) => true,
        Action::Tick
        | Action::Pause(_)
        | Action::Crash(_)
        | Action::ServerRestarts
        | Action::GiveUp { .. } => false,
    }
}

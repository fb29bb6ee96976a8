//! What has to hold at every moment, and how all moments are looked at.

use stateright::{Checker, CheckerBuilder, HasDiscoveries, Model, Property};

use crate::calm::survives;
use crate::rules::{self, Action};
use crate::state::{Condition, Fault, Hand, Job, Phase, Row, State, Write};
use crate::words::{Bug, Group};

/// What has to hold, in the words of a counterexample.
pub const DEAD_WRITES: &str = "no write of a fenced worker is accepted";
/// See there.
pub const TWO_WRITE: &str = "no write is accepted but of the one who claimed last";
/// See there.
pub const EARLY: &str = "nobody is declared dead before their lease is over by the server's clock";
/// See there.
pub const TWO_ACT: &str = "whoever may send has not been taken over from";
/// See there.
pub const STUCK: &str = "whoever survives finishes everything";

impl Model for Group {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::first(self)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        rules::possible(self, state, false, actions);
    }

    fn next_state(&self, state: &State, action: Action) -> Option<State> {
        rules::next(self, state, action)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(DEAD_WRITES, |_, state: &State| state.fault != Some(Fault::DeadWrote)),
            Property::always(TWO_WRITE, |_, state: &State| state.fault != Some(Fault::StaleWrote)),
            Property::always(EARLY, |_, state: &State| state.fault != Some(Fault::DeadTooEarly)),
            Property::always(TWO_ACT, |group: &Self, state: &State| state.nobody_acts_for_others(group)),
            Property::always(STUCK, |group: &Self, state: &State| {
                state.fault.is_some() || (0..group.processes).all(|process| survives(group, state, process))
            }),
            // That these are seen says that the model can do what it is about.
            Property::sometimes("a batch waits whose worker has been declared dead", |_, state: &State| {
                state.txs.iter().any(|tx| matches!(tx.job, Job::Batch { .. }) && !state.lives(tx.worker))
            }),
            Property::sometimes("a fencer waits for a batch", |_, state: &State| {
                state.txs.iter().any(|fence| match (fence.job, fence.phase) {
                    (Job::Fence { victim }, Phase::Begun { .. }) => state
                        .txs
                        .iter()
                        .any(|tx| tx.worker == victim && matches!(tx.phase, Phase::Locked { .. })),
                    _ => false,
                })
            }),
            Property::sometimes("a heartbeat wins against a fencer", |_, state: &State| {
                state.txs.iter().any(|fence| match fence.job {
                    Job::Fence { victim } => matches!(state.rows[usize::from(victim)], Row::Live(1..)),
                    _ => false,
                })
            }),
            Property::sometimes("a paused process holds its transaction open", |_, state: &State| {
                state.txs.iter().any(|tx| {
                    let paused = |p| state.processes[usize::from(p)].condition == Condition::Paused;
                    tx.client.is_some_and(paused) && tx.is_led() && matches!(tx.phase, Phase::Locked { .. })
                })
            }),
            Property::sometimes("one commit is under way twice", |_, state: &State| {
                state.txs.iter().any(|tx| {
                    tx.client.is_none()
                        && state.txs.iter().any(|other| other.job == tx.job && other.client.is_some())
                })
            }),
            Property::sometimes("what one has begun is for others to finish", |_, state: &State| {
                state.flows.iter().any(|flow| flow.fact && flow.owner.is_none() && !flow.done)
            }),
        ]
    }
}

impl State {
    /// Nobody who may still send requests for a workflow has lost it to somebody else.
    fn nobody_acts_for_others(&self, group: &Group) -> bool {
        let sends = |hand: &Hand| matches!(hand, Hand::Runs(_) | Hand::Waits(_, Write::Fact));
        self.processes.iter().filter(|process| process.condition == Condition::Works).all(|process| {
            let Some(life) = &process.life else { return true };
            let may_send = life.may_send > 0 || group.requests && group.has(Bug::LeaseNotLookedAt);
            !may_send || !life.hands.iter().any(sends) || self.lives(life.worker)
        })
    }
}

/// What was found when every moment had been looked at.
#[derive(Debug)]
pub struct Found {
    /// How many moments there are.
    pub states: usize,
    /// What does not hold, and the shortest way there.
    pub broken: Vec<(&'static str, Vec<Action>)>,
    /// What was to be seen and was not.
    pub unseen: Vec<&'static str>,
}

/// Looks at every moment of a group's histories.
#[must_use]
pub fn check(group: Group) -> Found {
    look(group.checker())
}

/// The same, until this promise is broken.
#[must_use]
pub fn check_until_broken(group: Group, promise: &'static str) -> Found {
    look(group.checker().finish_when(HasDiscoveries::AnyOf([promise].into())))
}

fn look(checker: CheckerBuilder<Group>) -> Found {
    // Moments are looked at in the order of their distance: the first counterexample is a shortest one.
    let checker = checker.spawn_bfs().join();
    let found = checker.discoveries();
    let (mut broken, mut unseen) = (vec![], vec![]);
    for property in checker.model().properties() {
        match (property.expectation.discovery_is_failure(), found.get(property.name)) {
            (true, Some(way)) => broken.push((property.name, way.clone().into_actions())),
            (false, None) => unseen.push(property.name),
            _ => {}
        }
    }
    Found { states: checker.unique_state_count(), broken, unseen }
}

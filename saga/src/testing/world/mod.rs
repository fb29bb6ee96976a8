//! A small model of the systems around a saga: it counts what is done to them, and misbehaves as it is told.

mod act;
mod ledger;

use std::collections::{BTreeMap, VecDeque};
use std::fmt::Display;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use act::{Act, Way, WorldCall};
pub use ledger::{Account, Keys};

use super::clock::Time;
use crate::engine::Runtime;
use crate::error::StepError;
use crate::step::StepContext;
use ledger::Ledger;

/// What answers when nothing was said about a call.
type Decide = Box<dyn Fn(&WorldCall) -> Act + Send>;

#[derive(Default)]
struct State {
    ledger: Ledger,
    next: BTreeMap<(String, Way), VecDeque<Act>>,
    always: BTreeMap<(String, Way), Act>,
    decide: Option<Decide>,
    calls: Vec<WorldCall>,
    on_the_way: usize,
}

#[doc = include_str!("guide.md")]
#[derive(Clone)]
pub struct World {
    state: Arc<Mutex<State>>,
    time: Time,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// What steps ask of it.
impl World {
    /// A world with nothing in it, in tokio's time.
    pub fn new() -> Self {
        Self { state: Arc::default(), time: Time::Tokio }
    }
    /// A world in another time than tokio's. What it does late it does in a task of this runtime.
    pub fn in_time_of(runtime: Arc<dyn Runtime>) -> Self {
        Self { state: Arc::default(), time: Time::Of(runtime) }
    }

    /// A step's request: the effect of this business name, under the step's idempotency key.
    ///
    /// # Errors
    /// As the world was told.
    pub async fn create(&self, cx: &StepContext, system: &str, name: impl Display) -> Result<(), StepError> {
        let key = cx.idempotency_key();
        self.request(WorldCall::new(Way::Do, system, name.to_string(), key, key)).await
    }
    /// A compensation's request: takes back what the step did under its key. An undo of nothing changes nothing.
    ///
    /// # Errors
    /// As the world was told.
    pub async fn remove(&self, cx: &StepContext, system: &str) -> Result<(), StepError> {
        let (key, forward) = (cx.idempotency_key(), cx.forward_key());
        self.request(WorldCall::new(Way::Undo, system, String::new(), key, forward)).await
    }
    /// A look-up's question: the business name of what is there under the step's key.
    ///
    /// # Errors
    /// As the world was told.
    pub async fn find(&self, cx: &StepContext, system: &str) -> Result<Option<String>, StepError> {
        let key = cx.forward_key();
        self.request(WorldCall::new(Way::Find, system, String::new(), cx.idempotency_key(), key)).await?;
        Ok(self.state().ledger.find(system, key))
    }

    /// One request, however it was made: [`create`](Self::create), [`remove`](Self::remove) and [`find`](Self::find)
    /// for those that have no context.
    ///
    /// # Errors
    /// As the world was told.
    pub async fn request(&self, call: WorldCall) -> Result<(), StepError> {
        let act = self.begin(&call);
        match act {
            Act::Does => self.state().ledger.land(&call),
            Act::Refuses => return Err(StepError::permanent(format!("{} refuses", call.system))),
            Act::IsBusy => return Err(StepError::transient(format!("{} is not reachable", call.system))),
            Act::IsBusyFor(pause) => {
                return Err(StepError::transient(format!("{} is busy", call.system)).retry_after(pause));
            }
            Act::LosesAnswer => {
                self.state().ledger.land(&call);
                return Err(StepError::unknown("the answer was lost"));
            }
            Act::LosesRequest => return Err(StepError::unknown("the request was lost")),
            Act::Hangs => std::future::pending().await,
            Act::DoesAndHangs => {
                self.state().ledger.land(&call);
                std::future::pending().await
            }
            Act::DoesSlowly(pause) => {
                self.time.sleep(pause).await;
                self.state().ledger.land(&call);
            }
            Act::DoesLate(after) => {
                self.land_late(call, after);
                std::future::pending().await
            }
        }
        Ok(())
    }

    /// It comes whatever becomes of its sender.
    fn land_late(&self, call: WorldCall, after: Duration) {
        self.state().on_the_way += 1;
        let (world, sleep) = (self.clone(), self.time.sleep(after));
        self.time.spawn(Box::pin(async move {
            sleep.await;
            let mut state = world.state();
            state.on_the_way -= 1;
            state.ledger.land(&call);
        }));
    }

    fn begin(&self, call: &WorldCall) -> Act {
        let mut state = self.state();
        let place = (call.system.clone(), call.way);
        let told = state.next.get_mut(&place).and_then(VecDeque::pop_front);
        let told = told.or_else(|| state.always.get(&place).cloned());
        let act = told.or_else(|| state.decide.as_ref().map(|decide| decide(call))).unwrap_or(Act::Does);
        state.calls.push(call.clone());
        act
    }
}

/// What it is told.
impl World {
    /// What a system does at its next calls of this kind. What was said before is over.
    pub fn next(&self, system: &str, way: Way, acts: impl IntoIterator<Item = Act>) -> &Self {
        self.state().next.insert((system.to_owned(), way), acts.into_iter().collect());
        self
    }
    /// What it does at all calls of this kind that nothing was said about.
    pub fn always(&self, system: &str, way: Way, act: Act) -> &Self {
        self.state().always.insert((system.to_owned(), way), act);
        self
    }
    /// What decides about all other calls: by chance, for example.
    pub fn by(&self, decide: impl Fn(&WorldCall) -> Act + Send + 'static) -> &Self {
        self.state().decide = Some(Box::new(decide));
        self
    }
    /// From now on everything does what it is asked.
    pub fn heal(&self) -> &Self {
        let mut state = self.state();
        (state.next, state.always, state.decide) = Default::default();
        drop(state);
        self
    }
    /// What a system does with repeated keys. Default: [`Keys::Known`].
    pub fn keys(&self, system: &str, keys: Keys) -> &Self {
        self.state().ledger.keys.insert(system.to_owned(), keys);
        self
    }
}

/// What it answers to who checks.
impl World {
    /// What is there: system and business name, sorted. What is there twice stands there twice.
    pub fn there(&self) -> Vec<String> {
        self.state().ledger.there()
    }
    /// Is nothing there, nor on its way?
    pub fn is_clean(&self) -> bool {
        self.on_the_way() == 0 && self.there().is_empty()
    }
    /// How often the effect of this business name is there.
    pub fn count(&self, system: &str, name: impl Display) -> u32 {
        self.state().ledger.count(system, &name.to_string())
    }
    /// What was done and undone, by system and key.
    pub fn accounts(&self) -> Vec<Account> {
        self.state().ledger.accounts()
    }
    /// What is there more than once: under one key, or under one business name. Sagas that are right leave none.
    pub fn doubled(&self) -> Vec<String> {
        let there = self.there();
        let twice = there.windows(2).filter(|two| two[0] == two[1]);
        let mut doubled: Vec<_> = twice.map(|two| two[0].clone()).collect();
        doubled.dedup();
        doubled
    }
    /// Every request so far, in order.
    pub fn calls(&self) -> Vec<WorldCall> {
        self.state().calls.clone()
    }
    /// How many effects are on their way that were to come late.
    pub fn on_the_way(&self) -> usize {
        self.state().on_the_way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

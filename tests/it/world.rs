//! A world of systems that count what is done to them, under which key, and misbehave as the script says.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use saga::{Adoptable, Adopted, Client, Created, StepContext, StepError, Timestamp, step};

use crate::life::Clock;

/// What a system does when it is called.
#[derive(Clone, Debug)]
pub enum Act {
    /// What it was asked.
    Ok,
    /// No, for certain.
    Refuse,
    /// Not reachable.
    Transient,
    /// Not reachable, and asks for this much time.
    RetryAfter(Duration),
    /// Does it, and the answer is lost.
    DoneAndLost,
    /// Does not do it, and the answer is lost.
    LostOnTheWay,
    /// Never answers.
    Hang,
    /// Does it and never answers.
    DoneAndHang,
    /// Never answers, and does it that much later, whatever became of the caller.
    Late(Duration),
    /// Takes its time.
    Slow(Duration),
    /// The step panics before it has sent anything.
    Panic,
    /// The step panics when it has been done.
    DoneAndPanic,
    /// It was there before.
    Adopt,
    /// The credentials are wrong.
    Misconfigured,
    /// Waits for the cancellation of the workflow, then says no.
    UntilCancelled,
    /// Answers this.
    Answer(String),
    /// Refuses with these words.
    Say(String),
}

/// Which of a step's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// The step.
    Do,
    /// Its compensation.
    Undo,
    /// Its look-up.
    Find,
}

/// What became of one idempotency key.
#[derive(Clone, Debug, Default)]
struct Key {
    done: u32,
    undone: u32,
}

#[derive(Default)]
struct State {
    script: BTreeMap<(String, Way), VecDeque<Act>>,
    /// By step and forward key.
    keys: BTreeMap<(String, String), Key>,
    late: Vec<(Timestamp, String, String)>,
    calls: Vec<(Way, String, String)>,
    recorded: BTreeMap<String, String>,
    running: usize,
    most_running: usize,
}

/// All systems together. A clone is the same world.
#[derive(Clone)]
pub struct World(Arc<(Mutex<State>, Clock, OnceLock<Client>)>);

impl World {
    pub fn new(clock: Clock) -> Self {
        Self(Arc::new((Mutex::default(), clock, OnceLock::new())))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        let mut state = self.0.0.lock().unwrap();
        let now = self.0.1.now();
        let (due, later) = std::mem::take(&mut state.late).into_iter().partition(|(at, ..)| *at <= now);
        state.late = later;
        let due: Vec<_> = due;
        for (_, name, key) in due {
            state.take_effect(&name, &key);
        }
        state
    }

    /// What happens at the next calls of this kind; after that all is well.
    pub fn script(&self, name: &str, way: Way, acts: impl IntoIterator<Item = Act>) -> &Self {
        self.state().script.insert((name.into(), way), acts.into_iter().collect());
        self
    }

    /// The same, whatever it was asked how often.
    pub fn always(&self, name: &str, way: Way, act: Act) -> &Self {
        self.script(name, way, std::iter::repeat_n(act, 1000))
    }

    /// Every call so far: `do a`, `undo a`, `find a`.
    pub fn calls(&self) -> Vec<String> {
        let word = |way: &Way| match way {
            Way::Do => "do",
            Way::Undo => "undo",
            Way::Find => "find",
        };
        self.state().calls.iter().map(|(way, name, _)| format!("{} {name}", word(way))).collect()
    }

    /// How often it was called.
    pub fn called(&self, wanted: &str) -> usize {
        self.calls().iter().filter(|c| *c == wanted).count()
    }

    /// The distinct keys of the calls of one kind, in order.
    pub fn keys(&self, name: &str, way: Way) -> Vec<String> {
        let state = self.state();
        let calls = state.calls.iter().filter(|(w, n, _)| (*w, n.as_str()) == (way, name));
        let mut keys: Vec<_> = calls.map(|(_, _, key)| key.clone()).collect();
        keys.dedup();
        keys
    }

    /// What is there at this moment, by step: how many effects.
    pub fn effects(&self) -> BTreeMap<String, i64> {
        let state = self.state();
        let mut effects = BTreeMap::new();
        for ((name, _), key) in &state.keys {
            let there = i64::from(key.done) - i64::from(key.undone);
            if there != 0 {
                *effects.entry(name.clone()).or_default() += there;
            }
        }
        effects
    }

    /// Was something done twice under one key, or done again after it was undone?
    pub fn doubled(&self) -> Vec<(String, String)> {
        self.state().keys.iter().filter(|(_, k)| k.done > 1).map(|(name, _)| name.clone()).collect()
    }

    /// The most steps that were running at one time.
    pub fn most_running(&self) -> usize {
        self.state().most_running
    }

    /// What the steps were given as their records in compensations.
    pub fn restored(&self) -> BTreeMap<String, String> {
        self.state().recorded.clone()
    }

    /// For steps that start workflows.
    pub fn give_client(&self, client: Client) {
        assert!(self.0.2.set(client).is_ok(), "it has one");
    }
    pub fn client(&self) -> &Client {
        self.0.2.get().expect("give the world a client first")
    }

    /// What the script says, for steps whose effect is elsewhere.
    pub async fn attempt(&self, name: &str, way: Way, cx: &StepContext) -> Result<(), StepError> {
        let act = self.begin(name, way, cx.idempotency_key());
        behave(act, cx, || {}).await
    }

    fn begin(&self, name: &str, way: Way, key: &str) -> Act {
        let mut state = self.state();
        state.calls.push((way, name.to_owned(), key.to_owned()));
        state.script.get_mut(&(name.to_owned(), way)).and_then(VecDeque::pop_front).unwrap_or(Act::Ok)
    }

    fn take_effect(&self, name: &str, key: &str) {
        self.state().take_effect(name, key);
    }

    async fn run(&self, name: &str, cx: &StepContext) -> Result<Adoptable<String>, StepError> {
        let _running = Running::of(self);
        let act = self.begin(name, Way::Do, cx.idempotency_key());
        let key = cx.idempotency_key();
        let effect = || self.take_effect(name, key);
        match act {
            Act::Adopt => return Ok(Adopted(key.to_owned())),
            Act::Answer(answer) => {
                effect();
                return Ok(Created(answer));
            }
            Act::Late(after) => {
                let at = self.0.1.now().plus(after);
                self.state().late.push((at, name.to_owned(), key.to_owned()));
                std::future::pending().await
            }
            act => behave(act, cx, effect).await?,
        }
        Ok(Created(key.to_owned()))
    }

    async fn undo(&self, cx: &StepContext) -> Result<(), StepError> {
        let name = name(cx);
        let act = self.begin(&name, Way::Undo, cx.idempotency_key());
        behave(act, cx, || self.state().undo_effect(&name, cx.forward_key())).await
    }

    async fn find(&self, cx: &StepContext) -> Result<Option<String>, StepError> {
        let name = name(cx);
        let act = self.begin(&name, Way::Find, cx.idempotency_key());
        behave(act, cx, || {}).await?;
        let state = self.state();
        let key = state.keys.get(&(name, cx.idempotency_key().to_owned()));
        Ok(key.filter(|k| k.done > k.undone).map(|_| cx.idempotency_key().to_owned()))
    }
}

/// Does what the script says; `effect` where it says that something is done.
async fn behave(act: Act, cx: &StepContext, effect: impl Fn()) -> Result<(), StepError> {
    match act {
        Act::Ok | Act::Adopt | Act::Answer(_) => effect(),
        Act::Refuse => return Err(StepError::permanent("refused")),
        Act::Say(words) => return Err(StepError::permanent(words)),
        Act::Transient => return Err(StepError::transient("not reachable")),
        Act::RetryAfter(pause) => return Err(StepError::transient("busy").retry_after(pause)),
        Act::DoneAndLost => {
            effect();
            return Err(StepError::unknown("the answer is lost"));
        }
        Act::LostOnTheWay => return Err(StepError::unknown("the answer is lost")),
        Act::Hang | Act::Late(_) => std::future::pending().await,
        Act::DoneAndHang => {
            effect();
            std::future::pending().await
        }
        Act::Slow(time) => {
            tokio::time::sleep(time).await;
            effect();
        }
        Act::Panic => panic!("the step panics"),
        Act::DoneAndPanic => {
            effect();
            panic!("the step panics")
        }
        Act::Misconfigured => return Err(StepError::configuration("wrong password")),
        Act::UntilCancelled => {
            cx.cancelled().await;
            return Err(StepError::permanent("stopped half-way"));
        }
    }
    Ok(())
}

impl State {
    /// A system that knows keys: the same one again changes nothing, unless it was undone in between.
    fn take_effect(&mut self, name: &str, key: &str) {
        let key = self.keys.entry((name.to_owned(), key.to_owned())).or_default();
        if key.done == key.undone {
            key.done += 1;
        }
    }
    /// An undo of nothing, and a second undo, change nothing.
    fn undo_effect(&mut self, name: &str, key: &str) {
        let key = self.keys.entry((name.to_owned(), key.to_owned())).or_default();
        if key.done > key.undone {
            key.undone += 1;
        }
    }
}

struct Running(World);

impl Running {
    fn of(world: &World) -> Self {
        let mut state = world.state();
        state.running += 1;
        state.most_running = state.most_running.max(state.running);
        drop(state);
        Self(world.clone())
    }
}
impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

/// The name of the step that runs, or is undone: in a plan the names of sub-sagas stand before it.
pub fn name(cx: &StepContext) -> String {
    let mut parts = cx.node().split('.').map(|part| part.split('#').next().unwrap_or(part));
    parts.find(|part| *part != "detour").unwrap_or_default().to_owned()
}

macro_rules! plain_steps {
    ($($step:ident)*) => { $(
        #[step(
            compensate = undo(world, cx), system = "world", timeout = "1s", settle_after = "500ms",
            retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
            undo_retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none)
        )]
        pub async fn $step(#[inject] world: &World, cx: &StepContext, word: &str) -> saga::Result<Adoptable<String>> {
            let _ = word;
            world.run(stringify!($step), cx).await
        }
    )* };
}
plain_steps!(a b c d e);

async fn undo(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.undo(cx).await
}

/// Undone by what it made, which is looked up when it was lost.
#[step(
    compensate = undo_found(world, cx, output), if_unknown = find_it(world, cx), timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
pub async fn found(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    world.run("found", cx).await
}
async fn undo_found(world: &World, cx: &StepContext, made: &str) -> saga::Result<()> {
    assert_eq!(made, cx.forward_key());
    world.undo(cx).await
}
async fn find_it(world: &World, cx: &StepContext) -> saga::Result<Option<String>> {
    world.find(cx).await
}

/// Undone by what it made; it is run once more to learn that.
#[step(
    compensate = undo_found(world, cx, output), if_unknown = rerun, timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
pub async fn rerun(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    world.run("rerun", cx).await
}

/// When nobody knows, a person decides.
#[step(
    compensate = undo_asked(world, cx, output), if_unknown = park, timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
pub async fn asked(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    world.run("asked", cx).await
}
async fn undo_asked(world: &World, cx: &StepContext, _made: Option<&String>) -> saga::Result<()> {
    world.undo(cx).await
}

/// Tried once.
#[step(compensate = undo(world, cx), retry(max_attempts = 1), timeout = "1s", settle_after = "500ms")]
pub async fn once(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    world.run("once", cx).await
}

/// Tried again somewhen within ten seconds.
#[step(compensate = undo(world, cx), retry(max_attempts = 3, backoff = fixed("10s")), timeout = "1s")]
pub async fn spread(
    #[inject] world: &World,
    cx: &StepContext,
    word: &str,
) -> saga::Result<Adoptable<String>> {
    let _ = word;
    world.run("spread", cx).await
}

/// Writes down what was there before.
#[step(
    compensate = restore(world, cx, recorded), timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none)
)]
pub async fn recorded(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    cx.record(&format!("before attempt {}", cx.attempt())).await?;
    world.run("recorded", cx).await
}
async fn restore(world: &World, cx: &StepContext, recorded: Option<&String>) -> saga::Result<()> {
    if let Some(before) = recorded {
        world.state().recorded.insert(cx.node().to_owned(), before.clone());
    }
    world.undo(cx).await
}

/// Takes as long as it takes.
#[step(compensate = undo(world, cx), timeout = "100s", settle_after = "500ms")]
pub async fn lasting(#[inject] world: &World, cx: &StepContext) -> saga::Result<Adoptable<String>> {
    world.run("lasting", cx).await
}

/// The point of no return.
#[step(pivot, timeout = "1s", retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none))]
pub async fn pivot(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.run("pivot", cx).await.map(|made| made.into_inner())
}

/// The point of no return, which can be looked up.
#[step(
    pivot, if_unknown = find_it(world, cx), timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
pub async fn pivot_found(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.run("pivot_found", cx).await.map(|made| made.into_inner())
}

/// Tried until it succeeds.
#[step(retriable, timeout = "1s", retry(backoff = fixed("100ms"), jitter = none))]
pub async fn welcome(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.run("welcome", cx).await.map(|made| made.into_inner())
}

/// Only reads.
#[step(no_effect, timeout = "1s", retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none))]
pub async fn look(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.run("look", cx).await.map(|made| made.into_inner())
}

trait Inner {
    fn into_inner(self) -> String;
}
impl Inner for Adoptable<String> {
    fn into_inner(self) -> String {
        match self {
            Created(x) | Adopted(x) => x,
        }
    }
}

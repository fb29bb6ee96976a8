//! Sweeps over a saga: everything goes wrong, one thing after the other and together.

mod twist;
mod turn;
mod history;
mod plan;
mod judge;
mod summary;

use std::fmt::{Debug, Display};
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use serde::Serialize;

pub use summary::Swept;

use super::saga_test::stage::{Happening, aside};
use super::saga_test::{Report, definition_of};
use crate::definition::{Definition, Start};
use crate::engine::EngineBuilder;
use crate::json::{Json, JsonError};
use crate::machine::CallKind;
use crate::seal::Sealer;
use crate::step::{Callable, Signature};
use crate::store::{MemoryStore, Status};
use history::{History, play};
use judge::{Judge, Wrong};
use plan::{Ground, histories};
use turn::Turn;
use twist::{How, Place, Twist, Twists};

/// What the workflow of a history is called.
const WORKFLOW: &str = "sweep";

/// A sweep over the saga that is started so: `sweep(trip(request)).resources(World::new).observe(World::there).run()`.
/// See [`Sweep`].
pub fn sweep<S: Signature>(start: Start<S>) -> SweepStart<S> {
    SweepStart(start)
}

/// A sweep that still has to be told of the saga's resources.
#[must_use = "a sweep does nothing until it is run"]
pub struct SweepStart<S>(Start<S>);

impl<S: Signature> SweepStart<S> {
    /// What steps are given: new ones for each history, that outlive the deaths of the process in it.
    pub fn resources<R>(self, resources: impl Fn() -> R + Send + Sync + 'static) -> Sweep<S, R>
    where
        S: Callable<R>,
        R: Send + Sync + 'static,
    {
        Sweep::of(self.0, resources)
    }
}

type Observe<R> = Box<dyn Fn(&R) -> String + Send + Sync>;
type Check<S, R> = Box<dyn Fn(&Report<S, R>) + Send + Sync>;

/// What all histories of a sweep begin with.
struct Setting<S: Signature, R> {
    input: Result<Json, JsonError>,
    exclusion: Vec<String>,
    resources: Box<dyn Fn() -> R + Send + Sync>,
    definition: Box<dyn Fn() -> Definition<R> + Send + Sync>,
    sealer: Option<Arc<dyn Sealer>>,
    events: Vec<(Duration, Happening)>,
    observe: Option<Observe<R>>,
    check: Option<Check<S, R>>,
    patience: Duration,
}

impl<S: Signature, R: Send + Sync + 'static> Setting<S, R> {
    /// What is there.
    fn observed(&self, resources: &R, store: &MemoryStore) -> Option<String> {
        let mut seen = self.observe.as_ref()?(resources);
        let mut data: Vec<_> = store.all_data().iter().map(|value| value.as_str().to_owned()).collect();
        data.sort();
        if !data.is_empty() {
            seen.push_str(&format!(" and in the store {}", data.join(", ")));
        }
        Some(seen)
    }
    fn start(&self) -> Start<S> {
        Start::again(self.input.clone(), self.exclusion.clone())
    }
    fn definition(&self) -> Definition<R> {
        (self.definition)()
    }
    fn secured(&self, builder: EngineBuilder<R>) -> EngineBuilder<R> {
        match &self.sealer {
            Some(sealer) => builder.shared_secrets(Arc::clone(sealer)),
            None => builder,
        }
    }
    /// Latest first.
    fn happenings(&self, turn: &Turn) -> Vec<(Duration, Happening)> {
        let mut happenings = turn.happenings(&self.events);
        happenings.sort_by_key(|(after, _)| *after);
        happenings.reverse();
        happenings
    }
}

#[doc = include_str!("guide.md")]
#[must_use = "a sweep does nothing until it is run"]
pub struct Sweep<S: Signature, R> {
    setting: Setting<S, R>,
    seed: u64,
    most: usize,
    only: Option<Twists>,
}

impl<S: Signature, R: Send + Sync + 'static> Sweep<S, R>
where
    S: Callable<R>,
{
    fn of(start: Start<S>, resources: impl Fn() -> R + Send + Sync + 'static) -> Self {
        Self {
            setting: Setting {
                input: start.input,
                exclusion: start.exclusion,
                resources: Box::new(resources),
                definition: Box::new(definition_of::<S, R>),
                sealer: None,
                events: vec![],
                observe: None,
                check: None,
                patience: Duration::ZERO,
            },
            seed: 1,
            most: 500,
            only: None,
        }
    }

    /// The question that is asked of every history: what is there? It is compared as it prints. After a rollback it has
    /// to be what was there before; when everything is done, what is there when nothing goes wrong; and when it
    /// completed without steps that are tolerated, what is there when only these go wrong, and are refused.
    ///
    /// The values that transactional steps wrote ([`MemoryTx`](crate::store::MemoryTx)) belong to the answer without a
    /// word about them.
    pub fn observe<T: Debug>(mut self, observe: impl Fn(&R) -> T + Send + Sync + 'static) -> Self {
        self.setting.observe = Some(Box::new(move |resources| format!("{:?}", observe(resources))));
        self
    }
    /// A question of your own, with assertions. It is asked whenever the workflow has come to rest: also when it has
    /// failed, and once more after an operator has retried it.
    pub fn check(mut self, check: impl Fn(&Report<S, R>) + Send + Sync + 'static) -> Self {
        self.setting.check = Some(Box::new(check));
        self
    }
    /// Another definition than the saga's own: one with other policies, or one made by hand.
    pub fn definition(mut self, definition: impl Fn() -> Definition<R> + Send + Sync + 'static) -> Self {
        self.setting.definition = Box::new(definition);
        self
    }
    /// With what secrets are sealed.
    pub fn secrets(mut self, sealer: impl Sealer) -> Self {
        self.setting.sealer = Some(Arc::new(sealer));
        self
    }
    /// An event is published so long after the start; in some histories it is not.
    ///
    /// # Panics
    /// When the value has no JSON form.
    #[track_caller]
    pub fn event_after<V: Serialize>(
        mut self,
        after: Duration,
        name: &str,
        key: impl Display,
        value: V,
    ) -> Self {
        self.setting.events.push((after, Happening::event(name, key, value)));
        self
    }
    /// So long, in real time, the clock stands still for a step that waits for something outside of the test.
    /// Default: not at all.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.setting.patience = patience;
        self
    }
    /// Another choice of histories in which several things go wrong.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
    /// About so many histories in which several things go wrong. Default: 500.
    pub fn most(self, most: usize) -> Self {
        Self { most, ..self }
    }
    /// Only this history: the text that a failed sweep has printed.
    ///
    /// # Panics
    /// When it is not such a text.
    #[track_caller]
    pub fn replay(self, script: &str) -> Self {
        let only = script.parse().unwrap_or_else(|error| panic!("{error}"));
        Self { only: Some(only), ..self }
    }

    /// Plays all histories.
    ///
    /// # Panics
    /// When one goes wrong: with the shortest script that shows it.
    pub async fn run(self) -> Swept {
        let Self { setting, seed, most, only } = self;
        assert!(
            setting.observe.is_some() || setting.check.is_some(),
            "a sweep has a question to ask: `.observe(..)`, `.check(..)`, or both"
        );
        let setting = Arc::new(setting);
        let mut stage = Stage { setting, judge: Judge::default(), swept: Swept::new(seed), wrong: vec![] };
        let undisturbed = stage.play(Twists::default()).await;
        if undisturbed.first.status != Status::Completed {
            panic!("when nothing goes wrong the saga has to complete\n\n{}", undisturbed.first.story);
        }
        if let (Some(before), true) = (&undisturbed.before, undisturbed.before == undisturbed.first.seen) {
            panic!(
                "what is observed of `{}` is the same before it and after it has completed, so it cannot tell what was \
                 undone from what was done: let `.observe(..)` look at what the steps change\n  it sees: {before}\n\n{}",
                S::META.name,
                undisturbed.first.story
            );
        }
        stage.hold(Twists::default(), &undisturbed).await;
        let all = match only {
            Some(only) => vec![only],
            None => histories(&stage.grounds(&undisturbed).await, seed, most),
        };
        stage.sweep(all).await;
        stage.end().await
    }
}

/// A sweep under way.
struct Stage<S: Signature, R> {
    setting: Arc<Setting<S, R>>,
    judge: Judge,
    swept: Swept,
    wrong: Vec<(Twists, Wrong)>,
}

/// When so much is wrong, the shortest of it tells enough.
const ENOUGH: usize = 20;

impl<S: Signature + Callable<R>, R: Send + Sync + 'static> Stage<S, R> {
    async fn play(&self, twists: Twists) -> History {
        let setting = Arc::clone(&self.setting);
        aside(move || play(setting, twists)).await
    }

    async fn hold(&mut self, twists: Twists, history: &History) {
        self.swept.count(history);
        for unknown in self.judge.unknown(&twists, history) {
            let plainest = self.play(unknown.clone()).await;
            // What is wrong teaches nothing, and comes up by itself.
            let _ = self.judge.learn(&unknown, &plainest);
        }
        if let Err(wrong) = self.judge.learn(&twists, history) {
            self.wrong.push((twists, wrong));
        }
    }

    /// Forward, back from as late as it can be, and without what it waits for.
    async fn grounds(&mut self, undisturbed: &History) -> Vec<Ground> {
        let mut grounds = vec![self.ground(Twists::default(), undisturbed)];
        for place in grounds[0].steps().to_vec().iter().rev() {
            let twists = refused(place);
            let history = self.play(twists.clone()).await;
            if history.first.status == Status::RolledBack && !history.undone.is_empty() {
                grounds.push(self.ground(twists, &history));
                break;
            }
        }
        // Whoever waits for something may wait in vain, and goes another way.
        for n in 1..=self.setting.events.len() {
            let twists = Twists::default().and(Twist::NoEvent(n));
            let history = self.play(twists.clone()).await;
            grounds.push(self.ground(twists.clone(), &history));
            self.hold(twists, &history).await;
        }
        grounds
    }

    fn ground(&self, twists: Twists, history: &History) -> Ground {
        Ground::new(twists, history, self.setting.events.iter().map(|(after, _)| *after))
    }

    async fn sweep(&mut self, all: Vec<Twists>) {
        let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let setting = Arc::clone(&self.setting);
        let played = futures_util::stream::iter(all).map(move |twists| {
            let (setting, told) = (Arc::clone(&setting), twists.clone());
            async move { (told, aside(move || play(setting, twists)).await) }
        });
        // In order, so that every run of a sweep says the same.
        let mut played = std::pin::pin!(played.buffered(at_once));
        while let Some((twists, history)) = played.next().await {
            self.hold(twists, &history).await;
            if self.wrong.len() >= ENOUGH {
                break;
            }
        }
    }

    async fn end(mut self) -> Swept {
        let shortest = (0..self.wrong.len()).min_by_key(|n| self.wrong[*n].0.0.len());
        let Some(shortest) = shortest else { return self.swept };
        let (mut twists, mut wrong) = self.wrong.swap_remove(shortest);
        // Is there anything in it that has nothing to do with it?
        let mut n = 0;
        while n < twists.0.len() {
            let fewer = twists.without(n);
            let history = self.play(fewer.clone()).await;
            match self.judge.judge(&fewer, &history) {
                Err(still) => (twists, wrong, n) = (fewer, still, 0),
                Ok(()) => n += 1,
            }
        }
        let (swept, all, saga) = (&self.swept, self.wrong.len() + 1, S::META.name);
        let enough = if all >= ENOUGH { "at least " } else { "" };
        panic!(
            "the sweep of `{saga}`: {enough}{all} of {} histories went wrong. The shortest of them:\n\n    \
             {twists}\n\n{}\n\nReplay it alone with\n    .replay(\"{twists}\")\n\n{}",
            swept.histories, wrong.what, wrong.story
        )
    }
}

fn refused(place: &Place) -> Twists {
    Twists::default().and(Twist::Call(CallKind::Run, place.clone(), How::Refuses))
}

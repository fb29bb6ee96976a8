//! Sagas under test: steps that answer as the test says, and time that passes by itself.

mod calls;
pub(super) mod report;
pub(super) mod script;
pub(super) mod stage;
mod story;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;

pub use calls::{CallEnd, RecordedCall, StubCall};
pub use report::Report;

use super::clock::{self, VirtualTime};
use crate::clock::Timestamp;
use crate::definition::{Definition, Start};
use crate::engine::{Engine, Runtime};
use crate::error::StepError;
use crate::json::Json;
use crate::seal::Sealer;
use crate::step::{Callable, Callee, Signature, Success};
use crate::store::MemoryStore;
use script::{Attempt, Lines, Script, State, Stub};
use stage::{Happening, Stage};

/// Of a request whose outcome nobody knows: did it land?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landed {
    /// It did, and its answer was lost. The step's stub runs (or the step itself), and what it made is there.
    Yes,
    /// It was lost on its way.
    No,
}

#[doc = include_str!("guide.md")]
#[must_use = "a test does nothing until it is run"]
pub struct SagaTest<R> {
    resources: R,
    definition: Option<Definition<R>>,
    lines: BTreeMap<&'static str, Lines>,
    happenings: Vec<(Duration, Happening)>,
    tenant: String,
    initiator: Option<String>,
    now: Option<Timestamp>,
    limit: Duration,
    most_calls: usize,
    patience: Duration,
    sealer: Option<Arc<dyn Sealer>>,
}

/// What steps answer. Each names a step by its type, for all its calls in the saga.
impl<R: Send + Sync + 'static> SagaTest<R> {
    /// A test with what those steps need that run for real.
    pub fn new(resources: R) -> Self {
        Self {
            resources,
            definition: None,
            lines: BTreeMap::new(),
            happenings: vec![],
            tenant: "default".to_owned(),
            initiator: None,
            now: None,
            limit: Duration::from_secs(10 * 366 * 24 * 60 * 60),
            most_calls: 10_000,
            patience: Duration::from_millis(50),
            sealer: None,
        }
    }

    fn line<S: Signature>(mut self, say: impl FnOnce(&mut Lines)) -> Self {
        say(self.lines.entry(S::META.name).or_default());
        self
    }

    /// The step is not run: the closure answers. What was answered is undone by doing nothing. An assertion that
    /// fails in the closure fails the test.
    pub fn stub<S: Signature>(
        self,
        answer: impl Fn(&StubCall<'_>) -> Result<S::Output, StepError> + Send + Sync + 'static,
    ) -> Self {
        self.line::<S>(|lines| lines.stub = Some(stub::<S>(answer, Whose::Ours)))
    }
    /// Like [`stub`](Self::stub), for the next attempt that nothing was said about.
    pub fn stub_once<S: Signature>(
        self,
        answer: impl Fn(&StubCall<'_>) -> Result<S::Output, StepError> + Send + Sync + 'static,
    ) -> Self {
        self.line::<S>(|lines| lines.first.push_back(Attempt::Stub(stub::<S>(answer, Whose::Ours))))
    }
    /// Like [`stub`](Self::stub), of something that existed before: it is not undone.
    pub fn adopted<S: Signature>(
        self,
        answer: impl Fn(&StubCall<'_>) -> Result<S::Output, StepError> + Send + Sync + 'static,
    ) -> Self {
        self.line::<S>(|lines| lines.stub = Some(stub::<S>(answer, Whose::Theirs)))
    }

    /// Every attempt fails.
    pub fn fail<S: Signature>(self, error: StepError) -> Self {
        self.line::<S>(|lines| lines.always = Some(Attempt::Fail(error)))
    }
    /// The next attempt that nothing was said about fails. Said several times it is a sequence, with
    /// [`stub_once`](Self::stub_once) and [`unknown_once`](Self::unknown_once).
    pub fn fail_once<S: Signature>(self, error: StepError) -> Self {
        self.line::<S>(|lines| lines.first.push_back(Attempt::Fail(error)))
    }
    /// Nobody knows the outcome of any attempt.
    pub fn unknown<S: Signature>(self, landed: Landed) -> Self {
        self.line::<S>(|lines| lines.always = Some(Attempt::Unknown(landed)))
    }
    /// Nobody knows the outcome of the next attempt that nothing was said about.
    pub fn unknown_once<S: Signature>(self, landed: Landed) -> Self {
        self.line::<S>(|lines| lines.first.push_back(Attempt::Unknown(landed)))
    }

    /// Every attempt to undo the step fails.
    pub fn fail_undo<S: Signature>(self, error: StepError) -> Self {
        self.line::<S>(|lines| lines.undo = Some(error))
    }
    /// The next attempt to undo the step fails that nothing was said about.
    pub fn fail_undo_once<S: Signature>(self, error: StepError) -> Self {
        self.line::<S>(|lines| lines.first_undos.push_back(error))
    }
}

/// What happens beside the steps, and how long is waited.
impl<R: Send + Sync + 'static> SagaTest<R> {
    /// An event is published as soon as the workflow is there.
    ///
    /// # Panics
    /// When the value has no JSON form.
    pub fn event<V: Serialize>(self, name: &str, key: impl Display, value: V) -> Self {
        self.event_after(Duration::ZERO, name, key, value)
    }
    /// An event is published so long after the start.
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
        self.happenings.push((after, Happening::event(name, key, value)));
        self
    }
    /// Somebody cancels the workflow so long after the start.
    pub fn cancel_after(mut self, after: Duration) -> Self {
        self.happenings.push((after, Happening::Cancel));
        self
    }
    /// Another definition than the saga's own: one with other policies, or one made by hand.
    pub fn definition(self, definition: Definition<R>) -> Self {
        Self { definition: Some(definition), ..self }
    }
    /// To whom the workflow belongs. Default: `default`.
    pub fn tenant(self, tenant: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), ..self }
    }
    /// Who starts it.
    pub fn initiator(self, initiator: impl Into<String>) -> Self {
        Self { initiator: Some(initiator.into()), ..self }
    }
    /// With what secrets are sealed. A saga that has secrets cannot be started without it.
    pub fn secrets(self, sealer: impl Sealer) -> Self {
        Self { sealer: Some(Arc::new(sealer)), ..self }
    }
    /// When the workflow starts. Default: at present.
    pub fn starts_at(self, now: Timestamp) -> Self {
        Self { now: Some(now), ..self }
    }
    /// So long the workflow is watched, in its own time. Default: ten years.
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
    /// So many calls are let happen. Default: 10,000, which ends a step that is tried for ever.
    pub fn most_calls(self, calls: usize) -> Self {
        Self { most_calls: calls, ..self }
    }
    /// So long, in real time, the clock stands still for a step that runs for real and waits for something, before
    /// time passes for it too. Longer is for steps that speak to something outside of the test. Default: 50 ms.
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Runs the saga until it rests.
    ///
    /// # Panics
    /// When it cannot be started, when something was said about a step that the saga does not call, and when a stub
    /// panics.
    pub async fn run<S: Signature + Callable<R>>(self, start: Start<S>) -> Report<S, R> {
        stage::aside(move || self.play(start)).await
    }

    async fn play<S: Signature + Callable<R>>(mut self, start: Start<S>) -> Report<S, R> {
        let definition = self.definition.take().unwrap_or_else(definition_of::<S, R>);
        known_steps(&self.lines, &definition);
        let store = MemoryStore::new();
        let runtime: Arc<dyn Runtime> = Arc::new(VirtualTime::new(self.now.unwrap_or_else(clock::present)));
        let script = Arc::new(Script {
            state: Mutex::new(State::new(self.lines)),
            runtime: Arc::clone(&runtime),
            began: runtime.uptime(),
            patience: self.patience,
            most_calls: AtomicUsize::new(self.most_calls),
            twister: None,
            enough: tokio::sync::Notify::new(),
        });
        let builder = Engine::builder(self.resources).store(store.clone()).saga(definition);
        let builder = builder.config(stage::config()).runtime(Arc::clone(&runtime));
        let builder = match self.sealer {
            Some(sealer) => builder.shared_secrets(sealer),
            None => builder,
        };
        let engine = builder.interceptor(script.clone()).build().await;
        let engine = engine.unwrap_or_else(|error| panic!("{error}"));
        let mut request = engine.client().start(start).tenant(self.tenant.clone());
        if let Some(initiator) = self.initiator {
            request = request.initiator(initiator);
        }
        let started = request.await.unwrap_or_else(|error| panic!("the saga cannot be started: {error}"));
        // Stable, so that of two at one time the one that was said first comes first.
        self.happenings.sort_by_key(|(after, _)| *after);
        self.happenings.reverse();
        let mut stage = Stage {
            client: engine.client().clone(),
            store,
            runtime: Arc::clone(&runtime),
            script: Arc::clone(&script),
            workflow: started.handle.id().clone(),
            tenant: self.tenant,
            happenings: self.happenings,
            began: script.began,
            limit: self.limit,
        };
        let rest = stage.play().await;
        if let Some(panic) = script.state().panic.take() {
            std::panic::resume_unwind(panic);
        }
        let report = Report::of(&stage, rest, engine.shared_resources()).await;
        // What is under way is given up; the store is given up too.
        let _ = engine.shutdown(Duration::ZERO).await;
        report
    }
}

enum Whose {
    Ours,
    Theirs,
}

fn stub<S: Signature>(
    answer: impl Fn(&StubCall<'_>) -> Result<S::Output, StepError> + Send + Sync + 'static,
    whose: Whose,
) -> Stub {
    let adopted = matches!(whose, Whose::Theirs);
    Arc::new(move |call| {
        let output = Json::encode(&answer(call)?).map_err(StepError::permanent)?;
        Ok(Success { output, adopted })
    })
}

pub(super) fn definition_of<S: Callable<R> + Signature, R>() -> Definition<R> {
    let Callee::Saga(saga) = S::erased() else { panic!("`{}` is a step, not a saga", S::META.name) };
    Arc::into_inner(saga).expect("a definition that was just made is nobody else's")
}

fn known_steps<R>(lines: &BTreeMap<&'static str, Lines>, definition: &Definition<R>) {
    let known: Vec<_> = definition.plan().steps().map(|(_, _, step)| &*step.step_name).collect();
    if let Some(name) = lines.keys().find(|name| !known.contains(name)) {
        let (saga, known) = (&definition.id().name, known.join(", "));
        panic!("the test says how `{name}` answers, but `{saga}` does not call it; it calls {known}");
    }
}

//! What the test said about steps, carried out: it stands between the engine and the steps.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::Landed;
use super::calls::{CallEnd, RecordedCall, StubCall};
use crate::definition::Node;
use crate::engine::{Ended, Interceptor, Runtime};
use crate::error::{Effect, StepError};
use crate::json::Json;
use crate::machine::{Call, CallKind};
use crate::step::{Arguments, Success};
use crate::testing::clock::patiently;

/// What answers in place of a step.
pub(in crate::testing) type Stub = Arc<dyn Fn(&StubCall<'_>) -> Result<Success, StepError> + Send + Sync>;

/// How one attempt goes.
#[derive(Clone)]
pub(in crate::testing) enum Attempt {
    Stub(Stub),
    Fail(StepError),
    Unknown(Landed),
    TimesOut(Landed),
}

/// What goes wrong besides what the test said of steps: by the number of a call, and by its place.
pub(in crate::testing) trait Twister: Send + Sync + 'static {
    /// It begins: how it goes, if not as it would.
    fn begins(&self, nth: usize, node: &Node, call: &Call) -> BoxFuture<'_, Option<Attempt>>;
    /// It has ended, and nobody has heard of it yet.
    fn has_ended(&self, nth: usize) -> BoxFuture<'_, ()>;
}

/// What was said about one step.
#[derive(Clone, Default)]
pub(in crate::testing) struct Lines {
    /// How the first attempts go.
    pub(in crate::testing) first: VecDeque<Attempt>,
    /// How all others go wrong.
    pub(in crate::testing) always: Option<Attempt>,
    /// What answers otherwise. `None`: the step itself.
    pub(in crate::testing) stub: Option<Stub>,
    pub(in crate::testing) first_undos: VecDeque<StepError>,
    pub(in crate::testing) undo: Option<StepError>,
}

impl Lines {
    fn next(&mut self) -> Option<Attempt> {
        let stub = || self.stub.clone().map(Attempt::Stub);
        self.first.pop_front().or_else(|| self.always.clone()).or_else(stub)
    }
}

/// What the attempts of one step of one run have left behind.
#[derive(Default)]
struct Traces {
    /// Its own code ran: it is undone by its own code too.
    real: bool,
    /// What a stub made, as far as it is not undone.
    made: Option<Json>,
}

/// A step of the plan, an item of it, in one run.
type Place = (u32, u32, Arc<str>);

#[derive(Default)]
pub(in crate::testing) struct State {
    lines: BTreeMap<&'static str, Lines>,
    traces: BTreeMap<Place, Traces>,
    pub(in crate::testing) calls: Vec<RecordedCall>,
    /// A stub has panicked: what the test is told.
    pub(in crate::testing) panic: Option<Box<dyn Any + Send>>,
}

impl State {
    pub(in crate::testing) fn new(lines: BTreeMap<&'static str, Lines>) -> Self {
        Self { lines, ..Self::default() }
    }
}

/// What the test said, and what has happened so far.
pub(in crate::testing) struct Script {
    pub(in crate::testing) state: Mutex<State>,
    pub(in crate::testing) runtime: Arc<dyn Runtime>,
    pub(in crate::testing) began: Duration,
    pub(in crate::testing) patience: Duration,
    pub(in crate::testing) most_calls: AtomicUsize,
    pub(in crate::testing) twister: Option<Arc<dyn Twister>>,
    /// A stub has panicked, or there were too many calls.
    pub(in crate::testing) enough: Notify,
}

impl Script {
    pub(in crate::testing) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(in crate::testing) fn is_over(&self) -> bool {
        let state = self.state();
        state.panic.is_some() || state.calls.len() >= self.most_calls.load(Ordering::Relaxed)
    }

    async fn run(
        &self,
        node: &Node,
        call: &Call,
        nth: usize,
        twist: Option<Attempt>,
        real: BoxFuture<'_, Ended>,
    ) -> Ended {
        let next = || node.step().and_then(|s| self.state().lines.get_mut(&*s.step_name)?.next());
        match twist.or_else(next) {
            None => self.real(call, nth, real).await,
            Some(Attempt::Stub(stub)) => self.stubbed(&stub, node, call),
            Some(Attempt::Fail(error)) => Ended::Run(Err(error)),
            Some(Attempt::Unknown(landed)) => self.lands(node, call, nth, landed, real).await,
            Some(Attempt::TimesOut(landed)) => {
                let ended = self.lands(node, call, nth, landed, real).await;
                self.time_out(call, ended).await
            }
        }
    }

    /// What becomes of a request whose answer is lost.
    async fn lands(
        &self,
        node: &Node,
        call: &Call,
        nth: usize,
        landed: Landed,
        real: BoxFuture<'_, Ended>,
    ) -> Ended {
        if landed == Landed::No {
            return Ended::Run(Err(lost_request()));
        }
        let stub = node.step().and_then(|s| self.state().lines.get(&*s.step_name)?.stub.clone());
        let ended = match stub {
            Some(stub) => self.stubbed(&stub, node, call),
            None => self.real(call, nth, real).await,
        };
        match ended {
            Ended::Run(Ok(_)) => Ended::Run(Err(lost_answer())),
            other => other,
        }
    }

    /// The attempt's time passes, unless it was refused anyway.
    async fn time_out(&self, call: &Call, ended: Ended) -> Ended {
        let error = StepError::unknown(format!("timed out after {:?}", call.timeout));
        match ended {
            Ended::Run(Err(e)) if e.effect() == Effect::Unknown => {
                self.runtime.sleep(call.timeout).await;
                Ended::Run(Err(error))
            }
            Ended::Undo(Err(e)) if e.effect() == Effect::Unknown => {
                self.runtime.sleep(call.timeout).await;
                Ended::Undo(Err(error))
            }
            other => other,
        }
    }

    fn stubbed(&self, stub: &Stub, node: &Node, call: &Call) -> Ended {
        let answer = || {
            let arguments = Arguments::of(&node.name, &call.args)?;
            stub(&StubCall { arguments, node: &node.name, call })
        };
        let result = std::panic::catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|panic| {
            self.state().panic.get_or_insert(panic);
            self.enough.notify_one();
            Err(StepError::configuration("the stub has panicked"))
        });
        if let Ok(Success { output, adopted: false }) = &result {
            self.state().traces.entry(place(call)).or_default().made = Some(output.clone());
        }
        Ended::Run(result)
    }

    async fn undo(
        &self,
        node: &Node,
        call: &Call,
        nth: usize,
        twist: Option<Attempt>,
        real: BoxFuture<'_, Ended>,
    ) -> Ended {
        let refused = || {
            let mut state = self.state();
            let lines = state.lines.get_mut(&*node.step()?.step_name)?;
            lines.first_undos.pop_front().or_else(|| lines.undo.clone()).map(Attempt::Fail)
        };
        match twist.or_else(refused) {
            None | Some(Attempt::Stub(_)) => self.undone(call, nth, real).await,
            Some(Attempt::Fail(error)) => Ended::Undo(Err(error)),
            Some(Attempt::Unknown(landed)) => self.undo_lands(call, nth, landed, real).await,
            Some(Attempt::TimesOut(landed)) => {
                let ended = self.undo_lands(call, nth, landed, real).await;
                self.time_out(call, ended).await
            }
        }
    }

    async fn undo_lands(&self, call: &Call, nth: usize, landed: Landed, real: BoxFuture<'_, Ended>) -> Ended {
        if landed == Landed::No {
            return Ended::Undo(Err(lost_request()));
        }
        match self.undone(call, nth, real).await {
            Ended::Undo(Ok(())) => Ended::Undo(Err(lost_answer())),
            other => other,
        }
    }

    async fn undone(&self, call: &Call, nth: usize, real: BoxFuture<'_, Ended>) -> Ended {
        if self.was_real(call) {
            return self.real(call, nth, real).await;
        }
        self.state().traces.entry(place(call)).or_default().made = None;
        Ended::Undo(Ok(()))
    }

    async fn real(&self, call: &Call, nth: usize, real: BoxFuture<'_, Ended>) -> Ended {
        {
            let mut state = self.state();
            state.traces.entry(place(call)).or_default().real = true;
            state.calls[nth].scripted = false;
        }
        patiently(real, self.patience).await
    }

    fn was_real(&self, call: &Call) -> bool {
        if self.twister.is_some() {
            return true;
        }
        self.state().traces.get(&place(call)).is_some_and(|traces| traces.real)
    }

    /// Enters the call into the report; its place there.
    fn begin(&self, node: &Node, call: &Call) -> usize {
        let mut state = self.state();
        state.calls.push(RecordedCall {
            kind: call.kind,
            step: node.step().map_or_else(|| Arc::clone(&node.name), |s| Arc::clone(&s.step_name)),
            node: Arc::clone(&node.name),
            item: Arc::clone(&call.item),
            attempt: call.attempt,
            key: Arc::clone(&call.key),
            args: call.args.clone(),
            scripted: true,
            at: self.runtime.uptime().saturating_sub(self.began),
            end: CallEnd::UnderWay,
        });
        if state.calls.len() >= self.most_calls.load(Ordering::Relaxed) {
            self.enough.notify_one();
        }
        state.calls.len() - 1
    }
}

impl Interceptor for Script {
    fn around<'a>(
        &'a self,
        node: &'a Node,
        call: &'a Call,
        real: BoxFuture<'a, Ended>,
    ) -> BoxFuture<'a, Ended> {
        Box::pin(async move {
            let nth = self.begin(node, call);
            let twist = match &self.twister {
                Some(twister) => twister.begins(nth, node, call).await,
                None => None,
            };
            let ended = match call.kind {
                CallKind::Run => self.run(node, call, nth, twist, real).await,
                CallKind::Undo => self.undo(node, call, nth, twist, real).await,
                CallKind::LookUp if self.was_real(call) => self.real(call, nth, real).await,
                CallKind::LookUp => {
                    let state = self.state();
                    Ended::LookUp(Ok(state.traces.get(&place(call)).and_then(|t| t.made.clone())))
                }
            };
            self.state().calls[nth].end = end_of(&ended);
            if let Some(twister) = &self.twister {
                twister.has_ended(nth).await;
            }
            ended
        })
    }
}

fn lost_request() -> StepError {
    StepError::unknown("nobody knows whether it happened: the request was lost")
}

fn lost_answer() -> StepError {
    StepError::unknown("nobody knows whether it happened: the answer was lost")
}

fn place(call: &Call) -> Place {
    (call.run, call.step_order, Arc::clone(&call.item))
}

fn end_of(ended: &Ended) -> CallEnd {
    match ended {
        Ended::Run(Ok(Success { output, adopted: true })) => CallEnd::Adopted(output.clone()),
        Ended::Run(Ok(success)) => CallEnd::Made(success.output.clone()),
        Ended::Undo(Ok(())) => CallEnd::Undone,
        Ended::LookUp(Ok(found)) => CallEnd::Found(found.clone()),
        Ended::Run(Err(error)) | Ended::Undo(Err(error)) | Ended::LookUp(Err(error)) => {
            CallEnd::Failed(error.clone())
        }
    }
}

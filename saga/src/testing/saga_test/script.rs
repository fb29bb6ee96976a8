//! What the test said about steps, carried out: it stands between the engine and the steps.

use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::Notify;

use super::Landed;
use super::calls::{CallEnd, RecordedCall, StubCall};
use crate::definition::Node;
use crate::engine::{Ended, Interceptor, Runtime};
use crate::error::StepError;
use crate::json::Json;
use crate::machine::{Call, CallKind};
use crate::step::{Arguments, Success};
use crate::testing::clock::patiently;

/// What answers in place of a step.
pub(super) type Stub = Arc<dyn Fn(&StubCall<'_>) -> Result<Success, StepError> + Send + Sync>;

/// How one attempt goes.
#[derive(Clone)]
pub(super) enum Attempt {
    Stub(Stub),
    Fail(StepError),
    Unknown(Landed),
}

/// What was said about one step.
#[derive(Clone, Default)]
pub(super) struct Lines {
    /// How the first attempts go.
    pub(super) first: VecDeque<Attempt>,
    /// How all others go wrong.
    pub(super) always: Option<Attempt>,
    /// What answers otherwise. `None`: the step itself.
    pub(super) stub: Option<Stub>,
    pub(super) first_undos: VecDeque<StepError>,
    pub(super) undo: Option<StepError>,
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
pub(super) struct State {
    lines: BTreeMap<&'static str, Lines>,
    traces: BTreeMap<Place, Traces>,
    pub(super) calls: Vec<RecordedCall>,
    /// A stub has panicked: what the test is told.
    pub(super) panic: Option<Box<dyn Any + Send>>,
}

impl State {
    pub(super) fn new(lines: BTreeMap<&'static str, Lines>) -> Self {
        Self { lines, ..Self::default() }
    }
}

/// What the test said, and what has happened so far.
pub(super) struct Script {
    pub(super) state: Mutex<State>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) began: Duration,
    pub(super) patience: Duration,
    pub(super) most_calls: usize,
    /// A stub has panicked, or there were too many calls.
    pub(super) enough: Notify,
}

impl Script {
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.panic.is_some() || state.calls.len() >= self.most_calls
    }

    async fn run(&self, node: &Node, call: &Call, nth: usize, real: BoxFuture<'_, Ended>) -> Ended {
        let next = node.step().and_then(|s| self.state().lines.get_mut(&*s.step_name)?.next());
        match next {
            None => self.real(call, nth, real).await,
            Some(Attempt::Stub(stub)) => self.stubbed(&stub, node, call),
            Some(Attempt::Fail(error)) => Ended::Run(Err(error)),
            Some(Attempt::Unknown(Landed::No)) => {
                Ended::Run(Err(StepError::unknown("nobody knows whether it happened: the request was lost")))
            }
            Some(Attempt::Unknown(Landed::Yes)) => {
                let stub = node.step().and_then(|s| self.state().lines.get(&*s.step_name)?.stub.clone());
                let ended = match stub {
                    Some(stub) => self.stubbed(&stub, node, call),
                    None => self.real(call, nth, real).await,
                };
                match ended {
                    Ended::Run(Ok(_)) => Ended::Run(Err(StepError::unknown(
                        "nobody knows whether it happened: the answer was lost",
                    ))),
                    other => other,
                }
            }
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

    async fn undo(&self, node: &Node, call: &Call, nth: usize, real: BoxFuture<'_, Ended>) -> Ended {
        let refused = node.step().and_then(|s| {
            let mut state = self.state();
            let lines = state.lines.get_mut(&*s.step_name)?;
            lines.first_undos.pop_front().or_else(|| lines.undo.clone())
        });
        match refused {
            Some(error) => Ended::Undo(Err(error)),
            None if self.was_real(call) => self.real(call, nth, real).await,
            None => {
                self.state().traces.entry(place(call)).or_default().made = None;
                Ended::Undo(Ok(()))
            }
        }
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
        if state.calls.len() >= self.most_calls {
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
            let ended = match call.kind {
                CallKind::Run => self.run(node, call, nth, real).await,
                CallKind::Undo => self.undo(node, call, nth, real).await,
                CallKind::LookUp if self.was_real(call) => self.real(call, nth, real).await,
                CallKind::LookUp => {
                    let state = self.state();
                    Ended::LookUp(Ok(state.traces.get(&place(call)).and_then(|t| t.made.clone())))
                }
            };
            self.state().calls[nth].end = end_of(&ended);
            ended
        })
    }
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

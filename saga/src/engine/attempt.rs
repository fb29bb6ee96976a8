//! One call of user code: its context, its time limit, and what its end says.

use std::any::Any;
use std::borrow::Cow;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Either, select};
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{BodyEnd, Mail};
use super::interceptor::Seam;
use super::runtime::Runtime;
use super::shared::Life;
use super::vault::{self, Part, Vault};
use crate::definition::{Code, Definition, Node, StepNode, UNREADABLE, Values};
use crate::error::StepError;
use crate::id::WorkflowId;
use crate::json::Json;
use crate::machine::{Call, CallKind, Expression};
use crate::step::{Arguments, ContextParts, ErasedStep, StepContext, Success};
use crate::store::{DoorBody, limits};

/// How a call ended.
#[derive(Debug)]
pub(crate) enum Ended {
    Run(Result<Success, StepError>),
    Undo(Result<(), StepError>),
    LookUp(Result<Option<Json>, StepError>),
}

impl Ended {
    /// With words that every store can hold: another system's answer may be long, or have a NUL in it.
    fn printable(self) -> Self {
        match self {
            Self::Run(result) => Self::Run(result.map_err(printable)),
            Self::Undo(result) => Self::Undo(result.map_err(printable)),
            Self::LookUp(result) => Self::LookUp(result.map_err(printable)),
        }
    }
}

fn printable(error: StepError) -> StepError {
    error.reword(|words| limits::printable(words).into_owned())
}

/// What calls of one workflow share.
pub(super) struct Caller<R> {
    pub(super) definition: Arc<Definition<R>>,
    pub(super) resources: Arc<R>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) life: Arc<Life>,
    pub(super) seam: Seam,
    pub(super) workflow_id: WorkflowId,
    pub(super) vault: Vault,
    pub(super) tenant: Arc<str>,
    pub(super) initiator: Option<Arc<str>>,
    pub(super) mail: mpsc::UnboundedSender<Mail>,
    pub(super) cancelled: watch::Receiver<bool>,
    /// How often the machine was made anew from the journal: the attempts of the one before are over.
    pub(super) reloads: u32,
}

impl<R: Send + Sync + 'static> Caller<R> {
    /// Evaluates a closure of the definition: over plain values, and what is secret of its result is sealed.
    pub(super) fn evaluate(
        &self,
        expression: Expression,
        values: &[Option<Json>],
    ) -> Result<Json, StepError> {
        let plan = self.definition.plan();
        let node = match expression {
            Expression::Value(node) | Expression::Arguments(node) => plan.node(node),
            Expression::Output => None,
        };
        let reads = node.map_or(plan.output(), |node| &node.data);
        let opened = self.vault.opened(plan, reads, values).map_err(printable)?;
        let values = opened.as_deref().unwrap_or(values);
        let evaluate = || match expression {
            Expression::Output => self.definition.output(Values(values)),
            Expression::Value(node) | Expression::Arguments(node) => match self.definition.code(node) {
                Some(Code::Compute(f) | Code::Step { args: f, .. }) => f(Values(values)),
                None => Err(StepError::permanent("the definition has no code for this node")),
            },
        };
        std::panic::catch_unwind(AssertUnwindSafe(evaluate))
            .unwrap_or_else(|panic| Err(StepError::permanent(panicked(&*panic))))
            .map_err(|error| match opened.is_some() && error.message().starts_with(UNREADABLE) {
                // The reason would quote it.
                true => StepError::permanent(format!("{UNREADABLE}, which is secret, has another type")),
                false => error,
            })
            .and_then(|json| match (expression, node) {
                (Expression::Arguments(_), Some(node)) => self.vault.seal_arguments(node, json),
                (Expression::Value(_), Some(node)) if node.secret => self.sealed(&node.name, json),
                (Expression::Output, _) if plan.is_output_secret() => self.sealed(vault::OUTPUT, json),
                _ => Ok(json),
            })
            .and_then(|json| storable(json, "the value").map_err(StepError::no_retry))
            .map_err(printable)
    }

    fn sealed(&self, node: &str, value: Json) -> Result<Json, StepError> {
        self.vault.seal(node, Part::Value, &value).map_err(vault::failed)
    }

    /// The step of a call if anything about it is secret.
    pub(super) fn secret_step(&self, call: &Call) -> Option<(&Node, &StepNode)> {
        let node = self.definition.plan().node(call.node)?;
        let step = node.step()?;
        (node.secret || step.is_secret()).then_some((node, step))
    }

    /// The call as user code gets it: in plain.
    fn opened<'a>(&self, call: &'a Call) -> Result<Cow<'a, Call>, StepError> {
        let Some((node, step)) = self.secret_step(call) else { return Ok(Cow::Borrowed(call)) };
        let open = |part, value: &Option<Json>| match value {
            Some(value) => self.vault.open(&node.name, part, value).map(Some).map_err(vault::failed),
            None => Ok(None),
        };
        let mut plain = call.clone();
        plain.args = self.vault.open_arguments(&node.name, step, &call.args)?;
        plain.recorded = open(Part::Record, &call.recorded)?;
        plain.heartbeat = open(Part::Heartbeat, &call.heartbeat)?;
        if node.secret {
            plain.output = open(Part::Value, &call.output)?;
        }
        Ok(Cow::Owned(plain))
    }

    /// What seals the outputs of a step, if they are secret.
    fn output_seal(&self, call: &Call) -> impl Fn(Json) -> Result<Json, StepError> + Send + use<R> {
        let seal = self.secret_step(call).filter(|(node, _)| node.secret);
        let seal = seal.map(|(node, _)| (self.vault.clone(), Arc::clone(&node.name)));
        move |output| match &seal {
            Some((vault, node)) => {
                vault.seal(node, Part::Value, &output).map_err(|e| vault::failed(e).maybe_done())
            }
            None => Ok(output),
        }
    }

    fn context(&self, call: &Call) -> StepContext {
        let writes = call.kind == CallKind::Run && !self.is_transactional(call);
        let shielded = call.kind != CallKind::Run;
        StepContext::new(ContextParts {
            workflow_id: self.workflow_id.clone(),
            tenant: Arc::clone(&self.tenant),
            initiator: self.initiator.clone(),
            node: self.definition.plan().node(call.node).map_or_else(|| "".into(), |n| Arc::clone(&n.name)),
            run: call.run,
            attempt: call.attempt,
            key: Arc::clone(&call.key),
            forward_key: Arc::clone(&call.forward_key),
            cause: call.cause.clone(),
            deadline: Some(self.runtime.now().plus(call.timeout)),
            recorded: call.recorded.clone(),
            secret: self.secret_step(call).is_some(),
            cancelled: (!shielded).then(|| self.cancelled.clone()),
            heartbeat: call.heartbeat.clone(),
            notes: writes.then(|| self.notes(call)),
        })
    }

    fn is_transactional(&self, call: &Call) -> bool {
        matches!(self.code(call), Some(ErasedStep::Transactional(_)))
    }

    fn code(&self, call: &Call) -> Option<ErasedStep<R>> {
        match self.definition.code(call.node) {
            Some(Code::Step { step, .. }) => Some(*step),
            _ => None,
        }
    }

    /// Calls a step that speaks to other systems.
    pub(super) fn call(&self, call: Call) -> BoxFuture<'static, (Call, Ended)> {
        let plain = match self.opened(&call) {
            Ok(plain) => plain.into_owned(),
            Err(error) => {
                let ended = failed(call.kind, error);
                return Box::pin(std::future::ready((call, ended.printable())));
            }
        };
        let (seal, secret) = (self.output_seal(&call), self.secret_step(&call).is_some());
        let (cx, resources) = (self.context(&plain), Arc::clone(&self.resources));
        let (runtime, life, code) = (Arc::clone(&self.runtime), Arc::clone(&self.life), self.code(&call));
        let (seam, plan) = (self.seam.clone(), Arc::clone(self.definition.plan()));
        let name = cx.node().to_owned();
        Box::pin(async move {
            let Some(ErasedStep::Plain(step)) = code else {
                let ended =
                    failed(call.kind, StepError::permanent("the definition has no code for this step"));
                return (call, ended);
            };
            let attempt = async {
                let args = Arguments::of(&name, &plain.args).map(|args| args.secret(secret));
                let args = match &args {
                    Ok(args) => args,
                    Err(e) => return failed(call.kind, e.clone()),
                };
                match call.kind {
                    CallKind::Run => Ended::Run((step.run)(&resources, &cx, args).await),
                    CallKind::Undo => {
                        Ended::Undo((step.undo)(&resources, &cx, args, plain.output.as_ref()).await)
                    }
                    CallKind::LookUp => Ended::LookUp((step.look_up)(&resources, &cx, args).await),
                }
            };
            life.lease.may_send(&*runtime).await;
            let attempt = async {
                match limited(AssertUnwindSafe(attempt).catch_unwind(), &*runtime, call.timeout).await {
                    Some(Ok(ended)) => ended,
                    Some(Err(panic)) => failed(call.kind, StepError::unknown(panicked(&*panic))),
                    None => {
                        failed(call.kind, StepError::unknown(format!("timed out after {:?}", call.timeout)))
                    }
                }
            };
            let ended = seam.around(&plan, &plain, attempt).await;
            (call, storable_end(ended, &seal).printable())
        })
    }

    /// What runs inside a lent transaction: the step, and then the driver's commit for it.
    pub(super) fn body(&self, call: &Call) -> DoorBody {
        let opened = self.opened(call).map(Cow::into_owned);
        let (seal, secret) = (self.output_seal(call), self.secret_step(call).is_some());
        let cx = self.context(opened.as_ref().unwrap_or(call));
        let (resources, mail) = (Arc::clone(&self.resources), self.mail.clone());
        let (call, code) = (opened.map_err(printable), self.code(call));
        let (seam, plan) = (self.seam.clone(), Arc::clone(self.definition.plan()));
        Box::new(move |tx| {
            Box::pin(async move {
                let call = call?;
                let Some(ErasedStep::Transactional(step)) = code else {
                    return Err(StepError::permanent("the definition has no code for this step"));
                };
                let attempt = async {
                    let args = match Arguments::of(cx.node(), &call.args) {
                        Ok(args) => args.secret(secret),
                        Err(e) => return failed(call.kind, e),
                    };
                    if call.kind == CallKind::Undo {
                        return Ended::Undo(
                            (step.undo)(&resources, tx, &cx, &args, call.output.as_ref()).await,
                        );
                    }
                    Ended::Run((step.run)(&resources, tx, &cx, &args).await)
                };
                let attempt = AssertUnwindSafe(attempt).catch_unwind().map(|ended| {
                    ended.unwrap_or_else(|panic| failed(call.kind, StepError::transient(panicked(&*panic))))
                });
                let ended = seam.around(&plan, &call, attempt).await;
                let end = match storable_end(ended, &seal).printable() {
                    Ended::Run(result) => BodyEnd::Ran(result?),
                    Ended::Undo(result) => result.map(|()| BodyEnd::Undone)?,
                    Ended::LookUp(_) => return Err(StepError::permanent("a transaction is not looked up")),
                };
                let (commit, made) = oneshot::channel();
                let _ = mail.send(Mail::BodyDone { step: call.step, end, commit });
                made.await.map_err(|_| StepError::transient("the workflow was given up meanwhile"))
            })
        })
    }
}

/// The future's output, or `None` after the time limit. A future that is ready at once costs no timer.
async fn limited<F: Future>(future: F, runtime: &dyn Runtime, limit: Duration) -> Option<F::Output> {
    let mut future = pin!(future);
    if let Some(output) = future.as_mut().now_or_never() {
        return Some(output);
    }
    match select(future, runtime.sleep(limit)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

fn failed(kind: CallKind, error: StepError) -> Ended {
    match kind {
        CallKind::Run => Ended::Run(Err(error)),
        CallKind::Undo => Ended::Undo(Err(error)),
        CallKind::LookUp => Ended::LookUp(Err(error)),
    }
}

/// As it is written down: sealed, if it is secret.
fn storable_end(ended: Ended, seal: &impl Fn(Json) -> Result<Json, StepError>) -> Ended {
    match ended {
        // The step may have had its effect: nobody can write down what it made.
        Ended::Run(result) => Ended::Run(result.and_then(|success| {
            storable(seal(success.output)?, "the result").map(|output| Success { output, ..success })
        })),
        Ended::LookUp(result) => Ended::LookUp(result.and_then(|found| {
            found.map(|output| storable(seal(output)?, "the look-up's answer")).transpose()
        })),
        Ended::Undo(result) => Ended::Undo(result),
    }
}

fn storable(json: Json, what: &str) -> Result<Json, StepError> {
    match limits::check_json(&json) {
        Ok(()) => Ok(json),
        Err(why) => Err(StepError::unknown(format!("{what} cannot be stored: {why}")).no_retry()),
    }
}

/// The words of a panic.
pub(crate) fn panicked(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", words.unwrap_or_else(|| "without words".to_owned()))
}

//! The one place where a step loses its type: function pointers over JSON.
//!
//! Steps have no state of their own, so the erased form needs no vtable object. One box is made per attempt.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{Arguments, Step, StepContext, Success, TransactionalStep, Tx};
use crate::definition::Definition;
use crate::error::StepError;
use crate::json::Json;

type Attempt<'a, T> = BoxFuture<'a, Result<T, StepError>>;
type RunFn<R> = for<'a> fn(&'a R, &'a StepContext, &'a Arguments<'a>) -> Attempt<'a, Success>;
type UndoFn<R> = for<'a> fn(&'a R, &'a StepContext, &'a Arguments<'a>, Option<&'a Json>) -> Attempt<'a, ()>;
type LookUpFn<R> = for<'a> fn(&'a R, &'a StepContext, &'a Arguments<'a>) -> Attempt<'a, Option<Json>>;
type TxRunFn<R> =
    for<'a> fn(&'a R, &'a mut Tx<'_>, &'a StepContext, &'a Arguments<'a>) -> Attempt<'a, Success>;
type TxUndoFn<R> = for<'a> fn(
    &'a R,
    &'a mut Tx<'_>,
    &'a StepContext,
    &'a Arguments<'a>,
    Option<&'a Json>,
) -> Attempt<'a, ()>;

/// A step that calls other systems.
pub struct PlainStep<R> {
    pub(crate) run: RunFn<R>,
    pub(crate) undo: UndoFn<R>,
    pub(crate) look_up: LookUpFn<R>,
}

/// A step that works in the engine's own database.
pub struct TransactionalFns<R> {
    pub(crate) run: TxRunFn<R>,
    pub(crate) undo: TxUndoFn<R>,
}

/// A step without its types.
pub enum ErasedStep<R> {
    /// It calls other systems.
    Plain(PlainStep<R>),
    /// It works in a transaction of the engine's own database.
    Transactional(TransactionalFns<R>),
}

impl<R> Clone for PlainStep<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for PlainStep<R> {}
impl<R> Clone for TransactionalFns<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for TransactionalFns<R> {}
impl<R> Clone for ErasedStep<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for ErasedStep<R> {}

impl<R: Sync + 'static> ErasedStep<R> {
    /// Erases a step that calls other systems.
    pub fn plain<S: Step<R>>() -> Self {
        Self::Plain(PlainStep {
            run: |r, cx, args| Box::pin(S::run(r, cx, args)),
            undo: |r, cx, args, output| Box::pin(S::compensate(r, cx, args, output)),
            look_up: |r, cx, args| Box::pin(S::look_up(r, cx, args)),
        })
    }
    /// Erases a transactional step.
    pub fn transactional<S: TransactionalStep<R>>() -> Self {
        Self::Transactional(TransactionalFns {
            run: |r, tx, cx, args| Box::pin(S::run(r, tx, cx, args)),
            undo: |r, tx, cx, args, output| Box::pin(S::compensate(r, tx, cx, args, output)),
        })
    }
}

/// What a saga's body can call. One line by hand, or written by `#[step]`:
/// `fn erased() -> Erased<R> { ErasedStep::plain::<Self>().into() }`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be called with the resources `{R}`",
    label = "a step is declared with `#[step]`, or implements `saga::Callable`"
)]
pub trait Callable<R> {
    /// The step without its types.
    fn erased() -> Callee<R>;
}

/// What stands behind a call in a plan.
#[non_exhaustive]
pub enum Callee<R> {
    /// A step.
    Step(ErasedStep<R>),
    /// Another saga, whose plan is laid into the caller's.
    Saga(Arc<Definition<R>>),
}

impl<R> From<ErasedStep<R>> for Callee<R> {
    fn from(step: ErasedStep<R>) -> Self {
        Self::Step(step)
    }
}

impl<R> From<Definition<R>> for Callee<R> {
    fn from(saga: Definition<R>) -> Self {
        Self::Saga(Arc::new(saga))
    }
}

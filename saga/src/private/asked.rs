//! What the compiler asks of a user's types, in traits of their own, so that it tells in words what is wrong.
//!
//! A mistake is told once, where it is asked first. At all other places of an expansion a method is called that exists
//! twice: for types that are right, and, in a trait, for all others. The compiler takes the first if it can.

use serde::Serialize;

use super::{Fields, encode};
use crate::definition::Start;
use crate::error::{IntoStepError, StepError};
use crate::json::Json;
use crate::step::{Args, Arguments, Data, Signature, StepResult};

/// The request of a saga, whose builder asks whether it can be journaled.
pub struct Request<'a, T>(pub &'a T);

impl<T: Data> Request<'_, T> {
    /// A request to start saga `S`.
    #[must_use]
    pub fn start<S>(&self) -> Start<S> {
        Start::new(self.0)
    }
    /// The argument of a call of saga `C`.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn args<C: Signature>(&self, key: &str) -> Result<Args<C>, StepError> {
        Fields::of::<C>().written(key, self.0)?.args()
    }
}

/// See [`Request`].
pub trait NoRequest {
    /// Nothing.
    #[must_use]
    fn start<S>(&self) -> Start<S> {
        Start::new(&())
    }
    /// Nothing.
    ///
    /// # Errors
    /// Always.
    fn args<C>(&self, _: &str) -> Result<Args<C>, StepError> {
        Err(StepError::permanent("not a request"))
    }
}
impl<T> NoRequest for Request<'_, T> {}

/// An argument of a step, for which [`read`] asks whether it can be journaled.
pub struct Argument<'a, T>(pub &'a T);

impl<T: Serialize> Argument<'_, T> {
    /// Adds it to the arguments of a call. `key` is a parameter's name, so nothing in it needs to be escaped.
    ///
    /// # Errors
    /// When it has no JSON form.
    pub fn write(&self, to: Fields, key: &str) -> Result<Fields, StepError> {
        to.written(key, self.0)
    }
}

/// See [`Argument`].
pub trait NoArgument {
    /// Nothing.
    ///
    /// # Errors
    /// Never.
    fn write(&self, to: Fields, _: &str) -> Result<Fields, StepError> {
        Ok(to)
    }
}
impl<T> NoArgument for Argument<'_, T> {}

/// Reads an argument from the journaled ones.
///
/// # Errors
/// When it has another type; the message names step and parameter.
pub fn read<T: Data>(from: &Arguments<'_>, key: &str) -> Result<T, StepError> {
    from.get(key)
}

/// What a saga returns.
#[diagnostic::on_unimplemented(
    message = "a step or saga returns `Result<T, E>`, and this one returns `{Self}`",
    label = "write `saga::Result<{Self}>`, because it may fail"
)]
pub trait SagaResult {
    /// What it gives.
    type Output: Data;
}
impl<T: Data, E> SagaResult for Result<T, E> {
    type Output = T;
}

/// Asks whether a saga can fail with an `E`.
pub const fn fails<E: IntoStepError>() {}

/// Asks whether a saga can fail with the error of an `R`.
pub const fn fails_as<R: StepResult<Err: IntoStepError>>() {}

/// The end of a saga.
pub struct Ended<R>(pub R);

impl<T: Data, E: IntoStepError> Ended<Result<T, E>> {
    /// Its result.
    ///
    /// # Errors
    /// Its own.
    pub fn result(self) -> Result<T, StepError> {
        self.0.map_err(IntoStepError::into_step_error)
    }
}

/// See [`Ended`].
pub trait NoEnd: Sized {
    /// Nothing.
    ///
    /// # Errors
    /// Always.
    fn result(self) -> Result<(), StepError> {
        Err(StepError::permanent("not a result"))
    }
}
impl<R> NoEnd for Ended<R> {}

/// The call of a compensation or look-up.
pub struct Called<C>(pub C);

impl<F: Future> Called<F> {
    /// What is awaited.
    pub fn future(self) -> F {
        self.0
    }
}

/// Nothing implements this.
#[diagnostic::on_unimplemented(
    message = "a compensation or look-up is an `async fn`, and this call gives `{Self}`",
    label = "this is awaited for you, and it is no future: write `async fn`"
)]
pub trait AsyncCall {
    /// Nothing.
    type Never;
    /// Never called.
    fn never(self) -> Self::Never;
}

/// See [`Called`].
pub trait NoCall<C> {
    /// Asks for the `async` that is missing.
    fn future(self) -> C::Never
    where
        C: AsyncCall;
}
impl<C> NoCall<C> for Called<C> {
    fn future(self) -> C::Never
    where
        C: AsyncCall,
    {
        self.0.never()
    }
}

/// What a compensation returns.
#[diagnostic::on_unimplemented(
    message = "a compensation returns `saga::Result<()>`, and this one returns `{Self}`",
    label = "what it returns says only whether the step is undone"
)]
pub trait Undone {
    /// Whether it is.
    ///
    /// # Errors
    /// Its own.
    fn undone(self) -> Result<(), StepError>;
}
impl<E: IntoStepError> Undone for Result<(), E> {
    fn undone(self) -> Result<(), StepError> {
        self.map_err(IntoStepError::into_step_error)
    }
}

/// The end of a compensation.
///
/// # Errors
/// Its own.
pub fn finish_undo(result: impl Undone) -> Result<(), StepError> {
    result.undone()
}

/// What a look-up for an output `O` returns.
#[diagnostic::on_unimplemented(
    message = "a look-up returns `Result<Option<{O}>, _>`, and this one returns `{Self}`",
    label = "`None` says that nothing is there, and `Some` what is"
)]
pub trait LookedUp<O> {
    /// What was found.
    ///
    /// # Errors
    /// Its own.
    fn found(self) -> Result<Option<O>, StepError>;
}
impl<O, E: IntoStepError> LookedUp<O> for Result<Option<O>, E> {
    fn found(self) -> Result<Option<O>, StepError> {
        self.map_err(IntoStepError::into_step_error)
    }
}

/// What a look-up for step `S` found.
///
/// # Errors
/// Its own, or that of an output which cannot be written as JSON.
pub fn finish_look_up<S: Signature>(result: impl LookedUp<S::Output>) -> Result<Option<Json>, StepError> {
    result.found()?.map(|output| encode::<S, _>(&output)).transpose()
}

/// `output` as an argument of a compensation, where nobody may know it.
#[diagnostic::on_unimplemented(
    message = "`output` is `Option<&{T}>` here, because an attempt that was cut off has an unknown one",
    label = "the compensation takes `{Self}`",
    note = "say how the output is found again, and it is `&{T}`: `if_unknown = find(..)`, or `if_unknown = rerun`",
    note = "or let the compensation take `Option<&{T}>`, and undo without it"
)]
pub trait MaybeLost<'a, T> {
    /// It.
    fn of(made: Option<&'a T>) -> Self;
}
#[diagnostic::do_not_recommend]
impl<'a, T> MaybeLost<'a, T> for Option<&'a T> {
    fn of(made: Self) -> Self {
        made
    }
}

/// See [`MaybeLost`].
pub fn made<'a, T, O: MaybeLost<'a, T>>(output: Option<&'a T>) -> O {
    O::of(output)
}

/// `recorded` as an argument of a compensation.
#[diagnostic::on_unimplemented(
    message = "`recorded` is an `Option` of a reference, because a step may be cut off before it has recorded anything",
    label = "the compensation takes `{Self}`",
    note = "let the compensation take `Option<&T>` of what the step has given to `cx.record`; `None`: it has changed nothing"
)]
pub trait MaybeRecorded<'a, T> {
    /// It.
    fn of(record: Option<&'a T>) -> Self;
}
#[diagnostic::do_not_recommend]
impl<'a, T> MaybeRecorded<'a, T> for Option<&'a T> {
    fn of(record: Self) -> Self {
        record
    }
}

/// See [`MaybeRecorded`].
pub fn recorded<'a, T, O: MaybeRecorded<'a, T>>(record: Option<&'a T>) -> O {
    O::of(record)
}

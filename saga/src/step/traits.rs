//! What `#[step]` implements, and what a person implements who writes a step by hand.

use std::future::Future;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Meta, StepContext, StepSchema};
use crate::error::StepError;
use crate::json::Json;
use crate::tx::Tx;

/// Anything that can be journaled.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be journaled",
    label = "a value of a saga is written down and read back",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}` and what it holds, all of it owned and `Send`; of a reference take a clone"
)]
pub trait Data: Serialize + DeserializeOwned + Send + 'static {}
#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Data for T {}

/// The name, types and policy of a step or saga; independent of the resources it needs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a step",
    label = "not declared with `#[step]` or `#[saga]`",
    note = "a saga awaits steps and other sagas only: write `#[step(..)]` above the function that does the work"
)]
pub trait Signature: Sized + 'static {
    /// What it gives to the steps after it.
    type Output: Data;
    /// What is known of it without running it.
    const META: &'static Meta;

    /// What its arguments and its output look like, as far as that is known.
    fn schema() -> StepSchema {
        StepSchema::default()
    }
}

/// A step over resources `R`.
pub trait Step<R>: Signature {
    /// One attempt.
    fn run(
        resources: &R,
        cx: &StepContext,
        args: &Arguments<'_>,
    ) -> impl Future<Output = Result<Success, StepError>> + Send;

    /// One attempt to undo it. `output` is `None` when nobody knows what the step made.
    fn compensate(
        resources: &R,
        cx: &StepContext,
        args: &Arguments<'_>,
        output: Option<&Json>,
    ) -> impl Future<Output = Result<(), StepError>> + Send {
        let _ = (resources, cx, args, output);
        async { Ok(()) }
    }

    /// Asks the system what an attempt with an unknown outcome made. `None`: nothing is there.
    fn look_up(
        resources: &R,
        cx: &StepContext,
        args: &Arguments<'_>,
    ) -> impl Future<Output = Result<Option<Json>, StepError>> + Send {
        let _ = (resources, cx, args);
        async { Ok(None) }
    }
}

/// A step over resources `R` that works inside a transaction of the engine's own database: what it writes
/// and its result commit together, so its outcome is never unknown.
pub trait TransactionalStep<R>: Signature {
    /// One attempt. An error rolls the transaction back.
    fn run(
        resources: &R,
        tx: &mut Tx<'_>,
        cx: &StepContext,
        args: &Arguments<'_>,
    ) -> impl Future<Output = Result<Success, StepError>> + Send;

    /// One attempt to undo it, in a transaction too.
    fn compensate(
        resources: &R,
        tx: &mut Tx<'_>,
        cx: &StepContext,
        args: &Arguments<'_>,
        output: Option<&Json>,
    ) -> impl Future<Output = Result<(), StepError>> + Send {
        let _ = (resources, tx, cx, args, output);
        async { Ok(()) }
    }
}

/// What a successful attempt made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Success {
    /// Its output.
    pub output: Json,
    /// Did it exist before, and is it not ours? Then it is never undone.
    pub adopted: bool,
}

/// The answer of a step that may find its thing in existence: `Result<Adoptable<Customer>, _>`.
///
/// What was adopted is never undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoptable<T> {
    /// This step made it.
    Created(T),
    /// It existed and is not ours.
    Adopted(T),
}

/// The answers that a step may give: any [`Data`], or [`Adoptable`] of it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be journaled",
    label = "a step's output is written down and read back",
    note = "derive `serde::Serialize` and `serde::Deserialize` for `{Self}` and what it holds, all of it owned and `Send`"
)]
pub trait Journaled {
    /// What the steps after it receive.
    type Output: Data;
    /// The output, and whether it was adopted.
    fn into_parts(self) -> (Self::Output, bool);
}
#[diagnostic::do_not_recommend]
impl<T: Data> Journaled for T {
    type Output = T;
    fn into_parts(self) -> (T, bool) {
        (self, false)
    }
}
#[diagnostic::do_not_recommend]
impl<T: Data> Journaled for Adoptable<T> {
    type Output = T;
    fn into_parts(self) -> (T, bool) {
        match self {
            Adoptable::Created(x) => (x, false),
            Adoptable::Adopted(x) => (x, true),
        }
    }
}

/// Sees through `Result<T, E>` and its aliases.
#[diagnostic::on_unimplemented(
    message = "a step or saga returns `Result<T, E>`, and this one returns `{Self}`",
    label = "write `saga::Result<{Self}>`, because it may fail"
)]
pub trait StepResult {
    /// The type of success.
    type Ok;
    /// The type of failure.
    type Err;
    /// As a plain `Result`.
    ///
    /// # Errors
    /// Its own.
    fn into_result(self) -> Result<Self::Ok, Self::Err>;
}
#[diagnostic::do_not_recommend]
impl<T, E> StepResult for Result<T, E> {
    type Ok = T;
    type Err = E;
    fn into_result(self) -> Result<T, E> {
        self
    }
}

/// The arguments of one call of step `C`, ready to be journaled: a JSON object by parameter name.
pub struct Args<C>(pub(crate) Json, PhantomData<fn() -> C>);

impl<C> Args<C> {
    /// Takes a JSON object whose keys are the step's parameters (`#[step]` writes the calls).
    pub fn new(object: Json) -> Self {
        Self(object, PhantomData)
    }
    /// The JSON object.
    pub fn json(&self) -> &Json {
        &self.0
    }
}

/// The journaled arguments of one call, as a step reads them.
pub struct Arguments<'a> {
    step: &'a str,
    fields: std::collections::BTreeMap<&'a str, &'a serde_json::value::RawValue>,
    /// A message that says why something cannot be read quotes it.
    secret: bool,
}

impl<'a> Arguments<'a> {
    /// Reads a journaled JSON object.
    ///
    /// # Errors
    /// When it is not an object.
    pub fn of(step: &'a str, object: &'a Json) -> Result<Self, StepError> {
        let fields = serde_json::from_str(object.as_str()).map_err(|e| {
            StepError::permanent(format!("the journaled arguments of `{step}` cannot be read: {e}"))
        })?;
        Ok(Self { step, fields, secret: false })
    }

    /// They are not to be quoted.
    pub(crate) fn secret(self, secret: bool) -> Self {
        Self { secret, ..self }
    }

    /// The argument of the given parameter name. One that is missing reads as `null`.
    ///
    /// # Errors
    /// When it has another type than `T`; the message names step and parameter.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T, StepError> {
        let text = self.fields.get(name).map_or("null", |raw| raw.get());
        serde_json::from_str(text).map_err(|e| {
            let why = if self.secret { "it has another type".to_owned() } else { e.to_string() };
            StepError::permanent(format!("argument `{name}` of `{}` cannot be read: {why}", self.step))
        })
    }
}

/// `R` can lend a `T` (an API client, a connection pool) to steps. `#[derive(Resources)]` writes these.
#[diagnostic::on_unimplemented(
    message = "the resources `{Self}` do not provide `{T}`",
    label = "a step has a parameter `#[inject] _: &{T}`",
    note = "add a field of type `{T}` to `{Self}` (with `#[derive(saga::Resources)]`), or implement `saga::Provide<{T}>` for it"
)]
pub trait Provide<T: ?Sized> {
    /// Lends it.
    fn provide(&self) -> &T;
}
impl<T> Provide<T> for T {
    fn provide(&self) -> &T {
        self
    }
}

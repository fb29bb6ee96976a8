//! What the macros' expansions call. Not for people: it may change with every version.

mod asked;

use std::fmt::Display;
use std::marker::PhantomData;
use std::time::Duration;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::error::{IntoStepError, StepError};
use crate::json::Json;
use crate::step::{Args, Class, Journaled, Signature, Success};

pub use asked::{
    Argument, AsyncCall, Called, Ended, LookedUp, MaybeLost, MaybeRecorded, NoArgument, NoCall, NoEnd,
    NoRequest, Request, SagaResult, Undone, fails, fails_as, finish_look_up, finish_undo, made, read,
    recorded,
};

/// `T`, spelt so that the lifetime of a `dyn Trait` behind a reference stays `'static`.
pub type Same<T> = <T as Identity>::Type;

/// See [`Same`].
pub trait Identity {
    /// Itself.
    type Type: ?Sized;
}
impl<T: ?Sized> Identity for T {
    type Type = T;
}

/// Writes the arguments of a call as a JSON object, without a tree of values in between.
pub struct Fields {
    text: Vec<u8>,
    step: &'static str,
}

impl Fields {
    /// Begins the arguments of `C`.
    #[must_use]
    pub fn of<C: Signature>() -> Self {
        Self { text: vec![b'{'], step: C::META.name }
    }

    /// Adds an argument.
    fn written(mut self, key: &str, value: &impl Serialize) -> Result<Self, StepError> {
        if self.text.len() > 1 {
            self.text.push(b',');
        }
        self.text.push(b'"');
        self.text.extend_from_slice(key.as_bytes());
        self.text.extend_from_slice(b"\":");
        match serde_json::to_writer(&mut self.text, value) {
            Ok(()) => Ok(self),
            Err(e) => Err(StepError::permanent(format!(
                "argument `{key}` of `{}` cannot be written as JSON: {e}",
                self.step
            ))),
        }
    }

    /// Closes the object.
    ///
    /// # Errors
    /// Never: what was written is UTF-8.
    pub fn args<C>(mut self) -> Result<Args<C>, StepError> {
        self.text.push(b'}');
        let text = String::from_utf8(self.text).map_err(StepError::permanent)?;
        Ok(Args::new(Json::from_valid(text)))
    }
}

/// What an attempt of step `S` made.
///
/// # Errors
/// The step's own, or that of an output which cannot be written as JSON: the effect has happened then.
pub fn finish<S, T, E>(result: Result<T, E>) -> Result<Success, StepError>
where
    S: Signature,
    T: Journaled<Output = S::Output>,
    E: IntoStepError,
{
    let (output, adopted) = result.map_err(IntoStepError::into_step_error)?.into_parts();
    let output = encode::<S, _>(&output)?;
    Ok(Success { output, adopted })
}

fn encode<S: Signature, T: Serialize>(output: &T) -> Result<Json, StepError> {
    Json::encode(output).map_err(|e| {
        StepError::permanent(format!("the output of `{}` is lost: {e}", S::META.name)).maybe_done()
    })
}

/// The output of step `S`, where somebody knows it.
///
/// # Errors
/// When it has another shape than the step's output type.
pub fn output<S: Signature>(made: Option<&Json>) -> Result<Option<S::Output>, StepError> {
    made.map(Json::decode)
        .transpose()
        .map_err(|e| match S::META.secret_output {
            // The reason would quote it.
            true => format!("the journaled output of `{}` has another type", S::META.name),
            false => format!("the journaled output of `{}` {e}", S::META.name),
        })
        .map_err(StepError::permanent)
}

/// The output of step `S`, where it was settled before the compensation.
///
/// # Errors
/// When there is none, or it has another shape than the step's output type.
pub fn known_output<S: Signature>(made: Option<&Json>) -> Result<S::Output, StepError> {
    output::<S>(made)?.ok_or_else(|| {
        StepError::permanent(format!("`{}` cannot be undone without its output, which is lost", S::META.name))
    })
}

/// The JSON Schemas of `T`, where the feature `schema` is on and `T` implements `schemars::JsonSchema`. Of any
/// other type [`NoSchema`] answers.
pub struct SchemaOf<T: ?Sized>(PhantomData<T>);

#[cfg(feature = "schema")]
impl<T: schemars::JsonSchema + ?Sized> SchemaOf<T> {
    /// Of what is read as a `T`.
    #[must_use]
    pub fn read() -> Option<serde_json::Value> {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_deserialize();
        Some(settings.into_generator().into_root_schema_for::<T>().to_value())
    }
    /// Of what a `T` is written as.
    #[must_use]
    pub fn written() -> Option<serde_json::Value> {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        Some(settings.into_generator().into_root_schema_for::<T>().to_value())
    }
}

/// See [`SchemaOf`].
pub trait NoSchema {
    /// It is not known.
    #[must_use]
    fn read() -> Option<serde_json::Value> {
        None
    }
    /// It is not known.
    #[must_use]
    fn written() -> Option<serde_json::Value> {
        None
    }
}
impl<T: ?Sized> NoSchema for SchemaOf<T> {}

/// What the compiler asks about a step's class. Of something that is no step, which is reported elsewhere,
/// [`Unknown`] answers.
pub struct Known<S: ?Sized>(PhantomData<S>);

impl<S: Signature> Known<S> {
    /// Is it the point of no return?
    pub const IS_PIVOT: bool = S::META.is_pivot();
    /// Is it tried until it succeeds?
    pub const IS_RETRIABLE: bool = S::META.is_retriable();
    /// Is it a step that is tried until it succeeds?
    pub const IS_ENDLESS: bool = S::META.is_retriable() && !S::META.is_saga();
    /// Is it a step that has no compensation?
    pub const IS_FINAL: bool = !matches!(S::META.class, Class::Compensatable) && !S::META.is_saga();
    /// Is it a whole saga?
    pub const IS_SAGA: bool = S::META.is_saga();
}

/// See [`Known`].
pub trait Unknown {
    /// It is not known to be one.
    const IS_PIVOT: bool = false;
    /// It is not known to fail.
    const IS_RETRIABLE: bool = true;
    /// It is not known to be one.
    const IS_ENDLESS: bool = false;
    /// It is not known to be one.
    const IS_FINAL: bool = false;
    /// It is not known to be one.
    const IS_SAGA: bool = false;
}
impl<S: ?Sized> Unknown for Known<S> {}

/// The class that a saga has where it is called, from what it calls: whether each is a pivot, and whether each
/// whose failure is its own is tried until it succeeds.
#[must_use]
pub const fn class_of_saga(pivots: &[bool], endless: &[bool]) -> Class {
    if any(pivots, true) {
        Class::Pivot
    } else if any(endless, false) {
        Class::Compensatable
    } else {
        Class::Retriable
    }
}

const fn any(of: &[bool], wanted: bool) -> bool {
    match of {
        [] => false,
        [first, rest @ ..] => *first == wanted || any(rest, wanted),
    }
}

/// The arguments of one call for each item.
///
/// # Errors
/// When they have no JSON form.
pub fn for_each<C, I: IntoIterator>(
    items: I,
    args: impl FnMut(I::Item) -> Result<Args<C>, StepError>,
) -> Result<Vec<Args<C>>, StepError> {
    items.into_iter().map(args).collect()
}

/// What is written out as a lock, or as the key of an event.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no text: a lock, or the key of an event, is compared as it is written out",
    label = "this has no `Display`",
    note = "take a part of it, like `&request.id`, or implement `std::fmt::Display`"
)]
pub trait Key: Display {}
#[diagnostic::do_not_recommend]
impl<T: Display + ?Sized> Key for T {}

/// How long a saga sleeps.
///
/// # Errors
/// Never.
pub fn sleep(length: Duration) -> Result<Duration, StepError> {
    Ok(length)
}

/// Until when a saga sleeps.
///
/// # Errors
/// Never.
pub fn sleep_until(time: Timestamp) -> Result<Timestamp, StepError> {
    Ok(time)
}

/// The key of an event.
#[must_use]
pub fn key<K: Key + ?Sized>(key: &K) -> String {
    key.to_string()
}

/// What of the input a lock is. `None` of an `Option` takes no lock.
pub struct LockValue<T>(pub T);

impl<T: Display> LockValue<Option<T>> {
    /// As a part of the key.
    pub fn text(&self) -> Option<String> {
        self.0.as_ref().map(ToString::to_string)
    }
}
impl<T: Display> LockValue<&Option<T>> {
    /// As a part of the key.
    pub fn text(&self) -> Option<String> {
        self.0.as_ref().map(ToString::to_string)
    }
}

/// See [`LockValue`]: of anything that is no `Option`.
pub trait PlainLockValue<T> {
    /// As a part of the key.
    fn text(&self) -> Option<String>
    where
        T: Key;
}
impl<T> PlainLockValue<T> for LockValue<T> {
    fn text(&self) -> Option<String>
    where
        T: Key,
    {
        Some(self.0.to_string())
    }
}

/// Values of a journal do not change, so what was matched once matches again, unless the program is another.
///
/// # Errors
/// Always.
pub fn matches_no_more<T>() -> Result<T, StepError> {
    Err(StepError::permanent("what was matched before does not match any more: the program has changed"))
}

/// The type of a name that is called without being awaited: a step's, or that of a stand-in.
pub struct Named<S: ?Sized>(PhantomData<S>);

impl<S: ?Sized> Named<S> {
    /// There is only one.
    pub const NEW: Self = Self(PhantomData);
}

/// A step was called as a function.
pub trait OfStep {
    /// Asks for the `.await` that is missing.
    fn callee<F: AwaitedStep>(&self, function: F) -> F::Never;
}
impl<S: Signature> OfStep for Named<S> {
    fn callee<F: AwaitedStep>(&self, function: F) -> F::Never {
        function.never()
    }
}

/// A function was called.
pub trait OfFunction {
    /// Gives it back.
    fn callee<F>(&self, function: F) -> F;
}
impl<S: ?Sized> OfFunction for &Named<S> {
    fn callee<F>(&self, function: F) -> F {
        function
    }
}

/// Nothing implements this.
#[diagnostic::on_unimplemented(
    message = "a step is awaited: write `.await?` after this call, or `.await.ok()`",
    label = "this is a step, and `.await` is missing after its call"
)]
pub trait AwaitedStep {
    /// Nothing.
    type Never;
    /// Never called.
    fn never(self) -> Self::Never;
}

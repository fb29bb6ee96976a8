//! What the macros' expansions call. Not for people: it may change with every version.

use std::marker::PhantomData;

use serde::Serialize;

use crate::error::{IntoStepError, StepError};
use crate::json::Json;
use crate::step::{Args, Journaled, Signature, StepResult, Success};

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

    /// Adds an argument. `key` is a parameter's name, so nothing in it needs to be escaped.
    ///
    /// # Errors
    /// When the value has no JSON form.
    pub fn with<T: Serialize + ?Sized>(mut self, key: &str, value: &T) -> Result<Self, StepError> {
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
pub fn finish<S, T>(result: T) -> Result<Success, StepError>
where
    S: Signature,
    T: StepResult<Ok: Journaled<Output = S::Output>, Err: IntoStepError>,
{
    let (output, adopted) = result.into_result().map_err(IntoStepError::into_step_error)?.into_parts();
    let output = encode::<S, _>(&output)?;
    Ok(Success { output, adopted })
}

fn encode<S: Signature, T: Serialize>(output: &T) -> Result<Json, StepError> {
    Json::encode(output).map_err(|e| {
        StepError::permanent(format!("the output of `{}` is lost: {e}", S::META.name)).maybe_done()
    })
}

/// The end of a compensation.
///
/// # Errors
/// Its own.
pub fn finish_undo<E: IntoStepError>(result: Result<(), E>) -> Result<(), StepError> {
    result.map_err(IntoStepError::into_step_error)
}

/// What a look-up for step `S` found.
///
/// # Errors
/// Its own, or that of an output which cannot be written as JSON.
pub fn finish_look_up<S: Signature, E: IntoStepError>(
    result: Result<Option<S::Output>, E>,
) -> Result<Option<Json>, StepError> {
    let found = result.map_err(IntoStepError::into_step_error)?;
    found.map(|output| encode::<S, _>(&output)).transpose()
}

/// The output of step `S`, where somebody knows it.
///
/// # Errors
/// When it has another shape than the step's output type.
pub fn output<S: Signature>(made: Option<&Json>) -> Result<Option<S::Output>, StepError> {
    made.map(Json::decode)
        .transpose()
        .map_err(|e| StepError::permanent(format!("the journaled output of `{}` {e}", S::META.name)))
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
}

/// See [`Known`].
pub trait Unknown {
    /// It is not known to be one.
    const IS_PIVOT: bool = false;
    /// It is not known to fail.
    const IS_RETRIABLE: bool = true;
}
impl<S: ?Sized> Unknown for Known<S> {}

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

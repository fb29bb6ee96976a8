//! The calls of one run: as a stub sees its own, and as the report shows all of them.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::StepError;
use crate::json::Json;
use crate::machine::{Call, CallKind};
use crate::step::Arguments;

/// What a stub is told of the call that it answers.
pub struct StubCall<'a> {
    pub(in crate::testing) arguments: Arguments<'a>,
    pub(in crate::testing) node: &'a str,
    pub(in crate::testing) call: &'a Call,
}

impl StubCall<'_> {
    /// The argument of the given parameter name.
    ///
    /// # Errors
    /// When it has another type than `T`; the message names step and parameter. Pass it on with `?`.
    pub fn get<T: DeserializeOwned>(&self, parameter: &str) -> Result<T, StepError> {
        self.arguments.get(parameter)
    }
    /// The place in the plan: the step's name, and the name of the `let` that holds its result.
    pub fn node(&self) -> &str {
        self.node
    }
    /// Which of several items, from 0; empty outside of `for_each`.
    pub fn item(&self) -> &str {
        &self.call.item
    }
    /// The attempt, from 1.
    pub fn attempt(&self) -> u32 {
        self.call.attempt
    }
    /// The key under which the effect is known to other systems.
    pub fn idempotency_key(&self) -> &str {
        &self.call.key
    }
}

/// One call of a step, of its compensation or of its look-up.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RecordedCall {
    /// Which of the step's functions.
    pub kind: CallKind,
    /// The step's name.
    pub step: Arc<str>,
    /// The place in the plan: the step's name, and the name of the `let` that holds its result.
    pub node: Arc<str>,
    /// Which of several items, from 0; empty outside of `for_each`.
    pub item: Arc<str>,
    /// The attempt, from 1.
    pub attempt: u32,
    /// The idempotency key of this call.
    pub key: Arc<str>,
    /// The arguments: a JSON object by parameter name.
    pub args: Json,
    /// Did the test answer it, instead of the step's own code?
    pub scripted: bool,
    /// When it began, since the start of the workflow.
    pub at: Duration,
    /// How it ended.
    pub end: CallEnd,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallEnd {
    /// It was under way when the test ended.
    UnderWay,
    /// The step made this.
    Made(Json),
    /// The step found this in existence, and it is not ours.
    Adopted(Json),
    /// The compensation is done.
    Undone,
    /// What the look-up found.
    Found(Option<Json>),
    /// It failed.
    Failed(StepError),
}

impl RecordedCall {
    /// The argument of the given parameter name.
    ///
    /// # Panics
    /// When it has another type than `T`.
    #[track_caller]
    pub fn arg<T: DeserializeOwned>(&self, parameter: &str) -> T {
        let read = Arguments::of(&self.step, &self.args).and_then(|args| args.get(parameter));
        read.unwrap_or_else(|error| panic!("{}", error.message()))
    }
    /// Did it do what it was called for?
    pub fn succeeded(&self) -> bool {
        !matches!(self.end, CallEnd::UnderWay | CallEnd::Failed(_))
    }
    /// Which place it is: the node, and the item of a list.
    pub(in crate::testing) fn place(&self) -> (&str, &str) {
        (&self.node, &self.item)
    }
}

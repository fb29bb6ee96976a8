//! How a step fails: two independent questions, *may it be tried again?* and *can it have had an effect?*

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// May a failed attempt be repeated?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Retry {
    /// Yes, after the pause of the step's policy.
    Yes,
    /// Yes, but not before this time has passed: the system said so.
    After(Duration),
    /// No: it would be refused again.
    No,
}

/// What a failed attempt may have left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// The other system certainly did not change.
    None,
    /// It may have changed: a timeout, a lost answer, a crash. The step is settled or undone too.
    Unknown,
}

/// Does the failure say something about the step, or about the installation?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// This step, with these arguments, failed.
    Step,
    /// Credentials, permissions or addresses are wrong: the workflow is parked, whatever its failure policy
    /// says, because a person has to mend the installation.
    Configuration,
}

/// Why an attempt failed.
///
/// Like `anyhow::Error` it does not implement [`std::error::Error`], so that `?` converts every error which
/// does. Such a converted error counts as *unknown, try again*: safe without thinking. Adapters that know
/// better say so with [`permanent`](Self::permanent) or [`transient`](Self::transient).
///
/// | | retry | effect | for example |
/// |---|---|---|---|
/// | [`permanent`](Self::permanent) | no | none | refused (4xx): not compensated |
/// | [`transient`](Self::transient) | yes | none | connection refused |
/// | [`unknown`](Self::unknown), and plain `?` | yes | unknown | timeout, connection reset |
/// | [`configuration`](Self::configuration) | no | none | wrong credentials: parks the workflow |
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepError {
    message: String,
    retry: Retry,
    effect: Effect,
    kind: ErrorKind,
}

impl StepError {
    fn of(e: impl fmt::Display, retry: Retry, effect: Effect) -> Self {
        Self { message: e.to_string(), retry, effect, kind: ErrorKind::Step }
    }
    /// The request was refused: no effect, and trying again is pointless.
    pub fn permanent(e: impl fmt::Display) -> Self {
        Self::of(e, Retry::No, Effect::None)
    }
    /// It did not get through: no effect, try again.
    pub fn transient(e: impl fmt::Display) -> Self {
        Self::of(e, Retry::Yes, Effect::None)
    }
    /// Nobody knows whether it happened: try again, and compensate if that does not help.
    pub fn unknown(e: impl fmt::Display) -> Self {
        Self::of(e, Retry::Yes, Effect::Unknown)
    }
    /// The installation is wrong (credentials, permissions, addresses): the workflow stops and waits for a
    /// person, and goes on from this step after a retry.
    pub fn configuration(e: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::Configuration, ..Self::of(e, Retry::No, Effect::None) }
    }
    /// Do not try again before `pause` has passed.
    #[must_use]
    pub fn retry_after(self, pause: Duration) -> Self {
        Self { retry: Retry::After(pause), ..self }
    }
    /// Do not try again.
    #[must_use]
    pub fn no_retry(self) -> Self {
        Self { retry: Retry::No, ..self }
    }
    /// It may have had an effect after all.
    #[must_use]
    pub fn maybe_done(self) -> Self {
        Self { effect: Effect::Unknown, ..self }
    }
    /// Can it have had an effect?
    pub fn effect(&self) -> Effect {
        self.effect
    }
    /// May it be tried again?
    pub fn retry(&self) -> Retry {
        self.retry
    }
    /// Does it concern the step or the installation?
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
    /// What happened, for people.
    pub fn message(&self) -> &str {
        &self.message
    }
    /// The same error in other words.
    pub(crate) fn reword(self, f: impl FnOnce(&str) -> String) -> Self {
        Self { message: f(&self.message), ..self }
    }
    /// The same error with words before its message.
    #[must_use]
    pub fn context(self, words: impl fmt::Display) -> Self {
        Self { message: format!("{words}: {}", self.message), ..self }
    }
}

impl<E: std::error::Error + Send + Sync + 'static> From<E> for StepError {
    fn from(e: E) -> Self {
        let mut message = e.to_string();
        let mut source = e.source();
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            // Many errors repeat their source in their own text.
            if !message.contains(&cause_text) {
                message = format!("{message}: {cause_text}");
            }
            source = cause.source();
        }
        Self::unknown(message)
    }
}

impl fmt::Display for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl fmt::Debug for StepError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (retry {:?}, effect {:?}, {:?})", self.message, self.retry, self.effect, self.kind)
    }
}

/// What a step may fail with: [`StepError`], or an enum of your own that classifies itself.
#[diagnostic::on_unimplemented(
    message = "a step or saga cannot fail with `{Self}`",
    label = "this error says neither whether to try again nor whether anything was done",
    note = "return `Result<_, saga::StepError>` (any `std::error::Error` converts with `?`), or implement `saga::IntoStepError` for `{Self}`"
)]
pub trait IntoStepError {
    /// Answers both questions about this error.
    fn into_step_error(self) -> StepError;
}

#[diagnostic::do_not_recommend]
impl IntoStepError for StepError {
    fn into_step_error(self) -> StepError {
        self
    }
}

/// Classifies the error of any `Result` on the spot: `client.delete(id).await.permanent()?`.
pub trait ResultExt<T, E> {
    /// See [`StepError::permanent`].
    ///
    /// # Errors
    /// The error of `self`, classified.
    fn permanent(self) -> Result<T, StepError>;
    /// See [`StepError::transient`].
    ///
    /// # Errors
    /// The error of `self`, classified.
    fn transient(self) -> Result<T, StepError>;
    /// See [`StepError::unknown`].
    ///
    /// # Errors
    /// The error of `self`, classified.
    fn unknown(self) -> Result<T, StepError>;
    /// Looks at the error and decides.
    ///
    /// # Errors
    /// What `f` makes of the error of `self`.
    fn classify(self, f: impl FnOnce(E) -> StepError) -> Result<T, StepError>;
}

impl<T, E: fmt::Display> ResultExt<T, E> for Result<T, E> {
    fn permanent(self) -> Result<T, StepError> {
        self.map_err(StepError::permanent)
    }
    fn transient(self) -> Result<T, StepError> {
        self.map_err(StepError::transient)
    }
    fn unknown(self) -> Result<T, StepError> {
        self.map_err(StepError::unknown)
    }
    fn classify(self, f: impl FnOnce(E) -> StepError) -> Result<T, StepError> {
        self.map_err(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_mark_means_unknown_and_again() {
        fn read() -> Result<u32, StepError> {
            Ok("x".parse::<u32>()?)
        }
        let error = read().unwrap_err();
        assert_eq!((error.retry(), error.effect()), (Retry::Yes, Effect::Unknown));
    }

    #[test]
    fn classes_answer_both_questions() {
        let answers = |e: StepError| (e.retry(), e.effect(), e.kind());
        let second = Duration::from_secs(1);
        assert_eq!(answers(StepError::permanent("x")), (Retry::No, Effect::None, ErrorKind::Step));
        assert_eq!(answers(StepError::transient("x")), (Retry::Yes, Effect::None, ErrorKind::Step));
        assert_eq!(
            answers(StepError::unknown("x").retry_after(second)),
            (Retry::After(second), Effect::Unknown, ErrorKind::Step)
        );
        assert_eq!(
            answers(StepError::configuration("x").maybe_done()),
            (Retry::No, Effect::Unknown, ErrorKind::Configuration)
        );
    }
}

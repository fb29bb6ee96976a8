//! What is known of a step without running it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::retry::RetryPolicy;

/// How a step can be taken back. A saga is made of compensatable steps, then at most one pivot (the point of
/// no return), then retriable steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// It has a compensation.
    Compensatable,
    /// There is nothing to undo: it only reads.
    NoEffect,
    /// It cannot be undone. Once it is done there is no rollback, only forward.
    Pivot,
    /// It is tried until it succeeds, and never undone.
    Retriable,
}

/// What is done about an outcome that nobody knows, before the step is undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfUnknown {
    /// The compensation runs without an output.
    Compensate,
    /// The system is asked for what the step made.
    LookUp,
    /// The step is idempotent: it runs once more to learn its output.
    Rerun,
    /// A person decides.
    Park,
}

/// How patiently a step is tried. Not part of a plan's fingerprint: it may change under running workflows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// Attempts of the step.
    pub retry: RetryPolicy,
    /// How long one attempt of the step may take. `None`: the engine's default.
    pub timeout: Option<Duration>,
    /// Attempts of the compensation.
    pub undo_retry: RetryPolicy,
    /// How long one attempt of the compensation may take. `None`: as the step.
    pub undo_timeout: Option<Duration>,
    /// How long after its sender gave up a request may still land. `None`: the step's timeout.
    pub settle_after: Option<Duration>,
}

impl Policy {
    /// The policy of a step that says nothing.
    pub const DEFAULT: Self = Self {
        retry: RetryPolicy::FORWARD,
        timeout: None,
        undo_retry: RetryPolicy::UNDO,
        undo_timeout: None,
        settle_after: None,
    };
}

/// Everything about a step that does not depend on the resources it needs. `#[step]` writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meta {
    /// The step's name, unique among the steps of a saga's author; it is in the journal.
    pub name: &'static str,
    /// How it can be taken back.
    pub class: Class,
    /// The system on which it acts, for people and statistics.
    pub system: Option<&'static str>,
    /// The names of its arguments, in order.
    pub params: &'static [&'static str],
    /// Those of them that are secret: sealed in the journal, and shown to nobody.
    pub secrets: &'static [&'static str],
    /// Is what it makes secret?
    pub secret_output: bool,
    /// What is done about an unknown outcome.
    pub if_unknown: IfUnknown,
    /// Does its system make late duplicates harmless (a unique key there)? Then nothing is waited for.
    pub late_safe: bool,
    /// Does it run inside a transaction of the engine's own database?
    pub transactional: bool,
    /// Is it a whole saga?
    pub saga: bool,
    /// How patiently it is tried.
    pub policy: Policy,
}

impl Meta {
    /// A step of the given name and class that says nothing else.
    pub const fn new(name: &'static str, class: Class) -> Self {
        let retry =
            if matches!(class, Class::Retriable) { RetryPolicy::FOREVER } else { RetryPolicy::FORWARD };
        Self {
            name,
            class,
            system: None,
            params: &[],
            secrets: &[],
            secret_output: false,
            if_unknown: IfUnknown::Compensate,
            late_safe: false,
            transactional: false,
            saga: false,
            policy: Policy { retry, ..Policy::DEFAULT },
        }
    }
    /// Is it the point of no return? (For checks at compile time.)
    pub const fn is_pivot(&self) -> bool {
        matches!(self.class, Class::Pivot)
    }
    /// Is it a whole saga? (For checks at compile time.)
    pub const fn is_saga(&self) -> bool {
        self.saga
    }
    /// Is it tried until it succeeds? (For checks at compile time.)
    pub const fn is_retriable(&self) -> bool {
        matches!(self.class, Class::Retriable)
    }
}

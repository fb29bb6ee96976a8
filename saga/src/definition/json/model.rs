//! A definition as it is written, with its types, before any name in it is looked up.

use std::time::Duration;

use super::fault::Path;
use super::template::{Reference, Written};
use crate::definition::plan::{IfFailed, OnFailure};
use crate::retry::{Backoff, Jitter};

pub(super) struct Saga {
    pub(super) name: String,
    pub(super) version: u32,
    pub(super) on_failure: OnFailure,
    pub(super) deadline: Option<Duration>,
    pub(super) locks: Vec<(String, Reference)>,
    pub(super) input: Option<serde_json::Value>,
    pub(super) secret_input: bool,
    pub(super) steps: Vec<Entry>,
    pub(super) output: Written,
    pub(super) disclosed_output: bool,
}

/// One entry of `steps`.
pub(super) struct Entry {
    pub(super) at: Path,
    pub(super) id: Option<String>,
    /// May be seen what it makes of secrets?
    pub(super) disclosed: bool,
    pub(super) what: What,
}

pub(super) enum What {
    Call(Call),
    Saga {
        name: String,
        input: Written,
        when: Option<Condition>,
        if_failed: IfFailed,
    },
    Parallel(Vec<Vec<Entry>>),
    If {
        condition: Condition,
        then: Vec<Entry>,
        otherwise: Vec<Entry>,
    },
    Match {
        on: Written,
        arms: Vec<(String, Vec<Entry>)>,
        otherwise: Option<Vec<Entry>>,
    },
    Sleep(Written),
    SleepUntil(Written),
    Wait {
        event: String,
        key: Written,
        timeout: Option<Duration>,
        when: Option<Condition>,
        if_failed: IfFailed,
    },
    Value(Written),
    /// Not readable; the faults say why.
    Nothing,
}

pub(super) struct Call {
    pub(super) step: String,
    pub(super) args: Vec<(String, Written)>,
    pub(super) when: Option<Condition>,
    pub(super) each: Option<Each>,
    pub(super) if_failed: IfFailed,
    pub(super) patience: Box<Patience>,
}

/// How patiently a call is tried and undone, where it is not as the step says.
#[derive(Default)]
pub(super) struct Patience {
    pub(super) timeout: Option<Duration>,
    pub(super) retry: Option<Retry>,
    pub(super) undo_timeout: Option<Duration>,
    pub(super) undo_retry: Option<Retry>,
    pub(super) settle_after: Option<Duration>,
}

/// Once for each of several items.
pub(super) struct Each {
    pub(super) items: Written,
    pub(super) name: String,
    pub(super) max_parallel: Option<u32>,
}

/// What a call says about its retries; the rest is as the step says.
#[derive(Clone, Copy, Default)]
pub(super) struct Retry {
    pub(super) max_attempts: Option<u32>,
    pub(super) backoff: Option<Backoff>,
    pub(super) jitter: Option<Jitter>,
    pub(super) deadline: Option<Duration>,
}

/// A condition over values `T`.
pub(super) enum Condition<T = Written> {
    Is(T),
    Exists(T),
    Equals(T, T),
    Not(Box<Condition<T>>),
    All(Vec<Condition<T>>),
    Any(Vec<Condition<T>>),
}

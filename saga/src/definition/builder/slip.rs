//! What a person can get wrong with a builder. `#[saga]` cannot, and JSON is told with its place; so only
//! [`finish`](SagaBuilder::finish) asks for it.

use std::sync::Arc;

use super::{Arms, SagaBuilder};
use crate::definition::json::{is_saga_name, schema_faults};
use crate::definition::order::PlanError;
use crate::definition::plan::NodeId;
use crate::step::{Class, Meta, Policy};

/// What a builder was told that makes no plan.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say it, and the fields are what they name")]
pub enum Slip {
    #[error("`{0}` is not a name of a saga: use letters, digits, `_`, `-` and `.`, at most 64")]
    SagaName(String),
    #[error("version 0 of saga `{0}`: versions are counted from 1")]
    Version(String),
    #[error(
        "`{0}` is not the name of a variable: give `named` letters, digits and `_`, at most 64, no digit first"
    )]
    Variable(String),
    #[error("the lock `{0}` is taken twice: give one of them another name")]
    LockTwice(String),
    #[error("`{0}` is not the name of a lock: use letters, digits, `_`, `-` and `.`, at most 64")]
    LockName(String),
    #[error("the input schema of saga `{saga}` is none: {faults}")]
    InputSchema { saga: String, faults: String },
    #[error("a `{word}` of nothing leaves {what} no time: give it more, or leave it out")]
    NoTime { what: String, word: &'static str },
    #[error("`{word}` says nothing about `{node}`: it belongs before {place}")]
    Misplaced { word: &'static str, node: String, place: &'static str },
    #[error(
        "`{0}` is said, and nothing follows that it could be about: say it before the call, or leave it out"
    )]
    LeftOver(&'static str),
    #[error("`{0}` is `retriable`, so it is tried until it succeeds: leave its `retry.{1}` as it is")]
    LimitOnRetriable(String, &'static str),
    #[error("`{0}` has no compensation, so `{1}` says nothing: leave it as it is")]
    NoUndo(String, &'static str),
    #[error("`{0}` is tried at least once: a `{1}` of 0 attempts is none")]
    NoAttempts(String, &'static str),
    #[error("the arm {arm} of `{condition}` is opened twice: put both parts into one")]
    ArmTwice { condition: String, arm: String },
    #[error(
        "`{condition}` has {arms} open arms and {values} values: open each arm, and give one value for each"
    )]
    ValuesOfArms { condition: String, arms: usize, values: usize },
    #[error(
        "`{condition}` gives the value of one arm for both: each has its own, or `end_when` makes an `Option` of it"
    )]
    OneValueForTwoArms { condition: String },
    #[error("`{0}` is not closed: end it with `end_if`, `end_when`, `end_match` or `end_arms`")]
    OpenArms(String),
    #[error("`{0}` is gone on with while an arm inside of it is open: close the inner one first")]
    InnerArmOpen(String),
    #[error("branches are not closed: end them with `end_branches`")]
    OpenBranches,
    #[error(
        "`{reader}` reads `{read}`, which is in an arm that may not run: let the arms give the value, with `end_if`, \
         `end_when` or `end_match`, and read that"
    )]
    InsideArm { reader: String, read: String },
    #[error(
        "`{reader}` reads `{read}`, which does not come before it: a branch cannot read the one beside it, and a \
         handle is good in its own builder only"
    )]
    NotBefore { reader: String, read: String },
}

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// The first one is told.
    pub(super) fn refuse(&mut self, slip: Slip) {
        self.refused.get_or_insert(PlanError::Slip(slip));
    }

    pub(super) fn name_of(&self, node: NodeId) -> String {
        self.nodes.get(node.0 as usize).map(|node| node.name.to_string()).unwrap_or_default()
    }

    /// A label is part of the keys of steps, where `name[0]` is an item.
    pub(super) fn check_label(&mut self) {
        let Some(label) = &self.next.label else { return };
        let plain = label.chars().all(|c| c.is_alphanumeric() || c == '_');
        if !plain || label.is_empty() || label.len() > 64 || label.starts_with(|c: char| c.is_ascii_digit()) {
            self.refuse(Slip::Variable(label.clone()));
        }
    }

    /// What was said about the next call, and is not taken by what comes next.
    pub(super) fn check_words(&mut self, node: &str) {
        let node = || node.to_owned();
        if self.next.adjust.take().is_some() {
            self.refuse(Slip::Misplaced { word: "adjusted", node: node(), place: "the call of a step" });
        }
        if self.next.max_parallel.take().is_some() {
            self.refuse(Slip::Misplaced { word: "max_parallel", node: node(), place: "`call_each`" });
        }
    }

    /// An adjusted policy must mean something for its step, as in the macro and in JSON.
    pub(super) fn check_patience(&mut self, meta: &Meta, now: &Policy) {
        let (name, own) = (meta.name, &meta.policy);
        if meta.class == Class::Retriable {
            if now.retry.max_attempts != own.retry.max_attempts {
                self.refuse(Slip::LimitOnRetriable(name.into(), "max_attempts"));
            }
            if now.retry.deadline != own.retry.deadline {
                self.refuse(Slip::LimitOnRetriable(name.into(), "deadline"));
            }
        }
        if meta.class != Class::Compensatable {
            if now.undo_retry != own.undo_retry {
                self.refuse(Slip::NoUndo(name.into(), "undo_retry"));
            }
            if now.undo_timeout != own.undo_timeout {
                self.refuse(Slip::NoUndo(name.into(), "undo_timeout"));
            }
        }
        for (word, retry) in [("retry", &now.retry), ("undo_retry", &now.undo_retry)] {
            if retry.max_attempts == 0 {
                self.refuse(Slip::NoAttempts(name.into(), word));
            }
        }
        for (word, length) in [("timeout", now.timeout), ("undo_timeout", now.undo_timeout)] {
            if length.is_some_and(|length| length.is_zero()) {
                self.refuse(Slip::NoTime { what: format!("`{name}`"), word });
            }
        }
    }

    pub(super) fn check_arm(&mut self, arms: &Arms, value: &Arc<str>) {
        self.check_nesting(arms);
        if arms.values.contains(value) {
            let condition = self.name_of(arms.condition);
            self.refuse(Slip::ArmTwice { condition, arm: value.to_string() });
        }
    }

    /// Is the innermost open arm one of these?
    pub(super) fn check_nesting(&mut self, arms: &Arms) {
        let innermost = self.guards.last().map(|guard| guard.condition);
        if !arms.values.is_empty() && innermost != Some(arms.condition) {
            self.refuse(Slip::InnerArmOpen(self.name_of(arms.condition)));
        }
    }

    /// What can be judged only at the end.
    pub(super) fn check_whole(&mut self) {
        if !is_saga_name(&self.name) {
            self.refuse(Slip::SagaName(self.name.clone()));
        }
        if self.version == 0 {
            self.refuse(Slip::Version(self.name.clone()));
        }
        if self.deadline.is_some_and(|deadline| deadline.is_zero()) {
            self.refuse(Slip::NoTime { what: format!("saga `{}`", self.name), word: "deadline" });
        }
        let mut locks: Vec<String> = self.locks.iter().map(|lock| lock.name().to_owned()).collect();
        locks.sort_unstable();
        for lock in &locks {
            if !is_saga_name(lock) {
                self.refuse(Slip::LockName(lock.clone()));
            }
        }
        if let Some(twice) =
            locks.windows(2).find_map(|pair| (pair.first() == pair.last()).then(|| pair.first()))
        {
            self.refuse(Slip::LockTwice(twice.map(ToString::to_string).unwrap_or_default()));
        }
        if let Some(faults) = self.input_schema.as_deref().and_then(schema_faults) {
            self.refuse(Slip::InputSchema { saga: self.name.clone(), faults: faults.to_string() });
        }
        if let Some(open) = self.guards.last().map(|guard| guard.condition) {
            self.refuse(Slip::OpenArms(self.name_of(open)));
        }
        if self.open_branches > 0 {
            self.refuse(Slip::OpenBranches);
        }
        let left = [
            ("named", self.next.label.is_some()),
            ("evaluated", self.next.evaluated),
            ("adjusted", self.next.adjust.is_some()),
            ("max_parallel", self.next.max_parallel.is_some()),
        ];
        if let Some((word, _)) = left.into_iter().find(|(_, said)| *said) {
            self.refuse(Slip::LeftOver(word));
        }
    }
}

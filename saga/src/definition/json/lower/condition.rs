//! Conditions: what they read, what they are called, and when they hold.

use serde_json::Value;

use super::super::fields::kind;
use super::super::model::Condition;
use super::super::template::{self, Resolved, Written};
use super::Lower;
use crate::definition::plan::NodeId;
use crate::definition::values::Values;
use crate::error::StepError;

impl<R: Sync + 'static> Lower<'_, R> {
    pub(super) fn condition(&mut self, condition: &Condition) -> Condition<Resolved> {
        let mut several = |all: &[Condition]| all.iter().map(|c| self.condition(c)).collect::<Vec<_>>();
        match condition {
            Condition::All(all) => Condition::All(several(all)),
            Condition::Any(any) => Condition::Any(several(any)),
            Condition::Is(is) => Condition::Is(self.resolve(is).0),
            Condition::Exists(it) => Condition::Exists(self.resolve(it).0),
            Condition::Equals(a, b) => Condition::Equals(self.resolve(a).0, self.resolve(b).0),
            Condition::Not(not) => Condition::Not(Box::new(self.condition(not))),
        }
    }
}

impl Condition<Resolved> {
    pub(super) fn nodes(&self, out: &mut Vec<NodeId>) {
        match self {
            Self::Is(it) | Self::Exists(it) => it.nodes(out),
            Self::Equals(a, b) => {
                a.nodes(out);
                b.nodes(out);
            }
            Self::Not(not) => not.nodes(out),
            Self::All(several) | Self::Any(several) => several.iter().for_each(|one| one.nodes(out)),
        }
    }

    /// What is not there, or `null`, does not hold.
    pub(super) fn holds(&self, values: Values<'_>) -> Result<bool, StepError> {
        Ok(match self {
            Self::Is(it) => match it.value(values, None)? {
                Value::Bool(holds) => holds,
                Value::Null => false,
                other => {
                    let said = format!("a condition is true or false, and this is {}", kind(&other));
                    return Err(StepError::permanent(said));
                }
            },
            Self::Exists(it) => !it.value(values, None)?.is_null(),
            Self::Equals(a, b) => a.value(values, None)? == b.value(values, None)?,
            Self::Not(not) => !not.holds(values)?,
            Self::All(all) => {
                for one in all {
                    if !one.holds(values)? {
                        return Ok(false);
                    }
                }
                true
            }
            Self::Any(any) => {
                for one in any {
                    if one.holds(values)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }
}

/// As people see it in the plan, and as the saga's author would have written it in Rust.
pub(super) fn shown(condition: &Condition) -> String {
    let joined = |several: &[Condition], word: &str| several.iter().map(inner).collect::<Vec<_>>().join(word);
    match condition {
        Condition::Is(it) => text(it),
        Condition::Exists(it) => format!("{} exists", text(it)),
        Condition::Equals(a, b) => format!("{} == {}", text(a), text(b)),
        Condition::Not(not) => format!("!{}", inner(not)),
        Condition::All(all) => joined(all, " && "),
        Condition::Any(any) => joined(any, " || "),
    }
}

fn inner(condition: &Condition) -> String {
    match condition {
        Condition::Is(_) | Condition::Not(_) => shown(condition),
        _ => format!("({})", shown(condition)),
    }
}

pub(super) fn text(written: &Written) -> String {
    template::text(written)
}

//! Ways that part and meet again: `if`, `match`, `when`, and branches side by side.

use std::sync::Arc;

use serde_json::Value;

use super::super::fields::kind;
use super::super::model::{Condition, Entry};
use super::super::template::Written;
use super::{Given, Lower, condition, fingerprint, nodes, sorted};
use crate::definition::builder::Arms;
use crate::definition::code::Compute;
use crate::definition::shape::Shape;
use crate::definition::values::Handle;
use crate::error::StepError;
use crate::json::Json;

/// The arm of a `match` that takes what no other takes.
const OTHERWISE: &str = "_";

impl<R: Sync + 'static> Lower<'_, R> {
    pub(super) fn parallel(&mut self, branches: &[Vec<Entry>]) {
        let mut open = self.builder.begin_branches();
        let mut declared = vec![];
        for branch in branches {
            self.builder.begin_branch(&mut open);
            self.scope.open();
            self.entries(branch);
            declared.push(self.scope.close());
        }
        self.builder.end_branches(open);
        declared.into_iter().for_each(|names| self.scope.keep(names));
    }

    pub(super) fn begin_if(&mut self, condition: &Condition) -> Arms {
        let name = condition::shown(condition);
        let condition = self.condition(condition);
        let mut data = vec![];
        condition.nodes(&mut data);
        let holds: Compute =
            Arc::new(move |values| Json::encode(&condition.holds(values)?).map_err(StepError::permanent));
        let mut arms = self.builder.part(&name, sorted(data), holds);
        self.builder.open(&mut arms, "true".into());
        arms
    }

    /// Something that is done only if the condition holds, and else gives `null`.
    pub(super) fn conditional(
        &mut self,
        entry: &Entry,
        when: Option<&Condition>,
        what: impl FnOnce(&mut Self) -> Given,
    ) -> Given {
        let Some(when) = when else { return what(self) };
        let mut arms = self.begin_if(when);
        let given = what(self);
        self.builder.begin_else(&mut arms);
        self.name(entry);
        let node = self.builder.end_when(arms, Handle::<Value>::new(given.node)).node;
        Given { node, shape: given.shape.or_null() }
    }

    pub(super) fn choice(
        &mut self,
        entry: &Entry,
        condition: &Condition,
        then: &[Entry],
        otherwise: &[Entry],
    ) -> Option<Given> {
        let mut arms = self.begin_if(condition);
        let mut values = vec![self.arm(then)];
        self.builder.begin_else(&mut arms);
        values.push(self.arm(otherwise));
        self.meet(entry, arms, &values)
    }

    pub(super) fn matching(
        &mut self,
        entry: &Entry,
        on: &Written,
        arms: &[(String, Vec<Entry>)],
        otherwise: Option<&[Entry]>,
    ) -> Option<Given> {
        let (name, hash) = (condition::text(on), fingerprint(on));
        let (value, _) = self.resolve(on);
        let known: Vec<String> = arms.iter().map(|(value, _)| value.clone()).collect();
        let any = otherwise.is_some();
        let data = nodes(&value);
        let choose: Compute = Arc::new(move |values| {
            let arm = choose(&value.value(values, None)?, &known, any)?;
            Json::encode(&arm).map_err(StepError::permanent)
        });
        self.builder.expression(hash);
        let mut open = self.builder.part(&name, data, choose);
        let mut values = vec![];
        let arms = arms.iter().map(|(value, entries)| (value.as_str(), entries.as_slice()));
        for (value, entries) in arms.chain(otherwise.map(|entries| (OTHERWISE, entries))) {
            self.builder.begin_arm(&mut open, value);
            values.push(self.arm(entries));
        }
        self.meet(entry, open, &values)
    }

    fn arm(&mut self, entries: &[Entry]) -> Option<Given> {
        self.scope.open();
        let given = self.entries(entries);
        self.scope.close();
        given
    }

    /// Where arms meet. With an id the whole has a value: that of the last step of the arm that ran.
    fn meet(&mut self, entry: &Entry, arms: Arms, values: &[Option<Given>]) -> Option<Given> {
        if entry.id.is_none() {
            self.builder.end_arms(arms);
            return None;
        }
        // What was skipped reads as `null`: so the value of one arm stands for an arm that gives nothing.
        let Some(some) = values.iter().flatten().next() else {
            self.faults.add(&entry.at.key("id"), "none of the arms gives a value: take the id away");
            self.builder.end_arms(arms);
            return None;
        };
        let handle = |given: &Option<Given>| -> Handle<Value> {
            Handle::new(given.as_ref().map_or(some.node, |given| given.node))
        };
        let handles: Vec<_> = values.iter().map(handle).collect();
        let shapes = values.iter().map(|given| match given {
            Some(given) => given.shape.clone(),
            None => Shape::Literal(Value::Null),
        });
        let shape = Shape::OneOf(shapes.collect());
        self.name(entry);
        let (first, others) = handles.split_first()?;
        let node = self.builder.end_match(arms, *first, others).node;
        Some(Given { node, shape })
    }
}

fn choose(value: &Value, arms: &[String], any: bool) -> Result<String, StepError> {
    let text = match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) | Value::Null => Some(value.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    };
    match text {
        Some(text) if arms.contains(&text) => Ok(text),
        _ if any => Ok(OTHERWISE.to_owned()),
        Some(text) => {
            let known = super::super::fault::list(arms);
            Err(StepError::permanent(format!("no arm is named `{text}`: there are {known}")))
        }
        None => Err(StepError::permanent(format!("no arm can be named by {}", kind(value)))),
    }
}

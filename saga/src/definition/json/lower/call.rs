//! Calls of steps and sagas, and waits for events.

use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::super::fault::{hint, list};
use super::super::fields::kind;
use super::super::model::{Call, Condition, Each, Entry, Patience, Retry};
use super::super::scope::Known;
use super::super::template::{self, Resolved, Written};
use super::{Given, Lower, fingerprint, nodes, sorted, value_of};
use crate::definition::builder::AT_ONCE;
use crate::definition::code::Compute;
use crate::definition::expressions;
use crate::definition::plan::{IfFailed, NodeId, Op, WaitNode};
use crate::definition::registry::{Called, Entry as Registered};
use crate::definition::shape::Shape;
use crate::definition::values::Values;
use crate::error::StepError;
use crate::json::Json;
use crate::retry::RetryPolicy;
use crate::step::{Class, Meta, Policy};

impl<R: Sync + 'static> Lower<'_, R> {
    pub(super) fn call(&mut self, entry: &Entry, call: &Call) -> Given {
        let registry = self.registry;
        let found = registry.entry(&call.step);
        self.conditional(entry, call.when.as_ref(), |lower| {
            let items = call.each.as_ref().map(|each| lower.open_items(entry, each));
            let args = lower.args(entry, call, found);
            if items.is_some() {
                lower.scope.close();
            }
            match found.map(|found| (&found.callee, found)) {
                Some((Called::Step(meta, step), found)) => {
                    lower.suits(entry, meta, &call.patience);
                    lower.tried(&call.patience);
                    lower.name(entry);
                    lower.builder.expression(args.hash);
                    let at_once = call.each.as_ref().map(|each| each.max_parallel.unwrap_or(AT_ONCE));
                    let (data, compute) = args.code(items);
                    let node = lower.builder.place_step(meta, *step, data, call.if_failed, at_once, compute);
                    Given { node, shape: shape(found, call.if_failed, call.each.is_some()) }
                }
                Some((Called::Saga(_), _)) => {
                    let said =
                        format!("`{0}` is a saga: write `\"saga\": \"{0}\"` and its `\"input\"`", call.step);
                    lower.nothing(entry, "step", said)
                }
                None => {
                    let known: Vec<&str> = registry.names().collect();
                    let hint = hint(&call.step, &known, "the steps are");
                    lower.nothing(entry, "step", format!("there is no step `{}`{hint}", call.step))
                }
            }
        })
    }

    pub(super) fn sub_saga(
        &mut self,
        entry: &Entry,
        name: &str,
        input: &Written,
        when: Option<&Condition>,
        if_failed: IfFailed,
    ) -> Given {
        let registry = self.registry;
        let found = registry.entry(name);
        self.conditional(entry, when, |lower| {
            let hash = fingerprint(input);
            let (input, given) = lower.resolve(input);
            match found.map(|found| (&found.callee, found)) {
                Some((Called::Saga(saga), found)) => {
                    let wanted = found.params.first().and_then(|param| found.schema.param(param));
                    lower.fit(&given, wanted, &entry.at.key("input"));
                    lower.name(entry);
                    lower.builder.expression(hash);
                    let node = lower.builder.lay(name, saga, nodes(&input), if_failed, value_of(input));
                    Given { node, shape: shape(found, if_failed, false) }
                }
                Some((Called::Step(..), _)) => {
                    let said = format!("`{name}` is a step: write `\"step\": \"{name}\"` and its `\"args\"`");
                    lower.nothing(entry, "saga", said)
                }
                None if name == lower.name => {
                    let said = format!("`{name}` cannot call itself: its plan is complete before it runs");
                    lower.nothing(entry, "saga", said)
                }
                None => {
                    let known: Vec<&str> = registry.names().collect();
                    let hint = hint(name, &known, "what can be called is");
                    lower.nothing(entry, "saga", format!("there is no saga `{name}`{hint}"))
                }
            }
        })
    }

    pub(super) fn wait(
        &mut self,
        entry: &Entry,
        (event, key, timeout): (&str, &Written, Option<Duration>),
        when: Option<&Condition>,
        if_failed: IfFailed,
    ) -> Given {
        self.conditional(entry, when, |lower| {
            lower.builder.expression(fingerprint(key));
            let (key, _) = lower.resolve(key);
            let data = nodes(&key);
            let compute: Compute = Arc::new(move |values| {
                let key = match key.value(values, None)? {
                    Value::String(text) => text,
                    number @ Value::Number(_) => number.to_string(),
                    other => {
                        let said = format!("the key of an event is a text or a number, not {}", kind(&other));
                        return Err(StepError::permanent(said));
                    }
                };
                Json::encode(&key).map_err(StepError::permanent)
            });
            let op = Op::Wait(Arc::new(WaitNode { event: event.into(), timeout, if_failed }));
            let node = lower.computed(entry, event, op, data, compute);
            Given { node, shape: tolerated(Shape::Any, if_failed) }
        })
    }

    /// In the place of a call that cannot be made, so that what reads it is looked at too.
    fn nothing(&mut self, entry: &Entry, field: &str, said: String) -> Given {
        self.faults.add(&entry.at.key(field), said);
        let null = value_of(Resolved::Literal(Value::Null));
        let node = self.computed(entry, "nothing", Op::Value, vec![], null);
        Given { node, shape: Shape::Any }
    }

    fn open_items(&mut self, entry: &Entry, each: &Each) -> Resolved {
        let at = entry.at.key("each");
        let (items, shape) = self.resolve(&each.items);
        let item = shape.item();
        if item.is_none() {
            self.faults.add(&at, "does not fit: this is no list");
        }
        if self.scope.is_visible(&each.name) {
            let said =
                format!("`{}` is the name of something else here: choose another with `as`", each.name);
            self.faults.add(&at, said);
        }
        self.scope.open();
        self.scope.declare(&each.name, Known { node: None, shape: item.unwrap_or(Shape::Any) });
        items
    }

    fn args(&mut self, entry: &Entry, call: &Call, found: Option<&Registered<R>>) -> Arguments {
        let at = entry.at.key("args");
        let mut args = vec![];
        let mut said = String::new();
        for (name, written) in &call.args {
            let (value, shape) = self.resolve(written);
            if let Some(found) = found {
                self.fit(&shape, found.schema.param(name), &at.key(name));
            }
            said.extend([name.as_str(), ":", &template::text(written), ","]);
            args.push((Arc::<str>::from(name.as_str()), value));
        }
        let Some(found) = found.filter(|found| matches!(found.callee, Called::Step(..))) else {
            return Arguments { args, hash: expressions::hash(&said) };
        };
        for (name, _) in &call.args {
            if !found.params.contains(&name.as_str()) {
                let what = if found.params.is_empty() {
                    format!("`{}` takes no arguments", call.step)
                } else {
                    format!(
                        "`{}` has no parameter `{name}`{}",
                        call.step,
                        hint(name, found.params, "its parameters are")
                    )
                };
                self.faults.add(&at.key(name), what);
            }
        }
        let missing: Vec<_> =
            found.params.iter().filter(|p| args.iter().all(|(name, _)| **name != ***p)).collect();
        if !missing.is_empty() {
            let said = format!("`{}` needs {}: give a value or `null`", call.step, list(missing));
            self.faults.add(&at, said);
        }
        // As the step declares them.
        args.sort_by_key(|(name, _)| found.params.iter().position(|param| **param == **name));
        Arguments { args, hash: expressions::hash(&said) }
    }

    /// What a call says must mean something for its step.
    fn suits(&mut self, entry: &Entry, meta: &Meta, patience: &Patience) {
        let name = meta.name;
        let limit = patience.retry.as_ref().and_then(|retry| {
            retry.max_attempts.map(|_| "max_attempts").or(retry.deadline.map(|_| "deadline"))
        });
        if let (Class::Retriable, Some(limit)) = (meta.class, limit) {
            let said =
                format!("`{name}` is `retriable`, so it is tried until it succeeds: leave out `{limit}`");
            self.faults.add(&entry.at.key("retry").key(limit), said);
        }
        let undo = [
            ("undo_timeout", patience.undo_timeout.is_some()),
            ("undo_retry", patience.undo_retry.is_some()),
        ];
        for (field, _) in undo.into_iter().filter(|(_, given)| *given && meta.class != Class::Compensatable) {
            let said = format!("`{name}` has no compensation, so `{field}` says nothing: leave it out");
            self.faults.add(&entry.at.key(field), said);
        }
    }

    fn tried(&mut self, patience: &Patience) {
        let Patience { timeout, retry, undo_timeout, undo_retry, settle_after } = *patience;
        let says_nothing = timeout.or(undo_timeout).or(settle_after).is_none();
        if says_nothing && retry.is_none() && undo_retry.is_none() {
            return;
        }
        self.builder.adjusted(move |policy: &mut Policy| {
            policy.timeout = timeout.or(policy.timeout);
            policy.undo_timeout = undo_timeout.or(policy.undo_timeout);
            policy.settle_after = settle_after.or(policy.settle_after);
            retry.unwrap_or_default().adjust(&mut policy.retry);
            undo_retry.unwrap_or_default().adjust(&mut policy.undo_retry);
        });
    }
}

impl Retry {
    fn adjust(self, policy: &mut RetryPolicy) {
        let Self { max_attempts, backoff, jitter, deadline } = self;
        policy.max_attempts = max_attempts.unwrap_or(policy.max_attempts);
        policy.backoff = backoff.unwrap_or(policy.backoff);
        policy.jitter = jitter.unwrap_or(policy.jitter);
        policy.deadline = deadline.or(policy.deadline);
    }
}

/// What a call gives, by what becomes of its failure.
fn shape<R>(found: &Registered<R>, if_failed: IfFailed, each: bool) -> Shape {
    let shape = tolerated(Shape::of(found.schema.output.as_ref()), if_failed);
    if each { Shape::Each(Arc::new(shape)) } else { shape }
}

fn tolerated(shape: Shape, if_failed: IfFailed) -> Shape {
    match if_failed {
        IfFailed::Fail => shape,
        IfFailed::GoOn => shape.or_null(),
        IfFailed::Decide => {
            let fields = [("Ok", shape.or_null()), ("Err", Shape::Any)];
            Shape::Fields(fields.map(|(name, shape)| (name.to_owned(), shape)).into())
        }
    }
}

/// The arguments of one call, by name.
struct Arguments {
    args: Vec<(Arc<str>, Resolved)>,
    hash: u64,
}

impl Arguments {
    /// What they read, and how they are computed: once, or once for each item.
    fn code(self, items: Option<Resolved>) -> (Vec<NodeId>, Compute) {
        let mut data = vec![];
        self.args.iter().for_each(|(_, value)| value.nodes(&mut data));
        let args = self.args;
        let Some(items) = items else {
            let once: Compute = Arc::new(move |values| {
                Json::encode(&computed(&args, values, None)?).map_err(StepError::permanent)
            });
            return (sorted(data), once);
        };
        items.nodes(&mut data);
        let each: Compute = Arc::new(move |values| {
            let items = match items.value(values, None)? {
                Value::Array(items) => items,
                other => {
                    return Err(StepError::permanent(format!("`each` takes a list, not {}", kind(&other))));
                }
            };
            let calls: Result<Vec<_>, _> =
                items.iter().map(|item| computed(&args, values, Some(item))).collect();
            Json::encode(&calls?).map_err(StepError::permanent)
        });
        (sorted(data), each)
    }
}

fn computed(
    args: &[(Arc<str>, Resolved)],
    values: Values<'_>,
    item: Option<&Value>,
) -> Result<Computed, StepError> {
    let args = args.iter().map(|(name, arg)| Ok((Arc::clone(name), arg.value(values, item)?)));
    args.collect::<Result<_, StepError>>().map(Computed)
}

/// Arguments in the order of the parameters.
struct Computed(Vec<(Arc<str>, Value)>);

impl Serialize for Computed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(&**name, value)?;
        }
        map.end()
    }
}

//! From the model to a plan and its code: names become nodes, and every name that does not is a fault.

mod call;
mod condition;
mod ways;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::fault::{Faults, Path};
use super::fields::{kind, not_a_length, parse_length};
use super::model::{Entry, Saga, What};
use super::scope::{Known, Scope};
use super::template::{self, Read, Reference, Resolved, Template, Written};
use crate::clock::Timestamp;
use crate::definition::builder::{SagaBuilder, Sleep};
use crate::definition::code::{Compute, Definition};
use crate::definition::order::PlanError;
use crate::definition::plan::{NodeId, Op};
use crate::definition::registry::StepRegistry;
use crate::definition::schema::Schema;
use crate::definition::shape::{self, Shape};
use crate::definition::values::Values;
use crate::error::StepError;
use crate::json::Json;

/// What a step gives to those after it.
#[derive(Clone, Debug)]
struct Given {
    node: NodeId,
    shape: Shape,
}

struct Lower<'a, R> {
    /// What is lowered.
    name: &'a str,
    registry: &'a StepRegistry<R>,
    builder: SagaBuilder<R, Value>,
    scope: Scope,
    faults: &'a mut Faults,
    /// Where each node comes from.
    places: BTreeMap<NodeId, Path>,
}

pub(super) fn saga<R: Sync + 'static>(
    registry: &StepRegistry<R>,
    saga: &Saga,
    faults: &mut Faults,
) -> Definition<R> {
    let mut builder = SagaBuilder::new(&saga.name, saga.version);
    builder.on_failure(saga.on_failure).input_schema(saga.input.clone());
    if saga.secret_input {
        builder.secret_input();
    }
    if let Some(deadline) = saga.deadline {
        builder.deadline(deadline);
    }
    let input = Shape::of(saga.input.as_ref());
    let scope = Scope::of(saga, input);
    let mut lower = Lower { name: &saga.name, registry, builder, scope, faults, places: BTreeMap::new() };
    for (name, reference) in &saga.locks {
        lower.resolve_reference(reference);
        let part: Vec<&str> = reference.fields.iter().map(String::as_str).collect();
        lower.builder.lock(name, &part);
    }
    lower.entries(&saga.steps);
    let (output, _) = lower.resolve(&saga.output);
    lower.builder.expression(fingerprint(&saga.output));
    if saga.disclosed_output {
        lower.builder.disclosed();
    }
    let places = lower.places;
    let definition = lower.builder.close(nodes(&output), value_of(output));
    if let Err(error) = definition.plan().check() {
        let node = culprit(&error);
        let at = definition.plan().nodes().iter().position(|n| &*n.name == node);
        let at = at.and_then(|i| places.get(&NodeId(u32::try_from(i).unwrap_or(u32::MAX))));
        let said = match &error {
            // Its own words name the method of the builder.
            PlanError::SecretWait(name) => format!(
                "`{name}` waits by what is made of a secret, which would stand in the store for all to see: write \
                 `\"disclosed\": true` beside it if that is no secret"
            ),
            error => error.to_string(),
        };
        faults.add(&at.cloned().unwrap_or_default(), said);
    }
    definition
}

/// The node that a fault of the plan is about.
fn culprit(error: &PlanError) -> &str {
    match error {
        PlanError::AfterPivot { step, .. } => step,
        PlanError::ToleratedPivot { pivot, .. } => pivot,
        PlanError::SagaForEach(name)
        | PlanError::PivotForEach(name)
        | PlanError::SecretWait(name)
        | PlanError::DuplicateName(name) => name,
        // The builder is driven by the loader here, which has looked at these things with their places.
        PlanError::Slip(_) => "",
    }
}

impl<R: Sync + 'static> Lower<'_, R> {
    /// The value of a block is that of its last step.
    fn entries(&mut self, entries: &[Entry]) -> Option<Given> {
        entries.iter().map(|entry| self.entry(entry)).last().flatten()
    }

    fn entry(&mut self, entry: &Entry) -> Option<Given> {
        let first = self.builder.next_id();
        let given = self.what(entry);
        for node in first.0..self.builder.next_id().0 {
            self.places.entry(NodeId(node)).or_insert_with(|| entry.at.clone());
        }
        let Some(id) = &entry.id else { return given };
        if let Some(taken) = self.scope.taken(id, &entry.at) {
            let said = format!("the id `{id}` is taken by {taken}");
            self.faults.add(&entry.at.key("id"), said);
        }
        let known = match &given {
            Some(given) => Known { node: Some(given.node), shape: given.shape.clone() },
            None => Known { node: Some(NodeId(0)), shape: Shape::Any },
        };
        self.scope.declare(id, known);
        given
    }

    fn what(&mut self, entry: &Entry) -> Option<Given> {
        match &entry.what {
            What::Call(call) => Some(self.call(entry, call)),
            What::Saga { name, input, when, if_failed } => {
                Some(self.sub_saga(entry, name, input, when.as_ref(), *if_failed))
            }
            What::Wait { event, key, timeout, when, if_failed } => {
                Some(self.wait(entry, (event, key, *timeout), when.as_ref(), *if_failed))
            }
            What::Parallel(branches) => {
                self.parallel(branches);
                None
            }
            What::If { condition, then, otherwise } => self.choice(entry, condition, then, otherwise),
            What::Match { on, arms, otherwise } => self.matching(entry, on, arms, otherwise.as_deref()),
            What::Value(value) => {
                let (value, shape) = self.resolve_at(value);
                let node = self.computed(entry, "value", Op::Value, nodes(&value), value_of(value));
                Some(Given { node, shape })
            }
            What::Sleep(length) => Some(self.sleep(entry, length, sleep_for)),
            What::SleepUntil(time) => Some(self.sleep(entry, time, sleep_until)),
            What::Nothing => None,
        }
    }

    fn sleep(&mut self, entry: &Entry, how: &Written, read: fn(&Value) -> Result<Sleep, StepError>) -> Given {
        let hash = fingerprint(how);
        let (how, _) = self.resolve_at(how);
        self.builder.expression(hash);
        let data = nodes(&how);
        let compute: Compute = Arc::new(move |values| {
            Json::encode(&read(&how.value(values, None)?)?).map_err(StepError::permanent)
        });
        let node = self.computed(entry, "sleep", Op::Sleep, data, compute);
        Given { node, shape: Shape::Any }
    }

    fn computed(&mut self, entry: &Entry, base: &str, op: Op, data: Vec<NodeId>, compute: Compute) -> NodeId {
        self.name(entry);
        self.builder.place_computed(base, op, data, compute)
    }

    /// The next node is named after the entry's id.
    fn name(&mut self, entry: &Entry) {
        if let Some(id) = &entry.id {
            self.builder.named(id);
        }
        if entry.disclosed {
            self.builder.disclosed();
        }
    }

    fn resolve_at(&mut self, template: &Written) -> (Resolved, Shape) {
        self.builder.expression(fingerprint(template));
        self.resolve(template)
    }

    /// Looks up the names in it.
    fn resolve(&mut self, template: &Written) -> (Resolved, Shape) {
        match template {
            Template::Literal(value) => (Template::Literal(value.clone()), Shape::Literal(value.clone())),
            Template::Reference(reference) => match self.resolve_reference(reference) {
                Some((read, shape)) => (Template::Reference(read), shape),
                None => (Template::Literal(Value::Null), Shape::Any),
            },
            Template::Array(items) => {
                let (items, shapes) = items.iter().map(|item| self.resolve(item)).unzip();
                (Template::Array(items), Shape::List(shapes))
            }
            Template::Object(fields) => {
                let (mut resolved, mut shapes) = (vec![], BTreeMap::new());
                for (name, field) in fields {
                    let (field, shape) = self.resolve(field);
                    resolved.push((name.clone(), field));
                    shapes.insert(name.clone(), shape);
                }
                (Template::Object(resolved), Shape::Fields(shapes))
            }
        }
    }

    fn resolve_reference(&mut self, reference: &Reference) -> Option<(Read, Shape)> {
        self.scope.read(reference).map_err(|why| self.faults.add(&reference.at, why)).ok()
    }

    /// A value that certainly does not fit is refused where it stands.
    fn fit(&mut self, shape: &Shape, wanted: Option<&Value>, at: &Path) {
        let Some(wanted) = wanted else { return };
        if let Err(misfit) = shape::fits(shape, &Schema::new(wanted)) {
            let at = misfit.at.iter().fold(at.clone(), |at, place| match place.parse() {
                Ok(index) => at.index(index),
                Err(_) => at.key(place),
            });
            self.faults.add(&at, format!("does not fit: {}", misfit.message));
        }
    }
}

/// The nodes that a value reads.
fn nodes(value: &Resolved) -> Vec<NodeId> {
    let mut nodes = vec![];
    value.nodes(&mut nodes);
    sorted(nodes)
}

fn sorted(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn value_of(value: Resolved) -> Compute {
    Arc::new(move |values: Values<'_>| {
        Json::encode(&value.value(values, None)?).map_err(StepError::permanent)
    })
}

/// Of what is written, so that another text is told from this one.
fn fingerprint(template: &Written) -> u64 {
    crate::definition::expressions::hash(&template::text(template))
}

fn sleep_for(value: &Value) -> Result<Sleep, StepError> {
    let spelt = value.as_str().ok_or_else(|| {
        StepError::permanent(format!("a sleep takes a text like \"30s\", not {}", kind(value)))
    })?;
    parse_length(spelt).map(Sleep::For).ok_or_else(|| StepError::permanent(not_a_length(spelt)))
}

fn sleep_until(value: &Value) -> Result<Sleep, StepError> {
    let time = value.as_str().and_then(Timestamp::parse);
    time.map(Sleep::Until).ok_or_else(|| {
        StepError::permanent(format!("{value} is not a time: write it like \"2026-01-31T12:00:00Z\""))
    })
}

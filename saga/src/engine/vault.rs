//! Where secrets are sealed and opened: the engine's border with user code. A value is bound to its workflow and to its
//! place in the plan, so that none can be put where another one was.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::definition::{Node, NodeId, Op, Plan, StepNode};
use crate::error::StepError;
use crate::id::WorkflowId;
use crate::json::Json;
use crate::seal::{SealError, Sealer, replaced, sealed};

/// What of a node it is.
#[derive(Clone, Copy)]
pub(super) enum Part<'a> {
    /// Its value: the output of a step.
    Value,
    /// All arguments of a step.
    Arguments,
    /// One of them.
    Argument(&'a str),
    /// What a step wrote down.
    Record,
    /// How far it has come.
    Heartbeat,
}

/// The seal of one workflow, or of something that will become one.
#[derive(Clone)]
pub(super) struct Vault {
    sealer: Option<Arc<dyn Sealer>>,
    owner: Arc<str>,
}

/// Where the saga's input and output stand.
pub(super) const INPUT: &str = "input";
pub(super) const OUTPUT: &str = "(output)";

impl Vault {
    pub(super) fn of(sealer: Option<Arc<dyn Sealer>>, workflow: &WorkflowId) -> Self {
        Self { sealer, owner: workflow.as_str().into() }
    }
    /// Of a schedule, whose input waits for its workflows.
    #[cfg(feature = "schedules")]
    pub(super) fn of_schedule(sealer: Option<Arc<dyn Sealer>>, tenant: &str, name: &str) -> Self {
        Self { sealer, owner: format!("schedule/{tenant}/{name}").into() }
    }

    fn place(&self, node: &str, part: Part<'_>) -> String {
        let owner = &self.owner;
        match part {
            Part::Value => format!("{owner}\n{node}\nvalue"),
            Part::Arguments => format!("{owner}\n{node}\narguments"),
            Part::Argument(name) => format!("{owner}\n{node}\narguments\n{name}"),
            Part::Record => format!("{owner}\n{node}\nrecord"),
            Part::Heartbeat => format!("{owner}\n{node}\nheartbeat"),
        }
    }

    pub(super) fn seal(&self, node: &str, part: Part<'_>, plain: &Json) -> Result<Json, SealError> {
        if mutant!(secret_value_in_plain) && matches!(part, Part::Value) && node != INPUT {
            return Ok(plain.clone());
        }
        let sealer = self.sealer.as_ref().ok_or_else(no_key)?;
        Ok(sealed(&sealer.seal(&self.place(node, part), plain.as_str())?))
    }

    /// Opens every sealed value in it.
    pub(super) fn open(&self, node: &str, part: Part<'_>, value: &Json) -> Result<Json, SealError> {
        let place = self.place(node, part);
        let opened = replaced(value.as_str(), |token| {
            let sealer = self.sealer.as_ref().ok_or_else(no_key)?;
            let plain = sealer.open(&place, token)?;
            if mutant!(secret_logged) {
                tracing::debug!(plain, "opened");
            }
            Json::parse(&plain).map(|_| plain).map_err(|_| SealError::Broken)
        })?;
        Ok(opened.map_or_else(|| value.clone(), Json::from_valid))
    }

    /// Seals the arguments of a step, or each of a list's.
    pub(super) fn seal_arguments(&self, node: &Node, plain: Json) -> Result<Json, StepError> {
        let Some(step) = node.step().filter(|step| step.is_secret()) else { return Ok(plain) };
        if step.each.is_none() {
            return self.seal_call(&node.name, step, plain);
        }
        let items: Vec<Json> = plain.decode().map_err(StepError::permanent)?;
        let items = items.into_iter().map(|item| self.seal_call(&node.name, step, item));
        Json::encode(&items.collect::<Result<Vec<_>, _>>()?).map_err(StepError::permanent)
    }

    fn seal_call(&self, node: &str, step: &StepNode, plain: Json) -> Result<Json, StepError> {
        if step.sealed && mutant!(secret_arguments_in_plain) {
            return Ok(plain);
        }
        if step.sealed {
            return self.seal(node, Part::Arguments, &plain).map_err(failed);
        }
        let mut fields: BTreeMap<String, Json> = plain.decode().map_err(StepError::permanent)?;
        for name in &step.secrets {
            if let Some(value) = fields.get_mut(&**name) {
                *value = self.seal(node, Part::Argument(name), value).map_err(failed)?;
            }
        }
        Json::encode(&fields).map_err(StepError::permanent)
    }

    /// Opens the arguments of one call.
    pub(super) fn open_arguments(&self, node: &str, step: &StepNode, args: &Json) -> Result<Json, StepError> {
        if step.sealed {
            return self.open(node, Part::Arguments, args).map_err(failed);
        }
        let mut fields: BTreeMap<String, Json> = args.decode().map_err(StepError::permanent)?;
        for name in &step.secrets {
            if let Some(value) = fields.get_mut(&**name) {
                *value = self.open(node, Part::Argument(name), value).map_err(failed)?;
            }
        }
        Json::encode(&fields).map_err(StepError::permanent)
    }

    /// The values with those opened that a node's code reads; `None` if none of them is secret.
    pub(super) fn opened(
        &self,
        plan: &Plan,
        reads: &[NodeId],
        values: &[Option<Json>],
    ) -> Result<Option<Vec<Option<Json>>>, StepError> {
        let mut opened: Option<Vec<Option<Json>>> = None;
        for read in reads {
            let Some(origin) = origin(plan, *read, values).filter(|node| node.secret) else { continue };
            let all = opened.get_or_insert_with(|| values.to_vec());
            if let Some(Some(value)) = all.get_mut(read.0 as usize) {
                *value = self.open(&origin.name, Part::Value, value).map_err(failed)?;
            }
        }
        Ok(opened)
    }
}

/// The node that made the value: behind an `if` or `match` that of the arm that ran.
fn origin<'a>(plan: &'a Plan, node: NodeId, values: &[Option<Json>]) -> Option<&'a Node> {
    let mut node = plan.node(node)?;
    while let Op::Select { condition, arms } = &node.op {
        let value = values.get(condition.0 as usize)?.as_ref()?;
        let (_, arm) = arms.iter().find(|(arm, _)| **arm == *value.as_str())?;
        node = plan.node(*arm)?;
    }
    Some(node)
}

fn no_key() -> SealError {
    SealError::UnknownKey("(none was given)".to_owned())
}

/// A key that is missing is a matter of configuration: a person adds it, and the workflow goes on.
pub(super) fn failed(error: SealError) -> StepError {
    StepError::configuration(error)
}

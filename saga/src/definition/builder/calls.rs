//! Calls: of steps, and of other sagas.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::SagaBuilder;
use crate::definition::code::{Code, Compute};
use crate::definition::plan::{IfFailed, NodeId, Op, StepNode};
use crate::definition::values::{Deps, Handle};
use crate::error::StepError;
use crate::failure::Failure;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, ErasedStep, Meta, Signature};

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// Calls step (or saga) `C`; its failure rolls the saga back.
    pub fn call<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<C::Output> {
        Handle::new(self.callee(deps, IfFailed::Fail, args))
    }

    /// Calls step (or saga) `C`; when it fails its effect is undone at once, and the saga goes on with `None`.
    pub fn call_tolerated<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<Option<C::Output>> {
        Handle::new(self.callee(deps, IfFailed::GoOn, args))
    }

    /// Calls step (or saga) `C`; when it fails its effect is undone at once, and the saga goes on with the
    /// failure, to decide on.
    pub fn call_decided<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> Handle<Result<C::Output, Failure>> {
        Handle::new(self.callee(deps, IfFailed::Decide, args))
    }

    fn callee<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        if_failed: IfFailed,
        args: impl Fn(D::Values) -> Result<Args<C>, StepError> + Send + Sync + 'static,
    ) -> NodeId {
        let data = Self::nodes_of(&deps);
        let args: Compute = Arc::new(move |values| Ok(args(deps.load(values)?)?.0));
        match C::erased() {
            Callee::Step(step) => self.place_step(C::META, step, data, if_failed, None, args),
            Callee::Saga(saga) => {
                let input = only_argument(C::META.params.first().copied(), args);
                self.lay(C::META.name, &saga, data, if_failed, input)
            }
        }
    }

    pub(in crate::definition) fn place_step(
        &mut self,
        meta: &Meta,
        step: ErasedStep<R>,
        data: Vec<NodeId>,
        if_failed: IfFailed,
        each: Option<u32>,
        args: Compute,
    ) -> NodeId {
        let mut policy = meta.policy;
        if let Some(adjust) = self.next.adjust.take() {
            adjust(&mut policy);
            self.check_patience(meta, &policy);
        }
        let op = Op::Step(Arc::new(StepNode {
            step_order: u32::try_from(self.steps.len()).unwrap_or(u32::MAX),
            step_name: meta.name.into(),
            system: meta.system.map(Into::into),
            class: meta.class,
            if_unknown: meta.if_unknown,
            late_safe: meta.late_safe,
            transactional: meta.transactional,
            if_failed,
            each,
            evaluated: std::mem::take(&mut self.next.evaluated) || each.is_some(),
            sealed: false,
            secrets: meta.secrets.iter().copied().map(Into::into).collect(),
            policy,
        }));
        let node = self.place(meta.name, op, data);
        self.steps.push(node);
        if let Some(placed) = self.nodes.last_mut() {
            placed.secret = meta.secret_output;
        }
        self.code.insert(node, Code::Step { step, args });
        node
    }
}

/// A saga has one argument; among the journaled arguments it is the only field.
fn only_argument(param: Option<&'static str>, args: Compute) -> Compute {
    Arc::new(move |values| {
        let mut fields: BTreeMap<String, Json> = args(values)?.decode().map_err(StepError::permanent)?;
        Ok(param.and_then(|param| fields.remove(param)).unwrap_or_else(Json::null))
    })
}

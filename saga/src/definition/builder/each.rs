//! One step for each of several items.

use std::sync::Arc;

use super::SagaBuilder;
use crate::definition::code::Compute;
use crate::definition::plan::{IfFailed, NodeId};
use crate::definition::values::{Deps, Handle};
use crate::error::StepError;
use crate::failure::Failure;
use crate::json::Json;
use crate::step::{Args, Callable, Callee, Signature};

/// How many items of a `for_each` run side by side when nobody says.
pub(in crate::definition) const AT_ONCE: u32 = 16;

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// At most so many items of the next `call_each` run side by side. Default: 16.
    pub fn max_parallel(&mut self, items: u32) -> &mut Self {
        self.next.max_parallel = Some(items.max(1));
        self
    }

    /// Calls step `C` once for each of the arguments that the closure gives, which runs once and is journaled.
    /// The outputs come in the order of the items. If one fails the saga fails, and all that were done are
    /// undone, the last item first.
    ///
    /// `C` must be a step: a saga here is a [`PlanError`](crate::PlanError).
    pub fn call_each<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        items: impl Fn(D::Values) -> Result<Vec<Args<C>>, StepError> + Send + Sync + 'static,
    ) -> Handle<Vec<C::Output>> {
        Handle::new(self.each(deps, IfFailed::Fail, items))
    }

    /// [`call_each`](Self::call_each), and whichever item fails gives `None`.
    pub fn call_each_tolerated<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        items: impl Fn(D::Values) -> Result<Vec<Args<C>>, StepError> + Send + Sync + 'static,
    ) -> Handle<Vec<Option<C::Output>>> {
        Handle::new(self.each(deps, IfFailed::GoOn, items))
    }

    /// [`call_each`](Self::call_each), and whichever item fails gives its failure, to decide on.
    pub fn call_each_decided<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        items: impl Fn(D::Values) -> Result<Vec<Args<C>>, StepError> + Send + Sync + 'static,
    ) -> Handle<Vec<Result<C::Output, Failure>>> {
        Handle::new(self.each(deps, IfFailed::Decide, items))
    }

    fn each<C: Callable<R> + Signature, D: Deps>(
        &mut self,
        deps: D,
        if_failed: IfFailed,
        items: impl Fn(D::Values) -> Result<Vec<Args<C>>, StepError> + Send + Sync + 'static,
    ) -> NodeId {
        let data = Self::nodes_of(&deps);
        let at_once = self.next.max_parallel.take().unwrap_or(AT_ONCE);
        let args: Compute = Arc::new(move |values| {
            let items: Vec<Json> = items(deps.load(values)?)?.into_iter().map(|args| args.0).collect();
            Json::encode(&items).map_err(StepError::permanent)
        });
        match C::erased() {
            Callee::Step(step) => self.place_step(C::META, step, data, if_failed, Some(at_once), args),
            Callee::Saga(saga) => {
                // A plan has its nodes before the first run, and how many items there are is not known then.
                self.refused.get_or_insert(super::PlanError::SagaForEach(saga.id().name.to_string()));
                self.place(C::META.name, super::Op::Value, data)
            }
        }
    }
}

//! Waiting: for a time, and for events.

use std::sync::Arc;
use std::time::Duration;

use super::{SagaBuilder, Slip};
use crate::clock::Timestamp;
use crate::definition::code::Code;
use crate::definition::plan::{IfFailed, Op, WaitNode};
use crate::definition::values::{Deps, Handle};
use crate::error::StepError;
use crate::failure::Failure;
use crate::step::Data;

/// Until when a workflow sleeps: what the code of an [`Op::Sleep`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sleep {
    /// So long.
    For(Duration),
    /// Until then.
    Until(Timestamp),
}

impl<R: Sync + 'static, I: 'static> SagaBuilder<R, I> {
    /// Lets time pass, counted from the moment at which this place is reached. The length is computed once and
    /// journaled; a restart neither shortens nor repeats it. Longer waits cost no memory.
    pub fn sleep<D: Deps>(
        &mut self,
        deps: D,
        length: impl Fn(D::Values) -> Result<Duration, StepError> + Send + Sync + 'static,
    ) -> Handle<()> {
        self.sleeping(deps, move |values| length(values).map(Sleep::For))
    }

    /// Waits until a point in time. One that is past is not waited for.
    pub fn sleep_until<D: Deps>(
        &mut self,
        deps: D,
        time: impl Fn(D::Values) -> Result<Timestamp, StepError> + Send + Sync + 'static,
    ) -> Handle<()> {
        self.sleeping(deps, move |values| time(values).map(Sleep::Until))
    }

    fn sleeping<D: Deps>(
        &mut self,
        deps: D,
        sleep: impl Fn(D::Values) -> Result<Sleep, StepError> + Send + Sync + 'static,
    ) -> Handle<()> {
        let handle = self.push("sleep", Op::Sleep, Self::nodes_of(&deps));
        self.code.insert(handle.node, Code::Compute(Self::compute(deps, sleep)));
        handle
    }

    /// Waits for an event: `event` says what must happen, the key to what. It gives the event's value. The
    /// first event counts that is newer than the workflow and that no earlier wait of the workflow has had, so
    /// one that came before this place was reached is not lost. An event that does not come in time
    /// fails the saga.
    pub fn wait_for_event<T: Data, D: Deps>(
        &mut self,
        event: &str,
        timeout: Option<Duration>,
        deps: D,
        key: impl Fn(D::Values) -> Result<String, StepError> + Send + Sync + 'static,
    ) -> Handle<T> {
        self.waiting(event, timeout, IfFailed::Fail, deps, key)
    }

    /// [`wait_for_event`](Self::wait_for_event), and if it does not come in time the saga goes on with `None`.
    pub fn wait_for_event_tolerated<T: Data, D: Deps>(
        &mut self,
        event: &str,
        timeout: Option<Duration>,
        deps: D,
        key: impl Fn(D::Values) -> Result<String, StepError> + Send + Sync + 'static,
    ) -> Handle<Option<T>> {
        self.waiting(event, timeout, IfFailed::GoOn, deps, key)
    }

    /// [`wait_for_event`](Self::wait_for_event), and if it does not come in time the saga goes on with the
    /// failure, to decide on.
    pub fn wait_for_event_decided<T: Data, D: Deps>(
        &mut self,
        event: &str,
        timeout: Option<Duration>,
        deps: D,
        key: impl Fn(D::Values) -> Result<String, StepError> + Send + Sync + 'static,
    ) -> Handle<Result<T, Failure>> {
        self.waiting(event, timeout, IfFailed::Decide, deps, key)
    }

    fn waiting<T: Data, D: Deps>(
        &mut self,
        event: &str,
        timeout: Option<Duration>,
        if_failed: IfFailed,
        deps: D,
        key: impl Fn(D::Values) -> Result<String, StepError> + Send + Sync + 'static,
    ) -> Handle<T> {
        if timeout.is_some_and(|timeout| timeout.is_zero()) {
            self.refuse(Slip::NoTime { what: format!("the wait for `{event}`"), word: "timeout" });
        }
        let op = Op::Wait(Arc::new(WaitNode { event: event.into(), timeout, if_failed }));
        let handle = self.push(event, op, Self::nodes_of(&deps));
        self.code.insert(handle.node, Code::Compute(Self::compute(deps, key)));
        handle
    }
}

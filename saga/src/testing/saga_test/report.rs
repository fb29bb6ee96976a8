//! What became of the workflow, and what a test says about it.

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::calls::{CallEnd, RecordedCall};
use super::stage::Stage;
use crate::engine::{OwedStep, WorkflowView};
use crate::machine::CallKind;
use crate::step::Signature;
use crate::store::{Awaited, Debt, FailureReason, Status, StepStatus};

/// Why a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::testing) enum Rest {
    /// The workflow came to its end.
    End,
    /// It waits, and nothing more was to happen.
    Waiting,
    /// It took longer than the test waits.
    Limit,
    /// It made more calls than the test allows.
    Calls,
}

/// What became of a workflow. Its assertions panic with the whole story of the workflow; where they name steps, a
/// step is named by its own name (`allocate_ip`) or by its place in the plan (`allocate_ip.backup`).
pub struct Report<S: Signature, R> {
    pub(in crate::testing) view: WorkflowView,
    pub(in crate::testing) calls: Vec<RecordedCall>,
    pub(in crate::testing) awaited: Vec<Awaited>,
    pub(in crate::testing) rest: Rest,
    pub(in crate::testing) elapsed: Duration,
    pub(in crate::testing) output: Option<Result<S::Output, String>>,
    pub(in crate::testing) resources: Arc<R>,
    pub(in crate::testing) of: PhantomData<fn() -> S>,
}

impl<S: Signature, R> Report<S, R> {
    pub(in crate::testing) async fn of(stage: &Stage, rest: Rest, resources: Arc<R>) -> Self {
        let view = stage.client.workflow(&stage.tenant, &stage.workflow).await;
        let view = view.unwrap_or_else(|error| panic!("{error}"));
        let output = view.header.state.output.as_ref();
        Self {
            output: output.map(|json| json.decode().map_err(|error| error.to_string())),
            calls: stage.script.state().calls.clone(),
            awaited: stage.store.awaited(&stage.workflow),
            elapsed: stage.runtime.uptime().saturating_sub(stage.began),
            view,
            rest,
            resources,
            of: PhantomData,
        }
    }

    /// Everything is done; what the saga gave.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn assert_completed(&self) -> &S::Output {
        self.assert_status(Status::Completed);
        match &self.output {
            Some(Ok(output)) => output,
            Some(Err(error)) => self.fail(&format!("its output cannot be read: {error}")),
            None => self.fail("it has completed without an output"),
        }
    }
    /// Everything is undone.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn assert_rolled_back(&self) -> &Self {
        self.assert_status(Status::RolledBack);
        self
    }
    /// A person is needed, for that reason.
    ///
    /// # Panics
    /// When it is not so.
    #[track_caller]
    pub fn assert_failed(&self, reason: FailureReason) -> &Self {
        self.assert_status(Status::Failed);
        match self.view.header.state.failure_reason {
            Some(is) if is == reason => self,
            is => {
                let is = is.map_or("nothing", FailureReason::as_str);
                self.fail(&format!("it should have failed because of `{reason}`, and did because of `{is}`"))
            }
        }
    }
    /// It waits for an event of that name, and nothing will go on before it comes. (A wait with a timeout ends by
    /// itself: see [`SagaTest::limit`](super::SagaTest::limit).)
    ///
    /// # Panics
    /// When it does not.
    #[track_caller]
    pub fn assert_waiting_for(&self, event: &str) -> &Self {
        if self.view.header.state.status.is_ended() || !self.awaited.iter().any(|a| a.name == event) {
            self.fail(&format!("it should wait for `{event}`"));
        }
        self
    }

    /// Exactly these steps were attempted, in this order, however often each.
    ///
    /// # Panics
    /// When it was otherwise.
    #[track_caller]
    pub fn assert_ran<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> &Self {
        self.assert_places(
            "ran",
            &steps.into_iter().collect::<Vec<_>>(),
            &self.places(CallKind::Run, |_| true),
        )
    }
    /// Exactly these steps were undone, in this order. What was only settled (looked up and not found) is not among
    /// them, nor is what could not be undone.
    ///
    /// # Panics
    /// When it was otherwise.
    #[track_caller]
    pub fn assert_undone<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> &Self {
        let undone = self.places(CallKind::Undo, |call| call.end == CallEnd::Undone);
        self.assert_places("been undone", &steps.into_iter().collect::<Vec<_>>(), &undone)
    }
    /// Exactly these steps were left out, in the order of the plan.
    ///
    /// # Panics
    /// When it was otherwise.
    #[track_caller]
    pub fn assert_skipped<'a>(&self, steps: impl IntoIterator<Item = &'a str>) -> &Self {
        let rows = self.view.all_steps();
        let skipped = rows.iter().filter(|row| row.status == StepStatus::Skipped);
        let skipped: Vec<_> = skipped.map(|row| (&*row.step_name, &*row.node)).collect();
        self.assert_places("been skipped", &steps.into_iter().collect::<Vec<_>>(), &skipped)
    }

    /// How the workflow stands.
    pub fn status(&self) -> Status {
        self.view.header.state.status
    }
    /// Steps whose undo failed for good.
    pub fn debts(&self) -> Vec<OwedStep> {
        let owed = self.view.steps.iter().filter(|row| row.debt == Some(Debt::Open));
        owed.map(|row| OwedStep {
            step: Arc::clone(&row.step_name),
            target_system: row.target_system.clone(),
            error: row.error_message.clone().unwrap_or_default(),
        })
        .collect()
    }
    /// Every call of a step, of its compensation and of its look-up, in order.
    pub fn calls(&self) -> &[RecordedCall] {
        &self.calls
    }
    /// The calls of one step, in order.
    pub fn calls_of<T: Signature>(&self) -> Vec<&RecordedCall> {
        self.calls.iter().filter(|call| *call.step == *T::META.name).collect()
    }
    /// The workflow as operators see it.
    pub fn workflow(&self) -> &WorkflowView {
        &self.view
    }
    /// How long it took, in its own time.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
    /// What the test was given: to see what steps left there that ran for real.
    pub fn resources(&self) -> &R {
        &self.resources
    }

    #[track_caller]
    fn assert_status(&self, status: Status) {
        if self.view.header.state.status != status {
            let should = match status {
                Status::Completed => "it should have completed",
                Status::RolledBack => "it should have been rolled back",
                _ => "it should have failed",
            };
            self.fail(should);
        }
    }

    #[track_caller]
    fn assert_places(&self, how: &str, expected: &[&str], actual: &[(&str, &str)]) -> &Self {
        let is = |(expected, (step, node)): (&&str, &(&str, &str))| expected == step || expected == node;
        if expected.len() != actual.len() || !expected.iter().zip(actual).all(is) {
            let actual: Vec<_> = actual.iter().map(|(_, node)| *node).collect();
            self.fail(&format!(
                "these should have {how}: {expected:?}\n            but these did: {actual:?}"
            ));
        }
        self
    }

    /// Step and node of the calls, each place once.
    fn places(&self, kind: CallKind, counts: impl Fn(&RecordedCall) -> bool) -> Vec<(&str, &str)> {
        let mut seen = BTreeSet::new();
        let calls = self.calls.iter().filter(|call| call.kind == kind && counts(call));
        calls.filter(|call| seen.insert(call.place())).map(|call| (&*call.step, &*call.node)).collect()
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        panic!("{what}\n\n{self}")
    }
}

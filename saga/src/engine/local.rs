//! The worker in this process, as its clients see it: without the type of its resources.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::sync::oneshot;

use super::driver::Driver;
use super::journal::{Answer, Answered};
use super::live::Live;
use super::shared::Shared;
use super::stray;
use super::trouble::Unreadable;
use crate::id::{CommitId, WorkflowId};
use crate::machine::Machine;
use crate::store::{Commit, Header, NewWorkflow};

/// The worker in this process.
pub(super) trait Local: Send + Sync {
    /// Creates a workflow and runs it here. `None`: this worker takes no more.
    fn launch(&self, header: Header) -> Option<oneshot::Receiver<Answered>>;
    fn live(&self, workflow: &WorkflowId) -> Option<Live>;
    fn wake(&self);
    /// A start was left to whoever has room: nobody overtakes it.
    fn queued(&self);
    /// What cannot be read.
    fn unreadable(&self) -> Vec<Unreadable>;
}

impl<R: Send + Sync + 'static> Local for Arc<Shared<R>> {
    fn launch(&self, mut header: Header) -> Option<oneshot::Receiver<Answered>> {
        let is_full = self.life.live.len() >= self.config.max_live;
        if self.is_stopping() || is_full || self.life.crowded.load(Ordering::Acquire) {
            return None;
        }
        let (answer, outcome) = oneshot::channel();
        header.worker = Some(self.worker);
        self.begin(header, answer);
        Some(outcome)
    }
    fn live(&self, workflow: &WorkflowId) -> Option<Live> {
        self.life.live.get(workflow)
    }
    fn wake(&self) {
        self.life.wake();
    }
    fn queued(&self) {
        self.life.crowded.store(true, Ordering::Release);
        self.life.wake();
    }
    fn unreadable(&self) -> Vec<Unreadable> {
        self.life.troubles.unreadable()
    }
}

impl<R: Send + Sync + 'static> Shared<R> {
    fn begin(self: &Arc<Self>, header: Header, answer: Answer) {
        // A client offers only what its engine knows; without an answer the start fails.
        let Some(definition) = self.definitions.get(&header.definition) else { return };
        let plan = Arc::clone(definition.plan());
        let machine = Machine::create(plan, header.clone(), self.config.machine, self.first_commit());
        let mut answer = Some(answer);
        match Driver::new(self, Arc::clone(definition), &header, machine, &mut answer) {
            Ok(driver) => stray::run(self, driver),
            Err(twin) => {
                let shared = Arc::clone(self);
                self.runtime.spawn(Box::pin(async move {
                    if let Some(answer) = answer {
                        shared.judge(twin, header, answer).await;
                    }
                }));
            }
        }
    }

    /// A start under the name of a workflow that runs here. The store judges it, as soon as it has one of that
    /// name; if the other one is refused this one begins.
    async fn judge(self: Arc<Self>, twin: Live, header: Header, answer: Answer) {
        let mut ended = std::pin::pin!(twin.ended());
        let pause = Duration::from_millis(5);
        loop {
            let is_there = matches!(self.store.load(&header.workflow_id).await, Ok(Some(_)));
            if is_there {
                let mut commit = Commit::empty(header.workflow_id.clone(), CommitId(self.first_commit() + 1));
                commit.create = Some(Box::new(NewWorkflow { header }));
                if let Ok(outcome) = self.journal.submit(commit).await {
                    // Nobody waits when the caller of `start` has given up.
                    let _ = answer.send(outcome);
                }
                return;
            }
            let gone = futures_util::future::select(ended.as_mut(), self.runtime.sleep(pause)).await;
            if matches!(gone, futures_util::future::Either::Left(_)) {
                return self.begin(header, answer);
            }
        }
    }
}

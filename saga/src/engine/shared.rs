//! What all tasks of one engine share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, broadcast};

use super::builder::Config;
use super::events::{WorkflowEvent, WorkflowEventKind};
use super::journal::Journal;
use super::live::LiveSet;
use super::runtime::Runtime;
use crate::definition::Definition;
use crate::id::{DefinitionId, WorkerId, WorkflowId};
use crate::machine::Env;
use crate::store::Store;

/// What all tasks of one engine share.
pub(super) struct Shared<R> {
    pub(super) resources: Arc<R>,
    pub(super) store: Arc<dyn Store>,
    pub(super) runtime: Arc<dyn Runtime>,
    pub(super) config: Config,
    pub(super) definitions: BTreeMap<DefinitionId, Arc<Definition<R>>>,
    pub(super) worker: WorkerId,
    pub(super) leased: bool,
    pub(super) journal: Journal,
    pub(super) live: LiveSet,
    pub(super) events: broadcast::Sender<WorkflowEvent>,
    /// Somebody should look for work and mail.
    pub(super) wake: Arc<Notify>,
    /// One suspect at a time.
    pub(super) suspects: Arc<Semaphore>,
    pub(super) state: Arc<State>,
}

/// The flags of an engine.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Starts and claims nothing more.
    pub(super) stopping: AtomicBool,
    /// Was declared dead: does nothing at all any more.
    pub(super) fenced: AtomicBool,
    /// Until when it may send, by the machine's uptime in microseconds.
    pub(super) lease: AtomicU64,
    commits: AtomicI64,
}

impl<R> Shared<R> {
    pub(super) fn env(&self) -> Env {
        #[allow(clippy::cast_precision_loss, reason = "53 bits of chance are enough for jitter")]
        let random = (self.runtime.random() >> 11) as f64 / (1u64 << 53) as f64;
        Env { now: self.runtime.now(), random }
    }

    /// The number before the first commit of one machine. Numbers of two machines, or of two incarnations of
    /// a worker, are never the same.
    pub(super) fn first_commit(&self) -> i64 {
        const COMMITS_PER_MACHINE: i64 = 1 << 14;
        let machines = self.state.commits.fetch_add(1, Ordering::Relaxed);
        (self.worker.0 << 40).wrapping_add(machines.wrapping_mul(COMMITS_PER_MACHINE))
    }

    /// May a request still be sent to another system? Not after the lease: somebody else may have taken over.
    pub(super) fn may_send(&self) -> bool {
        if self.state.fenced.load(Ordering::Acquire) {
            return false;
        }
        !self.leased
            || self.runtime.uptime() < Duration::from_micros(self.state.lease.load(Ordering::Acquire))
    }

    pub(super) fn fenced(&self) {
        fence(&self.state, &self.wake);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state.stopping.load(Ordering::Acquire)
    }

    pub(super) fn tell(&self, workflow_id: WorkflowId, workflow_type: &Arc<str>, kind: WorkflowEventKind) {
        if self.events.receiver_count() > 0 {
            // Fails only when the last listener has just gone.
            let _ = self.events.send(WorkflowEvent {
                workflow_id,
                workflow_type: Arc::clone(workflow_type),
                kind,
            });
        }
    }
}

/// This worker was declared dead: nothing more may be started or written.
pub(super) fn fence(state: &State, wake: &Notify) {
    if !state.fenced.swap(true, Ordering::AcqRel) {
        tracing::error!("this worker was declared dead; it stops");
    }
    state.stopping.store(true, Ordering::Release);
    wake.notify_one();
}

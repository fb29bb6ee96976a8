//! What all tasks of one engine share.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, broadcast, watch};

use super::config::Config;
use super::driver::Mail;
use super::events::{WorkflowEvent, WorkflowEventKind};
use super::interceptor::Seam;
use super::journal::Journal;
use super::lease::Lease;
use super::live::LiveSet;
use super::runtime::{Runtime, StoreTime};
use super::stray::{Panics, Strays};
use super::trouble::Troubles;
use crate::definition::Definition;
use crate::id::{DefinitionId, WorkerId, WorkflowId};
use crate::machine::{Env, Machine};
use crate::seal::Sealer;
use crate::store::Store;

/// What all tasks of one engine share.
pub(super) struct Shared<R> {
    pub(super) resources: Arc<R>,
    pub(super) store: Arc<dyn Store>,
    pub(super) runtime: Arc<dyn Runtime>,
    /// The same, for whoever hears the store's clock.
    pub(super) time: Arc<StoreTime>,
    pub(super) config: Config,
    pub(super) definitions: BTreeMap<DefinitionId, Arc<Definition<R>>>,
    pub(super) worker: WorkerId,
    pub(super) sealer: Option<Arc<dyn Sealer>>,
    pub(super) journal: Journal,
    pub(super) events: broadcast::Sender<WorkflowEvent>,
    /// One suspect at a time.
    pub(super) suspects: Arc<Semaphore>,
    pub(super) life: Arc<Life>,
    /// Ends when the worker's own tasks have ended.
    pub(super) worker_ended: watch::Receiver<()>,
    pub(super) commits: AtomicI64,
    pub(super) seam: Seam,
}

/// Whether and how an engine lives.
pub(super) struct Life {
    pub(super) lease: Lease,
    pub(super) live: LiveSet,
    pub(super) panics: Panics,
    pub(super) strays: Strays,
    pub(super) troubles: Troubles,
    /// Until when a claim without an answer may bring workflows, by the worker's uptime in milliseconds. 0: there is none.
    strays_until: AtomicU64,
    /// Starts and claims nothing more.
    pub(super) stopping: AtomicBool,
    /// Nothing more is written, and nobody waits for anything.
    over: AtomicBool,
    /// Told when it stops, and when it is over.
    turns: watch::Sender<()>,
    /// The last write has failed.
    pub(super) cannot_write: AtomicBool,
    /// There may be more work than there was room for.
    pub(super) wants_room: AtomicBool,
    /// Others wait in the store for room here; a start does not overtake them, whatever their priority.
    pub(super) crowded: AtomicBool,
    /// This worker was declared dead.
    pub(super) died: Notify,
    /// Somebody should look for work.
    pub(super) work: Notify,
    /// Somebody should look for mail.
    pub(super) mail: Notify,
    /// Somebody should look for what has to be started.
    pub(super) starts: Notify,
    /// The worker stops, and nobody has to wait until it has forgotten everything.
    pub(super) forgets: Notify,
}

impl Life {
    pub(super) fn new(lease: Lease) -> Self {
        Self {
            lease,
            live: LiveSet::default(),
            panics: Panics::default(),
            strays: Strays::default(),
            troubles: Troubles::default(),
            strays_until: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
            over: AtomicBool::new(false),
            turns: watch::channel(()).0,
            cannot_write: AtomicBool::new(false),
            wants_room: AtomicBool::new(false),
            crowded: AtomicBool::new(false),
            died: Notify::new(),
            work: Notify::new(),
            mail: Notify::new(),
            starts: Notify::new(),
            forgets: Notify::new(),
        }
    }

    /// A claim, or a start, has failed and may have been done all the same, or may yet be until then, by the worker's uptime.
    pub(super) fn expect_strays(&self, until: Duration) {
        self.strays_until.fetch_max(u64::try_from(until.as_millis()).unwrap_or(u64::MAX), Ordering::AcqRel);
    }

    /// May this worker own what does not run here?
    pub(super) fn may_have_strays(&self) -> bool {
        self.strays_until.load(Ordering::Acquire) > 0 && !mutant!(strays_forgotten)
    }

    /// What this worker owned at that uptime, or later, runs here. Until somebody could say so after the time when the
    /// last lost claim may have been done, it is asked again: a pause, or a store that is away, may outlast that time.
    pub(super) fn has_no_strays(&self, uptime: Duration) {
        let settled = |until: u64| (uptime.as_millis() > u128::from(until)).then_some(0);
        // Nothing is changed where it is too early, or more is expected by now.
        let _ = self.strays_until.fetch_update(Ordering::AcqRel, Ordering::Acquire, settled);
    }

    /// This worker was declared dead: nothing more may be started or written.
    pub(super) fn fence(&self) {
        if !self.lease.lose() {
            return;
        }
        tracing::error!("this worker was declared dead: it drops everything");
        self.stop(|| Mail::Stop);
        self.died.notify_one();
    }

    /// Starts nothing more, and tells all that run.
    pub(super) fn stop(&self, mail: impl Fn() -> Mail) {
        self.stopping.store(true, Ordering::Release);
        for live in self.live.all() {
            // A workflow that has just ended needs no mail.
            let _ = live.mail.send(mail());
        }
        self.wake();
        self.forgets.notify_one();
        self.turns.send_replace(());
    }

    /// The engine has been shut down: what has not ended by now is dropped, as by a crash.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Release);
        self.stop(|| Mail::Stop);
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Has the engine been shut down?
    pub(super) fn has_ended(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }

    /// Shall nothing more be tried?
    pub(super) fn is_over(&self) -> bool {
        self.has_ended() || self.lease.is_lost()
    }

    /// Resolves when the worker begins to stop, or is over, from now on. (Ask whether it is so already after this call.)
    pub(super) fn turns(&self) -> impl Future<Output = ()> + use<> {
        let mut turns = self.turns.subscribe();
        // It ends with the life, or turns.
        async move { drop(turns.changed().await) }
    }

    pub(super) fn wake(&self) {
        self.work.notify_one();
        self.mail.notify_one();
        self.starts.notify_one();
    }
}

impl<R: Send + Sync + 'static> Shared<R> {
    pub(super) fn env(&self) -> Env {
        #[allow(clippy::cast_precision_loss, reason = "53 bits of chance are enough for jitter")]
        let random = (self.runtime.random() >> 11) as f64 / (1u64 << 53) as f64;
        Env { now: self.runtime.now(), random }
    }

    /// The number before the first commit of one machine. Numbers of two machines, or of two incarnations of
    /// a worker, are never the same.
    pub(super) fn first_commit(&self) -> i64 {
        let machines = self.commits.fetch_add(1, Ordering::Relaxed);
        (self.worker.0 << 40).wrapping_add(machines.wrapping_mul(Machine::NUMBERS))
    }

    pub(super) fn fenced(&self) {
        self.life.fence();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.life.is_stopping()
    }

    /// A workflow does not run here any more: there may be room for another one.
    pub(super) fn left(&self, workflow: &WorkflowId) {
        self.life.live.leave(workflow);
        // Room is filled up by handfuls; what is less than one is found at the next look for work.
        let handful = (self.config.max_live / 32).max(1);
        let has_room = || self.life.live.len().saturating_add(handful) <= self.config.max_live;
        if self.is_stopping() || (has_room() && self.life.wants_room.swap(false, Ordering::AcqRel)) {
            self.life.wake();
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strays_are_asked_for_until_somebody_has_answered_after_their_time() {
        let at = Duration::from_secs;
        let life = Life::new(Lease::new(true, at(10)));
        assert!(!life.may_have_strays());
        life.expect_strays(at(3));
        life.has_no_strays(at(2));
        assert!(life.may_have_strays(), "the claim may yet be done");
        // The worker stood still meanwhile: that it is late does not mean that somebody has looked.
        assert!(life.may_have_strays());
        life.has_no_strays(at(9));
        assert!(!life.may_have_strays());
    }
}

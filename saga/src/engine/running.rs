//! A running engine, and how it stops.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::broadcast;

use super::builder::EngineBuilder;
use super::client::Client;
use super::driver::Mail;
use super::events::{EventStream, WorkflowEvent};
use super::incarnation::{Present, ended};
use super::shared::Shared;
use crate::id::WorkerId;
use crate::store::StoreError;

/// How long a stop waits for a store that cannot be written.
const UNWRITABLE: Duration = Duration::from_secs(1);

/// Runs workflows. Dropping it stops nothing: call [`shutdown`](Self::shutdown).
pub struct Engine<R> {
    present: Arc<Present<R>>,
    resources: Arc<R>,
    events: broadcast::Sender<WorkflowEvent>,
    client: Client,
}

impl<R: Send + Sync + 'static> Engine<R> {
    /// Begins to put an engine together around what its steps need.
    pub fn builder(resources: R) -> EngineBuilder<R> {
        EngineBuilder::new(resources)
    }

    pub(super) fn new(present: Arc<Present<R>>) -> Self {
        let shared = present.shared();
        let client = Client { local: Some(Arc::clone(&present) as _), ..Client::of(&shared) };
        let (resources, events) = (Arc::clone(&shared.resources), shared.events.clone());
        Self { present, resources, events, client }
    }

    /// Starts workflows, asks after them, and does what operators do. Cheap to clone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the steps are given.
    pub fn resources(&self) -> &R {
        &self.resources
    }

    /// What the steps are given, for whoever outlives the engine.
    #[cfg(feature = "testing")]
    pub(crate) fn shared_resources(&self) -> Arc<R> {
        Arc::clone(&self.resources)
    }

    /// What happens in this process from now on.
    pub fn events(&self) -> EventStream {
        EventStream(self.events.subscribe())
    }

    /// Which worker it is at present. On a store that several processes share, one that was silent for too long (its
    /// process was paused, or cut off) is declared dead and stays so: it drops everything, and the engine comes back as
    /// a new worker.
    pub fn worker(&self) -> WorkerId {
        self.present.shared().worker
    }

    /// Has the present worker been declared dead? Until the engine has come back as a new one, starts are refused as
    /// busy. On a store that belongs to one process it does not come back: there is a successor.
    pub fn is_fenced(&self) -> bool {
        self.present.shared().life.lease.is_lost()
    }

    /// Starts nothing more, lets attempts end within `grace`, releases all workflows so that another process
    /// (or the next life of this one) goes on with them, and leaves the store. A store that is damaged is not waited
    /// for, and one that does not answer not beyond `grace` and the lease. When this returns nothing of this engine
    /// runs or writes any more.
    ///
    /// # Errors
    /// When the store cannot be told; the workflows are then taken over as after a crash.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), StoreError> {
        let shared = self.present.close();
        let life = &shared.life;
        life.stop(|| Mail::Drain);
        if !idle_within(&shared, grace).await {
            life.stop(|| Mail::Abandon);
            // What cannot be written now will hardly be in a while.
            let cannot_write = life.cannot_write.load(Ordering::Acquire);
            let patience = if cannot_write { UNWRITABLE } else { shared.config.lease };
            idle_within(&shared, patience.min(shared.config.lease)).await;
        }
        let left = if life.lease.is_lost() {
            Err(StoreError::Fenced)
        } else {
            let leave = shared.store.leave(shared.worker);
            match select(leave, shared.runtime.sleep(shared.config.lease)).await {
                Either::Left((left, _)) => left,
                Either::Right(_) => Err(StoreError::Unavailable("the store does not answer".to_owned())),
            }
        };
        life.end();
        left
    }
}

/// Waits until nothing runs here any more: the worker's own tasks end when nothing is live and nothing is being claimed.
async fn idle_within<R: Send + Sync + 'static>(shared: &Shared<R>, limit: Duration) -> bool {
    let idle = ended(shared.worker_ended.clone());
    matches!(select(idle, shared.runtime.sleep(limit)).await, Either::Left(_))
}

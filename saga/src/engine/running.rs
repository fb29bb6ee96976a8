//! A running engine, and how it stops.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, Either, select};

use super::builder::EngineBuilder;
use super::client::Client;
use super::driver::Mail;
use super::events::EventStream;
use super::shared::Shared;
use crate::store::StoreError;

/// Runs workflows. Dropping it stops nothing: call [`shutdown`](Self::shutdown).
pub struct Engine<R> {
    shared: Arc<Shared<R>>,
    client: Client,
}

impl<R: Send + Sync + 'static> Engine<R> {
    /// Begins to put an engine together around what its steps need.
    pub fn builder(resources: R) -> EngineBuilder<R> {
        EngineBuilder::new(resources)
    }

    pub(super) fn new(shared: Arc<Shared<R>>) -> Self {
        Self { client: Client::of(&shared), shared }
    }

    /// Starts workflows, asks after them, and does what operators do. Cheap to clone.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// What the steps are given.
    pub fn resources(&self) -> &R {
        &self.shared.resources
    }

    /// What the steps are given, for whoever outlives the engine.
    #[cfg(feature = "testing")]
    pub(crate) fn shared_resources(&self) -> Arc<R> {
        Arc::clone(&self.shared.resources)
    }

    /// What happens in this process from now on.
    pub fn events(&self) -> EventStream {
        EventStream(self.shared.events.subscribe())
    }

    /// Has this worker been declared dead?
    pub fn is_fenced(&self) -> bool {
        self.shared.life.lease.is_lost()
    }

    /// Starts nothing more, lets attempts end within `grace`, releases all workflows so that another process
    /// (or the next life of this one) goes on with them, and leaves the store.
    ///
    /// # Errors
    /// When the store cannot be told; the workflows are then taken over as after a crash.
    pub async fn shutdown(&self, grace: Duration) -> Result<(), StoreError> {
        let life = &self.shared.life;
        life.stop(|| Mail::Drain);
        if !self.idle_within(grace).await {
            life.stop(|| Mail::Abandon);
            self.idle_within(self.shared.config.lease).await;
        }
        if self.is_fenced() {
            return Err(StoreError::Fenced);
        }
        self.shared.store.leave(self.shared.worker).await
    }

    /// Waits until nothing runs here any more.
    async fn idle_within(&self, limit: Duration) -> bool {
        let mut worker_ended = self.shared.worker_ended.clone();
        let idle: BoxFuture<'_, ()> = Box::pin(async move {
            // The worker's own tasks end when nothing is live and nothing is being claimed.
            while worker_ended.changed().await.is_ok() {}
        });
        matches!(select(idle, self.shared.runtime.sleep(limit)).await, Either::Left(_))
    }
}

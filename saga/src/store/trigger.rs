//! Triggers: published events that start workflows. A store only remembers which event still has to; who publishes
//! needs to know nothing of sagas.

use async_trait::async_trait;

use super::error::StoreError;
use super::published::PublishedEvent;

/// Events of this name start something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Its name.
    pub name: String,
    /// The event's name.
    pub event: String,
}

/// An event that a trigger has not acted on yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Triggered {
    /// Given by the store, ascending, and never again to another one.
    pub id: i64,
    /// The trigger's name.
    pub trigger: String,
    /// The event.
    pub event: PublishedEvent,
}

/// Remembers which events have to start something.
#[async_trait]
pub trait Triggers: Send + Sync {
    /// Every event that is [published](super::Store::publish) from now on is remembered for each trigger of its
    /// name, durable together with the event, whoever publishes it. Registering again changes nothing.
    async fn register_triggers(&self, triggers: Vec<Trigger>) -> Result<(), StoreError>;

    /// Forgets a trigger and what was remembered for it. Answers whether there was one.
    async fn remove_trigger(&self, name: &str) -> Result<bool, StoreError>;

    /// What was remembered for these triggers and is not settled, in the order of publishing. What nobody acts on
    /// for as long as the event is kept is forgotten with it.
    async fn triggered(&self, triggers: &[String], limit: usize) -> Result<Vec<Triggered>, StoreError>;

    /// These have been acted on.
    async fn settle_triggered(&self, ids: Vec<i64>) -> Result<(), StoreError>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn Triggers) = |_| ();

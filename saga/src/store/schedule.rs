//! Schedules: what is started again and again, kept in the store. Which times those are is not a store's business.

use async_trait::async_trait;

use super::error::StoreError;
use super::record::words;
use crate::clock::Timestamp;
use crate::id::WorkflowId;
use crate::json::Json;

words! {
    /// What becomes of a tick while the workflow of an earlier one has not come to rest. Also of one whose lock
    /// somebody else holds, but nobody is cancelled for that: the tick is passed over by `Skip` and `Allow`, and waits
    /// until the lock is free with the other two.
    pub enum Overlap {
        /// There is none: the tick is passed over.
        Skip = "skip",
        /// It starts when the earlier one rests; of several such ticks only the first.
        QueueOne = "queue_one",
        /// It starts beside it.
        Allow = "allow",
        /// The earlier one is cancelled, and the tick starts when that one rests.
        CancelRunning = "cancel_running",
    }
}

/// A schedule, and how far it has got.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// To whom it and its workflows belong.
    pub tenant_id: String,
    /// Its name; unique for the tenant.
    pub name: String,
    /// The saga that it starts, in its newest version at that time.
    pub saga: String,
    /// With this input.
    pub input: Json,
    /// And these keys, which no two live workflows of a tenant share.
    pub exclusion: Vec<String>,
    /// When, as a cron expression.
    pub cron: String,
    /// Where: the IANA name of the time zone in which the expression is meant.
    pub time_zone: String,
    /// What becomes of ticks while an earlier one runs.
    pub overlap: Overlap,
    /// How many missed ticks are made up for at most, the latest ones.
    pub catch_up: u32,
    /// The workflows' priority.
    pub priority: i32,
    /// Is it at rest?
    pub paused: bool,
    /// The next tick; none if there is no more.
    pub next_at: Option<Timestamp>,
    /// A tick that waits for the one before it to come to rest.
    pub queued_at: Option<Timestamp>,
    /// The last tick that started a workflow.
    pub last_at: Option<Timestamp>,
    /// That workflow.
    pub last_workflow: Option<WorkflowId>,
    /// When it was made. One that was removed and made again is another one.
    pub created_at: Timestamp,
    /// Raised by every change. 0: it is not stored yet.
    pub rev: i64,
}

impl Schedule {
    /// When somebody should look at it.
    pub fn due_at(&self) -> Option<Timestamp> {
        if self.paused { None } else { self.queued_at.or(self.next_at) }
    }
}

/// Keeps schedules.
#[async_trait]
pub trait Schedules: Send + Sync {
    /// Writes one, if what is stored is what its writer has seen: `rev` and `created_at` are the same, or there
    /// is none of that tenant and name and its `rev` is 0. The stored `rev` is one higher. Answers whether it
    /// was written, which is durable then.
    async fn put_schedule(&self, schedule: Schedule) -> Result<bool, StoreError>;

    /// Removes one. Answers whether there was one.
    async fn remove_schedule(&self, tenant: &str, name: &str) -> Result<bool, StoreError>;

    /// All of a tenant, by name.
    async fn list_schedules(&self, tenant: &str) -> Result<Vec<Schedule>, StoreError>;

    /// Those of all tenants whose time ([`Schedule::due_at`]) has come, the longest due first.
    async fn due_schedules(&self, now: Timestamp, limit: usize) -> Result<Vec<Schedule>, StoreError>;
}

// Proves that the trait stays object safe.
const _: fn(&dyn Schedules) = |_| ();

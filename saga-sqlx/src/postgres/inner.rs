//! What all handles of a store share.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use saga::{Timestamp, WorkerId};
use sqlx::PgPool;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::fast::Begun;
use super::health::Health;
use super::held::{Held, within};
use super::hints::Hints;
use super::jobs;
use super::lanes::Lanes;
use super::pooler::Pooler;
use super::timelines::Timelines;
use super::unsettled::Unsettled;
use crate::error::Failure;

/// A store.
pub(super) struct Inner {
    pub(super) pool: PgPool,
    /// One connection that waits for nobody.
    pub(super) beats: PgPool,
    pub(super) identity: String,
    pub(super) health: Health,
    pub(super) hints: Hints,
    /// None: a pooler is in between, and each batch is a transaction.
    pub(super) lanes: Option<Lanes>,
    pub(super) pooler: Option<Pooler>,
    pub(super) begun: Begun,
    pub(super) unsettled: Unsettled,
    pub(super) timelines: Timelines,
    /// How many connections may be lent at a time, so that some are left for the journal.
    pub(super) lent: Semaphore,
    pub(super) statement_timeout: Duration,
    /// The latest time that anybody told, the shortest lease, and when the counts were folded.
    pub(super) heard: Mutex<Heard>,
}

/// What is learnt as time goes by.
pub(super) struct Heard {
    pub(super) told: Timestamp,
    pub(super) lease: Duration,
    pub(super) folded: Instant,
}

impl Inner {
    pub(super) async fn connection(&self) -> Result<Held, Failure> {
        Held::of(&self.pool, self.pooler.as_ref()).await
    }
    /// Tells everybody that there is work, after the transaction that made it. Nothing depends on it.
    pub(super) async fn tell_others(&self) {
        let tell = async {
            let mut connection = self.connection().await?;
            let mut plain = connection.plain().await?;
            self.hints.tell(&mut plain).await?;
            plain.done().await?;
            connection.give_back();
            Ok(())
        };
        if let Err(error) = within(self.limit(), tell).await {
            tracing::debug!("Nobody was told that there is work: {error:?}");
        }
    }
    /// Likewise, if something was started inside a transaction that has ended.
    pub(super) async fn tell_of_starts(&self) {
        if self.hints.has_started() {
            self.tell_others().await;
        }
    }
    /// For what this worker writes.
    pub(super) async fn connection_for(&self, worker: WorkerId) -> Result<Held, Failure> {
        let mut connection = self.connection().await?;
        within(self.limit(), self.timelines.check(&mut connection, worker)).await?;
        Ok(connection)
    }
    /// For how long a few statements together are waited for. The server gives up each of them sooner; this is for
    /// servers that do not answer at all.
    pub(super) fn limit(&self) -> Duration {
        self.statement_timeout * 2
    }
    pub(super) fn told(&self) -> Timestamp {
        self.heard(|heard| heard.told)
    }
    pub(super) fn tell(&self, time: Timestamp) {
        self.heard(|heard| heard.told = time.max(heard.told));
    }
    /// How long a paused process may keep others from declaring its worker dead.
    pub(super) fn patience(&self) -> Duration {
        self.heard(|heard| heard.lease / 2)
    }
    pub(super) fn is_time_to_fold(&self) -> bool {
        self.heard(|heard| {
            let due = heard.folded.elapsed() >= jobs::FOLD;
            if due {
                heard.folded = Instant::now();
            }
            due
        })
    }
    pub(super) fn heard<T>(&self, with: impl FnOnce(&mut Heard) -> T) -> T {
        with(&mut self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

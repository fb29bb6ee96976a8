//! The worker's task that forgets: now and then it has the store remove what has ended long ago, in chunks, and
//! rests between them for as long as the one before took.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use super::shared::Shared;
use super::worker::pause;
use crate::store::{Removal, Status, StoreError};

const REMOVALS: &str = "what has ended long ago cannot be removed";
/// How many workflows are removed at once.
const CHUNK: usize = 200;

/// For how long workflows that have ended are kept. By default for ever.
///
/// A workflow that is removed is gone with its steps, audit trail and keys, and the statistics count what is left. What
/// is live, owned by somebody, unclean or has open debts is never removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Those that were completed.
    pub completed: Keep,
    /// Those that were rolled back.
    pub rolled_back: Keep,
    /// Those that wait for a person although they owe nothing: parked ones, for example. Their exclusion keys become
    /// free, and what they did stays done.
    pub failed: Keep,
    /// Nothing that somebody has written to within this time is removed, whatever else is said: for so long, at least,
    /// an idempotency key or an id that is used again finds the workflow of its first use. At least for as long as
    /// events are kept, whatever is said here.
    pub at_least: Duration,
    /// How often it is looked for.
    pub every: Duration,
}

/// How long, and how many of them. Both may be said; what either calls too much is removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Keep {
    /// For how long since somebody has written to it; not given: for ever.
    pub time: Option<Duration>,
    /// How many, of all tenants together; not given: all.
    pub most: Option<u64>,
}

impl Keep {
    /// For so long.
    pub const fn for_time(time: Duration) -> Self {
        Self { time: Some(time), most: None }
    }
    /// So many.
    pub const fn at_most(most: u64) -> Self {
        Self { time: None, most: Some(most) }
    }
}

impl Default for Retention {
    fn default() -> Self {
        let [completed, rolled_back, failed] = [Keep::default(); 3];
        let (at_least, every) = (Duration::from_secs(24 * 60 * 60), Duration::from_secs(60));
        Self { completed, rolled_back, failed, at_least, every }
    }
}

impl Retention {
    /// Is anything ever removed?
    pub(super) fn is_wanted(&self) -> bool {
        self.rules().next().is_some()
    }

    /// In which status, for how long at least, and how many are left.
    fn rules(&self) -> impl Iterator<Item = (Status, Duration, Option<u64>)> {
        let kept = [
            (Status::Completed, self.completed),
            (Status::RolledBack, self.rolled_back),
            (Status::Failed, self.failed),
        ];
        let at_least = self.at_least;
        kept.into_iter().flat_map(move |(status, keep)| {
            let old = keep.time.map(|time| (status, time.max(at_least), None));
            let many = keep.most.map(|most| (status, at_least, Some(most)));
            old.into_iter().chain(many)
        })
    }
}

/// `working` is dropped when it has ended.
pub(super) fn spawn<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, working: &Arc<watch::Sender<()>>) {
    if !shared.config.retention.is_wanted() {
        return;
    }
    let (own, working_too) = (Arc::clone(shared), Arc::clone(working));
    shared.runtime.spawn(Box::pin(async move {
        while !own.is_stopping() {
            match round(&own).await {
                Ok(()) => own.life.troubles.over(REMOVALS),
                Err(error) => own.life.troubles.tell(REMOVALS, &error),
            }
            rest(&own, own.config.retention.every).await;
        }
        drop(working_too);
    }));
}

/// Everything that is too old or too much.
async fn round<R: Send + Sync + 'static>(shared: &Shared<R>) -> Result<(), StoreError> {
    let Some(store) = shared.store.removals() else { return Ok(()) };
    for (status, time, leave) in shared.config.retention.rules() {
        // A trigger's event may start its workflow again for as long as it is kept.
        let time = time.max(shared.config.keep_events);
        let mut removed = 0;
        loop {
            let begun = shared.runtime.uptime();
            let before = shared.runtime.now().minus(time);
            let chunk = store.remove(Removal { status, before, leave, limit: CHUNK }).await?;
            removed += chunk;
            if chunk < CHUNK || shared.is_stopping() {
                break;
            }
            rest(shared, shared.runtime.uptime().saturating_sub(begun)).await;
        }
        if removed > 0 {
            tracing::info!(%status, removed, "workflows that ended long ago are forgotten");
        }
    }
    Ok(())
}

/// A stop does not wait for it.
async fn rest<R>(shared: &Shared<R>, time: Duration) {
    pause(shared, &shared.life.forgets, time).await;
}

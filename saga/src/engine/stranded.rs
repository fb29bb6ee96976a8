//! Workflows whose definition nobody knows, after a roll-back of a deploy for example: they are left alone and told
//! of, and in the end parked, so that none waits for ever.

use std::sync::Arc;
use std::time::Duration;

use super::mismatch;
use super::shared::Shared;
use crate::clock::Timestamp;
use crate::id::DefinitionId;
use crate::store::{Claim, Purpose, StoreError};

/// They are looked for at least so often.
const LOOK_EVERY: Duration = Duration::from_secs(30);
const STRANDED: &str = "nobody can say what is stranded";
/// The most workflows that are parked at once.
const PAGE: usize = 500;

/// When this worker has looked. For how long all of them have is in the store, so that a restart does not begin anew; who
/// parks asks the store whether anybody alive knows them by then.
#[derive(Default)]
pub(super) struct Watch {
    looked: Option<Duration>,
}

impl Watch {
    pub(super) async fn look<R: Send + Sync + 'static>(&mut self, shared: &Arc<Shared<R>>) {
        let patience = shared.config.park_unknown_after;
        let uptime = shared.runtime.uptime();
        let often = (patience / 20).clamp(shared.config.poll_interval.min(LOOK_EVERY), LOOK_EVERY);
        if self.looked.is_some_and(|looked| uptime < looked + often) {
            return;
        }
        self.looked = Some(uptime);
        let now = shared.runtime.now();
        // One look may come late.
        let gap = often.saturating_add(shared.config.poll_interval).saturating_mul(2);
        let found = match shared.store.watch(now, gap).await {
            Ok(found) => found,
            Err(error) => return shared.life.troubles.tell(STRANDED, &error),
        };
        shared.life.troubles.over(STRANDED);
        let mut given_up = vec![];
        for stranded in found {
            let parked_in = patience.saturating_sub(stranded.watched);
            tracing::warn!(
                definition = %stranded.definition, workflows = stranded.workflows, since = %stranded.since, ?parked_in,
                "workflows wait for a worker that knows their definition, and there is none"
            );
            if parked_in.is_zero() {
                given_up.push(stranded.definition);
            }
        }
        if !given_up.is_empty() {
            park(shared, given_up, now.minus(patience)).await;
        }
    }
}

/// Parks what has been due since then, if still nobody knows it.
async fn park<R: Send + Sync + 'static>(
    shared: &Arc<Shared<R>>,
    definitions: Vec<DefinitionId>,
    since: Timestamp,
) {
    let claim = Claim { purpose: Purpose::Park, definitions, limit: PAGE, after: None, now: since };
    match shared.store.claim(shared.worker, claim).await {
        Ok(claimed) => {
            for loaded in claimed {
                let shared_too = Arc::clone(shared);
                shared.runtime.spawn(Box::pin(async move { mismatch::park(&shared_too, loaded).await }));
            }
        }
        Err(StoreError::Fenced) => shared.fenced(),
        Err(error) => {
            shared.life.expect_strays(shared.runtime.uptime().saturating_add(shared.config.lease));
            tracing::warn!(%error, "what is stranded cannot be parked; it is tried again");
        }
    }
}

//! Workflows whose definition nobody knows, after a roll-back of a deploy for example: they are left alone and told
//! of, and in the end parked, so that none waits for ever.

use std::collections::BTreeMap;
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

/// What this worker has seen of them. Another one may have seen less; who parks them first asks the store whether
/// anybody alive knows them by then.
#[derive(Default)]
pub(super) struct Watch {
    looked: Option<Duration>,
    /// Since when each definition has been without a worker, by this one's uptime.
    since: BTreeMap<DefinitionId, Duration>,
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
        let found = match shared.store.stranded(now).await {
            Ok(found) => found,
            Err(error) => return shared.life.troubles.tell(STRANDED, &error),
        };
        shared.life.troubles.over(STRANDED);
        self.since.retain(|known, _| found.iter().any(|stranded| stranded.definition == *known));
        let mut given_up = vec![];
        for stranded in found {
            let since = *self.since.entry(stranded.definition.clone()).or_insert(uptime);
            let parked_in = patience.saturating_sub(uptime.saturating_sub(since));
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

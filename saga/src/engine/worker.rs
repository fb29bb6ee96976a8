//! The worker's own task: says that it lives, brings the mail, and looks for work.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::future::{Either, select};

use super::driver::{Driver, Mail};
use super::shared::Shared;
use crate::machine::Machine;
use crate::store::{Claim, Loaded, StoreError};

/// Runs until the engine stops.
pub(super) async fn run<R: Send + Sync + 'static>(shared: Arc<Shared<R>>) {
    loop {
        if shared.state.fenced.load(Ordering::Acquire) {
            return;
        }
        // Claimed workflows start after the mail has been fetched, so that none runs past a cancellation that
        // was in its inbox.
        let claimed = if shared.is_stopping() { vec![] } else { claim(&shared).await };
        let drivers: Vec<_> = claimed.into_iter().filter_map(|loaded| resume(&shared, loaded)).collect();
        if !beat(&shared).await {
            return;
        }
        for (driver, suspect) in drivers {
            start(&shared, driver, suspect);
        }
        if shared.is_stopping() && shared.live.len() == 0 {
            return;
        }
        let pause = shared.runtime.sleep(shared.config.poll_interval);
        let wake = Arc::clone(&shared.wake);
        select(std::pin::pin!(wake.notified()), pause).await;
    }
}

async fn claim<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) -> Vec<Loaded> {
    let free = shared.config.max_live.saturating_sub(shared.live.len());
    if free == 0 {
        return vec![];
    }
    let claim = Claim {
        definitions: shared.definitions.keys().cloned().collect(),
        limit: free.min(500),
        now: shared.runtime.now(),
    };
    match shared.store.claim(shared.worker, claim).await {
        Ok(claimed) => claimed,
        Err(StoreError::Fenced) => {
            shared.fenced();
            vec![]
        }
        Err(error) => {
            tracing::warn!(%error, "no work can be claimed; it is tried again");
            vec![]
        }
    }
}

fn resume<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, loaded: Loaded) -> Option<(Driver<R>, bool)> {
    let definition = Arc::clone(shared.definitions.get(&loaded.header.definition)?);
    let settings = shared.config.machine;
    let suspect = loaded.header.takeovers >= settings.suspect_after;
    let plan = Arc::clone(definition.plan());
    let machine = Machine::resume(plan, &loaded, settings, shared.first_commit(), shared.env());
    Driver::new(shared, definition, &loaded.header, machine, None).map(|driver| (driver, suspect))
}

/// A suspect, which may take its worker down, runs alone among its like.
fn start<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>, driver: Driver<R>, suspect: bool) {
    let suspects = Arc::clone(&shared.suspects);
    shared.runtime.spawn(Box::pin(async move {
        let _permit = if suspect { suspects.acquire().await.ok() } else { None };
        driver.run().await;
    }));
}

/// `false`: this worker was declared dead.
async fn beat<R: Send + Sync + 'static>(shared: &Arc<Shared<R>>) -> bool {
    // Counted from before the heartbeat is sent: nobody can have seen it earlier.
    let sent = shared.runtime.uptime();
    let asked = std::pin::pin!(shared.store.beat(shared.worker));
    let beat = match select(asked, shared.runtime.sleep(shared.config.lease / 2)).await {
        Either::Left((Ok(beat), _)) => beat,
        Either::Left((Err(StoreError::Fenced), _)) => {
            shared.fenced();
            return false;
        }
        Either::Left((Err(error), _)) => {
            tracing::warn!(%error, "the heartbeat failed; it is tried again");
            return true;
        }
        Either::Right(_) => {
            tracing::warn!("the heartbeat is not answered; it is tried again");
            return true;
        }
    };
    let until = sent.saturating_add(shared.config.lease);
    shared.state.lease.store(micros(until), Ordering::Release);
    for signal in beat.signals {
        if let Some(live) = shared.live.get(&signal.workflow_id) {
            let _ = live.mail.send(Mail::Signal(signal));
        }
    }
    for workflow in beat.lost {
        let Some(live) = shared.live.get(&workflow) else { continue };
        if let Ok(Some(loaded)) = shared.store.load(&workflow).await {
            let _ = live.mail.send(Mail::Header(Box::new(loaded.header)));
        }
    }
    true
}

pub(super) fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

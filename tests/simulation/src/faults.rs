//! What goes wrong, and when.

use std::sync::Arc;
use std::time::Duration;

use saga::engine::Runtime;

use crate::stage::{LEASE, Stage};
use crate::workers::Workers;

/// Until then things go wrong.
pub(crate) const UNTIL: Duration = Duration::from_secs(6);

/// Lets things go wrong from now on; returns when that is over.
pub(crate) async fn rage(workers: &Arc<Workers>) {
    let stage = &workers.stage;
    let faults = 5 + stage.pick(4);
    for _ in 0..faults {
        let (at, slot) = (stage.between(50, 4500), stage.pick(workers.number()));
        let workers = Arc::clone(workers);
        stage.spawn(async move {
            workers.stage.sleep(at).await;
            one(&workers, slot).await;
        });
    }
    stage.sleep(UNTIL).await;
    stage.note(|| "nothing goes wrong from now on".to_owned());
    stage.mend_all_links();
    stage.world.lock().unwrap().is_calm = true;
}

async fn one(workers: &Arc<Workers>, slot: usize) {
    let stage = &workers.stage;
    match stage.roll(10) {
        0..4 => workers.crash(slot).await,
        4..5 => workers.pause(slot, stage.between(10, 1500)).await,
        5..6 => workers.pause(slot, LEASE + stage.between(100, 2000)).await,
        6..9 => cut(stage, workers, slot).await,
        _ => workers.drain(slot).await,
    }
}

/// The link between a worker and the store is bad for a while.
async fn cut(stage: &Arc<Stage>, workers: &Workers, slot: usize) {
    let Some(process) = workers.process(slot) else { return };
    let kind = stage.roll(4);
    let time = stage.between(50, 3000);
    stage.note(|| format!("p{} has a bad link to the store (kind {kind}) for {time:?}", process.number()));
    stage.link(process.number(), |link| match kind {
        0 => link.loses_requests = true,
        1 => link.loses_answers = true,
        2 => (link.loses_requests, link.loses_answers) = (true, true),
        _ => link.is_slow = true,
    });
    Runtime::sleep(&stage.outside, time).await;
    stage.link(process.number(), |link| *link = crate::network::Link::default());
}

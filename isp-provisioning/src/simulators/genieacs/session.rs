//! Sessions with routers: one at a time for each, in which everything that is queued runs.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::reply::Fate;
use super::world::{Change, Event};

/// Asks the router to connect and waits for the fate of the task, at most `patience`.
pub(super) async fn run(shared: &Shared, device: &str, task: &str, patience: Duration) -> io::Result<Fate> {
    match shared.world(|kept| kept.world().devices.get(device).map(|known| (known.online, known.in_session)))
    {
        Some((true, false)) => {}
        Some((true, true)) => {
            sleep(patience).await;
            return Ok(Fate::NotProcessed);
        }
        Some((false, _)) | None => return Ok(Fate::Offline),
    }
    let session = lock(shared, device);
    let Ok(_session) = timeout(patience, session.lock()).await else { return Ok(Fate::NotProcessed) };
    sleep(shared.config.session).await;
    run_queue(shared, device)?;
    Ok(shared.world(|kept| {
        let world = kept.world();
        match world.tasks.get(task) {
            Some(task) if world.faults.contains_key(&task.fault_id()) => Fate::Faulted,
            Some(_) => Fate::NotProcessed,
            None => Fate::Done,
        }
    }))
}

/// Is the router in a session just now?
pub(super) fn busy(shared: &Shared, device: &str) -> bool {
    let kept_busy =
        shared.world(|kept| kept.world().devices.get(device).is_some_and(|known| known.in_session));
    kept_busy || lock(shared, device).try_lock().is_err()
}

/// Changes a router; one that comes on line informs the server, and so runs its queue.
pub(super) fn change(shared: &Shared, device: &str, change: Change) -> io::Result<()> {
    let informs = change.online == Some(true) || change.in_session == Some(false);
    shared.world(|kept| {
        if !kept.world().devices.contains_key(device) {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("no such device: {device}")));
        }
        kept.commit(&Event::Changed(device.to_owned(), change))
    })?;
    if informs { run_queue(shared, device) } else { Ok(()) }
}

fn run_queue(shared: &Shared, device: &str) -> io::Result<()> {
    let now = Timestamp::now();
    shared.world(|kept| {
        let due = kept.world().due(device, now);
        due.into_iter().try_for_each(|event| kept.commit(&event))
    })
}

fn lock(shared: &Shared, device: &str) -> Arc<Mutex<()>> {
    let mut sessions = shared.sessions.lock().unwrap_or_else(PoisonError::into_inner);
    sessions.entry(device.to_owned()).or_default().clone()
}

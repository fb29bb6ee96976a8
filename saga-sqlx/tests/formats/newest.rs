//! What came next: pauses and heartbeats in the rows, recurring schedules, events that start workflows.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::{PublishedEvent, Status};
use saga::{Client, Json, StepContext, StepError, saga, step};
use serde::{Deserialize, Serialize};

use crate::basic::{World, basic};
use crate::finish::{id, until};

/// Goes on where it was, after a pause.
#[step(compensate = unpack(world), timeout = "1000s", settle_after = "100ms")]
async fn pack(#[inject] world: &World, cx: &StepContext, dock: &str, pause: u64) -> saga::Result<String> {
    world.call("do pack", dock).await?;
    match cx.last_heartbeat::<String>()? {
        Some(last) => Ok(format!("{last} and the rest of {dock} in attempt {}", cx.attempt())),
        None => {
            cx.heartbeat("half").await?;
            Err(StepError::transient("no more crates").retry_after(Duration::from_secs(pause)))
        }
    }
}
async fn unpack(world: &World) -> saga::Result<()> {
    world.call("undo pack", "it").await.map(drop)
}

#[derive(Serialize, Deserialize)]
struct Load {
    dock: String,
    pause: u64,
}

/// One at a time at each dock.
#[saga(version = 1, locks(dock = &load.dock))]
async fn packing(load: Load) -> saga::Result<String> {
    let packed = pack(&load.dock, load.pause).await?;
    Ok(packed)
}

pub(crate) fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(packing::definition()).on_event("truck", |event: &PublishedEvent| {
        Ok(Some(packing(Load { dock: event.key.clone(), pause: 0 })))
    })
}

/// A step in its pause, an event that waits for the lock of the one before, and two schedules. `nap`: how long that pause is.
pub(crate) async fn make(client: &Client, world: &World, nap: Duration) {
    let first = Load { dock: "dock one".to_owned(), pause: nap.as_secs() };
    client.start(packing(first)).id("packing").await.unwrap();
    until("half is packed", async || world.calls().iter().any(|call| call == "do pack of dock one")).await;
    client.publish("default", "truck", "dock one", Json::null(), Some("gate")).await.unwrap();
    client.schedule("yearly", "0 3 1 1 *", basic("a tick".to_owned())).await.unwrap();
    client
        .schedule("resting", "*/5 * * * *", basic("never".to_owned()))
        .time_zone("Europe/Berlin")
        .await
        .unwrap();
    client.schedules("default").pause("resting").await.unwrap();
}

pub(crate) async fn finish(client: &Client) {
    let packed = Some("half and the rest of dock one in attempt 2".to_owned());
    let output = async |id| -> Option<String> {
        let state = client.workflow("default", &id).await.unwrap().header.state;
        assert!([Status::Running, Status::Waiting, Status::Completed].contains(&state.status), "{state:?}");
        state.output.map(|output| output.decode().unwrap())
    };
    until("it is packed", async || output(id("packing")).await == packed).await;
    let by_event = async || {
        let all = saga::store::Listing { tenant: "default".to_owned(), limit: 100, ..Default::default() };
        let headers = client.list(all).await.unwrap().headers;
        headers.into_iter().find(|header| header.initiator_id.as_deref() == Some("gate"))
    };
    until("the event has started one", async || by_event().await.is_some()).await;
    let started = by_event().await.unwrap().workflow_id;
    until("it is packed too", async || output(started.clone()).await == packed).await;
    let schedules = client.schedules("default").list().await.unwrap();
    let told: Vec<_> = schedules
        .iter()
        .map(|s| (&*s.name, &*s.cron, &*s.time_zone, s.paused, s.next_at.is_some()))
        .collect();
    let expected = [
        ("resting", "*/5 * * * *", "Europe/Berlin", true, true),
        ("yearly", "0 3 1 1 *", "UTC", false, true),
    ];
    assert_eq!(told, expected);
}

//! Events that start workflows: each once, whoever published it, and whoever died since.

use std::time::Duration;

use saga::engine::{BuildError, EngineBuilder};
use saga::store::{Listing, PublishedEvent, Status};
use saga::{Client, Engine, Json, StepError, saga};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::{Clock, Lives, pass};
use crate::tap::Kill;
use crate::world::{World, a, b};

#[saga(version = 1)]
async fn greet(serial: String) -> saga::Result<String> {
    let made = a(&serial).await?;
    Ok(made)
}

#[saga(version = 1)]
async fn note(serial: String) -> saga::Result<String> {
    let made = b(&serial).await?;
    Ok(made)
}

/// Every `onu_online` greets, but not the silent ones.
fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    let builder = builder.saga(greet::definition()).saga(note::definition());
    builder.on_event("onu_online", |event: &PublishedEvent| {
        let serial: String = event.value.decode()?;
        assert_ne!(serial, "panic", "a mapping panics");
        Ok((serial != "silent").then(|| greet(serial)))
    })
}

fn two_rules(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    sagas(builder).on_event("onu_online", |event| Ok(Some(note(event.key.clone()))))
}

async fn publish(client: &Client, serial: &str) {
    let value = Json::encode(serial).unwrap();
    client.publish("t", "onu_online", serial, value, Some("noc")).await.unwrap();
}

async fn inputs(client: &Client) -> Vec<String> {
    let all = Listing { tenant: "t".into(), limit: 1000, ..Listing::default() };
    let headers = client.list(all).await.unwrap().headers;
    let mut inputs: Vec<_> = headers.iter().map(|h| format!("{} {}", h.definition.name, h.input)).collect();
    inputs.sort();
    inputs
}

const SOON: Duration = Duration::from_secs(3);

#[test]
fn an_event_starts_a_workflow_for_each_of_its_rules() {
    Lives::new().live(two_rules, async |life| {
        publish(&life.client, "one").await;
        life.client.publish("t", "onu_offline", "x", Json::null(), None).await.unwrap();
        pass(SOON).await;
        assert_eq!(inputs(&life.client).await, ["greet \"one\"", "note \"one\""]);
        // Published twice it is two events.
        publish(&life.client, "one").await;
        pass(SOON).await;
        assert_eq!(inputs(&life.client).await.len(), 4);
        let page =
            life.client.list(Listing { tenant: "t".into(), limit: 1, ..Listing::default() }).await.unwrap();
        let header = &page.headers[0];
        assert_eq!(header.initiator_id.as_deref(), Some("noc"));
        assert!(header.idempotency_key.as_deref().unwrap().starts_with("event/onu_online -> "));
    });
}

#[test]
fn a_process_without_a_worker_publishes_and_a_later_one_starts() {
    let mut lives = Lives::new();
    let registered = lives.live(sagas, async |life| life.api([]));
    drop(registered);
    lives.live(
        |builder| builder,
        async |life| {
            publish(&life.api([]), "one").await;
            pass(SOON).await;
            assert!(inputs(&life.client).await.is_empty(), "nobody here knows the rule");
        },
    );
    lives.live(sagas, async |life| {
        pass(SOON).await;
        assert_eq!(inputs(&life.client).await, ["greet \"one\""]);
    });
}

#[test]
fn an_event_starts_one_workflow_wherever_the_process_dies() {
    for n in 1..12 {
        for kill in [Kill::Before(n), Kill::After(n)] {
            let mut lives = Lives::new();
            let told = std::sync::Mutex::new(0);
            lives.live_until(Some(kill), sagas, async |life| {
                for serial in ["one", "two"] {
                    publish(&life.client, serial).await;
                    *told.lock().unwrap() += 1;
                    pass(SOON).await;
                }
            });
            lives.live(sagas, async |life| {
                pass(SOON).await;
                let inputs = inputs(&life.client).await;
                let mut once = inputs.clone();
                once.dedup();
                // What was told is there; what was cut off may be.
                assert!(inputs == once && inputs.len() >= *told.lock().unwrap(), "{kill:?}: {inputs:?}");
                assert!(life.world.doubled().is_empty());
            });
        }
    }
}

#[test]
fn events_that_say_nothing_useful_do_not_hold_up_the_others() {
    Lives::new().live(sagas, async |life| {
        for serial in ["panic", "silent"] {
            publish(&life.client, serial).await;
        }
        life.client.publish("t", "onu_online", "x", Json::null(), None).await.unwrap();
        publish(&life.client, "one").await;
        pass(SOON).await;
        assert_eq!(inputs(&life.client).await, ["greet \"one\""]);
    });
}

#[test]
fn a_rule_begins_with_its_registration_and_ends_with_its_removal() {
    let mut lives = Lives::new();
    lives.live(|builder| builder, async |life| publish(&life.client, "before").await);
    lives.live(sagas, async |life| {
        publish(&life.client, "one").await;
        pass(SOON).await;
    });
    lives.live(
        |builder| builder.saga(greet::definition()),
        async |life| {
            assert!(life.client.remove_trigger("onu_online", "greet").await.unwrap());
            assert!(!life.client.remove_trigger("onu_online", "greet").await.unwrap());
            publish(&life.client, "after").await;
        },
    );
    lives.live(sagas, async |life| {
        pass(SOON).await;
        assert_eq!(inputs(&life.client).await, ["greet \"one\""]);
    });
}

#[tokio::test]
async fn a_rule_for_a_saga_that_is_not_there_is_refused_when_the_engine_is_built() {
    let builder = Engine::builder(World::new(Clock::default())).store(saga::store::MemoryStore::new());
    let built = builder.on_event("onu_online", |_| Ok::<_, StepError>(Some(greet("x".into())))).build().await;
    let Err(refused) = built else { panic!("it was built") };
    assert!(
        matches!(refused, BuildError::NoSaga { .. }) && refused.to_string().contains("greet::definition()")
    );
}

#[tokio::test]
async fn sqlite_starts_what_was_published_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("saga.db");
    let world = World::new(Clock::default());
    let open = async || SqliteStore::open(&path, SqliteOptions::default()).await.unwrap();
    let store = open().await;
    let engine = sagas(Engine::builder(world.clone()).store(store.clone())).build().await.unwrap();
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
    // No worker is there any more; its store is.
    publish(engine.client(), "one").await;
    store.close().await;

    let engine = sagas(Engine::builder(world.clone()).store(open().await)).build().await.unwrap();
    publish(engine.client(), "two").await;
    while inputs(engine.client()).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let all = Listing { tenant: "t".into(), limit: 9, ..Listing::default() };
    for header in engine.client().list(all).await.unwrap().headers {
        let ended = engine.client().ended(&header.workflow_id).await.unwrap();
        assert_eq!(ended.header.state.status, Status::Completed);
    }
    assert_eq!(inputs(engine.client()).await, ["greet \"one\"", "greet \"two\""]);
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}

//! Keys: without one, with an older one, with another workflow's.

use std::sync::Arc;
use std::time::Duration;

use saga::definition::Start;
use saga::engine::{BuildError, StartError, TokioRuntime};
use saga::store::{FailureReason, MemoryStore, Status, Store};
use saga::{Client, Engine, Outcome, StepError};
use saga_sqlx::{SqliteOptions, SqliteStore};

use crate::life::id;

use super::stage::*;

#[tokio::test]
async fn without_a_key_an_engine_is_not_built_and_a_client_starts_nothing() {
    let builder = Engine::builder(Seen::default()).store(MemoryStore::new()).saga(account());
    let Err(refused) = builder.build().await else { panic!("it was built") };
    assert!(matches!(refused, BuildError::NoKey { .. }));
    assert_eq!(
        refused.to_string(),
        "saga `account` has secrets and the engine has no key: `Engine::builder(..).secrets(key)`"
    );
    let (store, definition) = (MemoryStore::new(), account());
    let runtime = Arc::new(TokioRuntime::current().unwrap());
    let client = Client::without_worker(Arc::new(store), runtime, [Arc::clone(definition.plan())]);
    let start = || Start::<Account>::new(&request("bob"));
    assert_eq!(client.start(start()).await.unwrap_err(), StartError::NoKey("account".into()));
    client.with_secrets(Arc::new(old_key())).start(start()).await.unwrap();
}

#[tokio::test]
async fn a_repeated_start_is_recognised_by_a_keyed_hash_under_older_keys_too() {
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let first = engine(&seen, store.clone(), old_key()).await;
    let start = |client: &Client, password: &str| {
        let request = Request { user: "bob".into(), password: password.into() };
        client.start(Start::<Account>::new(&request)).idempotency_key("k")
    };
    let started = start(first.client(), PASSWORD).await.unwrap();
    assert!(start(first.client(), PASSWORD).await.unwrap().replayed);
    let other = start(first.client(), "another").await.unwrap_err();
    assert!(matches!(other, StartError::Conflict { .. }));
    let header = store.load(started.handle.id()).await.unwrap().unwrap().header;
    assert!(header.input_hash.starts_with("k1."), "{}", header.input_hash);
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    assert!(start(rotated.client(), PASSWORD).await.unwrap().replayed);
    assert!(matches!(start(rotated.client(), "another").await, Err(StartError::Conflict { .. })));
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_repeated_start_within_a_transaction_is_recognised_under_older_keys_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("saga.db"), SqliteOptions::default()).await.unwrap();
    let seen = Seen::default();
    let first = engine(&seen, store.clone(), old_key()).await;
    let start = |client: &Client, password: &str| {
        let request = Request { user: "bob".into(), password: password.into() };
        client.start(Start::<Account>::new(&request)).idempotency_key("k")
    };
    let started = start(first.client(), PASSWORD).await.unwrap();
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    for (password, same) in [(PASSWORD, true), ("another", false)] {
        let start = start(rotated.client(), password);
        let again = store.transaction(Duration::from_secs(10), |tx| Box::pin(start.start_in(tx)));
        match again.await.unwrap() {
            Ok(again) => {
                assert!(same && again.replayed, "{password}");
                assert_eq!(again.handle.id(), started.handle.id());
            }
            Err(error) => {
                let existing = started.handle.id().clone();
                assert_eq!((error, same), (StartError::Conflict { existing }, false));
            }
        }
    }
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn a_workflow_goes_on_under_a_new_key_and_waits_for_a_person_when_its_own_is_gone() {
    let (seen, store) = (Seen::default(), MemoryStore::new());
    let first = engine(&seen, store.clone(), old_key()).await;
    for user in ["one", "two"] {
        first.client().start(Start::<Account>::new(&request(user))).id(user).await.unwrap();
        until(first.client(), user, Status::Waiting).await;
    }
    first.shutdown(Duration::from_secs(1)).await.unwrap();

    let rotated = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    confirm(rotated.client(), "one").await;
    let handle = rotated.client().handle::<Account>(id("one"));
    let Outcome::Completed(opened) = handle.outcome().await.unwrap() else { panic!() };
    assert_eq!(opened.phrase, format!("{PASSWORD}+{TOKEN}"));
    rotated.shutdown(Duration::from_secs(1)).await.unwrap();

    let forgetful = engine(&seen, store.clone(), new_key()).await;
    confirm(forgetful.client(), "two").await;
    let stopped = until(forgetful.client(), "two", Status::Failed).await.header.state;
    assert_eq!(stopped.failure_reason, Some(FailureReason::Configuration));
    assert!(stopped.error_message.unwrap().contains("key `k1`, which is not here"));
    forgetful.shutdown(Duration::from_secs(1)).await.unwrap();

    let mended = engine(&seen, store.clone(), new_key().and_older("k1", &[1; 32]).unwrap()).await;
    mended.client().retry("default", &id("two"), "alice", false).await.unwrap();
    until(mended.client(), "two", Status::Completed).await;
    mended.shutdown(Duration::from_secs(1)).await.unwrap();
}

#[tokio::test]
async fn what_was_sealed_for_one_workflow_is_not_opened_in_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("saga.db"), SqliteOptions::default()).await.unwrap();
    let seen = Seen::default();
    let engine = engine(&seen, store.clone(), old_key()).await;
    let client = engine.client();
    let soon = saga::engine::Runtime::now(&TokioRuntime::current().unwrap()).plus(Duration::from_millis(600));
    for name in ["hers", "mine"] {
        client.start(Start::<Account>::new(&request(name))).id(name).at(soon).await.unwrap();
    }
    let moved = store.transaction(Duration::from_secs(1), |tx| {
        Box::pin(async move {
            let sql = "UPDATE orchestration_workflows SET input_data = (SELECT input_data FROM \
                       orchestration_workflows WHERE workflow_id = 'hers') WHERE workflow_id = 'mine'";
            sqlx::query(sql).execute(saga_sqlx::sqlite(tx)?).await?;
            Ok::<_, StepError>(())
        })
    });
    moved.await.unwrap().unwrap();
    let stopped = until(client, "mine", Status::Failed).await.header.state;
    assert!(stopped.error_message.unwrap().contains("belongs elsewhere"));
    assert!(!seen.all().iter().any(|words| words.starts_with("open mine")));
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}

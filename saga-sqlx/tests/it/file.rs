//! One process, one file that is there.

use saga::store::{Door, DoorBody, Store, StoreError};
use saga_sqlx::{Durability, SqliteOptions, sqlite};
use std::time::Duration;

use crate::kit::*;

const LIMIT: Duration = Duration::from_secs(10);

/// Finding 18: an operating system's lock tells who is alive, at once.
#[tokio::test]
async fn a_second_process_is_told_who_has_the_file() {
    let home = Home::new();
    let store = home.open().await;
    let message = configuration(home.try_open(SqliteOptions::default()).await.map(|_| ()));
    assert!(message.contains("in use by another process") && message.contains("saga.db.lock"), "{message}");
    store.close().await;
    assert!(home.try_open(SqliteOptions::default()).await.is_ok());
    assert!(matches!(store.health(), Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn a_missing_database_is_refused_unless_a_new_one_is_wanted() {
    let home = Home::new();
    let store = home.open().await;
    assert_eq!(write(&store, None, start(1, "a", None)).await, APPLIED);
    store.close().await;
    std::fs::remove_file(home.path()).unwrap();
    let message = configuration(home.try_open(SqliteOptions::default()).await.map(|_| ()));
    assert!(message.contains("is missing"), "{message}");
    let options = SqliteOptions { create_new: true, ..SqliteOptions::default() };
    let store = home.try_open(options.clone()).await.unwrap();
    assert_eq!(store.load(&id("a")).await, Ok(None));
    assert_eq!(write(&store, None, start(2, "b", None)).await, APPLIED);
    store.close().await;
    let store = home.try_open(options).await.unwrap();
    assert!(store.load(&id("b")).await.unwrap().is_some(), "`create_new` takes nothing away");
}

#[tokio::test]
async fn a_removed_database_acknowledges_nothing_more() {
    let home = Home::new();
    let store = home.open().await;
    let worker = join(&store).await;
    assert_eq!(write(&store, Some(worker), start(1, "a", Some(worker))).await, APPLIED);
    assert_eq!(store.health(), Ok(()));
    std::fs::rename(home.path(), home.path().with_extension("moved")).unwrap();
    let message = configuration(write(&store, Some(worker), fact(2, "a", 0, "lost")).await);
    assert!(message.contains("was removed"), "{message}");
    configuration(store.health());
    std::fs::write(home.path(), "").unwrap();
    let message = configuration(write(&store, None, start(3, "b", None)).await);
    assert!(message.contains("was replaced"), "{message}");
    std::fs::rename(home.path().with_extension("moved"), home.path()).unwrap();
    assert_eq!(write(&store, Some(worker), fact(4, "a", 0, "kept")).await, APPLIED);
}

/// Finding 18: `synchronous` is per connection, and a bogus value of it is no error.
#[tokio::test]
async fn every_connection_waits_for_the_disk_and_readers_cannot_write() {
    let home = Home::new();
    let store = home.open().await;
    let pragma = "SELECT synchronous FROM pragma_synchronous";
    let (mode, level): (String, i64) =
        sqlx::query_as("SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous")
            .fetch_one(store.readers())
            .await
            .unwrap();
    assert_eq!((mode.as_str(), level), ("wal", 2));
    let level = store.transaction(Duration::from_secs(1), move |tx| {
        Box::pin(async move {
            let level: i64 = sqlx::query_scalar(pragma).fetch_one(sqlite(tx)?).await?;
            Ok::<_, saga::StepError>(level)
        })
    });
    assert_eq!(level.await.unwrap().unwrap(), 2);
    let refused = sqlx::query("DELETE FROM orchestration_workflows").execute(store.readers()).await;
    assert!(refused.unwrap_err().to_string().contains("readonly"));
    store.close().await;
    let options = SqliteOptions { durability: Durability::Normal, ..SqliteOptions::default() };
    let store = home.try_open(options).await.unwrap();
    let level: i64 = sqlx::query_scalar(pragma).fetch_one(store.readers()).await.unwrap();
    assert_eq!(level, 1, "weaker only when it is asked for");
}

#[tokio::test]
async fn tables_that_are_too_new_are_left_alone() {
    let home = Home::new();
    home.open().await.close().await;
    home.by_hand("INSERT INTO orchestration_schema (version, works_from, name) VALUES (90, 1, 'expanded')")
        .await;
    home.open().await.close().await;
    home.by_hand(
        "INSERT INTO orchestration_schema (version, works_from, name) VALUES (91, 90, 'contracted')",
    )
    .await;
    let message = configuration(home.try_open(SqliteOptions::default()).await.map(|_| ()));
    assert!(message.contains("newer program"), "{message}");
}

/// Whatever else is written to such a file, nobody knows what of it will be found again.
#[tokio::test]
async fn damage_stays_known_and_nothing_is_acknowledged_after_it() {
    let home = Home::new();
    let store = home.open().await;
    assert_eq!(write(&store, None, start(1, "a", None)).await, APPLIED);
    store.close().await;
    let whole = home.damage("orchestration_workflow_steps").await;

    let store = home.open().await;
    assert_eq!(store.health(), Ok(()), "nobody has looked at that page yet");
    let refused = store.load(&id("a")).await.map(|_| ()).unwrap_err();
    assert!(matches!(refused, StoreError::Corrupt { .. }), "{refused}");
    assert_eq!(store.health(), Err(refused.clone()));
    assert_eq!(write(&store, None, start(2, "b", None)).await, Err(refused.clone()));
    assert_eq!(store.health(), Err(refused));
    store.close().await;

    std::fs::write(home.path(), whole).unwrap();
    let store = home.open().await;
    assert!(store.load(&id("a")).await.unwrap().is_some());
    assert_eq!(store.load(&id("b")).await, Ok(None));
}

/// The same if only the user's own statements meet it: in a transaction the store learns it from the connection,
/// whatever the user makes of the error; elsewhere it is told.
#[tokio::test]
async fn damage_that_only_the_users_own_statements_meet_is_known_too() {
    for met_by in ["a transaction", "a transactional step", "a query"] {
        let home = Home::new();
        let store = home.open().await;
        home.by_hand("CREATE TABLE customers (name TEXT)").await;
        home.by_hand("INSERT INTO customers VALUES ('Kim')").await;
        store.close().await;
        home.damage("customers").await;

        let store = home.open().await;
        let worker = join(&store).await;
        let claimed = start(1, "a", Some(worker));
        assert_eq!(write(&store, None, claimed).await, APPLIED, "{met_by}");
        let query = "SELECT count(*) FROM customers";
        match met_by {
            "a query" => {
                let error = sqlx::query(query).fetch_one(store.readers()).await.unwrap_err();
                store.observe(&sqlx::Error::PoolTimedOut);
                assert_eq!(store.health(), Ok(()), "that error says nothing about the file");
                store.observe(&error);
            }
            "a transaction" => {
                let met = store.transaction(LIMIT, move |tx| {
                    Box::pin(async move {
                        let read = sqlx::query(query).fetch_one(saga_sqlx::sqlite(tx).unwrap()).await;
                        read.map(drop).map_err(|_| "it did not work")
                    })
                });
                assert!(matches!(met.await, Err(StoreError::Corrupt { .. })));
            }
            _ => {
                let body: DoorBody = Box::new(move |tx| {
                    Box::pin(async move {
                        let read = sqlx::query(query).fetch_one(saga_sqlx::sqlite(tx).unwrap()).await;
                        Err(saga::StepError::permanent(read.unwrap_err().to_string()))
                    })
                });
                let door = Door { worker, workflow_id: id("a"), limit: LIMIT, body };
                let met = store.transactions().unwrap().transact(door).await;
                assert!(matches!(met, Err(StoreError::Corrupt { .. })), "{met:?}");
            }
        }
        let known = store.health().unwrap_err();
        assert!(matches!(known, StoreError::Corrupt { .. }), "{met_by}: {known}");
        assert_eq!(write(&store, None, start(2, "b", None)).await, Err(known), "{met_by}");
    }
}

#[tokio::test]
async fn a_place_that_cannot_be_used_is_named() {
    let message = configuration(
        saga_sqlx::SqliteStore::open("/nowhere/at/all/saga.db", SqliteOptions::default()).await.map(|_| ()),
    );
    assert!(message.contains("/nowhere/at/all/saga.db.lock"), "{message}");
    let home = Home::new();
    std::fs::write(home.path(), "this is a text, and long enough to be looked at as a database".repeat(99))
        .unwrap();
    let error = home.try_open(SqliteOptions::default()).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { .. }), "{error}");
}

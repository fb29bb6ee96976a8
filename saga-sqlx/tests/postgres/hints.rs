//! Hints between processes, and what becomes of them when their connection is lost.

use std::time::Duration;

use saga::store::*;
use saga_sqlx::{PgOptions, PgStore};

use crate::fence::{id, owner};
use crate::kit::{Home, url};

const LONG: Duration = Duration::from_secs(60);

async fn hint(store: &PgStore, worker: saga::WorkerId) {
    tokio::time::timeout(LONG, store.hint(worker)).await.expect("a hint");
}

#[tokio::test]
async fn who_has_lost_its_connection_listens_again_and_looks_for_what_it_missed() {
    let home = Home::new();
    let (store, worker) = owner(&home).await;
    let other = home.open().await;
    hint(&store, worker).await;
    let mut foreign = home.foreign().await;
    let cut = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity, orchestration_store
      WHERE query = format('LISTEN \"orchestration_%s\"', identity)";
    assert_eq!(sqlx::query_scalar::<_, i64>(cut).fetch_one(&mut foreign).await.unwrap(), 1);
    // Nobody has said anything since, but somebody may have.
    hint(&store, worker).await;
    other.send("default", &id(), SignalKind::Cancel, "alice").await.unwrap();
    hint(&store, worker).await;
    assert_eq!(store.beat(worker).await.unwrap().signals.len(), 1);
    home.remove().await;
}

/// For poolers that hand out a connection per transaction.
#[tokio::test]
async fn who_shall_not_listen_has_no_connection_for_it_and_is_never_hinted() {
    let home = Home::new();
    let (_, worker) = owner(&home).await;
    let store = PgStore::connect(&url(), PgOptions { listen: false, ..home.options() }).await.unwrap();
    let hinted = tokio::time::timeout(Duration::from_millis(300), store.hint(worker)).await;
    assert!(hinted.is_err());
    let listening = "SELECT count(*) FROM pg_stat_activity, orchestration_store
      WHERE query = format('LISTEN \"orchestration_%s\"', identity)";
    assert_eq!(sqlx::query_scalar::<_, i64>(listening).fetch_one(store.pool()).await.unwrap(), 0);
    home.remove().await;
}

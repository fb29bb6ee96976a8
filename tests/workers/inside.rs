//! The user's own tables beside the journal: steps and starts in one transaction with them.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::Status;
use saga::{Client, StepContext, StepError, Tx, saga, step};
use saga_sqlx::{PgStore, postgres};

use crate::kit::{Cluster, ended, stop};
use crate::life::{id, row, status, until};
use crate::world::{Act, Way, World, a, b, c};

const TABLE: &str = "CREATE TABLE bookings (reference TEXT PRIMARY KEY, word TEXT NOT NULL)";

#[step(
    compensate = unbook(tx, world, cx), transactional, system = "database",
    retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none),
    undo_retry(max_attempts = 3, backoff = fixed("100ms"), jitter = none)
)]
async fn book(
    tx: &mut Tx<'_>,
    #[inject] world: &World,
    cx: &StepContext,
    word: &str,
) -> saga::Result<String> {
    // Not idempotent at all: a second one would be refused by the key.
    let insert = sqlx::query("INSERT INTO bookings VALUES ($1, $2)").bind(cx.idempotency_key()).bind(word);
    insert.execute(postgres(tx)?).await.map_err(StepError::permanent)?;
    world.attempt("book", Way::Do, cx).await?;
    Ok(cx.idempotency_key().to_owned())
}
async fn unbook(tx: &mut Tx<'_>, world: &World, cx: &StepContext) -> saga::Result<()> {
    let delete = sqlx::query("DELETE FROM bookings WHERE reference = $1").bind(cx.forward_key());
    let deleted = delete.execute(postgres(tx)?).await.map_err(StepError::permanent)?;
    if deleted.rows_affected() != 1 {
        return Err(StepError::permanent("it is not there"));
    }
    world.attempt("book", Way::Undo, cx).await
}

#[saga(version = 1)]
async fn booked(word: String) -> saga::Result<String> {
    a(&word).await?;
    let made = book(&word).await?;
    c(&word).await?;
    Ok(made)
}
#[saga(version = 1)]
async fn single(word: String) -> saga::Result<String> {
    let made = b(&word).await?;
    Ok(made)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(booked::definition()).saga(single::definition())
}

async fn with_table() -> Cluster {
    let cluster = Cluster::new().await;
    sqlx::raw_sql(TABLE).execute(&mut cluster.home.foreign().await).await.unwrap();
    cluster
}

async fn bookings(cluster: &Cluster) -> Vec<(String, String)> {
    let all = sqlx::query_as("SELECT reference, word FROM bookings ORDER BY 1");
    all.fetch_all(cluster.store.pool()).await.unwrap()
}

#[tokio::test]
async fn a_transactional_step_and_its_undo_take_place_once_whatever_their_transactions_meet() {
    let cluster = with_table().await;
    let (one, other) = (cluster.engine(sagas).await, cluster.engine(sagas).await);
    let acts = [Act::Transient, Act::Hang, Act::Ok];
    cluster.world.script("book", Way::Do, acts);
    one.client().start(booked("x".into())).id("there").await.unwrap();
    let loaded = ended(&other, "there").await;
    assert_eq!((status(&loaded), row(&loaded, "book").attempts), (Status::Completed, 3));
    let there = ("there/book.made".to_owned(), "x".to_owned());
    assert_eq!(bookings(&cluster).await, std::slice::from_ref(&there));

    cluster.world.script("c", Way::Do, [Act::Refuse]).script("book", Way::Undo, [Act::Transient, Act::Panic]);
    one.client().start(booked("y".into())).id("back").await.unwrap();
    assert_eq!(status(&ended(&other, "back").await), Status::RolledBack);
    assert_eq!(bookings(&cluster).await, [there]);
    stop(&one).await;
    stop(&other).await;
}

/// A transaction that is under way when its process dies is rolled back by the server, and done by whoever takes over.
#[test]
fn a_transaction_of_a_dead_process_leaves_nothing_and_is_done_elsewhere_once() {
    let runtime =
        || tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let (dying, living) = (runtime(), runtime());
    let cluster = living.block_on(with_table());
    cluster.world.script("book", Way::Do, [Act::Slow(Duration::from_millis(200))]);
    dying.block_on(async {
        let engine = cluster.engine_with(crate::home::mortal(), sagas).await;
        engine.client().start(booked("x".into())).id("w").await.unwrap();
        until(async || cluster.world.called("do book") == 1).await;
    });
    dying.shutdown_background();
    living.block_on(async {
        let other = cluster.engine(sagas).await;
        let loaded = ended(&other, "w").await;
        assert_eq!(status(&loaded), Status::Completed);
        assert_eq!(bookings(&cluster).await.len(), 1);
        stop(&other).await;
    });
    assert!(cluster.world.doubled().is_empty());
}

/// The user's row and the workflow that it belongs to; refused at the end if `fails`.
async fn order(store: &PgStore, client: &Client, name: &str, fails: bool) -> Result<(), StepError> {
    let (client, name) = (client.clone(), name.to_owned());
    let done = store.transaction(Duration::from_secs(5), move |tx| {
        Box::pin(async move {
            let insert = sqlx::query("INSERT INTO bookings VALUES ($1, 'order')").bind(&name);
            insert.execute(postgres(tx)?).await.map_err(StepError::permanent)?;
            let start = client.start(single("x".into())).id(name.clone()).idempotency_key(name);
            start.start_in(tx).await.map_err(StepError::permanent)?;
            if fails { Err(StepError::permanent("no")) } else { Ok(()) }
        })
    });
    done.await.unwrap()
}

#[tokio::test]
async fn a_start_in_the_users_transaction_lives_and_dies_with_it_and_any_engine_runs_it() {
    let cluster = with_table().await;
    let engine = cluster.engine(sagas).await;
    let api = cluster.api([single::definition::<World>().plan().clone()]).await;
    order(&cluster.store, &api, "kept", false).await.unwrap();
    order(&cluster.store, &api, "dropped", true).await.unwrap_err();
    assert_eq!(status(&ended(&engine, "kept").await), Status::Completed);
    assert!(engine.client().ended(&id("dropped")).await.is_err());
    assert_eq!(bookings(&cluster).await, [("kept".to_owned(), "order".to_owned())]);
    // Two at once with one key: the row's own key decides, and the loser has started nothing.
    let (one, other) = tokio::join!(
        order(&cluster.store, &api, "twice", false),
        order(&cluster.store, engine.client(), "twice", false)
    );
    assert_eq!([&one, &other].into_iter().filter(|r| r.is_ok()).count(), 1, "{one:?} {other:?}");
    assert_eq!(status(&ended(&engine, "twice").await), Status::Completed);
    assert_eq!(cluster.world.called("do b"), 2);
    stop(&engine).await;
}

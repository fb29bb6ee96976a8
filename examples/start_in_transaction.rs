//! An order and the workflow that ships it are one: both are there, or neither. In a SQLite file, or in a PostgreSQL
//! database: `cargo run --example start_in_transaction -- postgres://user:password@host/database`

use std::pin::Pin;
use std::time::Duration;

use saga::store::Store;
use saga::{Client, Engine, Outcome, StepError, Tx, WorkflowId, saga, step};
use saga_sqlx::{PgOptions, PgStore, SqliteOptions, SqliteStore, postgres, sqlite};
use sqlx::Executor;

type Failure = Box<dyn std::error::Error>;

const NAMES: [&str; 3] = ["apples", "the moon", "pears"];
const LIMIT: Duration = Duration::from_secs(5);

#[step(no_effect)]
async fn pack(order: &str) -> saga::Result<String> {
    println!("  packing {order}");
    Ok(format!("{order}, packed"))
}

/// Ships an order.
#[saga(version = 1)]
async fn ship(order: String) -> saga::Result<String> {
    let parcel = pack(&order).await?;
    Ok(parcel)
}

fn workflow(order: &str) -> String {
    format!("ship-{}", order.replace(' ', "-"))
}

/// A statement of the user's own, on the connection of whichever store lends it.
async fn execute(tx: &mut Tx<'_>, sql: &str, order: &str) -> saga::Result<()> {
    let sql = sqlx::AssertSqlSafe(sql);
    if let Ok(connection) = sqlite(tx) {
        sqlx::query(sql).bind(order).execute(connection).await?;
        return Ok(());
    }
    sqlx::query(sql).bind(order).execute(postgres(tx)?).await?;
    Ok(())
}

/// The row and the start; then it turns out who can pay.
async fn order(tx: &mut Tx<'_>, client: Client, name: &str) -> saga::Result<()> {
    execute(tx, "INSERT INTO orders VALUES ($1)", name).await?;
    let start = client.start(ship(name.to_owned())).id(workflow(name));
    start.start_in(tx).await.map_err(StepError::permanent)?;
    if name == "the moon" { Err(StepError::permanent("nobody can pay for that")) } else { Ok(()) }
}

type Done<'t> = Pin<Box<dyn Future<Output = saga::Result<()>> + Send + 't>>;

/// What runs in the transaction, which is committed if it succeeds.
fn body(client: Client, name: &'static str) -> impl for<'t> FnOnce(&'t mut Tx<'_>) -> Done<'t> {
    move |tx| Box::pin(async move { order(tx, client, name).await })
}

async fn engine(store: impl Store) -> Result<Engine<()>, Failure> {
    Ok(Engine::builder(()).store(store).saga(ship::definition()).build().await?)
}

fn tell(name: &str, done: saga::Result<()>) {
    match done {
        Ok(()) => println!("{name}: ordered"),
        Err(error) => println!("{name}: {error}"),
    }
}

/// What has become of them.
async fn finish(engine: Engine<()>) -> Result<(), Failure> {
    for name in NAMES {
        let handle = engine.client().handle::<ship>(WorkflowId::new(&workflow(name))?);
        match handle.outcome().await {
            Ok(Outcome::Completed(parcel)) => println!("completed: {parcel}"),
            Ok(other) => println!("{name}: {other:?}"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(engine.shutdown(Duration::from_secs(1)).await?)
}

async fn in_postgres(url: &str) -> Result<(), Failure> {
    let schema = format!("orders_{}", std::process::id());
    let options = PgOptions { schema: Some(schema.clone()), ..PgOptions::default() };
    let store = PgStore::connect(url, options).await?;
    store.pool().execute("CREATE TABLE orders (name TEXT PRIMARY KEY)").await?;
    let engine = engine(store.clone()).await?;
    for name in NAMES {
        tell(name, store.transaction(LIMIT, body(engine.client().clone(), name)).await?);
    }
    finish(engine).await?;
    store.pool().execute(sqlx::AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"))).await?;
    store.close().await;
    Ok(())
}

async fn in_a_file() -> Result<(), Failure> {
    let folder = std::env::temp_dir().join(format!("orders-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let store = SqliteStore::open(folder.join("orders.db"), SqliteOptions::default()).await?;
    let table = store.transaction(LIMIT, |tx| {
        Box::pin(async move {
            sqlite(tx)?.execute("CREATE TABLE orders (name TEXT PRIMARY KEY)").await?;
            Ok::<_, StepError>(())
        })
    });
    table.await?.map_err(|e| e.to_string())?;
    let engine = engine(store.clone()).await?;
    for name in NAMES {
        tell(name, store.transaction(LIMIT, body(engine.client().clone(), name)).await?);
    }
    finish(engine).await?;
    store.close().await;
    Ok(std::fs::remove_dir_all(&folder)?)
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    match std::env::args().nth(1) {
        Some(url) => in_postgres(&url).await,
        None => in_a_file().await,
    }
}

//! The process that is killed: an engine on a SQLite file. It starts a workflow or goes on with all that are
//! there, says `durable` and `ended STATUS`, and leaves.

use std::time::Duration;

use saga::store::Status;
use saga::{Client, Config, Engine, StepContext, StepError, Tx, WorkflowId, saga, step};
use saga_sqlx::{SqliteOptions, SqliteStore, sqlite};

use crate::system::World;

#[step(compensate = give_back(world, cx), timeout = "5s", settle_after = "150ms")]
async fn reserve(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("reserve", cx).await
}
async fn give_back(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.undo("reserve", cx).await
}

/// Writes down what was there before.
#[step(compensate = switch_back(world, cx, recorded), timeout = "5s", settle_after = "150ms")]
async fn switch(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    cx.record("off").await?;
    world.act("switch", cx).await
}
async fn switch_back(world: &World, cx: &StepContext, recorded: Option<&String>) -> saga::Result<()> {
    match recorded {
        Some(before) if before == "off" => world.undo("switch", cx).await,
        Some(other) => Err(StepError::permanent(format!("recorded was `{other}`"))),
        None => Ok(()),
    }
}

/// In the engine's own database.
#[step(compensate = unbook(tx, cx), transactional)]
async fn book(tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<String> {
    let insert = sqlx::query("INSERT INTO bookings (id) VALUES (?)").bind(cx.idempotency_key());
    insert.execute(sqlite(tx)?).await?;
    Ok(cx.idempotency_key().to_owned())
}
async fn unbook(tx: &mut Tx<'_>, cx: &StepContext) -> saga::Result<()> {
    let delete = sqlx::query("DELETE FROM bookings WHERE id = ?").bind(cx.forward_key());
    let deleted = delete.execute(sqlite(tx)?).await?.rows_affected();
    if deleted == 1 { Ok(()) } else { Err(StepError::permanent(format!("{deleted} bookings were deleted"))) }
}

/// Undone by what it made.
#[step(
    compensate = unassign(world, cx, output), if_unknown = find_assigned(world, cx), timeout = "5s",
    settle_after = "150ms"
)]
async fn assign(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("assign", cx).await
}
async fn unassign(world: &World, cx: &StepContext, made: &str) -> saga::Result<()> {
    if made != cx.forward_key() {
        return Err(StepError::permanent(format!("`{made}` is not ours")));
    }
    world.undo("assign", cx).await
}
async fn find_assigned(world: &World, cx: &StepContext) -> saga::Result<Option<String>> {
    world.ask("find", "assign", cx.idempotency_key()).await
}

#[step(compensate = unship(world, cx), timeout = "5s", settle_after = "150ms")]
async fn ship(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.act("ship", cx).await
}
async fn unship(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.undo("ship", cx).await
}

#[saga(version = 1)]
async fn order(word: String) -> saga::Result<String> {
    let reserved = reserve().await?;
    switch().await?;
    book().await?;
    let assigned = assign().await?;
    ship().await?;
    Ok(format!("{word} {reserved} {assigned}"))
}

#[tokio::main]
pub(super) async fn run(world: String, database: &str, workflow: Option<String>) {
    let store = SqliteStore::open(database, SqliteOptions::default()).await.unwrap();
    let config = Config { poll_interval: Duration::from_millis(50), ..Config::default() };
    let engine = Engine::builder(World(world))
        .store(store.clone())
        .config(config)
        .saga(order::definition())
        .build()
        .await
        .unwrap();
    println!("joined");
    let client = engine.client();
    if let Some(workflow) = workflow {
        let key = format!("onu-{workflow}");
        client.start(order("x".into())).id(workflow.as_str()).exclusive(key).await.unwrap();
        println!("durable");
        client.ended(&WorkflowId::new(&workflow).unwrap()).await.unwrap();
    }
    let status = all_ended(client).await;
    println!("ended {status}");
    engine.shutdown(Duration::from_secs(5)).await.unwrap();
    store.close().await;
}

/// The status of the newest workflow, when none is live any more.
async fn all_ended(client: &Client) -> String {
    let listing = || saga::store::Listing { tenant: "default".into(), limit: 1000, ..Default::default() };
    loop {
        let page = client.list(listing()).await.unwrap();
        let live = page.headers.iter().find(|header| !header.state.status.is_ended());
        match live {
            Some(header) => drop(client.ended(&header.workflow_id).await),
            None => {
                let newest = page.headers.first().map(|header| header.state.status);
                return newest.map_or("nothing", Status::as_str).to_owned();
            }
        }
    }
}

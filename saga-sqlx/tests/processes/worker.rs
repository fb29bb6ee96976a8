//! A worker process. It is told what to do by lines on its standard input, and says what it has done by lines that
//! begin with `> `. When its input ends, so does it.

use std::time::Duration;

use futures_util::StreamExt;
use saga::definition::Start;
use saga::engine::StartError;
use saga::{Config, Engine, StepError};
use saga_sqlx::{PgOptions, PgStore, postgres};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::orders::{Mood, Order, Things, nap, order, poison, slow, whole};
use crate::system::World;

/// The saga's order of a workflow number: three in ten are refused at their end, every seventh sleeps.
pub(crate) fn nth(n: u32) -> Start<order> {
    order(Order { refused: n % 10 < 3, sleeps: n.is_multiple_of(7) })
}

fn seconds(name: &str) -> Duration {
    Duration::from_secs_f64(std::env::var(name).unwrap().parse().unwrap())
}

pub(crate) fn options(statement_timeout: Duration) -> PgOptions {
    PgOptions { connections: 8, statement_timeout, ..PgOptions::default() }
}

#[tokio::main]
pub(crate) async fn run(world: String) {
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::WARN)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        .init();
    let (url, lease) = (std::env::var("SAGA_DATABASE").unwrap(), seconds("SAGA_LEASE"));
    let store = loop {
        // A database that is just coming back is waited for.
        match PgStore::connect(&url, options(lease / 3)).await {
            Ok(store) => break store,
            Err(error) => eprintln!("not yet: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let mood = if std::env::var("SAGA_IS_LOST").is_ok() { Mood::Lost } else { Mood::Brisk };
    let mut config = Config {
        poll_interval: Duration::from_millis(200),
        lease,
        transaction_limit: Duration::from_secs(5),
        name: std::env::var("SAGA_NAME").unwrap(),
        ..Config::default()
    };
    // A storm takes down whoever runs a workflow more often than a workflow may that is to blame for it.
    if let Ok(deaths) = std::env::var("SAGA_POISON_AFTER") {
        config.machine.poison_after = deaths.parse().unwrap();
    }
    let engine = loop {
        let things = Things { world: World(world.clone()), mood };
        let builder = Engine::builder(things).store(store.clone()).config(config.clone());
        let sagas = builder
            .saga(order::definition())
            .saga(slow::definition())
            .saga(poison::definition())
            .saga(nap::definition());
        match sagas.saga(whole::definition()).build().await {
            Ok(engine) => break engine,
            Err(error) => eprintln!("not yet: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("> clock {}", std::time::UNIX_EPOCH.elapsed().unwrap().as_secs());
    println!("> joined {}", engine.worker().0);
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let words: Vec<&str> = line.split(' ').collect();
        let client = engine.client();
        match words.as_slice() {
            ["orders", from, to] => {
                let starts = (from.parse::<u32>().unwrap()..to.parse().unwrap()).map(async |n| {
                    durably(async || client.start(nth(n)).id(format!("w{n}")).await.map(drop)).await;
                });
                // Some at a time, so that they go on coming in the storm.
                futures_util::stream::iter(starts).buffer_unordered(4).collect::<()>().await;
            }
            ["slow", from, to] => {
                let starts = (from.parse::<u32>().unwrap()..to.parse().unwrap()).map(async |n| {
                    durably(async || client.start(slow("x".into())).id(format!("s{n}")).await.map(drop))
                        .await;
                });
                futures_util::future::join_all(starts).await;
            }
            ["nap", id] => durably(async || client.start(nap("x".into())).id(*id).await.map(drop)).await,
            ["poison", id] => {
                durably(async || client.start(poison("x".into())).id(*id).await.map(drop)).await
            }
            ["whole", id] => durably(async || client.start(whole("x".into())).id(*id).await.map(drop)).await,
            ["whole_in", id] => {
                let (client, id) = (client.clone(), (*id).to_owned());
                let begun = store.transaction(Duration::from_secs(5), move |tx| {
                    Box::pin(async move {
                        let insert = "/* first half */ INSERT INTO outbox (id) VALUES ($1)";
                        sqlx::query(insert).bind(&id).execute(postgres(tx)?).await?;
                        client
                            .start(whole("x".into()))
                            .id(id)
                            .start_in(tx)
                            .await
                            .map_err(StepError::permanent)?;
                        Ok::<_, StepError>(())
                    })
                });
                begun.await.unwrap().unwrap();
            }
            other => panic!("{other:?}?"),
        }
        println!("> did {line}");
    }
    std::process::exit(0);
}

/// As a user does it: until the start is durable. The name tells a repetition from another one.
async fn durably(start: impl AsyncFn() -> Result<(), StartError>) {
    while let Err(error) = start().await {
        let again = matches!(error, StartError::Store(_) | StartError::Uncertain { .. } | StartError::Busy);
        assert!(again, "{error}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

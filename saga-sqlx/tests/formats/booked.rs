//! What came after that: what a step does in a table of the user's own, in one transaction with the journal.

use saga::store::Status;
use saga::{Client, Json, StepError, Tx, saga, step};
use serde::{Deserialize, Serialize};
use sqlx::Row;

use crate::finish::{id, until};

/// Runs a statement in whichever database the journal is in, and gives the texts that it finds.
async fn run(tx: &mut Tx<'_>, statement: &'static str, word: Option<&str>) -> saga::Result<Vec<String>> {
    #[cfg(feature = "real-systems")]
    if let Ok(connection) = saga_sqlx::postgres(tx) {
        let query = sqlx::query(statement);
        let query = if let Some(word) = word { query.bind(word) } else { query };
        return Ok(query.fetch_all(connection).await?.iter().map(|row| row.get(0)).collect());
    }
    let query = sqlx::query(statement);
    let query = if let Some(word) = word { query.bind(word) } else { query };
    Ok(query.fetch_all(saga_sqlx::sqlite(tx)?).await?.iter().map(|row| row.get(0)).collect())
}

#[step(transactional, no_effect)]
async fn read_book(tx: &mut Tx<'_>) -> saga::Result<Vec<String>> {
    run(tx, "CREATE TABLE IF NOT EXISTS bookings (word TEXT PRIMARY KEY)", None).await?;
    run(tx, "SELECT word FROM bookings ORDER BY word", None).await
}

#[step(transactional, compensate = unbook(tx, word))]
async fn book(tx: &mut Tx<'_>, word: &str) -> saga::Result<()> {
    run(tx, "INSERT INTO bookings (word) VALUES ($1)", Some(word)).await.map(drop)
}
async fn unbook(tx: &mut Tx<'_>, word: &str) -> saga::Result<()> {
    match run(tx, "DELETE FROM bookings WHERE word = $1 RETURNING word", Some(word)).await?.len() {
        1 => Ok(()),
        n => Err(StepError::permanent(format!("{n} bookings of {word} were there"))),
    }
}

#[step(no_effect)]
async fn approve(answer: &str) -> saga::Result<()> {
    if answer == "yes" { Ok(()) } else { Err(StepError::permanent("it was not approved")) }
}

#[derive(Serialize, Deserialize)]
pub(crate) struct Booking {
    word: String,
}

#[saga(version = 1)]
pub(crate) async fn booking(booking: Booking) -> saga::Result<()> {
    book(&booking.word).await?;
    let answer = wait_for_event::<String>("approval", &booking.word).await?;
    approve(&answer).await?;
    Ok(())
}

#[saga(version = 1)]
pub(crate) async fn reading(_nothing: ()) -> saga::Result<Vec<String>> {
    let words = read_book().await?;
    Ok(words)
}

const ENDS: [(&str, &str, Status); 2] =
    [("booked", "yes", Status::Completed), ("returned", "no", Status::RolledBack)];

async fn is(client: &Client, word: &str, wanted: Status) -> bool {
    client.workflow("default", &id(word)).await.unwrap().header.state.status == wanted
}

async fn book_holds(client: &Client, moment: &str) -> Vec<String> {
    client.start(reading(())).id(moment).await.unwrap();
    until(moment, async || is(client, moment, Status::Completed).await).await;
    let state = client.workflow("default", &id(moment)).await.unwrap().header.state;
    state.output.unwrap().decode().unwrap()
}

/// Two bookings that wait to be approved.
pub(crate) async fn make(client: &Client) {
    assert_eq!(book_holds(client, "nothing").await, [""; 0]);
    for (word, ..) in ENDS {
        client.start(booking(Booking { word: word.to_owned() })).id(word).await.unwrap();
    }
    for (word, ..) in ENDS {
        until(word, async || is(client, word, Status::Waiting).await).await;
    }
}

/// One is, one is not: its row goes with what the journal says of it.
pub(crate) async fn finish(client: &Client) {
    assert_eq!(book_holds(client, "before").await, ["booked", "returned"]);
    for (word, answer, end) in ENDS {
        client.publish("default", "approval", word, Json::encode(answer).unwrap(), None).await.unwrap();
        until(word, async || is(client, word, end).await).await;
    }
    assert_eq!(book_holds(client, "after").await, ["booked"]);
}

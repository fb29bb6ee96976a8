//! Every word of the language in the edition before.
#![deny(warnings, missing_docs, clippy::all, clippy::pedantic)]
#![allow(clippy::missing_errors_doc, clippy::unused_async, clippy::cast_possible_truncation)]

use std::time::Duration;

use saga::{saga, step, Failure};

/// A step.
#[step(compensate = give_back(seat))]
pub async fn reserve(seat: u32) -> saga::Result<u32> {
    Ok(seat)
}
async fn give_back(seat: u32) -> saga::Result<()> {
    let _ = seat;
    Ok(())
}

/// The last step.
#[step(pivot)]
pub async fn pay(sum: u32) -> saga::Result<()> {
    let _ = sum;
    Ok(())
}

/// A saga that another one calls.
#[saga(version = 1)]
pub async fn reserve_two(seat: u32) -> saga::Result<u32> {
    let (one, two) = try_join!(reserve(seat), reserve(seat + 1))?;
    Ok(one + two)
}

/// A saga.
#[saga(version = 1, locks(row = row.first(), seats = row.len()))]
pub async fn reserve_row(row: Vec<u32>) -> saga::Result<u32> {
    let each = for_each(&row, |seat| reserve(*seat).with(timeout("5s"), retry(max_attempts = 5)))
        .max_parallel(2)
        .await?;
    let first: Result<u32, Failure> = reserve(0).await;
    let sum = match first {
        Ok(seat) if seat > 0 => reserve(seat).await?,
        Ok(seat) => reserve_two(seat).await?,
        Err(failure) => reserve(failure.message.len() as u32).await?,
    };
    if let Some(last) = each.last() {
        reserve(*last).await.ok();
    }
    sleep(Duration::from_secs(1)).await;
    wait_for_event::<()>("opened", sum).timeout("1h").await?;
    pay(sum).await?;
    Ok(sum)
}

/// Its plan.
#[must_use]
pub fn definition() -> saga::Definition<()> {
    reserve_row::definition()
}

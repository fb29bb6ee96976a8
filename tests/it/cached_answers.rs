//! A system that answers a repeated key from its memory, and does what a new key asks: the second pass over a step
//! must neither be swallowed where it is needed, nor pay anything back twice.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::store::Status;
use saga::{StepContext, StepError, saga, step};

use crate::life::{Lives, pass, status};
use crate::world::{Act, Way, World, b};

/// A bank: by payment, what was paid. It remembers every key that it has answered.
#[derive(Clone, Default)]
struct Bank(Arc<Mutex<Books>>);

#[derive(Default)]
struct Books {
    answered: BTreeSet<String>,
    balance: BTreeMap<String, i64>,
    refunds: u32,
}

impl Bank {
    fn books<T>(&self, with: impl FnOnce(&mut Books) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn pay(&self, key: &str) {
        self.books(|books| {
            if books.answered.insert(key.to_owned()) {
                books.balance.insert(key.to_owned(), 1);
            }
        });
    }
    /// Pays back what was once paid, whoever asks, unless he has asked before.
    fn refund(&self, key: &str, payment: &str) {
        self.books(|books| {
            if books.answered.insert(key.to_owned())
                && let Some(balance) = books.balance.get_mut(payment)
            {
                *balance -= 1;
                books.refunds += 1;
            }
        });
    }
}

thread_local! {
    static BANK: Bank = Bank::default();
}

#[step(
    compensate = refund(world, cx), timeout = "1s", settle_after = "500ms",
    retry(max_attempts = 2, backoff = fixed("100ms"), jitter = none)
)]
async fn pay(#[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    let (bank, key) = (BANK.with(Bank::clone), cx.idempotency_key().to_owned());
    if cx.attempt() == 1 {
        // Its request is slow on its way: it lands when its sender has long given up.
        tokio::spawn(async move {
            pass(Duration::from_millis(1300)).await;
            bank.pay(&key);
        });
        pass(Duration::from_secs(60)).await;
        return Err(StepError::permanent("nobody waits so long"));
    }
    world.attempt("pay", Way::Do, cx).await?;
    bank.pay(&key);
    Ok(())
}
async fn refund(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.attempt("pay", Way::Undo, cx).await?;
    BANK.with(|bank| bank.refund(cx.idempotency_key(), cx.forward_key()));
    Ok(())
}

#[saga(version = 1)]
async fn paid(word: String) -> saga::Result<()> {
    pay().await?;
    b(&word).await?;
    Ok(())
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(paid::definition())
}

fn rolled_back(script: impl FnOnce(&World)) -> (i64, u32, usize) {
    let mut lives = Lives::new();
    script(&lives.world);
    lives.live(sagas, async |life| {
        life.client.start(paid("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        pass(Duration::from_secs(5)).await;
        let passes = life.world.called("undo pay");
        BANK.with(|bank| bank.books(|books| (books.balance.values().sum(), books.refunds, passes)))
    })
}

/// Nobody knows whether it took effect: the first pass finds nothing and is remembered, so the second has a key of
/// its own.
#[test]
fn what_lands_after_the_first_pass_is_paid_back_although_the_bank_remembers_that_pass() {
    assert_eq!(
        rolled_back(|world| {
            world.script("pay", Way::Do, [Act::Refuse]);
        }),
        (0, 1, 2)
    );
}

/// It is known to have taken effect under its key. A bank that remembers keys takes the late request for a
/// repetition, and there is nothing for a second pass to do: under a key of its own it would pay back twice.
#[test]
fn what_is_known_is_paid_back_once_although_it_is_looked_after_twice() {
    assert_eq!(
        rolled_back(|world| {
            world.script("b", Way::Do, [Act::Refuse]);
        }),
        (0, 1, 2)
    );
}

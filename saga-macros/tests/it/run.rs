//! Sagas as they run, against what plain Rust would compute.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use saga::store::MemoryStore;
use saga::{Engine, Outcome, StepError, saga, step};

use crate::isp::Isp;
use crate::sagas::{add, forms};

async fn run<S: saga::Signature>(
    definition: saga::Definition<Isp>,
    start: saga::Start<S>,
) -> Outcome<S::Output> {
    let engine =
        Engine::builder(Isp::default()).store(MemoryStore::new()).saga(definition).build().await.unwrap();
    let outcome = engine.client().start(start).await.unwrap().handle.outcome().await.unwrap();
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
    outcome
}

#[tokio::test]
async fn every_form_computes_what_rust_would() {
    // a = (n + 1) + (n + 2)
    for (n, kind, joined) in [
        (2, "small", "(12, 22) None Some(2) (42, 43)"),
        (5, "big15", "(15, 25) None Some(5) (45, 46)"),
        (1001, "huge", "(1011, 1021) Some(1031) Some(1001) (1041, 1042)"),
    ] {
        let completed = Outcome::Completed(vec![kind.to_owned(), joined.to_owned()]);
        assert_eq!(run(forms::definition(), forms(n)).await, completed);
    }
}

#[tokio::test]
async fn a_failing_check_ends_the_saga() {
    let Outcome::Failed { message, .. } = run(forms::definition(), forms(3)).await else {
        panic!("it parks");
    };
    assert!(message.contains("no 3"), "{message}");
}

static UNDONE: AtomicU32 = AtomicU32::new(0);

#[step(compensate = put_back(n))]
async fn take(n: u32) -> saga::Result<u32> {
    Ok(n)
}
async fn put_back(n: u32) -> saga::Result<()> {
    UNDONE.fetch_add(n, Ordering::Relaxed);
    Ok(())
}

#[step(no_effect)]
async fn refuse(n: u32) -> saga::Result<u32> {
    Err(StepError::permanent(n))
}

/// A tolerated failure gives `None`; what was taken in a branch and in an arm is put back.
#[saga(version = 1)]
async fn take_and_fail(n: u32) -> saga::Result<u32> {
    let tolerated = refuse(n).await.ok();
    let (one, _) =
        try_join!(take(n), async { Ok(if tolerated.is_none() { take(n * 10).await? } else { 0 }) })?;
    let all = add(one.into(), 0).await?;
    refuse(u32::try_from(all)?).await?;
    Ok(1)
}

#[tokio::test]
async fn what_a_saga_took_is_put_back() {
    let outcome = run(take_and_fail::definition(), take_and_fail(1)).await;
    assert!(matches!(outcome, Outcome::RolledBack { .. }), "{outcome:?}");
    assert_eq!(UNDONE.load(Ordering::Relaxed), 11);
}

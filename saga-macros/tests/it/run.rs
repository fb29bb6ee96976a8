//! Sagas as they run, against what plain Rust would compute.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use saga::engine::StartError;
use saga::store::MemoryStore;
use saga::{Engine, Json, Outcome, StepError, saga, step};

use crate::isp::{Isp, Request};
use crate::sagas::{add, forms};
use crate::words::{Line, Order, arms};

pub(crate) async fn run<S: saga::Signature>(
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

#[tokio::test]
async fn the_arm_that_matches_runs_and_sees_what_its_pattern_binds() {
    let order = |name: &str, ports: &[u64]| Order {
        line: Line::None,
        ports: ports.to_vec(),
        starts_at: saga::Timestamp::from_micros(0),
        name: name.to_owned(),
    };
    // 0 + 0; n = 2: name = 2 + 1, order = 2 + 3, 5 + 3
    for (order, expected) in [(order("a", &[]), 0), (order("a", &[1, 2]), 8)] {
        assert_eq!(run(arms::definition(), arms(order)).await, Outcome::Completed(expected));
    }
}

#[tokio::test]
async fn a_lock_is_held_while_the_saga_lives() {
    static WAITS: tokio::sync::Semaphore = tokio::sync::Semaphore::const_new(0);
    #[step(no_effect)]
    async fn wait() -> saga::Result<()> {
        WAITS.acquire().await?.forget();
        Ok(())
    }
    #[saga(version = 1, locks(serial = &request.onu_serial, mac = &request.cpe_mac, email = request.email.len()))]
    async fn locked(request: Request) -> saga::Result<()> {
        wait().await?;
        Ok(())
    }
    let request = |serial: &str, mac: Option<&str>, email: &str| Request {
        email: email.to_owned(),
        customer_id: None,
        onu_serial: serial.to_owned(),
        cpe_mac: mac.map(str::to_owned),
        allocate_ip: false,
    };
    let engine =
        Engine::builder(()).store(MemoryStore::new()).saga(locked::definition()).build().await.unwrap();
    let client = engine.client();
    let first = client.start(locked(request("a", None, "x"))).await.unwrap();
    // No key of `None`, another serial, another length: nothing is shared.
    let second = client.start(locked(request("b", None, "xx"))).await.unwrap();
    let third = client.start(locked(request("b", Some("m"), "xxx"))).await.unwrap_err();
    assert_eq!(
        third,
        StartError::Excluded { key: "serial=b".to_owned(), holder: second.handle.id().clone() }
    );
    // By its name too, as whoever has no type of it does.
    let same = Json::encode(&request("b", None, "y")).unwrap().decode().unwrap();
    assert_eq!(client.start_json("locked", &same).await.unwrap_err(), third);
    let misfit = client.start_json("locked", &"b".into()).await.unwrap_err();
    assert!(matches!(&misfit, StartError::Misfit { at, .. } if at == "$input"), "{misfit}");
    WAITS.add_permits(2);
    first.handle.outcome().await.unwrap();
    second.handle.outcome().await.unwrap();
    WAITS.add_permits(1);
    let third = client.start(locked(request("b", Some("m"), "xxx"))).await.unwrap();
    assert_eq!(third.handle.outcome().await.unwrap(), Outcome::Completed(()));
    engine.shutdown(Duration::from_secs(1)).await.unwrap();
}

/// A sub-saga's steps are the caller's, and what they took is put back with it.
#[saga(version = 1)]
async fn take_two(n: u32) -> saga::Result<u32> {
    let one = take(n).await?;
    let two = take(one).await?;
    Ok(one + two)
}

#[saga(version = 1)]
async fn take_four(n: u32) -> saga::Result<u32> {
    let two = take_two(n).await?;
    Ok(two + take_two(two).await?)
}

#[tokio::test]
async fn a_saga_gives_its_result_to_its_caller() {
    assert_eq!(run(take_four::definition(), take_four(1)).await, Outcome::Completed(6));
}

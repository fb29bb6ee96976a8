//! Hours and days pass at once.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use saga::testing::SagaTest;
use saga::{StepContext, saga, step};

use crate::sagas::{World, allocate};

const HOUR: Duration = Duration::from_secs(3600);

#[saga(version = 1, deadline = "3d")]
pub(crate) async fn wait(owner: String) -> saga::Result<u32> {
    sleep(Duration::from_secs(2 * 3600)).await;
    let ip = allocate(&owner).await?;
    let power = wait_for_event::<u32>("onu_online", &owner).await?;
    Ok(ip + power)
}

#[saga(version = 1)]
async fn wait_for_ever(owner: String) -> saga::Result<u32> {
    let power = wait_for_event::<u32>("onu_online", &owner).await?;
    Ok(power)
}

#[tokio::test]
async fn events_come_before_they_are_waited_for_or_long_after() {
    for after in [Duration::ZERO, 30 * HOUR] {
        let test = SagaTest::new(World::default()).event_after(after, "onu_online", "Ada", 3);
        let report = test.run(wait("Ada".to_owned())).await;
        assert_eq!(*report.assert_completed(), 10);
        assert_eq!(report.elapsed().as_secs() / 3600, if after.is_zero() { 2 } else { 30 });
    }
}

#[tokio::test]
async fn a_deadline_of_days_passes_at_once() {
    let report = SagaTest::new(World::default()).run(wait("Ada".to_owned())).await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    assert_eq!(report.elapsed().as_secs() / 3600, 72);
}

#[tokio::test]
async fn what_never_comes_is_waited_for() {
    let report = SagaTest::new(World::default()).run(wait_for_ever("Ada".to_owned())).await;
    report.assert_waiting_for("onu_online");
    assert!(report.to_string().contains("waits for the event `onu_online` of `Ada`"), "{report}");
    let limited = SagaTest::new(World::default()).limit(3 * HOUR).run(wait("Ada".to_owned())).await;
    limited.assert_waiting_for("onu_online").assert_ran(["allocate"]);
}

#[tokio::test]
async fn it_is_cancelled_after_a_day() {
    let test = SagaTest::new(World::default()).cancel_after(24 * HOUR);
    let report = test.run(wait("Ada".to_owned())).await;
    report.assert_rolled_back().assert_undone(["allocate"]);
    assert_eq!(report.elapsed().as_secs() / 3600, 24);
}

#[step(no_effect, timeout = "1h", retry(max_attempts = 2))]
pub(crate) async fn hang(#[inject] slept: &AtomicU32, cx: &StepContext) -> saga::Result<u32> {
    if cx.attempt() == 1 {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(Duration::from_secs(600)).await;
    Ok(slept.fetch_add(1, Ordering::Relaxed))
}

#[saga(version = 1)]
async fn hang_about(owner: String) -> saga::Result<u32> {
    let _ = owner;
    let n = hang().await?;
    Ok(n)
}

#[tokio::test]
async fn a_step_that_hangs_times_out_and_one_that_sleeps_wakes_up() {
    let report = SagaTest::new(World::default()).run(hang_about(String::new())).await;
    report.assert_completed();
    assert!(report.elapsed() >= Duration::from_secs(4200), "{report}");
}

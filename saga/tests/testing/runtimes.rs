//! Whatever runtime the test runs under.

use std::time::Duration;

use saga::testing::SagaTest;
use saga::{saga, step};

use crate::sagas::{World, connect, connecting};
use crate::time::wait;

#[tokio::test(flavor = "multi_thread")]
async fn it_runs_under_a_runtime_of_many_threads() {
    connecting().run(connect("Ada".to_owned())).await.assert_completed();
}

#[tokio::test(start_paused = true)]
async fn it_runs_under_a_paused_runtime() {
    SagaTest::new(World::default()).run(wait("Ada".to_owned())).await.assert_rolled_back();
}

#[test]
fn it_runs_under_a_runtime_without_a_clock() {
    let report = futures_util::FutureExt::boxed(connecting().run(connect("Ada".to_owned())));
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(report).assert_completed();
}

#[step(no_effect)]
async fn ask(
    #[inject] answers: &tokio::sync::mpsc::Sender<tokio::sync::oneshot::Sender<u32>>,
) -> saga::Result<u32> {
    let (answer, answered) = tokio::sync::oneshot::channel();
    answers.send(answer).await?;
    Ok(answered.await?)
}

#[saga(version = 1)]
async fn ask_around(owner: String) -> saga::Result<u32> {
    let _ = owner;
    Ok(ask().await?)
}

#[tokio::test]
async fn a_step_that_speaks_to_a_system_of_the_test_is_waited_for() {
    let (sender, mut asked) = tokio::sync::mpsc::channel::<tokio::sync::oneshot::Sender<u32>>(1);
    tokio::spawn(async move {
        while let Some(answer) = asked.recv().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
            let _ = answer.send(5);
        }
    });
    let test = SagaTest::new(sender).patience(Duration::from_secs(20));
    let report = test.run(ask_around(String::new())).await;
    assert_eq!(*report.assert_completed(), 5);
    assert!(report.elapsed() < Duration::from_secs(1), "{report}");
}

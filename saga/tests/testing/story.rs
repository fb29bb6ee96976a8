//! What the author of a test is told who has made a mistake, or found one.

use saga::StepError;
use saga::testing::SagaTest;

use crate::sagas::{World, activate, connect, connecting, write_to};
use crate::time::hang;

#[tokio::test]
async fn a_step_that_is_tried_for_ever_ends_with_the_calls_that_are_allowed() {
    let report = SagaTest::new(World::default())
        .stub::<activate>(|_| Ok(String::new()))
        .fail::<write_to>(StepError::transient("the line is dead"))
        .most_calls(100)
        .run(connect(String::new()))
        .await;
    assert_eq!(report.calls().len(), 100);
    assert!(report.to_string().contains("no more calls than these 100"), "{report}");
}

async fn panic_of(test: impl Future<Output = ()> + Send + 'static) -> String {
    let panic = tokio::spawn(test).await.unwrap_err().into_panic();
    let words = panic.downcast_ref::<String>().cloned();
    words.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned())).unwrap()
}

#[tokio::test]
async fn a_failed_assertion_tells_the_whole_story() {
    let words = panic_of(async {
        let test = connecting().fail_once::<activate>(StepError::transient("busy"));
        test.run(connect("Ada".to_owned())).await.assert_undone(["allocate"]);
    })
    .await;
    println!("{words}");
    for part in [
        "these should have been undone: [\"allocate\"]\n            but these did: []",
        "connect version 1 is completed after 10m",
        "input:  \"Ada\"",
        "output: \"A1 at 7\"",
        "0ns   allocate.ip {\"owner\":\"Ada\"}\n                 = 7",
        "0ns * activate.onu {\"serial\":\"A1\",\"ip\":7}\n                 ! busy (no effect, try again)",
        "10m * activate.onu, attempt 2 {",
        "write_to                       skipped",
    ] {
        assert!(words.contains(part), "{part:?} is not in\n{words}");
    }
}

#[tokio::test]
async fn an_assertion_in_a_stub_fails_the_test() {
    let words = panic_of(async {
        let test = SagaTest::new(World::default()).stub::<activate>(|args| {
            assert_eq!(args.get::<u32>("ip")?, 8, "the address of the pool");
            Ok(String::new())
        });
        test.run(connect("Ada".to_owned())).await;
    })
    .await;
    assert!(words.contains("the address of the pool"), "{words}");
}

#[tokio::test]
async fn a_step_that_the_saga_does_not_call_is_named_with_those_that_it_does() {
    let words = panic_of(async {
        SagaTest::new(World::default())
            .fail::<hang>(StepError::permanent("no"))
            .run(connect("Ada".to_owned()))
            .await;
    })
    .await;
    assert!(words.contains("`connect` does not call it; it calls allocate, activate, write_to"), "{words}");
}

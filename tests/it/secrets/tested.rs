//! Sagas with secrets in the test kit: stubs and steps get them in plain, with the sealer that the test hands in.

use saga::testing::{SagaTest, World, sweep};
use saga::{StepContext, StepError, saga, step};

use super::stage::{PASSWORD, TOKEN, old_key};

#[step(compensate = revoke(world, cx), secret_output)]
async fn issue(#[inject] world: &World, cx: &StepContext) -> saga::Result<String> {
    world.create(cx, "bank", "token").await?;
    Ok(TOKEN.to_owned())
}
async fn revoke(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.remove(cx, "bank").await
}

#[step(compensate = close(world, cx))]
async fn open(
    #[inject] world: &World,
    cx: &StepContext,
    user: &str,
    #[secret] phrase: &str,
) -> saga::Result<String> {
    world.create(cx, "accounts", user).await?;
    Ok(format!("account with {} letters", phrase.len()))
}
async fn close(world: &World, cx: &StepContext) -> saga::Result<()> {
    world.remove(cx, "accounts").await
}

#[saga(version = 1)]
async fn register(#[secret] password: String) -> saga::Result<String> {
    let token = issue().await?;
    let opened = open("bob", &format!("{password}+{token}")).await?;
    Ok(opened)
}

#[tokio::test]
async fn a_saga_with_secrets_is_tested_with_stubs_that_get_them_in_plain() {
    let test = SagaTest::new(World::new()).secrets(old_key()).stub::<open>(|call| {
        assert_eq!(call.get::<String>("phrase")?, format!("{PASSWORD}+{TOKEN}"));
        Ok("opened".to_owned())
    });
    let report = test.run(register(PASSWORD.to_owned())).await;
    assert_eq!(report.assert_completed(), "opened");

    let test = SagaTest::new(World::new()).secrets(old_key()).fail::<open>(StepError::permanent("no"));
    let report = test.run(register(PASSWORD.to_owned())).await;
    report.assert_rolled_back().assert_undone(["issue"]);
    assert!(report.resources().there().is_empty(), "{:?}", report.resources().there());
    let shown = format!("{:?}", report.workflow());
    assert!(!shown.contains(PASSWORD) && !shown.contains(TOKEN), "{shown}");
}

#[tokio::test]
#[should_panic(expected = "secret")]
async fn without_a_sealer_it_is_not_started() {
    SagaTest::new(World::new()).run(register(PASSWORD.to_owned())).await;
}

#[tokio::test]
async fn a_saga_with_secrets_is_whole_whatever_goes_wrong() {
    let sweep = sweep(register(PASSWORD.to_owned())).resources(World::new).secrets(old_key());
    let swept = sweep.observe(World::there).most(60).run().await;
    assert!(swept.completed > 5 && swept.rolled_back > 5 && swept.deaths > 20, "{swept}");
}

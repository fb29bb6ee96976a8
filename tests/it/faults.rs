//! Faults of the engine itself and of its store: each is noticed, and no workflow is left without anybody.

use std::time::Duration;

use saga::engine::{EngineBuilder, StartError};
use saga::store::{CommitOutcome, FailureReason, MemoryTx, Status};
use saga::{Json, StepContext, Tx, saga, step};

use crate::life::{Lives, id, pass, status};
use crate::tap::Mishap;
use crate::world::{Act, Way, World, a, b};

#[step(
    compensate = unnote(tx, world, cx), transactional,
    retry(max_attempts = 3, backoff = fixed("1s"), jitter = none)
)]
async fn note(tx: &mut Tx<'_>, #[inject] world: &World, cx: &StepContext) -> saga::Result<()> {
    MemoryTx::of(tx)?.put(cx.idempotency_key(), Json::null());
    world.attempt("note", Way::Do, cx).await
}
async fn unnote(tx: &mut Tx<'_>, world: &World, cx: &StepContext) -> saga::Result<()> {
    MemoryTx::of(tx)?.remove(cx.forward_key());
    world.attempt("note", Way::Undo, cx).await
}

#[saga(version = 1)]
async fn noted(word: String) -> saga::Result<String> {
    a(&word).await?;
    note().await?;
    let done = b(&word).await?;
    Ok(done)
}
#[saga(version = 1)]
async fn plain(word: String) -> saga::Result<String> {
    let done = b(&word).await?;
    Ok(done)
}

#[saga(version = 1, locks(word = &word))]
async fn alone(word: String) -> saga::Result<String> {
    let done = b(&word).await?;
    Ok(done)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(noted::definition()).saga(plain::definition()).saga(alone::definition())
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_panic_inside_the_engine_is_noticed_and_its_workflow_goes_on_from_the_journal() {
    Lives::new().live(sagas, async |life| {
        life.tap.goes_wrong(Mishap::PanicInTransact, 2);
        life.client.start(noted("x".into())).id("w").await.unwrap();
        life.client.start(plain("x".into())).id("v").await.unwrap();
        assert_eq!(status(&life.ended("v").await), Status::Completed);
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.called("do a"), 1);
        assert!(life.world.doubled().is_empty());
        assert_eq!(life.audit("w").await, ["taken_over", "taken_over"]);
    });
}

#[test]
fn a_workflow_over_which_the_engine_panics_again_and_again_is_parked_as_poison() {
    Lives::new().live(sagas, async |life| {
        life.tap.goes_wrong(Mishap::PanicInTransact, 3);
        life.client.start(noted("x".into())).id("w").await.unwrap();
        let parked = life.ended("w").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Poison));
        let words = parked.header.state.error_message.as_ref().unwrap();
        assert!(
            words.contains("the engine has failed over it 3 times: panicked: the store panics"),
            "{words}"
        );
        // Nobody has said what was under way.
        assert!(parked.header.unclean && parked.header.worker.is_none());
        assert_eq!(life.audit("w").await.last().unwrap(), "parked");
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert!(life.world.doubled().is_empty());
    });
}

#[test]
fn poison_found_on_the_way_back_goes_on_back_after_a_retry() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::UntilCancelled]);
        life.client.start(noted("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(100)).await;
        life.tap.goes_wrong(Mishap::PanicInTransact, 3);
        life.client.cancel("default", &id("w"), "ada").await.unwrap();
        let parked = life.ended("w").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Poison));
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert!(life.world.effects().is_empty());
    });
}

#[test]
fn a_store_that_panics_over_a_commit_is_asked_again() {
    Lives::new().live(sagas, async |life| {
        life.tap.goes_wrong(Mishap::PanicInCommit, 3);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
    });
}

#[test]
fn a_journal_that_cannot_be_written_ends_in_failed_with_the_reason() {
    Lives::new().live(sagas, async |life| {
        life.tap.goes_wrong(Mishap::Unstorable, 2);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        let parked = life.ended("w").await;
        assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Poison));
        let words = parked.header.state.error_message.as_ref().unwrap();
        assert!(words.contains("its journal cannot be written: the store cannot hold it"), "{words}");
        assert!(parked.header.unclean && parked.header.worker.is_none());
        life.client.cancel("default", &id("w"), "ada").await.unwrap_err();
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert!(life.world.doubled().is_empty());
    });
}

#[test]
fn a_claim_whose_answer_was_lost_leaves_nothing_owned_and_unadvanced() {
    Lives::new().live(sagas, async |life| {
        let api = life.api([plain::definition::<World>().plan().clone()]);
        life.tap.goes_wrong(Mishap::LoseClaim, 1);
        api.start(plain("x".into())).id("w").await.unwrap();
        pass(5 * SECOND).await;
        assert_eq!(status(&life.load("w").await), Status::Completed);
        assert_eq!((life.load("w").await.header.unclean, life.audit("w").await), (false, vec![]));
        assert_eq!(life.world.calls(), ["do b"]);
    });
}

/// The copy that was sent again was refused for a lock, and the one that was given up came when the lock was free: a
/// workflow of which its owner does not know.
#[test]
fn a_start_that_arrives_after_it_was_given_up_and_refused_is_run() {
    Lives::new().live(sagas, async |life| {
        let later = life.runtime().now().plus(60 * SECOND);
        life.client.start(alone("x".into())).id("first").at(later).await.unwrap();
        life.tap.goes_wrong(Mishap::DelayStart, 1);
        let refused = life.client.start(alone("x".into())).id("w").await.unwrap_err();
        // It may yet arrive, and whoever sent it is told so, and for what to ask.
        let StartError::Uncertain { workflow, reason } = refused else { panic!("{refused}") };
        assert_eq!(workflow, id("w"));
        assert!(reason.contains("is held by workflow first"), "{reason}");
        life.client.cancel("default", &id("first"), "ada").await.unwrap();
        assert_eq!(status(&life.ended("first").await), Status::RolledBack);
        let arrived = life.tap.what_was_given_up_arrives().await;
        assert!(matches!(arrived[..], [CommitOutcome::Applied { .. }]), "{arrived:?}");
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.calls(), ["do b"]);
    });
}

#[test]
fn a_transaction_that_fails_at_its_commit_is_tried_again_in_the_steps_own_rhythm() {
    for (times, ends, attempts) in [(2, Status::Completed, 3), (3, Status::RolledBack, 3)] {
        Lives::new().live(sagas, async |life| {
            life.tap.goes_wrong(Mishap::FailAtCommit, times);
            let began = life.runtime().now();
            life.client.start(noted("x".into())).id("w").await.unwrap();
            assert_eq!(status(&life.ended("w").await), ends);
            assert!(life.runtime().now().since(began) >= 2 * SECOND, "without a pause");
            assert_eq!(life.world.called("do note"), attempts);
            assert!(life.world.doubled().is_empty());
        });
    }
}

//! What nobody knows is settled or undone too; what was certainly refused, or is not ours, is left alone.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::machine::DebtAction;
use saga::saga;
use saga::store::{FailureReason, Status, StepStatus, TouchedEffect};

use crate::life::{Life, Lives, id, row, status, until};
use crate::world::{Act, Way, World, a, asked, b, found, look, pivot, pivot_found, recorded, rerun};

#[saga(version = 1)]
async fn plain(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = b(&word).await?;
    Ok(last)
}
#[saga(version = 1)]
async fn by_look_up(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = found().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn by_rerun(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = rerun().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn by_a_person(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = asked().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn by_record(word: String) -> saga::Result<String> {
    a(&word).await?;
    recorded().await?;
    let last = b(&word).await?;
    Ok(last)
}
#[saga(version = 1)]
async fn reading(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = look().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn past(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = pivot().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn past_and_found(word: String) -> saga::Result<String> {
    a(&word).await?;
    let last = pivot_found().await?;
    Ok(last)
}
#[saga(version = 1)]
async fn skipping(word: String) -> saga::Result<String> {
    let made = if word == "yes" { Some(a(&word).await?) } else { None };
    b(&word).await?;
    let last = found().await?;
    Ok(made.unwrap_or(last))
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder
        .saga(plain::definition())
        .saga(by_look_up::definition())
        .saga(by_rerun::definition())
        .saga(by_a_person::definition())
        .saga(by_record::definition())
        .saga(reading::definition())
        .saga(past::definition())
        .saga(past_and_found::definition())
        .saga(skipping::definition())
}

async fn rolled_back(life: &Life) {
    let loaded = life.ended("w").await;
    assert_eq!(status(&loaded), Status::RolledBack, "{:#?}", loaded.steps);
    assert!(life.world.effects().is_empty(), "{:?}", life.world.calls());
}

#[test]
fn guarantee_05_unknown_is_sticky_over_attempts() {
    for last in [Act::Refuse, Act::Misconfigured] {
        Lives::new().live(sagas, async |life| {
            life.world.script("b", Way::Do, [Act::DoneAndLost, last.clone()]);
            life.client.start(plain("x".into())).id("w").await.unwrap();
            if matches!(last, Act::Misconfigured) {
                let loaded = life.ended("w").await;
                assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Configuration));
                assert_eq!(row(&loaded, "b").effect, TouchedEffect::Unknown);
                life.client.cancel("default", &id("w"), "ada").await.unwrap();
            }
            rolled_back(life).await;
            assert!(life.world.calls().contains(&"undo b".to_owned()));
        });
    }
}

#[test]
fn guarantee_05_a_timeout_is_retried_and_undone() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Hang, Act::DoneAndHang, Act::Hang]);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        rolled_back(life).await;
        assert_eq!(life.world.called("do b"), 3);
        let loaded = life.load("w").await;
        assert!(loaded.header.state.error_message.unwrap().contains("timed out after 1s"));
    });
}

#[test]
fn guarantee_05_what_lands_late_is_undone_by_the_second_pass_under_a_key_of_its_own() {
    Lives::new().live(sagas, async |life| {
        // The third attempt is given up 3.2 s after the start; its effect lands 200 ms later.
        let late = Act::Late(Duration::from_millis(1200));
        life.world.script("b", Way::Do, [Act::Hang, Act::Hang, late]);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        rolled_back(life).await;
        assert_eq!(life.world.keys("b", Way::Undo), ["w/b.last/undo", "w/b.last/undo-late"]);
        // What was done before the unknown step is undone after the second pass.
        assert_eq!(life.world.calls().last().unwrap(), "undo a");
    });
}

#[test]
fn guarantee_05_what_lands_after_its_own_undo_is_undone_too() {
    // The first attempt's request is still under way when the second one has succeeded and been undone.
    Lives::new().live(sagas, async |life| {
        life.world.script("recorded", Way::Do, [Act::Late(Duration::from_millis(1300))]);
        life.world.script("b", Way::Do, [Act::Refuse]);
        life.client.start(by_record("x".into())).id("w").await.unwrap();
        rolled_back(life).await;
        assert_eq!(life.world.called("undo recorded"), 2);
    });
}

#[test]
fn guarantee_05_a_look_up_settles_what_is_unknown() {
    for (acts, undone) in [
        ([Act::DoneAndLost, Act::Refuse], true),
        ([Act::LostOnTheWay, Act::Refuse], false),
        ([Act::Hang, Act::Late(Duration::from_millis(1200))], true),
    ] {
        Lives::new().live(sagas, async |life| {
            life.world.script("found", Way::Do, acts).script("found", Way::Find, [Act::Transient]);
            life.client.start(by_look_up("x".into())).id("w").await.unwrap();
            rolled_back(life).await;
            assert!(life.world.called("find found") >= 2);
            assert_eq!(life.world.called("undo found") > 0, undone);
        });
    }
}

#[test]
fn guarantee_05_a_rerun_learns_the_output_and_undoes_it() {
    for first in [Act::DoneAndLost, Act::LostOnTheWay] {
        Lives::new().live(sagas, async |life| {
            life.world.script("rerun", Way::Do, [first, Act::Refuse]);
            life.client.start(by_rerun("x".into())).id("w").await.unwrap();
            rolled_back(life).await;
            assert!(life.world.called("undo rerun") > 0);
        });
    }
}

#[test]
fn guarantee_05_a_person_decides_where_the_step_says_so() {
    for (action, effects) in [(DebtAction::Settle, 1), (DebtAction::Forgive, 1)] {
        Lives::new().live(sagas, async |life| {
            life.world.script("asked", Way::Do, [Act::DoneAndLost, Act::Refuse]);
            life.client.start(by_a_person("x".into())).id("w").await.unwrap();
            let parked = life.ended("w").await;
            assert_eq!(parked.header.state.failure_reason, Some(FailureReason::Parked));
            assert_eq!(life.world.effects().len(), 2, "nothing is undone meanwhile");
            life.client.cancel("default", &id("w"), "ada").await.unwrap();
            let owed = life.ended("w").await;
            assert_eq!(owed.header.state.failure_reason, Some(FailureReason::Debts));
            life.client.change_debt("default", &id("w"), "asked", action, "by hand", "ada").await.unwrap();
            assert_eq!(status(&life.load("w").await), Status::RolledBack);
            assert_eq!(life.world.effects().len(), effects);
        });
    }
}

#[test]
fn guarantee_05_an_unknown_step_with_a_record_is_undone_to_its_first_record() {
    Lives::new().live(sagas, async |life| {
        life.world.script("recorded", Way::Do, [Act::DoneAndLost, Act::DoneAndLost, Act::Refuse]);
        life.client.start(by_record("x".into())).id("w").await.unwrap();
        rolled_back(life).await;
        assert_eq!(life.world.restored()["recorded"], "before attempt 1");
        assert_eq!(
            row(&life.load("w").await, "recorded").record.as_ref().unwrap().as_str(),
            "\"before attempt 1\""
        );
    });
}

#[test]
fn guarantee_05_a_record_is_durable_before_the_effect_and_outlives_a_crash() {
    let mut lives = Lives::new();
    lives.world.script("recorded", Way::Do, [Act::DoneAndHang]);
    lives.live(sagas, async |life| {
        life.client.start(by_record("x".into())).id("w").await.unwrap();
        until(async || life.world.called("do recorded") == 1).await;
        assert!(row(&life.load("w").await, "recorded").record.is_some());
    });
    lives.world.always("b", Way::Do, Act::Refuse);
    lives.live(sagas, async |life| rolled_back(life).await);
    assert_eq!(lives.world.restored()["recorded"], "before attempt 1");
}

#[test]
fn guarantee_06_what_was_refused_skipped_adopted_or_only_read_is_not_undone() {
    Lives::new().live(sagas, async |life| {
        // Skipped: `a`; adopted: `b`; refused: `found`.
        life.world.script("b", Way::Do, [Act::Adopt]).script("found", Way::Do, [Act::Transient, Act::Refuse]);
        life.client.start(skipping("no".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(status(&loaded), Status::RolledBack);
        assert_eq!(life.world.calls(), ["do b", "do found", "do found"]);
        assert_eq!(row(&loaded, "a").status, StepStatus::Skipped);
        assert_eq!(row(&loaded, "b").effect, TouchedEffect::None);
    });
    Lives::new().live(sagas, async |life| {
        // A read that is unknown leaves nothing.
        life.world.script("look", Way::Do, [Act::LostOnTheWay, Act::Hang]);
        life.client.start(reading("x".into())).id("w").await.unwrap();
        rolled_back(life).await;
        assert_eq!(life.world.calls(), ["do a", "do look", "do look", "undo a"]);
    });
}

#[test]
fn guarantee_06_what_was_adopted_by_an_attempt_after_an_unknown_one_is_known() {
    // Unknown first, then the system says: it was there before. Whose it is nobody can tell from that; the
    // step's word counts.
    Lives::new().live(sagas, async |life| {
        life.world.script("a", Way::Do, [Act::LostOnTheWay, Act::Adopt]).always("b", Way::Do, Act::Refuse);
        life.client.start(plain("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.called("undo a"), 0);
    });
}

#[test]
fn guarantee_08_an_unknown_pivot_parks_and_a_found_one_goes_on() {
    Lives::new().live(sagas, async |life| {
        life.world.script("pivot", Way::Do, [Act::DoneAndLost]);
        life.client.start(past("x".into())).id("w").await.unwrap();
        let loaded = life.ended("w").await;
        assert_eq!(loaded.header.state.failure_reason, Some(FailureReason::Parked));
        assert_eq!(life.world.calls(), ["do a", "do pivot"], "neither tried again nor undone");
        let refused = life.client.cancel("default", &id("w"), "ada").await.unwrap_err();
        assert!(refused.to_string().contains("past its pivot"), "{refused}");
        life.client.retry("default", &id("w"), "ada", false).await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::Completed);
        assert_eq!(life.world.keys("pivot", Way::Do).len(), 1, "the key stays while it is unknown");
    });
    // What is found was done, and what is certainly not there is tried again.
    for act in [Act::DoneAndLost, Act::LostOnTheWay] {
        Lives::new().live(sagas, async |life| {
            life.world.script("pivot_found", Way::Do, [act]);
            life.client.start(past_and_found("x".into())).id("w").await.unwrap();
            assert_eq!(status(&life.ended("w").await), Status::Completed);
            assert_eq!(life.world.effects().len(), 2);
            assert!(life.world.doubled().is_empty());
        });
    }
    Lives::new().live(sagas, async |life| {
        life.world.always("pivot_found", Way::Do, Act::LostOnTheWay);
        life.client.start(past_and_found("x".into())).id("w").await.unwrap();
        assert_eq!(status(&life.ended("w").await), Status::RolledBack);
        assert_eq!(life.world.effects().len(), 0);
    });
}

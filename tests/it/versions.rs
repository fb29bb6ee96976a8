//! Guarantee 13: a workflow is only ever advanced by the definition that it was started with.

use std::time::Duration;

use saga::engine::{BuildError, EngineBuilder};
use saga::store::{FailureReason, MemoryStore, Status};
use saga::{Definition, Engine, SagaBuilder, saga};

use crate::life::{Lives, pass, status};
use crate::world::{Act, Way, World, a, b, c};

/// Two steps.
mod first {
    use super::{a, b};
    #[saga::saga(name = "order", version = 1)]
    pub async fn order(word: String) -> saga::Result<String> {
        let one = a(&word).await?;
        b(&one).await?;
        Ok(one)
    }
}

/// A step more, in front of the others.
mod second {
    use super::{a, b, c};
    #[saga::saga(name = "order", version = 2)]
    pub async fn order(word: String) -> saga::Result<String> {
        c(&word).await?;
        let one = a(&word).await?;
        b(&one).await?;
        Ok(one)
    }
}

/// The same step more, and nobody raised the version.
mod forgotten {
    use super::{a, b, c};
    #[saga::saga(name = "order", version = 1)]
    pub async fn order(word: String) -> saga::Result<String> {
        c(&word).await?;
        let one = a(&word).await?;
        b(&one).await?;
        Ok(one)
    }
}

type Sagas = fn(EngineBuilder<World>) -> EngineBuilder<World>;
const OLD: Sagas = |builder| builder.saga(first::order::definition());
const BOTH: Sagas = |builder| builder.saga(first::order::definition()).saga(second::order::definition());
const FORGOTTEN: Sagas = |builder| builder.saga(forgotten::order::definition());

/// A workflow of version 1 whose second step hangs when its process dies.
fn begun(lives: &mut Lives) {
    lives.world.script("b", Way::Do, [Act::Hang]);
    lives.live(OLD, async |life| {
        life.client.start(first::order("x".into())).id("old").await.unwrap();
        pass(Duration::from_millis(100)).await;
    });
}

#[test]
fn guarantee_13_versions_stand_side_by_side_and_each_advances_its_own() {
    let mut lives = Lives::new();
    begun(&mut lives);
    lives.live(BOTH, async |life| {
        life.client.start(second::order("x".into())).id("new").await.unwrap();
        let (old, new) = (life.ended("old").await, life.ended("new").await);
        assert_eq!((status(&old), status(&new)), (Status::Completed, Status::Completed));
        assert_eq!((old.header.definition.version, new.header.definition.version), (1, 2));
        let names = |loaded: &saga::store::Loaded| {
            loaded.steps.iter().map(|row| row.step_name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(
            (names(&old), names(&new)),
            (vec!["a".into(), "b".into()], vec!["c".into(), "a".into(), "b".into()])
        );
    });
    assert!(lives.world.doubled().is_empty());
}

#[test]
fn guarantee_13_a_worker_that_has_only_another_version_leaves_a_workflow_alone() {
    let mut lives = Lives::new();
    begun(&mut lives);
    let new: Sagas = |builder| builder.saga(second::order::definition());
    lives.live(new, async |life| {
        pass(Duration::from_secs(60)).await;
        let old = life.load("old").await;
        assert_eq!((status(&old), old.header.worker), (Status::Running, None));
    });
    assert_eq!(status(&lives.live(OLD, async |life| life.ended("old").await)), Status::Completed);
}

#[test]
fn guarantee_13_a_mismatch_parks_the_workflow_and_shows_the_difference_line_by_line() {
    let mut lives = Lives::new();
    begun(&mut lives);
    let calls = lives.world.calls();
    let parked = lives.live(FORGOTTEN, async |life| life.ended("old").await);
    assert_eq!(lives.world.calls(), calls, "nothing ran");
    assert_eq!(
        (status(&parked), parked.header.state.failure_reason),
        (Status::Failed, Some(FailureReason::Definition))
    );
    let words = parked.header.state.error_message.unwrap();
    let (said, difference) = words.split_once('\n').unwrap();
    let (theirs, ours) = (first::order::definition::<World>(), forgotten::order::definition::<World>());
    assert_eq!(
        said,
        format!(
            "it was started with the plan {}, which this worker does not have (it has {}; raise the version when a \
             plan changes). What it was started with (-), and what is here (+):",
            theirs.id(),
            ours.id()
        )
    );
    // The step that was put in, and the one that follows it; nothing else has moved.
    assert_eq!(
        difference,
        "- a.one: step a, can be undone, after input, made of input\n\
         + c: step c, can be undone, after input, made of input\n\
         + a.one: step a, can be undone, after c, made of input"
    );
}

#[test]
fn a_node_is_named_after_its_let_so_that_a_call_put_in_shifts_nothing() {
    let names = |definition: &Definition<World>| {
        definition.plan().steps().map(|(_, node, _)| node.name.to_string()).collect::<Vec<_>>()
    };
    mod before {
        use crate::world::a;
        #[saga::saga(version = 1)]
        pub async fn shift(word: String) -> saga::Result<String> {
            let one = a(&word).await?;
            let two = a(&one).await?;
            Ok(two)
        }
    }
    mod after {
        use crate::world::a;
        #[saga::saga(version = 2)]
        pub async fn shift(word: String) -> saga::Result<String> {
            let zero = a(&word).await?;
            let one = a(&zero).await?;
            let two = a(&one).await?;
            Ok(two)
        }
    }
    assert_eq!(names(&before::shift::definition()), ["a.one", "a.two"]);
    assert_eq!(names(&after::shift::definition()), ["a.zero", "a.one", "a.two"]);
}

#[saga(version = 1)]
async fn single(word: String) -> saga::Result<String> {
    let one = a(&word).await?;
    Ok(one)
}

#[tokio::test(start_paused = true)]
async fn guarantee_13_two_plans_of_one_version_are_refused_when_the_engine_is_built() {
    let world = World::new(crate::life::Clock::default());
    let engine = Engine::builder(world).store(MemoryStore::new());
    let engine = OLD(engine).saga(forgotten::order::definition()).saga(single::definition());
    let refused = engine.build().await.err();
    assert_eq!(refused, Some(BuildError::TwoPlans { name: "order".into(), version: 1 }));
}

fn by_hand(hash: u64) -> Definition<World> {
    let mut s = SagaBuilder::<World, String>::new("by_hand", 1);
    let word = s.input();
    let last = s.expression(hash).call::<a, _>((word,), |(word,)| a::args(&word));
    s.finish((last,), |(last,)| Ok(last)).unwrap()
}

#[test]
fn other_expressions_under_one_fingerprint_go_on_and_are_warned_of() {
    let mut lives = Lives::new();
    lives.live(|builder| builder.saga(by_hand(1)), async |_| ());
    let (said, _guard) = crate::heard::warnings();
    lives.live(|builder| builder.saga(by_hand(1)), async |_| ());
    assert_eq!(said(), [""; 0]);
    lives.live(|builder| builder.saga(by_hand(2)), async |_| ());
    let said = said();
    assert!(
        said.iter().any(|line| line.contains("these of its expressions are not: a. Workflows")),
        "{said:?}"
    );
    // Once for each change.
    let (said, _guard) = crate::heard::warnings();
    lives.live(|builder| builder.saga(by_hand(2)), async |_| ());
    assert_eq!(said(), [""; 0]);
    lives.live(|builder| builder.saga(by_hand(1)), async |_| ());
    assert_eq!(said().len(), 1, "{:?}", said());
}

//! A workflow as a picture, while it runs and when it rests.

use std::time::Duration;

use saga::engine::EngineBuilder;
use saga::saga;

use crate::life::{Life, Lives, id, pass};
use crate::world::{Act, Way, World, a, b, c, d};

#[saga(version = 1)]
async fn drawn(word: String) -> saga::Result<String> {
    let (one, _) = try_join!(a(&word), b(&word))?;
    if one.is_empty() {
        d(&word).await?;
    }
    c(&word).await?;
    Ok(one)
}

fn sagas(builder: EngineBuilder<World>) -> EngineBuilder<World> {
    builder.saga(drawn::definition())
}

/// The steps of each colour: `done: a.one b`.
async fn colors(life: &Life) -> Vec<String> {
    let view = life.client.workflow("default", &id("w")).await.unwrap();
    let (mermaid, plan) = (view.mermaid().unwrap(), view.plan.clone().unwrap());
    let of = |line: &str| {
        let (nodes, word) = line.trim().strip_prefix("class ")?.split_once(' ')?;
        let nodes = nodes.split(',').map(|n| &plan.nodes()[n[1..].parse::<usize>().unwrap()]);
        let steps: Vec<_> = nodes.filter(|node| node.step().is_some()).map(|node| &*node.name).collect();
        (!steps.is_empty()).then(|| format!("{word}: {}", steps.join(" ")))
    };
    assert!(view.dot().unwrap().starts_with("digraph \"drawn\" {\n"));
    mermaid.lines().filter_map(of).collect()
}

#[test]
fn each_step_has_the_colour_of_its_state() {
    Lives::new().live(sagas, async |life| {
        life.world.script("b", Way::Do, [Act::Slow(Duration::from_millis(500))]);
        life.world.script("c", Way::Do, [Act::Refuse]).script(
            "a",
            Way::Undo,
            [Act::Slow(Duration::from_millis(500))],
        );
        let started = life.client.start(drawn("x".into())).id("w").await.unwrap();
        pass(Duration::from_millis(300)).await;
        assert_eq!(colors(life).await, ["done: a.one", "running: b"]);
        pass(Duration::from_millis(400)).await;
        assert_eq!(colors(life).await, ["skipped: d", "undone: b", "undoing: a.one", "failed: c"]);
        started.handle.outcome().await.unwrap();
        assert_eq!(colors(life).await, ["skipped: d", "undone: a.one b", "failed: c"]);
    });
}

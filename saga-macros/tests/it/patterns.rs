//! `let .. else`, `let` in a chain of `&&`, and steps inside lists, tuples and structs.

use saga::{Outcome, StepError, saga, step};
use serde::{Deserialize, Serialize};

use crate::run::run;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    ready: bool,
    mac: Option<String>,
    ports: Option<(u32, Port)>,
    level: Result<u32, String>,
}
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Port {
    number: u32,
    name: String,
}

fn order() -> Order {
    let port = Port { number: 7, name: "uplink".into() };
    Order { ready: true, mac: Some("aa:bb".into()), ports: Some((3, port)), level: Ok(5) }
}

#[step(no_effect)]
async fn echo(text: &str) -> saga::Result<String> {
    Ok(text.to_owned())
}
#[step(no_effect)]
async fn double(n: u32) -> saga::Result<u32> {
    if n == 13 { Err(StepError::permanent("thirteen")) } else { Ok(n * 2) }
}

fn level_of(order: &Order) -> Result<u32, String> {
    order.level.clone()
}

/// Names are borrowed from what is matched, as in Rust.
#[saga(version = 1)]
async fn opened(order: Order) -> saga::Result<String> {
    let Some(mac) = &order.mac else { return Err(StepError::permanent("no MAC address")) };
    let Some((count, Port { number, name })) = &order.ports else {
        let words = format!("{mac} has no ports");
        return Err(StepError::permanent(words));
    };
    let Ok(level) = level_of(&order) else {
        return Err(StepError::permanent(format!("{name} has no level")));
    };
    let Ok(twice) = double(*number).await else { return Err(StepError::permanent("unlucky")) };
    let told = echo(mac).await?;
    let inner = if *count > 2 {
        // Inside of an arm, over what was bound outside.
        let Some(first) = name.chars().next() else { return Err(StepError::permanent("nameless")) };
        echo(&format!("{first}{count}")).await?
    } else {
        String::new()
    };
    Ok(format!("{told} {inner} {level} {twice}"))
}

async fn fails(order: Order, words: &str) {
    let outcome = run(opened::definition(), opened(order)).await;
    let Outcome::RolledBack { message, .. } = outcome else { panic!("{outcome:?}") };
    assert!(message.contains(words), "{message}");
}

#[tokio::test]
async fn what_a_let_binds_is_there_from_then_on_and_its_else_fails_the_saga() {
    let outcome = run(opened::definition(), opened(order())).await;
    assert_eq!(outcome, Outcome::Completed("aa:bb u3 5 14".to_owned()));
    fails(Order { mac: None, ..order() }, "no MAC address").await;
    fails(Order { ports: None, ..order() }, "aa:bb has no ports").await;
    fails(Order { level: Err("low".into()), ..order() }, "uplink has no level").await;
    let unlucky = Port { number: 13, name: "x".into() };
    fails(Order { ports: Some((1, unlucky)), ..order() }, "unlucky").await;
    fails(Order { ports: Some((3, Port { number: 1, name: String::new() })), ..order() }, "nameless").await;
}

#[saga(version = 1)]
async fn chained(order: Order) -> saga::Result<String> {
    let limit = double(2).await?;
    let found = if order.ready
        && let Some((count, port)) = &order.ports
        && *count < limit
        && let Port { number: 7, name } = port
    {
        echo(&format!("{name} {count}")).await?
    } else if let Some(mac) = &order.mac
        && order.ready
    {
        echo(mac).await?
    } else {
        "nothing".to_owned()
    };
    // As a statement; what comes first may be computed, and be a step.
    if let Ok(n) = double(limit).await
        && n > 7
        && let Some(mac) = &order.mac
    {
        echo(&format!("{mac}{n}")).await?;
    }
    Ok(found)
}

#[tokio::test]
async fn a_chain_is_one_condition_and_its_names_are_for_its_arm() {
    let port = |number| Some((3, Port { number, name: "uplink".into() }));
    for (order, expected) in [
        (order(), "uplink 3"),
        (Order { ports: port(8), ..order() }, "aa:bb"),
        (Order { ports: Some((4, Port { number: 7, name: "x".into() })), ..order() }, "aa:bb"),
        (Order { ports: None, ..order() }, "aa:bb"),
        (Order { ready: false, ..order() }, "nothing"),
        (Order { mac: None, ports: None, ..order() }, "nothing"),
    ] {
        let outcome = run(chained::definition(), chained(order.clone())).await;
        assert_eq!(outcome, Outcome::Completed(expected.to_owned()), "{order:?}");
    }
    let plan = chained::definition::<crate::isp::Isp>().plan().describe();
    assert!(plan.contains("order.ready && let Some((count, port)) = &order.ports"), "{plan}");
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lists {
    few: Vec<u32>,
    same: Vec<u32>,
    pair: (u32, u32),
    array: [u32; 2],
    port: Port,
}

#[saga(version = 1)]
async fn listed(n: u32) -> saga::Result<Lists> {
    let few = vec![double(n).await?, n, double(double(n).await?).await?];
    let pair = (double(n).await?, few.len() as u32);
    let port = Port { name: echo("p").await?, ..Port { number: double(3).await?, name: String::new() } };
    Ok(Lists { same: vec![double(4).await?; 3], few, pair, array: [double(1).await?, n], port })
}

#[tokio::test]
async fn steps_inside_lists_run_in_the_order_in_which_they_stand_there() {
    let outcome = run(listed::definition(), listed(1)).await;
    let port = Port { number: 6, name: "p".into() };
    let lists = Lists { few: vec![2, 1, 4], same: vec![8; 3], pair: (2, 3), array: [2, 1], port };
    assert_eq!(outcome, Outcome::Completed(lists));
    let steps = listed::definition::<crate::isp::Isp>();
    let nodes: Vec<_> = steps.plan().steps().map(|(_, node, _)| node.name.to_string()).collect();
    assert_eq!(nodes.len(), 8, "what is repeated is computed once: {nodes:?}");
}

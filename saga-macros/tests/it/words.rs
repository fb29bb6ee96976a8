//! The plans that the words of the language become.

use std::time::Duration;

use saga::flow::{for_each, when};
use saga::{Backoff, Class, Failure, Jitter, RetryPolicy, Signature, StepError, Timestamp, saga};
use serde::{Deserialize, Serialize};

use crate::isp::{Customer, Isp, Request, Subscriber, activate_onu, create_service, send_welcome};
use crate::sagas::add;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Online {
    power: i32,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Line {
    Fiber { port: u64, splitter: Option<u64> },
    Copper(String),
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Order {
    pub line: Line,
    pub ports: Vec<u64>,
    pub starts_at: Timestamp,
    pub name: String,
}

const AT_ONCE: u32 = 3;
const NOTHING: u64 = 0;

#[saga(version = 1)]
pub async fn add_twice(n: u64) -> saga::Result<u64> {
    let once = add(n, n).await?;
    Ok(add(once, n).await?)
}

/// Every word, and the words inside of each other.
#[saga(version = 1)]
pub async fn words(order: Order) -> saga::Result<Vec<u64>> {
    // a failure to decide on
    let first = add(1, 2).await;
    let first = match first {
        Ok(sum) => sum,
        Err(failure) => add(failure.message.len() as u64, 0).await?,
    };
    let maybe: Result<Option<u64>, Failure> = when(first > 3, add(first, 1)).await;
    let _ = add(7, 7).await;
    // another saga: required, tolerated, decided, in an expression, in a branch
    let twice = add_twice(first).await?;
    let tolerated = add_twice(add_twice(twice).await?).await.ok();
    let decided = add_twice(twice).await;
    // time and events
    sleep(Duration::from_secs(order.ports.len() as u64)).await;
    sleep_until(order.starts_at).await;
    let online = wait_for_event::<Online>("onu_online", &order.name).await?;
    let late: Option<Online> =
        wait_for_event::<Online>("onu_online", order.ports.len()).timeout("30m").await.ok();
    let decided_late = wait_for_event::<Online>("onu_online", "x").timeout("5s").await;
    // items
    let sums = for_each(&order.ports, |port| add(*port, first)).await?;
    let halves = for_each(order.ports.iter().skip(1), |n| add(n / 2, 0).with(timeout("5s")))
        .max_parallel(AT_ONCE)
        .await
        .ok();
    let each = for_each(sums, |n| add(n, 1)).max_parallel(10).await;
    // `match`, as a value and as a statement, nested, with guards and several steps in an arm
    let port = match &order.line {
        Line::Fiber { port, splitter: Some(splitter) } if *splitter > first => {
            let a = add(*port, *splitter).await?;
            match a {
                0 => 0,
                7 | 8 => add(a, *port).await?,
                n => add(n, *splitter).await?,
            }
        }
        Line::Fiber { port, .. } => add(*port, 0).await?,
        Line::Copper(pair) => {
            let (length, _) = try_join!(add(pair.len() as u64, first), async {
                sleep(Duration::from_secs(1)).await;
                Ok(for_each(0..3, |n| add(n, pair.len() as u64)).await?)
            })?;
            length
        }
        Line::None => Err(StepError::permanent("no line"))?,
    };
    match add(port, 0).await? {
        0 => {}
        n if n > 100 => sleep(Duration::from_secs(n)).await,
        _ => {
            add_twice(port).await?;
        }
    }
    // only what is matched holds a step
    let small = match add(port, 1).await? {
        0..=9 => 1,
        n => n,
    };
    // `if let`
    let length = if let Line::Copper(pair) = &order.line {
        add(pair.len() as u64, 0).await?
    } else if small == 1 {
        0
    } else if let Ok(n) = decided {
        add(n, 1).await?
    } else {
        add(1, 1).await?
    };
    if let Err(failure) = add(length, 1).await {
        add(failure.at.len() as u64, 1).await?;
    }
    let decided_in_place = match add(length, 2).await {
        Ok(sum) => sum,
        Err(_) => 0,
    };
    if let Some(Online { power }) = &late {
        add(power.unsigned_abs().into(), 1).await?;
    }
    // per call
    let patient =
        add(1, 2).with(timeout("5s"), retry(max_attempts = 5, backoff = fixed("1s"), jitter = none)).await?;
    let (x, y) = try_join!(add_twice(patient), for_each([1, 2], |n| add(n, patient)).max_parallel(1),)?;
    let waited = try_join!(wait_for_event::<u64>("a", 1), wait_for_event::<u64>("b", 1).timeout("1h"))?;
    Ok([first, x, length, decided_in_place, waited.0, waited.1]
        .into_iter()
        .chain(y)
        .chain(tolerated)
        .chain(halves.into_iter().flatten())
        .chain(each.into_iter().flatten())
        .chain(maybe.into_iter().flatten())
        .chain([online.power.unsigned_abs().into(), decided_late.is_ok().into()])
        .collect())
}

#[test]
fn every_word_is_lowered() {
    let definition = words::definition::<Isp>();
    assert_eq!(definition.plan().describe(), include_str!("words.plan").trim_end());
    assert_eq!(words::META.class, Class::Compensatable);
}

#[test]
fn a_call_is_adjusted_and_its_step_is_not() {
    let definition = words::definition::<Isp>();
    let adjusted = definition.plan().steps().find(|(_, node, _)| &*node.name == "add.patient").unwrap().2;
    let retry = RetryPolicy {
        max_attempts: 5,
        backoff: Backoff::Fixed(Duration::from_secs(1)),
        jitter: Jitter::None,
        deadline: None,
    };
    assert_eq!((adjusted.policy.retry, adjusted.policy.timeout), (retry, Some(Duration::from_secs(5))));
    assert_eq!(add::META.policy.timeout, None);
    let each = definition.plan().steps().find(|(_, node, _)| &*node.name == "add.halves").unwrap().2;
    assert_eq!((each.each, each.policy.timeout), (Some(AT_ONCE), Some(Duration::from_secs(5))));
}

/// Only steps that are tried until they succeed, or whose failure is tolerated: nothing in it may fail.
#[saga(version = 1)]
pub async fn say_hello(customer: Customer) -> saga::Result<()> {
    send_welcome(&customer).await?;
    wait_for_event::<()>("read", &customer.id).timeout("1d").await.ok();
    let _ = activate_onu("x", &Subscriber { id: customer.id }).await;
    Ok(())
}

#[saga(version = 1)]
pub async fn bill(subscriber: Subscriber) -> saga::Result<u64> {
    let service = create_service(&subscriber, "premium").await?;
    say_hello(Customer { id: subscriber.id }).await?;
    Ok(service)
}

#[saga(version = 1)]
pub async fn bill_and_greet(subscriber: Subscriber) -> saga::Result<u64> {
    let service = bill(subscriber.clone()).await?;
    wait_for_event::<()>("paid", service).await?;
    sleep(Duration::from_secs(1)).await;
    for_each([1, 2], |_| send_welcome(&Customer { id: subscriber.id.clone() })).await?;
    Ok(service)
}

#[test]
fn a_saga_has_the_class_of_what_it_calls() {
    assert_eq!(add_twice::META.class, Class::Compensatable);
    assert_eq!(say_hello::META.class, Class::Retriable);
    assert_eq!(bill::META.class, Class::Pivot);
    assert_eq!(bill_and_greet::META.class, Class::Pivot);
    assert_eq!(bill_and_greet::definition::<Isp>().total_steps(), 4);
}

#[test]
fn the_builder_accepts_the_order_of_sub_sagas_too() {
    let mut s = saga::SagaBuilder::<Isp, Subscriber>::new("by_hand", 1);
    let subscriber = s.input();
    let service = s.call((subscriber,), |(subscriber,)| bill_and_greet::args(subscriber));
    s.call((subscriber,), |(s,)| say_hello::args(Customer { id: s.id }));
    assert!(s.finish((service,), |(service,)| Ok(service)).is_ok());
}

/// A guard and an or-pattern, constants, a name that shadows, a scrutinee that is computed.
#[saga(version = 1, locks(name = &order.name, first_port = order.ports.first(), only_fiber = port_of(&order.line)))]
pub async fn arms(order: Order) -> saga::Result<u64> {
    Ok(match (order.ports.len() as u64, order.name.clone()) {
        (NOTHING, _) => add(0, NOTHING).await?,
        (order, _) | (order, _) if order > 1 => {
            let name = add(order, 1).await?;
            let order = add(order, name).await?;
            add(order, name).await?
        }
        (_, name) => {
            for_each(name.bytes(), |byte| add(u64::from(byte), name.len() as u64)).await?;
            1
        }
    })
}

fn port_of(line: &Line) -> Option<u64> {
    match line {
        Line::Fiber { port, .. } => Some(*port),
        _ => None,
    }
}

#[test]
fn arms_are_lowered() {
    assert_eq!(arms::definition::<Isp>().plan().describe(), include_str!("arms.plan").trim_end());
}

#[test]
fn the_macro_writes_the_words_that_a_person_would() {
    #[saga(version = 1)]
    async fn written(request: Request) -> saga::Result<u64> {
        let sums = for_each([1, 2], |n| add(n, 1)).max_parallel(2).await.ok();
        sleep(Duration::from_secs(1)).await;
        let event = wait_for_event::<u64>("event", &request.email).timeout("1s").await;
        let twice = add_twice(1).await?;
        Ok(match event {
            Ok(n) => add(n, twice).await?,
            Err(_) => sums.len() as u64,
        })
    }
    let mut s = saga::SagaBuilder::<Isp, Request>::new("written", 1);
    let request = s.input();
    let sums = s
        .named("sums")
        .max_parallel(2)
        .call_each_tolerated((), |()| [1, 2].into_iter().map(|n| add::args(n, 1)).collect());
    s.sleep((), |()| Ok(Duration::from_secs(1)));
    let event = s.named("event").wait_for_event_decided::<u64, _>(
        "event",
        Some(Duration::from_secs(1)),
        (request,),
        |(request,)| Ok(request.email),
    );
    let twice = s.named("twice").call((), |()| add_twice::args(1));
    let mut arms =
        s.begin_match("event", (event,), |(event,)| Ok(if event.is_ok() { "Ok(n)" } else { "Err(_)" }));
    s.begin_arm(&mut arms, "Ok(n)");
    let sum = s.call((event, twice), |(event, twice)| add::args(event.unwrap_or_default(), twice));
    s.begin_arm(&mut arms, "Err(_)");
    let count = s.value("value", (sums,), |(sums,)| Ok(sums.len() as u64));
    let result = s.end_match(arms, sum, &[count]);
    let by_hand = s.finish((result,), |(result,)| Ok(result)).unwrap();
    assert_eq!(by_hand.plan().describe(), written::definition::<Isp>().plan().describe());
}

/// Imported, the words are what an editor finds; and in a plain function they do what they say.
#[tokio::test]
async fn outside_of_a_saga_the_words_are_functions() {
    let sums = for_each([1, 2], |n| add(n, 1)).max_parallel(2).await.unwrap();
    assert_eq!((sums, when(false, add(1, 1)).await.unwrap()), (vec![2, 3], None));
}

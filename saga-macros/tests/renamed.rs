//! The crate under another name. Here `::saga` is this test itself, so an expansion that forgot the path
//! would not compile.
#![deny(warnings)]
#![allow(dead_code, unreachable_pub, reason = "a test is a crate of its own")]

extern crate saga as renamed;
extern crate self as saga;

use renamed::{Resources, Signature, StepContext, saga as saga_of, step as step_of};

#[derive(Resources)]
#[resources(crate = renamed)]
struct World {
    text: String,
}

#[step_of(compensate = unmake(text, output), if_unknown = find(n), timeout = "1s", crate = renamed)]
async fn make(#[inject] text: &String, cx: &StepContext, n: &u32) -> renamed::Result<u32> {
    let _ = (text, cx);
    Ok(*n)
}
async fn unmake(_: &str, _: &u32) -> renamed::Result<()> {
    Ok(())
}
async fn find(_: &u32) -> renamed::Result<Option<u32>> {
    Ok(None)
}

#[saga_of(version = 1, crate = renamed)]
async fn make_two(n: u32) -> renamed::Result<u32> {
    let (a, b) = try_join!(make(&n), when(n > 1, make(&n)))?;
    Ok(a + b.unwrap_or_default())
}

/// Every word of the language.
#[saga_of(version = 1, locks(n = n), crate = renamed)]
async fn make_many(n: u32) -> renamed::Result<u32> {
    let first = make(&n).with(retry(max_attempts = 2, backoff = fixed("1s"), jitter = none)).await;
    sleep(std::time::Duration::from_secs(1)).await;
    let event = wait_for_event::<u32>("made", n).timeout("1h").await.ok();
    let all = for_each([1, 2], |n| make(&n)).max_parallel(1).await?;
    Ok(match &first {
        Ok(made) if *made > n => make(made).await?,
        Ok(_) | Err(_) => make_two(n).await? + event.unwrap_or_default() + all.len() as u32,
    })
}

#[test]
fn the_words_find_it_too() {
    assert_eq!(make_many::definition::<World>().total_steps(), 5);
    let _ = make_many(1);
}

#[test]
fn the_macros_find_the_crate() {
    assert_eq!(make_two::definition::<World>().total_steps(), 2);
    assert_eq!(make::META.name, "make");
}

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

#[test]
fn the_macros_find_the_crate() {
    assert_eq!(make_two::definition::<World>().total_steps(), 2);
    assert_eq!(make::META.name, "make");
}

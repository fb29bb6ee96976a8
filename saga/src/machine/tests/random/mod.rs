//! Random plans in a random world: random answers, late requests, deaths, slow journals, cancellations,
//! operators. After every call and at every rest the guarantees are checked against what the world holds.

mod build;
mod checks;
mod drive;
mod facts;
mod plan;
mod rest;
mod world;

use proptest::prelude::*;

use drive::Drive;

/// `PROPTEST_CASES=100000` looks longer.
fn config() -> ProptestConfig {
    let base = ProptestConfig::default();
    let cases = base.cases.max(2_000);
    ProptestConfig { cases, max_shrink_iters: 20_000, failure_persistence: None, ..base }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn whatever_happens_the_guarantees_hold(
        shape in plan::shape(),
        luck in prop::collection::vec(any::<u8>(), 0..250),
    ) {
        let drive = || Drive::new(build::build(&shape), luck).go();
        if let Err(panic) = std::panic::catch_unwind(std::panic::AssertUnwindSafe(drive)) {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            let story = drive::STORY.with(std::cell::RefCell::take);
            return Err(TestCaseError::fail(format!("{}\n{story}", words.unwrap_or_default())));
        }
    }
}

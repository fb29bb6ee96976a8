//! The store cannot hold a commit.

use super::plans::{Local, Pivot, Plain, call, chain, no_args, saga};
use std::sync::Arc;

use super::sim::Sim;
use super::sub_sagas::hello;
use crate::SagaBuilder;
use crate::definition::OnFailure;
use crate::step::{Callable, Callee, Class, Meta, Signature};
use crate::store::{FailureReason, Status, StepStatus, TouchedEffect};

#[test]
fn a_result_that_cannot_be_stored_is_one_that_nobody_knows() {
    let mut sim = Sim::of(chain(&["a", "b", "c"])).on("b", "hang");
    sim.run();
    sim.answer("b", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "undo b", "undo-late b", "undo a"]);
    let message = sim.journal.header.state.error_message.clone().unwrap();
    assert!(message.contains("the result cannot be stored: too long"), "{message}");
    assert!(sim.row("b").output.is_none());
}

#[test]
fn the_last_result_that_cannot_be_stored_takes_the_completion_back() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_pivot_whose_result_cannot_be_stored_parks() {
    let mut sim = Sim::of(saga(|s| {
        call::<Pivot>(s, "p");
    }))
    .on("p", "hang");
    sim.run();
    sim.answer("p", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert_eq!(sim.row("p").effect, TouchedEffect::Unknown);
}

#[test]
fn what_a_transaction_did_is_gone_with_its_row() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        call::<Local>(s, "t");
    }))
    .on("t", "hang");
    sim.run();
    sim.answer("t", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run t", "undo a"]);
}

#[test]
fn a_rollback_ends_although_a_row_of_it_cannot_be_stored() {
    let mut sim = Sim::of(chain(&["a", "b"])).on("b", "refused").on("undo a", "hang");
    sim.run();
    sim.answer("undo a", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.run();
    assert_eq!((sim.status(), sim.row("a").status), (Status::RolledBack, StepStatus::Compensated));
}

#[test]
fn what_was_made_of_a_lost_result_is_forgotten_with_it() {
    let definition = saga(|s| {
        s.on_failure(OnFailure::Park);
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
        let mut arms = s.begin_if("holds", (), |()| Ok(true));
        call::<Plain>(s, "c");
        s.begin_else(&mut arms);
        call::<Plain>(s, "d");
        s.end_arms(arms);
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("b", "hang");
    sim.run();
    sim.answer("a", "ok");
    // The condition is ready, and waits with the rows of `b` and `d` for its turn.
    sim.answer("b", "ok");
    sim.unstorable = true;
    sim.acknowledge();
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    assert!(sim.journal.rows.values().all(|r| r.carry.is_none() && r.status != StepStatus::Skipped));
    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run b", "run a", "run c"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_start_that_cannot_be_stored_never_was() {
    let mut sim = Sim::of(chain(&["a"]));
    sim.begin();
    sim.unstorable = true;
    sim.acknowledge();
    assert_eq!(sim.trace, ["write create", "stop"]);
}

/// It ended with an undo whose transaction is rolled back: nothing that was made of its end may stay.
#[test]
fn a_tolerated_saga_whose_last_undo_cannot_be_stored_is_undone_still() {
    enum Inner {}
    impl Signature for Inner {
        type Output = String;
        const META: &'static Meta =
            &Meta { params: &["word"], saga: true, ..Meta::new("inner", Class::Compensatable) };
    }
    impl Callable<()> for Inner {
        fn erased() -> Callee<()> {
            let mut s = SagaBuilder::<(), String>::new("inner", 1);
            s.named("t").call::<Local, ()>((), no_args);
            s.named("x").call::<Plain, ()>((), no_args);
            Callee::Saga(Arc::new(s.finish((), |()| Ok(String::new())).unwrap()))
        }
    }
    let definition = saga(|s| {
        s.join(|s| call::<Pivot>(s, "p"), |s| s.call_tolerated::<Inner, ()>((), |()| hello(String::new())));
        s.value("v", (), |()| Ok(1));
    });
    let mut sim = Sim::of(definition).on("p", "hang").on("x", "refused").on("undo t", "hang");
    sim.run();
    sim.cancel();
    sim.answer("p", "ok");
    // The cancel is refused, because of the pivot, and the saga goes on while the undo is on its way.
    sim.answer("undo t", "ok");
    sim.unstorable = true;
    sim.run();
    assert_eq!(sim.journal.header.state.failure_reason, Some(FailureReason::Parked));
    sim.retry().unwrap();
    sim.resume();
    sim.forget_script();
    sim.run();
    assert_eq!((sim.status(), sim.row("t").status), (Status::Completed, StepStatus::Compensated));
    assert_eq!(sim.calls_made().iter().filter(|call| **call == "undo t").count(), 2);
}

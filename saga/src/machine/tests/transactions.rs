//! Steps inside a transaction of the engine's own database.

use super::plans::{Local, Plain, call, saga};
use super::sim::Sim;
use crate::machine::Event;
use crate::store::{Status, StepStatus};

#[test]
fn the_result_and_what_follows_from_it_are_one_commit() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
        call::<Local>(s, "u");
    }));
    sim.run();
    assert_eq!(
        sim.trace,
        ["write create", "run t", "write t=completed", "run u", "write u=completed -> completed", "stop"]
    );
}

#[test]
fn while_a_transaction_is_open_nothing_else_is_written_and_all_of_it_follows() {
    let definition = saga(|s| {
        s.join(
            |s| {
                call::<Plain>(s, "a");
                call::<Plain>(s, "b");
            },
            |s| call::<Local>(s, "t"),
        );
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("t", "hang");
    sim.run();
    sim.take_trace();
    sim.answer("a", "ok");
    assert!(sim.in_flight.is_none() && sim.take_trace().is_empty());
    sim.answer("t", "ok");
    assert_eq!(sim.take_trace(), ["write a=completed t=completed"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["run b"]);
}

#[test]
fn a_body_that_fails_frees_the_way_for_what_waited() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Local>(s, "t"));
    });
    let mut sim = Sim::of(definition).on("a", "hang").on("t", "hang");
    sim.run();
    sim.answer("a", "ok");
    sim.take_trace();
    sim.answer("t", "busy");
    assert_eq!(sim.take_trace(), ["write a=completed t=running"]);
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn two_transactions_take_turns() {
    let definition = saga(|s| {
        s.join(|s| call::<Local>(s, "t"), |s| call::<Local>(s, "u"));
    });
    let mut sim = Sim::of(definition).on("t", "hang");
    sim.run();
    assert_eq!(sim.calls.len(), 1);
    sim.answer("t", "ok");
    sim.forget_script();
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run u"]);
    assert_eq!(sim.status(), Status::Completed);
}

#[test]
fn a_compensation_is_a_transaction_too() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
        call::<Plain>(s, "b");
    }))
    .on("b", "refused")
    .on("undo t", "busy ok");
    sim.run();
    assert_eq!(sim.calls_made(), ["run t", "run b", "undo t", "undo t (2)"]);
    assert_eq!(sim.row("t").status, StepStatus::Compensated);
}

#[test]
fn a_drain_ends_although_a_transaction_is_queued() {
    let definition = saga(|s| {
        s.join(|s| call::<Local>(s, "t"), |s| call::<Local>(s, "u"));
    });
    let mut sim = Sim::of(definition).on("t", "hang");
    sim.run();
    sim.feed(Event::Drain);
    sim.answer("t", "ok");
    sim.settle();
    assert!(sim.machine.is_none(), "{:#?}", sim.trace);
    assert_eq!(sim.calls_made(), ["run t"]);
}

#[test]
fn a_drain_ends_although_an_undo_is_queued() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
        call::<Plain>(s, "b");
    }))
    .on("b", "hang");
    sim.run();
    sim.answer("b", "refused");
    sim.feed(Event::Drain);
    sim.settle();
    assert!(sim.machine.is_none(), "{:#?}", sim.trace);
    assert_eq!(sim.status(), Status::RollingBack);
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn whoever_gives_up_while_a_transaction_ends_leaves_the_answer_to_the_journal() {
    let mut sim = Sim::of(saga(|s| {
        call::<Local>(s, "t");
        call::<Plain>(s, "b");
    }))
    .on("t", "hang");
    sim.run();
    sim.answer("t", "ok");
    sim.take_trace();
    sim.feed(Event::Drain);
    sim.feed(Event::Abandon);
    assert_eq!(sim.take_trace(), ["stop"]);
}

//! One step for each of several items.

use super::plans::{Builder, Pivot, Plain, call, saga};
use super::sim::Sim;
use crate::definition::{Definition, PlanError};
use crate::json::Json;
use crate::machine::{CallKind, DebtAction};
use crate::step::Args;
use crate::store::{Status, StepStatus};

fn items(n: usize) -> impl Fn(()) -> Result<Vec<Args<Plain>>, crate::StepError> + Send + Sync + 'static {
    move |()| (0..n).map(|i| Ok(Args::new(Json::encode(&serde_json::json!({ "i": i }))?))).collect()
}

fn plan(n: usize, at_once: u32) -> Definition<()> {
    saga(move |s| {
        call::<Plain>(s, "a");
        let all = s.named("each").max_parallel(at_once).call_each::<Plain, ()>((), items(n));
        s.value("check", (all,), move |(all,)| {
            let ok = all.len() == n && all.iter().all(|v| v == "ok");
            if ok { Ok(()) } else { Err(crate::StepError::permanent(format!("{all:?}"))) }
        });
        call::<Plain>(s, "z");
    })
}

#[test]
fn every_item_is_a_call_of_its_own_with_a_key_of_its_own() {
    let mut sim = Sim::of(plan(3, 10));
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "run each[0]", "run each[1]", "run each[2]", "run z"]);
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    let mut keys = sim.keys("each", CallKind::Run);
    keys.dedup();
    assert_eq!(keys.len(), 3, "{keys:?}");
    let args =
        sim.all_calls.iter().filter(|c| c.step_order == 1).map(|c| c.args.as_str()).collect::<Vec<_>>();
    assert_eq!(args, [r#"{"i":0}"#, r#"{"i":1}"#, r#"{"i":2}"#]);
}

#[test]
fn no_items_are_no_calls() {
    let mut sim = Sim::of(plan(0, 10));
    sim.run();
    assert_eq!((sim.status(), sim.calls_made()), (Status::Completed, vec!["run a", "run z"]));
}

#[test]
fn not_more_run_side_by_side_than_may() {
    let mut sim = Sim::of(plan(5, 2)).on("each[0]", "hang").on("each[1]", "hang");
    sim.run_until_idle();
    assert_eq!(sim.calls.len(), 2);
    sim.answer("run each[1]", "ok");
    sim.settle();
    assert_eq!(
        sim.calls_made()[1..],
        ["run each[0]", "run each[1]", "run each[2]", "run each[3]", "run each[4]"]
    );
    assert_eq!(sim.calls.len(), 1);
}

#[test]
fn an_item_makes_room_for_another_only_when_its_row_is_durable() {
    let mut sim = Sim::of(plan(2, 1));
    sim.begin();
    sim.acknowledge();
    sim.answer("a", "ok");
    sim.acknowledge();
    sim.answer("run each[0]", "ok");
    assert_eq!(sim.calls.len(), 0);
    sim.acknowledge();
    assert_eq!(sim.calls.len(), 1);
}

#[test]
fn when_one_fails_those_that_are_done_are_undone_the_last_first_and_no_more_begin() {
    let mut sim = Sim::of(plan(5, 2)).on("each[2]", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    let undone: Vec<_> = sim.calls_made().into_iter().filter(|c| c.starts_with("undo")).collect();
    assert_eq!(undone, ["undo each[3]", "undo each[1]", "undo each[0]", "undo a"]);
    assert!(!sim.calls_made().contains(&"run each[4]"));
}

#[test]
fn after_a_death_only_what_may_have_begun_is_unknown_and_what_is_done_is_not_done_again() {
    let mut sim = Sim::of(plan(5, 2)).on("each[1]", "hang").on("each[2]", "hang");
    sim.run_until("run each[2]");
    sim.settle();
    // each[0] is done; each[1] and each[2] are under way.
    sim.forget_script();
    sim.say("each[1]", "refused");
    sim.die_and_resume();
    sim.run();
    assert_eq!(sim.status(), Status::RolledBack);
    let calls = sim.calls_made();
    assert_eq!(calls.iter().filter(|c| **c == "run each[0]").count(), 1);
    assert!(
        calls.iter().any(|c| c.starts_with("undo") && c.ends_with("each[1]")),
        "it may have begun before the death: {calls:?}"
    );
    assert!(
        !calls.iter().any(|c| c.ends_with("each[3]") && c.starts_with("undo"))
            || calls.contains(&"run each[3]")
    );
    assert!(!calls.contains(&"undo each[4]"));
}

#[test]
fn the_list_is_computed_once() {
    let mut sim = Sim::of(plan(3, 3)).on("each[1]", "hang");
    sim.run_until_idle();
    sim.die_and_resume();
    sim.forget_script();
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    let lists =
        sim.evaluated.iter().filter(|e| matches!(e, crate::machine::Expression::Arguments(n) if n.0 == 2));
    assert_eq!(lists.count(), 1);
}

#[test]
fn a_tolerated_item_gives_none() {
    let mut sim = Sim::of(saga(|s| {
        let all = s.named("each").call_each_tolerated::<Plain, ()>((), items(3));
        s.value("check", (all,), |(all,)| {
            let some = all.iter().map(Option::is_some).collect::<Vec<_>>();
            if some == [true, false, true] { Ok(()) } else { Err(crate::StepError::permanent("not so")) }
        });
    }))
    .on("each[1]", "lost lost refused");
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    assert!(sim.calls_made().contains(&"undo each[1]"));
}

#[test]
fn an_item_that_cannot_be_undone_is_a_debt_of_its_own() {
    let mut sim = Sim::of(plan(3, 3)).on("z", "refused").on("undo each[1]", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Failed);
    let rows: Vec<_> =
        sim.journal.rows.values().filter(|r| r.step_order == 1).map(|r| (&*r.item, r.status)).collect();
    let undone = StepStatus::Compensated;
    assert_eq!(rows, [("0", undone), ("1", StepStatus::CompensationFailed), ("2", undone)]);
    sim.debt("plain.each[1]", DebtAction::Settle).unwrap();
    assert_eq!(sim.status(), Status::RolledBack);
}

#[test]
fn a_list_that_is_too_long_fails() {
    let mut sim = Sim::of(plan(10_001, 3));
    sim.run();
    assert_eq!((sim.status(), sim.calls_made()), (Status::RolledBack, vec!["run a", "undo a"]));
}

#[test]
fn a_list_that_cannot_be_computed_fails_the_saga_even_if_its_items_may_fail() {
    let mut sim = Sim::of(saga(|s| {
        call::<Plain>(s, "a");
        s.call_each_tolerated::<Plain, ()>((), |()| Err(crate::StepError::permanent("nobody knows")));
    }));
    sim.run();
    assert_eq!((sim.status(), sim.calls_made()), (Status::RolledBack, vec!["run a", "undo a"]));
}

#[test]
fn a_worker_that_leaves_hands_the_rest_over() {
    let mut sim = Sim::of(plan(4, 1)).on("each[1]", "hang");
    sim.run_until("run each[1]");
    sim.abandon();
    sim.forget_script();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
}

#[test]
fn there_is_one_point_of_no_return_and_not_one_for_each_item() {
    let mut s = Builder::new("saga", 1);
    s.call_each::<Pivot, ()>((), |()| Ok(vec![]));
    assert!(matches!(s.finish((), |()| Ok(())), Err(PlanError::PivotForEach(_))));
}

#[test]
fn of_a_list_that_is_too_long_nothing_is_begun() {
    let mut sim = Sim::of(plan(10_001, 10));
    sim.run();
    assert_eq!(sim.calls_made(), ["run a", "undo a"]);
    assert_eq!(sim.status(), Status::RolledBack);
    let said = sim.journal.header.state.error_message.clone().unwrap();
    assert!(said.contains("a list of 10001 items; 10000 is the most"), "{said}");
}

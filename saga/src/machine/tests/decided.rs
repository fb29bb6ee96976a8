//! Failures on which the saga decides (`let r = step(..).await;`).

use super::plans::{Plain, call, no_args, saga};
use super::sim::Sim;
use crate::definition::Definition;
use crate::error::StepError;
use crate::failure::Failure;
use crate::store::{Status, StepStatus};

/// Goes on only if `t` failed with words that hold `expected`, or succeeded where that is empty.
fn plan(expected: &'static str) -> Definition<()> {
    saga(move |s| {
        call::<Plain>(s, "a");
        s.named("t");
        let t = s.call_decided::<Plain, ()>((), no_args);
        s.value("check", (t,), move |(t,): (Result<serde_json::Value, Failure>,)| {
            let is = match &t {
                Ok(output) => expected.is_empty() && output == "ok",
                Err(failure) => {
                    failure.at == "plain" && !expected.is_empty() && failure.message.contains(expected)
                }
            };
            if is { Ok(()) } else { Err(StepError::permanent(format!("{t:?}"))) }
        });
        call::<Plain>(s, "c");
    })
}

#[test]
fn a_success_is_ok() {
    let mut sim = Sim::of(plan(""));
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    assert_eq!(
        sim.row("t").output.as_ref().unwrap().as_str(),
        "\"ok\"",
        "the row shows the step's own output"
    );
}

#[test]
fn a_failure_is_err_and_the_row_shows_it() {
    let mut sim = Sim::of(plan("refused")).on("t", "refused");
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    assert_eq!(sim.row("t").status, StepStatus::Failed);
}

#[test]
fn what_it_left_is_undone_before_the_saga_decides() {
    let mut sim = Sim::of(plan("lost")).on("t", "lost lost lost");
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
    let calls = sim.calls_made();
    assert_eq!(calls[calls.len() - 3..], ["undo t", "undo-late t", "run c"]);
}

#[test]
fn it_decides_after_an_operator_has_stopped_it_while_what_was_left_was_undone() {
    let mut sim = Sim::of(plan("lost")).on("t", "lost lost lost").on("undo-late t", "hang");
    sim.run_until("undo-late t");
    sim.journal.fail_by_hand();
    let header = Box::new(sim.journal.header.clone());
    sim.feed(crate::machine::Event::Header(header));
    sim.forget_script();
    sim.settle();
    assert_eq!((sim.status(), sim.row("t").status), (Status::Failed, StepStatus::Compensated));
    sim.retry().unwrap();
    sim.resume();
    sim.run();
    assert_eq!(sim.status(), Status::Completed, "{:?}", sim.journal.header.state.error_message);
}

#[test]
fn a_death_changes_neither() {
    for (script, expected) in [("ok", ""), ("refused", "refused")] {
        let mut sim = Sim::of(plan(expected)).on("t", script).on("c", "hang");
        sim.run_until("run c");
        sim.die_and_resume();
        sim.forget_script();
        sim.run();
        assert_eq!(sim.status(), Status::Completed, "{script}: {:?}", sim.journal.header.state.error_message);
        assert_eq!(sim.calls_made().iter().filter(|c| c.starts_with("run t")).count(), 1);
    }
}

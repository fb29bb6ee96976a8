//! Nothing goes wrong.

use super::plans::{chain, saga};
use super::sim::Sim;
use crate::store::Status;

#[test]
fn n_steps_cost_n_and_one_commits_and_the_last_fact_and_the_decision_are_one() {
    let mut sim = Sim::of(chain(&["a", "b", "c"]));
    sim.run();
    assert_eq!(
        sim.trace,
        [
            "write create",
            "run a",
            "write a=completed",
            "run b",
            "write b=completed",
            "run c",
            "write c=completed -> completed",
            "stop",
        ]
    );
    assert_eq!(sim.status(), Status::Completed);
    assert_eq!(sim.journal.header.worker, None);
    assert_eq!(sim.journal.header.state.output.as_ref().map(|o| o.as_str()), Some("\"out\""));
}

#[test]
fn nothing_begins_before_its_cause_is_acknowledged() {
    let mut sim = Sim::of(chain(&["a", "b"]));
    sim.begin();
    assert_eq!(sim.take_trace(), ["write create"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["run a"]);
    sim.answer("a", "ok");
    assert_eq!(sim.take_trace(), ["write a=completed"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["run b"]);
    sim.answer("b", "ok");
    assert_eq!(sim.take_trace(), ["write b=completed -> completed"]);
    sim.acknowledge();
    assert_eq!(sim.take_trace(), ["stop"]);
}

#[test]
fn a_saga_without_steps_is_created_and_then_completed() {
    let mut sim = Sim::of(saga(|_| {}));
    sim.run();
    assert_eq!(sim.trace, ["write create", "write -> completed", "stop"]);
}

//! A pause goes on over the end of a worker: nobody tries earlier than was said, and the attempts are counted on.

use std::time::Duration;

use super::plans::{LookedPivot, Plain, call, chain, saga};
use super::sim::Sim;
use crate::machine::CallKind;
use crate::store::{Status, StepStatus};

const SECOND: Duration = Duration::from_secs(1);

/// How a worker ends, and another one goes on.
const ENDS: [fn(&mut Sim); 3] = [
    Sim::die_and_resume,
    // Sooner than it is due: somebody has sent something.
    |sim| {
        sim.drain();
        sim.journal.header.state.wake_at = None;
        sim.resume();
    },
    |sim| {
        sim.abandon();
        sim.journal.header.state.wake_at = None;
        sim.resume();
    },
];

#[test]
fn a_pause_of_a_dead_worker_is_waited_out() {
    for end in ENDS {
        let mut sim = Sim::of(chain(&["a"])).on("a", "wait wait ok");
        sim.begin();
        sim.settle();
        sim.pass(15 * SECOND);
        end(&mut sim);
        sim.settle();
        assert_eq!(sim.calls_made(), ["run a"], "{:#?}", sim.trace);
        assert_eq!(sim.machine().wake_at(), Some(sim.now.plus(5 * SECOND)));
        sim.pass(4 * SECOND);
        sim.settle();
        assert_eq!(sim.calls_made(), ["run a"]);
        sim.run();
        assert_eq!(sim.calls_made(), ["run a", "run a (2)", "run a (3)"]);
        assert_eq!(sim.status(), Status::Completed);
        assert_eq!(sim.row("a").carry, None, "nothing of it is left");
    }
}

#[test]
fn attempts_are_counted_over_deaths() {
    for word in ["wait", "busy"] {
        let mut sim = Sim::of(chain(&["a", "b"])).on("b", &[word; 9].join(" "));
        sim.run_until("write a=completed");
        for _ in 0..2 {
            sim.settle();
            sim.die_and_resume();
            sim.settle();
            if let Some(at) = sim.machine().wake_at() {
                sim.pass(at.since(sim.now));
            }
        }
        sim.run();
        let tried: Vec<_> = sim.calls_made().into_iter().filter(|line| line.starts_with("run b")).collect();
        assert_eq!(tried, ["run b", "run b (2)", "run b (3)"], "{word}: {:#?}", sim.trace);
    }
}

#[test]
fn the_longer_of_two_pauses_is_not_cut_short_by_the_end_of_the_other() {
    let definition = saga(|s| {
        s.join(|s| call::<Plain>(s, "a"), |s| call::<Plain>(s, "b"));
    });
    let mut sim = Sim::of(definition).on("a", "wait ok").on("b", "long ok");
    sim.begin();
    sim.settle();
    sim.drain();
    sim.resume();
    sim.settle();
    assert_eq!(sim.calls_made(), ["run a", "run b", "run a (2)"]);
    // And until then it costs no memory.
    assert_eq!(sim.status(), Status::Waiting);
    assert_eq!(sim.journal.header.state.wake_at, Some(sim.now.plus(86_380 * SECOND)));
}

#[test]
fn an_owner_whose_clock_is_behind_waits_no_longer_than_was_said() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "wait ok");
    sim.begin();
    sim.settle();
    sim.die(true);
    sim.now = sim.now.minus(3600 * SECOND);
    sim.resume();
    assert_eq!(sim.machine().wake_at(), Some(sim.now.plus(20 * SECOND)));
}

#[test]
fn a_pause_of_an_undo_is_waited_out_and_its_attempts_are_counted_on() {
    let definition = || {
        chain(&["a", "b"]).with_policies(|_, policy| {
            policy.undo_retry.max_attempts = 3;
        })
    };
    for end in ENDS {
        let mut sim = Sim::of(definition()).on("b", "refused").on("undo a", "wait wait wait wait");
        sim.run_until("undo a");
        sim.settle();
        sim.pass(15 * SECOND);
        end(&mut sim);
        sim.settle();
        let undone = |sim: &Sim| sim.calls_made().iter().filter(|line| line.starts_with("undo a")).count();
        assert_eq!(undone(&sim), 1, "{:#?}", sim.trace);
        sim.run();
        assert_eq!(undone(&sim), 3, "{:#?}", sim.trace);
        assert_eq!(sim.row("a").status, StepStatus::CompensationFailed);
        assert_eq!(sim.row("a").undo_attempts, 3);
    }
}

#[test]
fn a_pause_of_a_pivots_look_up_is_waited_out() {
    let mut sim = Sim::of(saga(|s| {
        call::<LookedPivot>(s, "p");
    }))
    .on("p", "lost")
    .on("look p", "wait");
    sim.run_until("look p");
    sim.settle();
    sim.pass(15 * SECOND);
    sim.die_and_resume();
    sim.settle();
    assert_eq!(sim.keys("p", CallKind::LookUp).len(), 1, "{:#?}", sim.trace);
    assert_eq!(sim.machine().wake_at(), Some(sim.now.plus(5 * SECOND)));
}

#[test]
fn a_persons_retry_does_not_wait_for_what_was_due_before() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "long ok");
    sim.begin();
    sim.settle();
    sim.drain();
    sim.journal.fail_by_hand();
    sim.retry().unwrap();
    let now = sim.now;
    sim.resume();
    sim.run();
    assert_eq!((sim.status(), sim.now), (Status::Completed, now));
}

#[test]
fn a_pause_without_end_has_none_for_the_next_owner_either() {
    let mut sim = Sim::of(chain(&["a"])).on("a", "never ok");
    sim.begin();
    sim.settle();
    assert_eq!(sim.status(), Status::Waiting);
    // Somebody looks at it all the same, after a hundred years.
    sim.journal.header.state.wake_at = None;
    sim.pass(100 * 365 * 86_400 * SECOND);
    sim.resume();
    sim.settle();
    assert_eq!((sim.calls_made(), sim.status()), (vec!["run a"], Status::Waiting));
}

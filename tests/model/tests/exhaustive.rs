//! Every moment of every history, within the bounds that stand here. Two processes meet more trouble than three: each
//! kind of trouble multiplies the moments by five.

use model::{Budget, Found, Group, check};

/// Nothing is broken, and everything that stands in the model's list was seen but for this.
fn holds(group: Group, but: &[&str]) {
    let Found { states, broken, unseen } = check(group);
    assert!(broken.is_empty(), "{states} states: {broken:#?}");
    assert_eq!(unseen, but, "{states} states");
}

const PAUSED: &str = "a paused process holds its transaction open";
const TWICE: &str = "one commit is under way twice";

#[test]
fn two_processes_that_pause_and_come_back_and_what_they_may_send() {
    let budget = Budget { deaths: 1, returns: 1, pauses: 1, ..Budget::default() };
    holds(Group::new(2, 1, budget).with_requests(), &[TWICE]);
}

#[test]
fn two_processes_whose_answers_are_lost_and_who_let_go() {
    let budget = Budget { deaths: 1, losses: 1, releases: 1, ..Budget::default() };
    holds(Group::new(2, 1, budget), &[PAUSED]);
}

#[test]
fn two_processes_that_crash_and_a_server_that_restarts() {
    let budget = Budget { deaths: 1, crashes: 1, returns: 1, restarts: 1, ..Budget::default() };
    holds(Group::new(2, 1, budget), &[PAUSED]);
}

#[test]
fn two_processes_that_declare_each_other_dead_and_come_back() {
    let budget = Budget { deaths: 2, returns: 1, ..Budget::default() };
    holds(Group::new(2, 1, budget), &[PAUSED]);
}

#[test]
fn two_workflows_of_one_dead_process() {
    let budget = Budget { deaths: 1, ..Budget::default() };
    holds(Group::new(2, 2, budget), &[PAUSED, TWICE]);
}

#[test]
fn three_processes() {
    let budget = Budget { deaths: 1, ..Budget::default() };
    holds(Group::new(3, 1, budget), &[PAUSED]);
}

/// Some minutes: `scripts/test model-deep`.
#[cfg(feature = "deep")]
mod deep {
    use super::*;

    #[test]
    fn two_processes_in_all_trouble_at_once() {
        let budget =
            Budget { deaths: 1, returns: 1, pauses: 1, crashes: 0, losses: 1, restarts: 1, releases: 0 };
        holds(Group::new(2, 1, budget), &[]);
    }

    #[test]
    fn three_processes_of_which_one_pauses() {
        let budget = Budget { deaths: 2, pauses: 1, ..Budget::default() };
        holds(Group::new(3, 1, budget), &[TWICE]);
    }
}

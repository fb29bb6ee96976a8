//! A model that finds nothing may be one that cannot find anything: each mistake gives a counterexample.

use model::properties::{DEAD_WRITES, EARLY, STUCK, TWO_ACT, TWO_WRITE};
use model::{Budget, Bug, Group, check_until_broken};

const FEW: Budget =
    Budget { deaths: 1, returns: 0, pauses: 1, crashes: 0, losses: 0, restarts: 0, releases: 0 };

/// Some history breaks this promise.
fn breaks(bug: Bug, promise: &'static str, group: Group) {
    let found = check_until_broken(group.with(bug), promise);
    let way = found.broken.iter().find(|(name, _)| *name == promise);
    assert!(way.is_some(), "of {} states none breaks the promise that {promise}", found.states);
}

fn journal(budget: Budget) -> Group {
    Group::new(2, 1, budget)
}

fn requests() -> Group {
    journal(FEW).with_requests()
}

#[test]
fn a_fence_that_is_not_asked_lets_the_dead_write() {
    breaks(Bug::FenceNotAsked, DEAD_WRITES, journal(FEW));
}

#[test]
fn a_snapshot_that_is_not_looked_at_again_lets_the_dead_write() {
    breaks(Bug::SnapshotNotRechecked, DEAD_WRITES, journal(FEW));
}

#[test]
fn a_fence_that_waits_for_nobody_lets_the_dead_write() {
    breaks(Bug::FenceDoesNotWait, DEAD_WRITES, journal(FEW));
}

#[test]
fn a_fencer_that_does_not_look_again_kills_the_living() {
    breaks(Bug::FenceLooksOnce, EARLY, journal(FEW));
}

#[test]
fn a_lease_by_the_clock_of_whoever_looks_kills_the_living() {
    breaks(Bug::LeaseByOwnClock, EARLY, journal(FEW));
}

#[test]
fn a_claim_that_does_not_hold_its_workers_row_loses_a_workflow() {
    breaks(Bug::ClaimNotFenced, STUCK, journal(FEW));
}

#[test]
fn a_dead_worker_without_a_tombstone_takes_its_workflows_along() {
    breaks(Bug::NoTombstone, STUCK, journal(Budget { crashes: 1, ..FEW }));
}

#[test]
fn a_tombstone_that_goes_too_early_loses_a_workflow() {
    breaks(Bug::BuriedTooEarly, STUCK, journal(FEW));
}

#[test]
fn a_transaction_that_is_left_open_stops_the_takeover() {
    breaks(Bug::OpenTransactionsStay, STUCK, journal(FEW));
}

#[test]
fn what_a_claim_took_without_an_answer_is_lost_if_nobody_asks() {
    breaks(Bug::StraysNotAskedFor, STUCK, journal(Budget { losses: 1, ..FEW }));
}

#[test]
fn a_lease_that_counts_from_the_answer_lets_two_act() {
    breaks(Bug::LeaseFromAnswer, TWO_ACT, requests());
}

#[test]
fn a_clock_that_stops_in_suspend_lets_two_act() {
    breaks(Bug::ClockStopsInSuspend, TWO_ACT, requests());
}

#[test]
fn a_lease_that_is_not_looked_at_lets_two_act() {
    breaks(Bug::LeaseNotLookedAt, TWO_ACT, requests());
}

#[test]
fn a_decision_that_is_not_compared_is_taken_twice() {
    breaks(Bug::DecisionNotCompared, TWO_WRITE, journal(Budget { releases: 2, losses: 1, ..FEW }));
}

#[test]
fn a_name_that_is_used_again_lets_an_earlier_life_write() {
    breaks(Bug::NameUsedAgain, TWO_WRITE, journal(Budget { returns: 1, losses: 1, crashes: 1, ..FEW }));
}

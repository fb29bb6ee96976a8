//! How each cell is brought about: which call is held up, which file is stalled, and what the kill waits for.

use std::time::Duration;

use super::cell::Direction::{Backward, Forward};
use super::cell::Moment::{After, Before, Between};
use super::cell::{Cell, Direction, Step};
use super::round::{Round, Story};
use crate::stage::DELAY_MS;

const SAGA: &str = "saga.db";
const RADIUS: &str = "radius.db";
/// Longer than the server lives.
const HELD_MS: u64 = 60_000;

impl Cell {
    /// What has to happen to the workflow so that it comes to this cell.
    pub(super) fn story(self) -> Story {
        match (self.direction, self.step) {
            (Forward, _) => Story::Completes,
            (Backward, Step::Cpe | Step::Service) => Story::Cancelled,
            (Backward, _) => Story::Fails,
        }
    }
}

impl Round<'_> {
    /// Starts, and comes back when the kill has to come, at once.
    pub(super) fn aim(&mut self, cell: Cell) {
        match (cell.step, cell.direction, cell.moment) {
            // Where the journal's own transaction is the effect, the kill comes as soon as the commit before it
            // is seen, and so into that transaction, or into what leads to it.
            (Step::Customer, Forward, Before) => {
                self.start();
                self.until(|_| true);
            }
            (Step::Customer, Forward, After) | (Step::Subscriber, Forward, Before) => {
                self.start();
                self.until(|journal| journal.is_done(Step::Customer));
            }
            (Step::Subscriber, Forward, After) | (Step::Account, Forward, Before) => self.before_account(),
            (Step::Account, Forward, Between) => {
                self.before_account();
                self.stall(SAGA);
                self.go_on(RADIUS);
                self.until_so("with an account", |round| round.there(Step::Account) > 0);
            }
            (Step::Account, Forward, After) => {
                self.stage.spoil("netbox", "allocate", "delay", DELAY_MS);
                self.start();
                self.until(|journal| journal.is_done(Step::Account));
            }
            (Step::Address, Forward, After) => {
                self.stage.spoil("voltha", "enable", "delay", DELAY_MS);
                self.start();
                self.until(|journal| journal.is_done(Step::Address));
            }
            (Step::Onu, Forward, After) => {
                self.stage.spoil("genieacs", "set", "delay", DELAY_MS);
                self.start();
                self.until(|journal| journal.is_done(Step::Onu));
            }
            (Step::Cpe, Forward, After) | (Step::Service, Forward, Before) => {
                self.start();
                self.until(|journal| journal.is_done(Step::Cpe));
            }
            (Step::Service, Forward, After) => {
                self.start();
                self.until(|journal| journal.is_done(Step::Service));
            }
            (Step::Service, Backward, Before) => {
                self.cancel_behind_the_router();
                self.until(|journal| journal.is_done(Step::Service) && journal.status == "rolling_back");
            }
            (Step::Service, Backward, After) => {
                self.cancel_behind_the_router();
                self.until(|journal| journal.is_undone(Step::Service));
            }
            (Step::Cpe, Backward, After) => {
                self.cancel_at_the_router();
                self.stage.spoil("voltha", "disable", "delay", DELAY_MS);
                self.until(|journal| journal.is_undone(Step::Cpe));
            }
            (Step::Onu, Backward, After) => {
                self.stage.spoil("netbox", "release", "delay", DELAY_MS);
                self.start();
                self.until(|journal| journal.is_undone(Step::Onu));
            }
            (Step::Address, Backward, After) | (Step::Account, Backward, Before) => {
                self.before_account_goes()
            }
            (Step::Account, Backward, Between) => {
                self.before_account_goes();
                self.stall(SAGA);
                self.go_on(RADIUS);
                self.until_so("without an account", |round| round.there(Step::Account) == 0);
            }
            (Step::Account, Backward, After) | (Step::Subscriber, Backward, Before) => {
                self.start();
                self.until(|journal| journal.is_undone(Step::Account));
            }
            (Step::Subscriber, Backward, After) | (Step::Customer, Backward, Before) => {
                self.start();
                self.until(|journal| journal.is_undone(Step::Subscriber));
            }
            (Step::Customer, Backward, After) => {
                self.start();
                self.until(|journal| journal.is_undone(Step::Customer));
            }
            (Step::Customer | Step::Subscriber | Step::Service, _, Between) => {
                panic!("{cell:?} is not possible: effect = commit")
            }
            // A call to a system with a fault for it: held up before its effect, or after it.
            (step @ (Step::Address | Step::Onu | Step::Cpe), direction, moment) => {
                let (system, op) = call(step, direction);
                if (step, direction) == (Step::Cpe, Backward) {
                    self.cancel_at_the_router();
                }
                match moment {
                    Before => self.stage.spoil(system, op, "delay", DELAY_MS),
                    _ => self.stage.spoil(system, op, "hold_answer", HELD_MS),
                }
                if (step, direction) != (Step::Cpe, Backward) {
                    self.start();
                }
                self.until_hit(system, 0);
                if moment == Between {
                    let wanted = usize::from(direction == Forward);
                    self.until_so("with its effect", |round| round.there(step) == wanted);
                }
            }
        }
    }

    /// Waits at the account, whose file somebody else holds.
    fn before_account(&mut self) {
        self.stall(RADIUS);
        self.start();
        self.until(|journal| journal.is_done(Step::Subscriber));
    }

    /// Waits at the account's undo. The address is undone first, and takes itself out of the same file before
    /// it goes to NetBox.
    fn before_account_goes(&mut self) {
        self.stage.spoil("netbox", "release", "delay", DELAY_MS);
        self.start();
        self.until_hit("netbox", 0);
        self.stall(RADIUS);
        self.until(|journal| journal.is_undone(Step::Address));
    }

    /// Cancelled while its router is being configured.
    fn cancel_at_the_router(&mut self) {
        self.stage.spoil("genieacs", "set", "delay", DELAY_MS);
        self.start();
        self.until_hit("genieacs", 0);
        self.cancel();
    }

    /// Cancelled when it is too late for the last step not to run: the cancellation waits in front of that step
    /// for the journal's file, which is held when the router's step comes to its commit.
    fn cancel_behind_the_router(&mut self) {
        self.stage.spoil("genieacs", "set", "delay", DELAY_MS);
        self.start();
        self.until_hit("genieacs", 0);
        self.stall(SAGA);
        // For the router's undo, so that the last step's has the time to be seen.
        self.stage.spoil("genieacs", "set", "delay", DELAY_MS);
        self.until_so("with its router", |round| round.there(Step::Cpe) > 0);
        self.until_so("waiting for the file", |round| !round.stage.is_ready());
        self.cancel();
        // Nothing tells from outside that the cancellation waits; if it does not yet, it comes too late.
        std::thread::sleep(Duration::from_millis(50));
        self.go_on(SAGA);
    }
}

/// The call that is a step's effect.
fn call(step: Step, direction: Direction) -> (&'static str, &'static str) {
    match (step, direction) {
        (Step::Address, Forward) => ("netbox", "allocate"),
        (Step::Address, Backward) => ("netbox", "release"),
        (Step::Onu, Forward) => ("voltha", "enable"),
        (Step::Onu, Backward) => ("voltha", "disable"),
        (Step::Cpe, _) => ("genieacs", "set"),
        _ => panic!("{step:?} calls no system"),
    }
}

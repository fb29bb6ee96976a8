//! The optical line. gRPC's codes: 3 invalid argument, 9 failed precondition, 16 unauthenticated.

use super::spoil::{Spoil, fault};
use super::table::Failure::*;
use super::table::Person::{ForgivesDebts, Retries, RetriesDebts, SettlesDebts};
use super::table::Way::{Do, Undo};
use super::table::{Case, End, Step, case, completed, impossible, owes, parked, rolled_back};

const NOBODY_KNOWS: &str = "not possible: once the ONU may be enabled, every other answer means that nobody knows, and is asked again";

pub fn onu() -> Step {
    let enable = |mode| fault("voltha", "enable", mode);
    let disable = |mode| fault("voltha", "disable", mode);
    let blind = || fault("voltha", "get", "refuse").status(3);
    // The next attempt would see that the ONU is enabled, and wait for it: so it must not see it. The first
    // look is that of the attempt which is lost.
    let lost = |enabling: Spoil| vec![enabling, fault("voltha", "get", "delay"), blind()];
    let undone = || rolled_back("UUUUU--");
    let undo = |spoils: Vec<Spoil>, end: End| Case::of(spoils, 1, end).asking("cpe_mac", "aa:bb:cc:dd:ee:ff");
    let owed = || owes("UUUUDF-", "line", &["activate_onu"]);
    let all_undone = || rolled_back("UUUUUF-");
    let waived = || End { held: "line".into(), ..rolled_back("UUUUDF-") };
    let no = || vec![disable("refuse").status(3)];
    let mut cells = vec![
        case(Do, Refused, Case::of([enable("refuse").status(3)], 1, rolled_back("UUUUF--"))),
        case(Do, Misconfigured, {
            let parked = parked("CCCCF--", "customer, subscriber, account, reply, address");
            Case::of([enable("refuse").status(16)], 1, parked).then(Retries, completed())
        }),
        case(Do, TransientThenFine, Case::of([enable("refuse").status(9)], 2, completed())),
        case(Do, TimedOutWithoutEffect, Case::of([enable("hang")], 2, completed())),
        case(Do, TimedOutWithoutEffectForGood, Case::of(lost(enable("hang")), 2, undone())),
        case(Do, TimedOutWithEffect, Case::of([enable("delay").ms(1_000)], 2, completed())),
        case(Do, Held, Case::of([enable("hold_answer")], 2, completed())),
        case(Do, HeldForGood, Case::of(lost(enable("hold_answer")), 2, undone())),
        case(Do, Dropped, Case::of([enable("drop_answer")], 2, completed())),
        case(Do, DroppedForGood, Case::of(lost(enable("drop_answer")), 2, undone())),
        case(Do, LateAfterItsUndo, Case::of(lost(enable("late").ms(1_500)), 2, undone()).settling(3_000)),
        // It is enabled, does not come up, and is disabled again by the step itself.
        case(Do, BrokenOffInTheMiddle, {
            Case::of([], 1, rolled_back("UUUUF--")).asking("onu_serial", "FAIL00000001")
        }),
        // It is enabled, and the first look whether it comes up goes wrong.
        case(Do, BrokenOffThenFine, {
            let spoils = [fault("voltha", "get", "delay"), fault("voltha", "get", "refuse").status(16)];
            Case::of(spoils, 2, completed())
        }),
        case(Undo, Refused, undo(no(), owed()).then(RetriesDebts, all_undone())),
        case(Undo, RefusedAndSettled, undo(no(), owed()).then(SettlesDebts, waived())),
        case(Undo, RefusedAndForgiven, undo(no(), owed()).then(ForgivesDebts, waived())),
        case(Undo, Misconfigured, {
            undo(vec![disable("refuse").status(16)], owed()).then(RetriesDebts, all_undone())
        }),
        case(Undo, TransientThenFine, undo(vec![disable("refuse").status(9)], all_undone())),
        case(Undo, TimedOutWithoutEffect, undo(vec![disable("hang")], all_undone())),
        case(Undo, TimedOutWithEffect, undo(vec![disable("delay").ms(1_000)], all_undone())),
        case(Undo, Held, undo(vec![disable("hold_answer")], all_undone())),
        case(Undo, Dropped, undo(vec![disable("drop_answer")], all_undone())),
        case(Undo, LateAfterItsRepetition, undo(vec![disable("late").ms(600)], all_undone()).settling(1_500)),
        // VOLTHA says "not now", and then does not let the device be looked at.
        case(Undo, BrokenOffInTheMiddle, {
            let spoils = vec![disable("refuse").status(9), blind().before_the_undo()];
            undo(spoils, owed()).then(RetriesDebts, all_undone())
        }),
    ];
    cells.extend(impossible(Do, &[MisconfiguredInTheMiddle], NOBODY_KNOWS));
    Step { name: "activate_onu", system: "voltha", cells }
}

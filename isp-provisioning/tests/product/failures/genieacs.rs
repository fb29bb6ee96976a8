//! The router. What it had is put back; its password reads back empty, so undo leaves it blank.

use super::spoil::{Spoil, fault, refuses};
use super::table::Failure::*;
use super::table::Person::{ForgivesDebts, Retries, RetriesDebts, SettlesDebts};
use super::table::Way::{Do, Undo};
use super::table::{Case, End, Step, case, completed, impossible, owes, parked, rolled_back};

const NOBODY_KNOWS: &str = "not possible: once the values may be set, every other answer means that nobody knows, and is asked again";

pub fn cpe() -> Step {
    let set = |mode| fault("genieacs", "set", mode);
    let undone = || rolled_back("UUUUUU-");
    // The step's own setting of values goes well, and then step 7 is refused.
    let undo = |spoils: &[Spoil], end: End| {
        let own = set("delay");
        let all: Vec<Spoil> = [own, refuses("saga.db", "INSERT ON services")]
            .into_iter()
            .chain(spoils.iter().cloned())
            .collect();
        Case::of(all, 1, end)
    };
    let owed = || owes("UUUUUDF", "router", &["configure_cpe"]);
    let all_undone = || rolled_back("UUUUUUF");
    let waived = || End { held: "router".into(), ..rolled_back("UUUUUDF") };
    let no = || [set("refuse").status(400)];
    let read = |mode| fault("genieacs", "read", mode);
    let mut cells = vec![
        case(Do, Refused, Case::of(no(), 1, rolled_back("UUUUUF-"))),
        case(Do, Misconfigured, {
            let parked = parked("CCCCCF-", "customer, subscriber, account, reply, address, line");
            Case::of([set("refuse").status(403)], 1, parked).then(Retries, completed())
        }),
        case(Do, TransientThenFine, Case::of([set("refuse").status(429)], 2, completed())),
        case(Do, TimedOutWithoutEffect, Case::of([set("hang")], 2, completed())),
        case(Do, TimedOutWithoutEffectForGood, Case::of([set("hang").times(3)], 3, undone())),
        case(Do, TimedOutWithEffect, Case::of([set("delay").ms(1_000)], 2, completed())),
        case(Do, Held, Case::of([set("hold_answer")], 2, completed())),
        case(Do, HeldForGood, Case::of([set("hold_answer").times(3)], 3, undone())),
        case(Do, Dropped, Case::of([set("drop_answer")], 2, completed())),
        case(Do, DroppedForGood, Case::of([set("drop_answer").times(3)], 3, undone())),
        case(Do, LateAfterItsUndo, {
            Case::of([set("late").ms(1_500), set("refuse").status(400)], 2, undone()).settling(3_000)
        }),
        // The values are set and cannot be read back, so nobody knows that they are.
        case(Do, BrokenOffInTheMiddle, {
            let spoils = [read("delay"), read("refuse").status(400).times(3)];
            Case::of(spoils, 3, undone())
        }),
        case(Do, BrokenOffThenFine, {
            Case::of([read("delay"), read("refuse").status(403)], 2, completed())
        }),
        case(Undo, Refused, undo(&no(), owed()).then(RetriesDebts, all_undone())),
        case(Undo, RefusedAndSettled, undo(&no(), owed()).then(SettlesDebts, waived())),
        case(Undo, RefusedAndForgiven, undo(&no(), owed()).then(ForgivesDebts, waived())),
        case(Undo, Misconfigured, {
            undo(&[set("refuse").status(403)], owed()).then(RetriesDebts, all_undone())
        }),
        case(Undo, TransientThenFine, undo(&[set("refuse").status(429)], all_undone())),
        case(Undo, TimedOutWithoutEffect, undo(&[set("hang")], all_undone())),
        case(Undo, TimedOutWithEffect, undo(&[set("delay").ms(1_000)], all_undone())),
        case(Undo, Held, undo(&[set("hold_answer")], all_undone())),
        case(Undo, Dropped, undo(&[set("drop_answer")], all_undone())),
        case(Undo, LateAfterItsRepetition, undo(&[set("late").ms(600)], all_undone()).settling(1_500)),
        // What is queued is withdrawn, the earlier values are set, and cannot be read back at first.
        case(Undo, BrokenOffInTheMiddle, {
            undo(&[read("delay").times(2), read("refuse").status(400)], all_undone())
        }),
    ];
    cells.extend(impossible(Do, &[MisconfiguredInTheMiddle], NOBODY_KNOWS));
    Step { name: "configure_cpe", system: "genieacs", cells }
}

//! The address: NetBox first, then the account's reply; undone the other way round.

use super::spoil::{Spoil, Until, When, fault, gone, refuses_when};
use super::table::Failure::*;
use super::table::Person::{ForgivesDebts, Retries, RetriesDebts, SettlesDebts};
use super::table::Way::{Do, Undo};
use super::table::{Case, End, Step, case, completed, owes, parked, rolled_back};

pub fn address() -> Step {
    let allocate = |mode| fault("netbox", "allocate", mode);
    let release = |mode| fault("netbox", "release", mode);
    let undone = || rolled_back("UUUU---");
    let undo = |spoil: Spoil, end: End| Case::of([spoil], 1, end).asking("cpe_mac", "aa:bb:cc:dd:ee:ff");
    let owed = || owes("UUUDUF-", "address", &["allocate_ip"]);
    let all_undone = || rolled_back("UUUUUF-");
    let waived = || End { held: "address".into(), ..rolled_back("UUUDUF-") };
    let cells = vec![
        case(Do, Refused, Case::of([allocate("refuse").status(400)], 1, rolled_back("UUUF---"))),
        case(Do, Misconfigured, {
            let parked = parked("CCCF---", "customer, subscriber, account");
            Case::of([allocate("refuse").status(403)], 1, parked).then(Retries, completed())
        }),
        case(Do, TransientThenFine, Case::of([allocate("refuse").status(429)], 2, completed())),
        case(Do, TimedOutWithoutEffect, Case::of([allocate("hang")], 2, completed())),
        case(Do, TimedOutWithoutEffectForGood, Case::of([allocate("hang").times(3)], 3, undone())),
        case(Do, TimedOutWithEffect, Case::of([allocate("delay").ms(1_000)], 2, completed())),
        case(Do, Held, Case::of([allocate("hold_answer")], 2, completed())),
        case(Do, HeldForGood, Case::of([allocate("hold_answer").times(3)], 3, undone())),
        case(Do, Dropped, Case::of([allocate("drop_answer")], 2, completed())),
        case(Do, DroppedForGood, Case::of([allocate("drop_answer").times(3)], 3, undone())),
        case(Do, LateAfterItsUndo, {
            let spoils = [allocate("late").ms(1_500), allocate("refuse").status(400)];
            Case::of(spoils, 2, undone()).settling(3_000)
        }),
        // NetBox has given the address, and RADIUS does not take it.
        case(Do, BrokenOffInTheMiddle, {
            let framed = "NEW.attribute = 'Framed-IP-Address'";
            Case::of([refuses_when("radius.db", "INSERT ON radreply", framed)], 1, undone())
        }),
        // As above, but RADIUS is only locked, or its table is missing: the address that is there is found again.
        case(Do, BrokenOffThenFine, {
            let until = Until::Again("allocate_ip");
            let lock = Spoil::Lock { file: "radius.db", until, when: When::WhileAsked("netbox") };
            Case::of([allocate("delay").ms(300), lock], 0, completed())
        }),
        case(Do, MisconfiguredInTheMiddle, {
            let spoils = [allocate("delay").ms(300), gone("radius.db", "radreply").while_asked("netbox")];
            let parked = parked("CCCF---", "customer, subscriber, account, address");
            Case::of(spoils, 1, parked).then(Retries, completed())
        }),
        case(Undo, Refused, undo(release("refuse").status(400), owed()).then(RetriesDebts, all_undone())),
        case(
            Undo,
            RefusedAndSettled,
            undo(release("refuse").status(400), owed()).then(SettlesDebts, waived()),
        ),
        case(
            Undo,
            RefusedAndForgiven,
            undo(release("refuse").status(400), owed()).then(ForgivesDebts, waived()),
        ),
        case(Undo, Misconfigured, {
            undo(release("refuse").status(403), owed()).then(RetriesDebts, all_undone())
        }),
        case(Undo, TransientThenFine, undo(release("refuse").status(429), all_undone())),
        case(Undo, TimedOutWithoutEffect, undo(release("hang"), all_undone())),
        case(Undo, TimedOutWithEffect, undo(release("delay").ms(1_000), all_undone())),
        case(Undo, Held, undo(release("hold_answer"), all_undone())),
        case(Undo, Dropped, undo(release("drop_answer"), all_undone())),
        case(Undo, LateAfterItsRepetition, undo(release("late").ms(600), all_undone()).settling(1_500)),
        // The reply is cleared, and NetBox does not even let the address be looked up.
        case(Undo, BrokenOffInTheMiddle, {
            undo(fault("netbox", "find", "refuse").status(400), owed()).then(RetriesDebts, all_undone())
        }),
    ];
    Step { name: "allocate_ip", system: "netbox", cells }
}

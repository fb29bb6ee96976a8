//! RADIUS: FreeRADIUS's tables in a SQLite file of their own.

use super::run::PAUSE_MS;
use super::spoil::{Spoil, Until, When, gone, refuses};
use super::table::Failure::*;
use super::table::Person::{ForgivesDebts, Retries, RetriesDebts, SettlesDebts};
use super::table::Way::{Do, Undo};
use super::table::{Case, End, Step, case, completed, impossible, owes, parked, rolled_back};

const SAYS_SO: &str = "not possible: a locked file says so, which is transient; see above";
const ANSWERED: &str = "not possible: the file's COMMIT is answered in this process; PostgreSQL's may be lost, and is ambiguous then";
const AS_A_WHOLE: &str = "not possible: the transaction fails as a whole; see above";

pub fn account() -> Step {
    let taken = Spoil::Sql {
        file: "radius.db",
        what: "the user name is somebody else's",
        spoil: "INSERT INTO radcheck (username, attribute, op, value) \
            VALUES ('john.doe@example.com', 'Cleartext-Password', ':=', 'by hand')"
            .into(),
        mend: "SELECT 1".into(),
        when: When::Before,
    };
    let locked = |until, when| Spoil::Lock { file: "radius.db", until, when };
    let again = Until::Again("create_radius_account");
    let stays = || refuses("radius.db", "DELETE ON radcheck");
    let undo = |spoil: Spoil, end: End| Case::of([spoil], 1, end).asking("cpe_mac", "aa:bb:cc:dd:ee:ff");
    let owed = || owes("UUDUUF-", "account", &["create_radius_account"]);
    let undone = || rolled_back("UUUUUF-");
    let waived = || End { held: "account".into(), ..rolled_back("UUDUUF-") };
    let without_address = |case: Case| case.asking("allocate_ip_from_netbox", false);
    let mut cells = vec![
        case(Do, Refused, Case::of([taken], 1, rolled_back("UUF----"))),
        case(Do, Misconfigured, {
            let parked = parked("CCF----", "customer, subscriber");
            Case::of([gone("radius.db", "radcheck")], 1, parked).then(Retries, completed())
        }),
        case(Do, TransientThenFine, Case::of([locked(again, When::Before)], 0, completed())),
        case(Do, TimedOutWithoutEffectForGood, {
            Case::of([locked(Until::Ended, When::Before)], 3, rolled_back("UUF----"))
        }),
        case(Do, BrokenOffInTheMiddle, {
            Case::of([refuses("radius.db", "INSERT ON radusergroup")], 1, rolled_back("UUF----"))
        }),
        case(Undo, Refused, undo(stays(), owed()).then(RetriesDebts, undone())),
        case(Undo, RefusedAndSettled, undo(stays(), owed()).then(SettlesDebts, waived())),
        case(Undo, RefusedAndForgiven, undo(stays(), owed()).then(ForgivesDebts, waived())),
        case(Undo, Misconfigured, {
            let owed = owes("UUDSUF-", "account", &["create_radius_account"]);
            let spoil = gone("radius.db", "radusergroup").before_the_undo();
            without_address(undo(spoil, owed)).then(RetriesDebts, rolled_back("UUUSUF-"))
        }),
        case(Undo, TransientThenFine, {
            let spoil = locked(Until::Passed(PAUSE_MS + 700), When::BeforeTheUndo);
            without_address(undo(spoil, rolled_back("UUUSUF-")))
        }),
        case(Undo, BrokenOffInTheMiddle, {
            let spoil = refuses("radius.db", "DELETE ON radusergroup");
            undo(spoil, owed()).then(RetriesDebts, undone())
        }),
    ];
    cells.extend(impossible(Do, &[TimedOutWithoutEffect], SAYS_SO));
    let lost = [TimedOutWithEffect, Held, HeldForGood, Dropped, DroppedForGood, LateAfterItsUndo];
    cells.extend(impossible(Do, &lost, ANSWERED));
    cells.extend(impossible(Do, &[BrokenOffThenFine, MisconfiguredInTheMiddle], AS_A_WHOLE));
    cells.extend(impossible(Undo, &[TimedOutWithoutEffect], SAYS_SO));
    cells.extend(impossible(Undo, &[TimedOutWithEffect, Held, Dropped, LateAfterItsRepetition], ANSWERED));
    Step { name: "create_radius_account", system: "radius", cells }
}

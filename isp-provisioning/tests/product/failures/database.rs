//! The three steps whose rows share a transaction with the journal: customer, subscriber, billing service.

use super::run::PAUSE_MS;
use super::spoil::{Spoil, Until, When, endless, gone, refuses, refuses_when};
use super::table::Failure::{self, *};
use super::table::Person::{ForgivesDebts, Retries, RetriesDebts, SettlesDebts};
use super::table::Way::{Do, Undo};
use super::table::{Case, Cell, End, Step, case, completed, impossible, owes, parked, rolled_back};

const EFFECT_IS_COMMIT: &str =
    "not possible: the row and the step's result are one commit, so without its answer the journal is read";
const NOBODY_TO_ANSWER: &str = "not possible: there is no connection, the file is in this process";
const ONE_STATEMENT: &str = "not possible: it is one statement";
const LATE: &str = "not possible: what was broken off is rolled back, nothing is under way";
const AS_A_WHOLE: &str = "not possible: the transaction fails as a whole; see above";
/// A request that nobody can fulfil at step 6, so that everything before it is undone.
const NO_ROUTER: &str = "aa:bb:cc:dd:ee:ff";

/// What differs between the three.
struct Rows {
    insert: &'static str,
    delete: &'static str,
    table: &'static str,
    /// When the step before it was done.
    since: &'static str,
    refused: &'static str,
    parked: End,
    /// What is left when its undo fails for good: who needs the row cannot go either.
    owed: End,
    /// After the debts were forgiven.
    waived: End,
    undone: &'static str,
    table_gone: End,
}

pub fn customer() -> Step {
    let rows = Rows {
        insert: "INSERT ON customers",
        delete: "DELETE ON customers",
        table: "customers",
        since: "SELECT max(created_at) FROM orchestration_workflows",
        refused: "F------",
        parked: parked("F------", ""),
        owed: owes("DUUUUF-", "customer", &["create_customer"]),
        waived: End { held: "customer".into(), ..rolled_back("DUUUUF-") },
        undone: "UUUUUF-",
        table_gone: owes("DUUUUF-", "customer", &["create_customer"]),
    };
    step("create_customer", rows, |cells| {
        cells.extend(impossible(Do, &[BrokenOffInTheMiddle], ONE_STATEMENT));
        cells.extend(impossible(Undo, &[BrokenOffInTheMiddle], ONE_STATEMENT));
    })
}

pub fn subscriber() -> Step {
    let both: &[&str] = &["create_customer", "create_subscriber"];
    let rows = Rows {
        insert: "INSERT ON subscribers",
        delete: "DELETE ON subscribers",
        table: "subscribers",
        since: "SELECT max(completed_at) FROM orchestration_workflow_steps WHERE step_order = 0",
        refused: "UF-----",
        parked: parked("CF-----", "customer"),
        owed: owes("DDUUUF-", "customer, subscriber", both),
        waived: End { held: "customer, subscriber".into(), ..rolled_back("DDUUUF-") },
        undone: "UUUUUF-",
        table_gone: owes("DDUUUF-", "customer, subscriber", both),
    };
    step("create_subscriber", rows, |cells| {
        cells.extend(impossible(Do, &[BrokenOffInTheMiddle], ONE_STATEMENT));
        cells.extend(impossible(Undo, &[BrokenOffInTheMiddle], ONE_STATEMENT));
    })
}

pub fn billing_service() -> Step {
    let all: &[&str] = &["create_customer", "create_subscriber", "create_billing_service"];
    let held = "customer, subscriber, active, service";
    let rows = Rows {
        insert: "INSERT ON services",
        delete: "DELETE ON services",
        table: "services",
        since: "SELECT max(completed_at) FROM orchestration_workflow_steps WHERE step_order = 5",
        refused: "UUUUUUF",
        parked: parked("CCCCCCF", "customer, subscriber, account, reply, address, line, router"),
        owed: owes("DDUUUUD", held, all),
        waived: End { held: held.into(), ..rolled_back("DDUUUUD") },
        undone: "UUUUUUU",
        table_gone: owes("DDUUUUD", held, all),
    };
    let inactive = || refuses_when("saga.db", "UPDATE ON subscribers", "NEW.status = 'pending'");
    step("create_billing_service", rows, |cells| {
        let active = refuses_when("saga.db", "UPDATE ON subscribers", "NEW.status = 'active'");
        cells.push(case(Do, BrokenOffInTheMiddle, Case::of([active], 1, rolled_back("UUUUUUF"))));
        let owed = Case::of([inactive(), Spoil::TakenBack], 1, owes("DDUUUUD", held, all));
        cells.push(case(Undo, BrokenOffInTheMiddle, owed.then(RetriesDebts, rolled_back("UUUUUUU"))));
    })
}

fn step(name: &'static str, rows: Rows, middle: impl FnOnce(&mut Vec<Cell>)) -> Step {
    let last = name == "create_billing_service";
    let locked = |when| {
        let ms = if when == When::Before { 300 } else { PAUSE_MS + 400 };
        Spoil::Lock { file: "saga.db", until: Until::Passed(ms), when }
    };
    let refused = rolled_back(rows.refused);
    let mut cells = vec![
        case(Do, Refused, Case::of([refuses("saga.db", rows.insert)], 1, refused.clone())),
        case(Do, Misconfigured, {
            Case::of([gone("saga.db", rows.table)], 1, rows.parked).then(Retries, completed())
        }),
        // Not a failure: whoever writes to the file is waited for, by the step and by all that is journaled.
        case(Do, TransientThenFine, {
            let when = if last { When::BeforeTheUndo } else { When::Before };
            Case::of([locked(when)], 1, completed())
        }),
        case(
            Do,
            TimedOutWithoutEffect,
            Case::of([endless(rows.insert, Some((rows.since, 0.3)))], 0, completed()),
        ),
        case(Do, TimedOutWithoutEffectForGood, Case::of([endless(rows.insert, None)], 3, refused)),
    ];
    cells.extend(impossible(Do, &[TimedOutWithEffect], EFFECT_IS_COMMIT));
    cells.extend(impossible(Do, &[Held, HeldForGood, Dropped, DroppedForGood], NOBODY_TO_ANSWER));
    cells.extend(impossible(Do, &[LateAfterItsUndo], LATE));
    cells.extend(impossible(Do, &[BrokenOffThenFine, MisconfiguredInTheMiddle], AS_A_WHOLE));

    // The last step is undone only when a completed workflow is taken back; the others when step 6 fails.
    let undo = |spoil: Spoil, end: End| {
        if last {
            return Case::of([spoil, Spoil::TakenBack], 1, end);
        }
        Case::of([spoil], 1, end).asking("cpe_mac", NO_ROUTER)
    };
    let delete = || refuses("saga.db", rows.delete);
    let undone = || rolled_back(rows.undone);
    let undo_cells: [(Failure, Case); 6] = [
        (Refused, undo(delete(), rows.owed.clone()).then(RetriesDebts, undone())),
        (RefusedAndSettled, undo(delete(), rows.owed.clone()).then(SettlesDebts, rows.waived.clone())),
        (RefusedAndForgiven, undo(delete(), rows.owed.clone()).then(ForgivesDebts, rows.waived.clone())),
        (Misconfigured, {
            undo(gone("saga.db", rows.table).before_the_undo(), rows.table_gone).then(RetriesDebts, undone())
        }),
        (TransientThenFine, undo(locked(When::BeforeTheUndo), undone())),
        (TimedOutWithoutEffect, {
            let since = "SELECT max(updated_at) FROM orchestration_workflows WHERE status = 'rolling_back'";
            undo(endless(rows.delete, Some((since, 1.5))), undone())
        }),
    ];
    cells.extend(undo_cells.into_iter().map(|(failure, made)| case(Undo, failure, made)));
    cells.extend(impossible(Undo, &[TimedOutWithEffect], EFFECT_IS_COMMIT));
    cells.extend(impossible(Undo, &[Held, Dropped], NOBODY_TO_ANSWER));
    cells.extend(impossible(Undo, &[LateAfterItsRepetition], LATE));
    middle(&mut cells);
    Step { name, system: "database", cells }
}

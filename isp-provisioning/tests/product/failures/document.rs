//! `docs/failures.md`, written from the table.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use super::table::{Case, Cell, Fate, OF_DO, OF_UNDO, Step, Way};

const HEAD: &str = "\
# Every failure of every step

What each failure does to a workflow of `provision_subscriber`, and what the systems hold afterwards. Each row is made by
a test of the same data (`isp-provisioning/tests/product/failures`), which asks the systems themselves; a test of its own
compares this page with the data, and `BLESS=1 cargo test -p isp-provisioning --test product docs` writes it anew.

A row reads: the failure, how it is made, how often the step was tried, where the workflow comes to rest, and what a
person does then. `refuse 403` is a simulator's answer (an HTTP status, for VOLTHA a gRPC code); `hang` never does what
it was asked and never answers, `delay` does it after the caller has given up, `hold_answer` and `drop_answer` do it and
never answer, `late` hangs up and does it later. The undo of a step is reached by a router that nobody knows at step 6,
or by a refused step 7.

The seven letters are the steps in their order: `C` completed, `U` undone, `F` failed without an effect, `D` owed (its
undo failed for good), `S` skipped, `-` not reached. What is held: *customer*, *subscriber* and *service* are rows, *active*
the subscriber's status, *account* and *reply* the RADIUS rows without and with the address, *address* NetBox's, *line* an ONU
that is enabled, *router* one with the subscriber's settings. What is settled or forgiven is
still held here: no person went and took it out.
";

/// Rewrites the page if it is blessed, and compares it with the table.
pub fn compare(steps: &[Step]) {
    let mut page = HEAD.to_owned();
    for (n, step) in (1..).zip(steps) {
        write!(page, "\n## {n}. `{}` ({})\n\n{}", step.name, step.system, table(step, Way::Do)).unwrap();
        write!(page, "\nIts undo:\n\n{}", table(step, Way::Undo)).unwrap();
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/failures.md");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &page).unwrap();
    }
    let written = fs::read_to_string(&file).unwrap();
    assert_eq!(page, written, "docs/failures.md is out of date: BLESS=1 writes it anew");
}

/// The failures of one step in one direction.
pub fn table(step: &Step, way: Way) -> String {
    let mut table =
        "| failure | made by | tries | comes to rest | then |\n|---|---|--:|---|---|\n".to_owned();
    let order = if way == Way::Do { &OF_DO[..] } else { &OF_UNDO[..] };
    for failure in order {
        let cells = step.cells.iter().filter(|cell| cell.way == way && cell.failure == *failure);
        cells.for_each(|cell| writeln!(table, "{}", row(cell)).unwrap());
    }
    table
}

fn row(cell: &Cell) -> String {
    let failure = cell.failure;
    match &cell.fate {
        Fate::NotPossible(reason) => format!("| {failure} | | | {reason} | |"),
        Fate::Case(case) => {
            let then = case.person.as_ref().map(|(person, end)| format!("{person}: {end}"));
            let tries = if case.attempts == 0 { "2–3".to_owned() } else { case.attempts.to_string() };
            format!("| {failure} | {} | {tries} | {} | {} |", made(case), case.end, then.unwrap_or_default())
        }
    }
}

fn made(case: &Case) -> String {
    let spoils = case.spoils.iter().map(ToString::to_string);
    // The unknown router is how every undo is reached; the page says so once.
    let asked = case
        .request
        .iter()
        .filter(|(field, _)| *field != "cpe_mac")
        .map(|(field, value)| format!("`{field}` = {value}"));
    spoils.chain(asked).collect::<Vec<_>>().join("; ")
}

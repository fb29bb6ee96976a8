//! Every failure of every step: what it does to the workflow, what each system holds afterwards, and what a
//! person can do about what could not be undone.
//!
//! The table is data; `docs/failures.md` is written from it (`BLESS=1`), and each test here makes the failures of
//! one step and compares.

mod table;
mod spoil;
mod held;
mod run;
mod document;
mod database;
mod radius;
mod netbox;
mod voltha;
mod genieacs;

pub use spoil::refuses;

use std::io::Write;

use futures_util::StreamExt;
use futures_util::stream::iter;
use table::{Fate, OF_DO, OF_UNDO, Step, Way};

/// How many cells of one step are made at once.
const AT_ONCE: usize = 4;

fn steps() -> [Step; 7] {
    [
        database::customer(),
        database::subscriber(),
        radius::account(),
        netbox::address(),
        voltha::onu(),
        genieacs::cpe(),
        database::billing_service(),
    ]
}

async fn every_failure_ends_as_the_table_says(step: Step, way: Way) {
    let cells = step.cells.iter().filter(|cell| cell.way == way);
    let made = cells.filter_map(|cell| match &cell.fate {
        Fate::Case(case) => Some(run::run(step.name, cell, case)),
        Fate::NotPossible(_) => None,
    });
    iter(made).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
    // Past the harness, which keeps what a passing test prints to itself: the log shows what was made.
    let table = document::table(&step, way);
    writeln!(std::io::stdout().lock(), "\n{} ({way:?})\n{table}", step.name).unwrap();
}

macro_rules! tests {
    ($($step:expr => $do:ident, $undo:ident;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $do() {
                every_failure_ends_as_the_table_says($step, Way::Do).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $undo() {
                every_failure_ends_as_the_table_says($step, Way::Undo).await;
            }
        )*
    };
}

tests! {
    database::customer() => every_failure_of_create_customer, every_failure_of_its_undo_delete_customer;
    database::subscriber() => every_failure_of_create_subscriber, every_failure_of_its_undo_delete_subscriber;
    radius::account() => every_failure_of_create_radius_account, every_failure_of_its_undo_delete_radius_account;
    netbox::address() => every_failure_of_allocate_ip, every_failure_of_its_undo_release_ip;
    voltha::onu() => every_failure_of_activate_onu, every_failure_of_its_undo_deactivate_onu;
    genieacs::cpe() => every_failure_of_configure_cpe, every_failure_of_its_undo_unconfigure_cpe;
    database::billing_service() => every_failure_of_create_billing_service,
        every_failure_of_its_undo_delete_billing_service;
}

#[test]
fn every_step_has_one_cell_for_every_failure() {
    for step in steps() {
        for (way, failures) in [(Way::Do, &OF_DO[..]), (Way::Undo, &OF_UNDO[..])] {
            for failure in failures {
                let cells = step.cells.iter().filter(|c| c.way == way && c.failure == *failure).count();
                assert_eq!(cells, 1, "{} {way:?} {failure}", step.name);
            }
            let all = step.cells.iter().filter(|cell| cell.way == way).count();
            assert_eq!(all, failures.len(), "{} {way:?} has cells of other failures", step.name);
        }
    }
}

#[test]
fn the_failures_in_the_docs_are_those_that_are_made() {
    document::compare(&steps());
}

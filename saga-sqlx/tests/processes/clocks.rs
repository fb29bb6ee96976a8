//! Processes whose clocks say something else: all of them go by the database's.

use std::process::Command;
use std::time::Duration;

use crate::stage::Stage;

/// Its clock is an hour ahead of everybody else's.
pub(crate) fn ahead(command: &mut Command) {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let library =
        folders.map(|folder| folder.path().join("faketime/libfaketimeMT.so.1")).find(|file| file.exists());
    let library = library.expect("libfaketime is not installed: run scripts/test processes");
    command.env("LD_PRELOAD", library).env("FAKETIME", "+3600s").env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
}

/// What one of them puts to sleep the other one wakes, in both directions: neither an hour too late nor at once.
#[test]
fn a_clock_that_is_an_hour_ahead_changes_no_sleep() {
    for first_is_ahead in [true, false] {
        let stage = Stage::new(Duration::from_secs(1));
        let is_ahead = |is: bool| {
            move |command: &mut Command| {
                if is {
                    ahead(command)
                }
            }
        };
        let mut first = stage.worker_with("first", is_ahead(first_is_ahead));
        first.tell("nap n");
        first.hears("did nap");
        let reserved = "SELECT count(*) FROM orchestration_workflow_steps WHERE status = 'completed'";
        stage.wait_until("it is asleep", || stage.server.ask(reserved) == "1");
        first.kill();
        let mut second = stage.spawn("second", is_ahead(!first_is_ahead));
        let clock = second.hears("clock").parse::<i64>().unwrap();
        let database: i64 =
            stage.server.ask("SELECT extract(epoch FROM clock_timestamp())::bigint").parse().unwrap();
        assert_eq!((clock - database) > 3000, !first_is_ahead);
        stage.wait_until("it has ended", || stage.live() == 0);
        // By the database's clock, and by what the workers wrote.
        let took = "SELECT extract(epoch FROM (SELECT max(at) - min(at) FROM book_writes)) >= 3.9
          AND extract(epoch FROM completed_at - created_at) BETWEEN 3.9 AND 150
          AND abs(extract(epoch FROM clock_timestamp() - completed_at)) < 150 FROM orchestration_workflows";
        assert_eq!(stage.server.ask(took), "t", "ahead: {first_is_ahead}");
        stage.fence_held();
    }
}

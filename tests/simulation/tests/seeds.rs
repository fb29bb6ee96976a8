//! Some seeds in every test run. Many more, optimised: `scripts/simulate`.

use simulation::Coverage;
use simulation::seed::{Trace, play};

const SEEDS: u32 = 300;

#[test]
fn every_guarantee_holds_in_every_seed() {
    let reports = (1..=u64::from(SEEDS)).map(|seed| play(seed, Trace::Off)).collect::<Vec<_>>();
    let wrongs: Vec<_> = reports.iter().filter(|report| !report.wrongs.is_empty()).collect();
    assert!(wrongs.is_empty(), "{wrongs:#?}");
    let mut seen = Coverage::default();
    reports.iter().for_each(|report| seen.count(&report.seen));
    for (what, seeds) in seen.figures() {
        assert!(seeds * 100 > SEEDS, "{what} was seen in {seeds} of {SEEDS} seeds only");
    }
}

#[test]
fn a_seed_is_the_same_run_every_time_byte_for_byte() {
    // Where something is cancelled several are woken at once: a few seeds would not show it.
    for seed in 1..=60 {
        let here = play(seed, Trace::On);
        let there = std::thread::spawn(move || play(seed, Trace::On)).join().unwrap();
        assert!(here.trace.lines().count() > 100, "{}", here.trace);
        assert_eq!(here, there);
    }
    assert_ne!(play(7, Trace::On).trace, play(11, Trace::On).trace);
}

#[test]
fn to_write_a_seed_down_changes_nothing_about_it() {
    let (silent, told) = (play(5, Trace::Off), play(5, Trace::On));
    assert_eq!((silent.wrongs, silent.seen, silent.polls), (told.wrongs, told.seen, told.polls));
}

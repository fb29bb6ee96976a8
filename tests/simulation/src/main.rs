//! `simulation N [FIRST_SEED]`: plays seeds, and says which failed. One seed is played with its trace.
#![allow(clippy::unwrap_used, reason = "a program for developers says what is wrong by failing")]

use std::process::ExitCode;

use simulation::seed::{Report, Trace, play};
use simulation::{Coverage, many};

/// So many failures are shown.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let number = |arg: Option<String>| arg.and_then(|arg| arg.parse::<u64>().ok());
    let (Some(seeds), first) = (number(args.next()), number(args.next()).unwrap_or(1)) else {
        eprintln!("usage: simulation N [FIRST_SEED]");
        return ExitCode::FAILURE;
    };
    let (failed, seen) = if seeds == 1 { one(first) } else { all(seeds, first) };
    for (name, count) in seen.figures() {
        #[allow(clippy::cast_precision_loss, reason = "a figure for people")]
        let percent = 100.0 * f64::from(count) / seeds as f64;
        println!("{name:>14}: in {count} seeds, {percent:.1} %");
    }
    println!("{seeds} seeds, {failed} failed");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn one(seed: u64) -> (usize, Coverage) {
    let report = play(seed, Trace::On);
    print!("{}", report.trace);
    tell(&report);
    let mut seen = Coverage::default();
    seen.count(&report.seen);
    (usize::from(!report.wrongs.is_empty()), seen)
}

fn all(seeds: u64, first: u64) -> (usize, Coverage) {
    let (failures, seen) = many(seeds, first, |seed| play(seed, Trace::Off));
    failures.iter().take(SHOWN).for_each(tell);
    (failures.len(), seen)
}

fn tell(report: &Report) {
    for wrong in &report.wrongs {
        println!("seed {}: {wrong}", report.seed);
    }
}

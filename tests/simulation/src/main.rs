//! `simulation N [FIRST_SEED]`: plays seeds, and says which failed. One seed is played with its trace.
#![allow(clippy::unwrap_used, reason = "a program for developers says what is wrong by failing")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::Coverage;
use simulation::seed::{Report, Trace, play};

/// So many failures are shown.
const SHOWN: usize = 10;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let number = |arg: Option<String>| arg.and_then(|arg| arg.parse::<u64>().ok());
    let (Some(seeds), first) = (number(args.next()), number(args.next()).unwrap_or(1)) else {
        eprintln!("usage: simulation N [FIRST_SEED]");
        return ExitCode::FAILURE;
    };
    let (failed, seen) = if seeds == 1 { one(first) } else { many(seeds, first) };
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

fn many(seeds: u64, first: u64) -> (usize, Coverage) {
    let next = AtomicU64::new(0);
    let result = Mutex::new((vec![], Coverage::default()));
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let nth = next.fetch_add(1, Ordering::Relaxed);
                    if nth >= seeds {
                        return;
                    }
                    let report = play(first + nth, Trace::Off);
                    let mut result = result.lock().unwrap();
                    result.1.count(&report.seen);
                    if !report.wrongs.is_empty() {
                        result.0.push(report);
                    }
                }
            });
        }
    });
    let (mut failures, seen) = result.into_inner().unwrap();
    failures.sort_by_key(|report: &Report| report.seed);
    failures.iter().take(SHOWN).for_each(tell);
    (failures.len(), seen)
}

fn tell(report: &Report) {
    for wrong in &report.wrongs {
        println!("seed {}: {wrong}", report.seed);
    }
}

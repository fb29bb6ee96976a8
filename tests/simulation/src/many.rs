//! Many seeds, on every core.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Coverage;
use crate::seed::Report;

/// Plays so many seeds from the first on. What comes back are those that failed, in their order, and what was seen in all.
pub fn many(seeds: u64, first: u64, play: impl Fn(u64) -> Report + Sync) -> (Vec<Report>, Coverage) {
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
                    let report = play(first + nth);
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
    failures.sort_by_key(|report| report.seed);
    (failures, seen)
}

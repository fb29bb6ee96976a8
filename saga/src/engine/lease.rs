//! May this worker still act? It may not after its lease, because somebody else may have taken over.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use super::runtime::Runtime;

/// A worker's right to act.
#[derive(Debug)]
pub(super) struct Lease {
    /// Can it be fenced for being silent?
    is_limited: bool,
    lost: AtomicBool,
    /// By the machine's uptime, in microseconds.
    until: AtomicU64,
}

impl Lease {
    pub(super) fn new(is_limited: bool, until: Duration) -> Self {
        Self { is_limited, lost: AtomicBool::new(false), until: AtomicU64::new(micros(until)) }
    }
    pub(super) fn renew(&self, until: Duration) {
        self.until.store(micros(until), Ordering::Release);
    }
    /// It was declared dead. `true`: this is news.
    pub(super) fn lose(&self) -> bool {
        !self.lost.swap(true, Ordering::AcqRel)
    }
    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Acquire)
    }
    fn holds(&self, now: Duration) -> bool {
        !self.is_limited || mutant!(sends_after_the_lease) || micros(now) < self.until.load(Ordering::Acquire)
    }
    /// Returns when a request may be sent to another system; never, when this worker was declared dead. A lease
    /// that has run out may be renewed by the next heartbeat, if nobody took over.
    pub(super) async fn may_send(&self, runtime: &dyn Runtime) {
        if !self.is_kept(runtime).await {
            std::future::pending().await
        }
    }
    /// The same for somebody who wants to know that this worker was declared dead.
    pub(super) async fn is_kept(&self, runtime: &dyn Runtime) -> bool {
        while !self.is_lost() {
            if self.holds(runtime.uptime()) {
                return true;
            }
            runtime.sleep(Duration::from_millis(50)).await;
        }
        false
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_and_can_be_renewed_but_a_lost_one_stays_lost() {
        let at = Duration::from_secs;
        let lease = Lease::new(true, at(10));
        assert!(lease.holds(at(9)) && !lease.holds(at(10)));
        lease.renew(at(20));
        assert!(lease.holds(at(19)) && !lease.is_lost());
        assert!(lease.lose() && !lease.lose() && lease.is_lost());
        assert!(Lease::new(false, at(10)).holds(at(1000)));
    }
}

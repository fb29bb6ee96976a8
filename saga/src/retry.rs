//! When and how often to try again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How the pause before the next attempt grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backoff {
    /// Always the same pause.
    Fixed(Duration),
    /// `first`, two times `first`, three times `first` … at most `max`.
    Linear {
        /// The pause after the first attempt, and by how much each further one grows.
        first: Duration,
        /// The longest pause.
        max: Duration,
    },
    /// `first`, then twice as long each time, at most `max`.
    Exponential {
        /// The pause after the first attempt.
        first: Duration,
        /// The longest pause.
        max: Duration,
    },
}

/// How a pause is spread, so that many workflows that failed together do not return together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Jitter {
    /// Anything between nothing and the whole pause. The default.
    Full,
    /// The pause as it is.
    None,
}

/// How often a step, or its compensation, is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryPolicy {
    /// Attempts in all, the first included. One that was under way at a crash is not counted: a takeover may add one.
    pub max_attempts: u32,
    /// The pause between attempts.
    pub backoff: Backoff,
    /// How the pause is spread.
    pub jitter: Jitter,
    /// No further attempt starts when this much time has passed since the first one.
    pub deadline: Option<Duration>,
}

impl RetryPolicy {
    const EXPONENTIAL: Backoff =
        Backoff::Exponential { first: Duration::from_millis(200), max: Duration::from_secs(30) };

    /// What a step gets that says nothing: three attempts, exponential from 200 ms, full jitter.
    pub const FORWARD: Self =
        Self { max_attempts: 3, backoff: Self::EXPONENTIAL, jitter: Jitter::Full, deadline: None };

    /// What a compensation gets that says nothing: twenty attempts, which takes minutes. Giving up on an
    /// undo leaves a debt for a person.
    pub const UNDO: Self =
        Self { max_attempts: 20, backoff: Self::EXPONENTIAL, jitter: Jitter::Full, deadline: None };

    /// What a `retriable` step gets: it is tried until it succeeds.
    pub const FOREVER: Self =
        Self { max_attempts: u32::MAX, backoff: Self::EXPONENTIAL, jitter: Jitter::Full, deadline: None };

    /// The pause after `attempts` attempts. `random` is a number from 0 to 1, used for jitter.
    pub fn pause(&self, attempts: u32, random: f64) -> Duration {
        let n = attempts.max(1);
        let pause = match self.backoff {
            Backoff::Fixed(d) => d,
            Backoff::Linear { first, max } => first.saturating_mul(n).min(max),
            Backoff::Exponential { first, max } => {
                first.saturating_mul(2u32.saturating_pow(n.saturating_sub(1))).min(max)
            }
        };
        match self.jitter {
            Jitter::Full => pause.mul_f64(random.clamp(0.0, 1.0)),
            Jitter::None => pause,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn pauses_grow_as_declared() {
        let policy = |backoff| RetryPolicy { backoff, jitter: Jitter::None, ..RetryPolicy::FORWARD };
        let pauses = |p: RetryPolicy| [1, 2, 3, 4, 40].map(|n| p.pause(n, 0.5));
        assert_eq!(pauses(policy(Backoff::Fixed(MS(5)))), [MS(5); 5]);
        let linear = policy(Backoff::Linear { first: MS(5), max: MS(12) });
        assert_eq!(pauses(linear), [MS(5), MS(10), MS(12), MS(12), MS(12)]);
        let exponential = policy(Backoff::Exponential { first: MS(5), max: MS(25) });
        assert_eq!(pauses(exponential), [MS(5), MS(10), MS(20), MS(25), MS(25)]);
    }

    #[test]
    fn full_jitter_spreads_over_the_whole_pause() {
        let p = RetryPolicy { backoff: Backoff::Fixed(MS(100)), ..RetryPolicy::FORWARD };
        assert_eq!([0.0, 0.25, 1.0].map(|r| p.pause(1, r)), [MS(0), MS(25), MS(100)]);
    }
}

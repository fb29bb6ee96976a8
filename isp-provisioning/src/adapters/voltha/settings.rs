//! How long to wait for VOLTHA, and how often to ask.

use std::time::Duration;

/// What can be set about the adapter. The defaults fit the simulator; a site raises `discovery_timeout` to
/// the minutes that a technician may still need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolthaSettings {
    /// How long a connection may take to come about.
    pub connect_timeout: Duration,
    /// How long to wait for the answer to one call.
    pub call_timeout: Duration,
    /// How long a serial is looked for before it counts as not found.
    pub discovery_timeout: Duration,
    /// How long an ONU may take from enabled to active.
    pub activation_timeout: Duration,
    /// The first pause between two looks; each is twice as long as the one before.
    pub poll_first: Duration,
    /// The longest pause.
    pub poll_most: Duration,
}

impl Default for VolthaSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            call_timeout: Duration::from_secs(10),
            discovery_timeout: Duration::from_secs(2),
            activation_timeout: Duration::from_secs(50),
            poll_first: Duration::from_millis(20),
            poll_most: Duration::from_secs(1),
        }
    }
}

impl VolthaSettings {
    /// The pauses for a wait of at most `whole`; together they are exactly as long.
    pub(super) fn pauses(&self, whole: Duration) -> impl Iterator<Item = Duration> + Send + use<> {
        let most = self.poll_most.max(Duration::from_millis(1));
        let (mut next, mut left) = (self.poll_first.clamp(Duration::from_millis(1), most), whole);
        std::iter::from_fn(move || {
            let pause = next.min(left);
            left -= pause;
            next = next.saturating_mul(2).min(most);
            (!pause.is_zero()).then_some(pause)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(first: u64, most: u64, whole: u64) -> Vec<u128> {
        let settings = VolthaSettings {
            poll_first: Duration::from_millis(first),
            poll_most: Duration::from_millis(most),
            ..VolthaSettings::default()
        };
        settings.pauses(Duration::from_millis(whole)).map(|pause| pause.as_millis()).collect()
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_fill_the_wait() {
        assert_eq!(pauses(20, 100, 300), [20, 40, 80, 100, 60]);
    }

    #[test]
    fn a_wait_of_nothing_has_no_pause_and_a_pause_of_nothing_does_not_spin() {
        assert!(pauses(20, 100, 0).is_empty());
        assert_eq!(pauses(0, 0, 3), [1, 1, 1]);
        assert_eq!(pauses(500, 100, 200), [100, 100]);
    }
}

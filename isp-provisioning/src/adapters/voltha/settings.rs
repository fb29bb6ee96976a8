//! How long to wait for VOLTHA, and how often to ask.

use std::time::Duration;

use serde::Deserialize;

/// How the adapter reaches VOLTHA, and how long it waits. The defaults fit the simulator; a site raises
/// `discovery_timeout_ms` to the minutes that a technician may still need.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolthaSettings {
    /// `http://voltha-api:55555`.
    pub url: String,
    /// How long one call may take.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// How long connecting may take.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// How long a serial is looked for before it counts as not found.
    #[serde(default = "default_discovery_timeout_ms")]
    pub discovery_timeout_ms: u64,
    /// How long an ONU may take from enabled to active.
    #[serde(default = "default_activation_timeout_ms")]
    pub activation_timeout_ms: u64,
    /// The first pause between two looks; each is twice as long as the one before.
    #[serde(default = "default_poll_first_ms")]
    pub poll_first_ms: u64,
    /// The longest pause.
    #[serde(default = "default_poll_most_ms")]
    pub poll_most_ms: u64,
}

fn default_timeout_ms() -> u64 {
    10_000
}
fn default_connect_timeout_ms() -> u64 {
    3_000
}
fn default_discovery_timeout_ms() -> u64 {
    2_000
}
fn default_activation_timeout_ms() -> u64 {
    // Ten seconds less than the step that waits for it.
    50_000
}
fn default_poll_first_ms() -> u64 {
    20
}
fn default_poll_most_ms() -> u64 {
    1_000
}

impl VolthaSettings {
    /// Settings with the default times.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            timeout_ms: default_timeout_ms(),
            connect_timeout_ms: default_connect_timeout_ms(),
            discovery_timeout_ms: default_discovery_timeout_ms(),
            activation_timeout_ms: default_activation_timeout_ms(),
            poll_first_ms: default_poll_first_ms(),
            poll_most_ms: default_poll_most_ms(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }
    /// The pauses between the looks for a serial.
    pub(super) fn discovery_pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.pauses(Duration::from_millis(self.discovery_timeout_ms))
    }
    /// The pauses between the looks at an ONU that comes up.
    pub(super) fn activation_pauses(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.pauses(Duration::from_millis(self.activation_timeout_ms))
    }

    /// The pauses for a wait of at most `whole`; together they are exactly as long.
    fn pauses(&self, whole: Duration) -> impl Iterator<Item = Duration> + Send + use<> {
        // A pause of nothing would spin.
        let most = Duration::from_millis(self.poll_most_ms.max(1));
        let first = Duration::from_millis(self.poll_first_ms.max(1)).min(most);
        let (mut next, mut left) = (first, whole);
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
        let settings =
            VolthaSettings { poll_first_ms: first, poll_most_ms: most, ..VolthaSettings::new("http://v") };
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

    #[test]
    fn only_the_url_is_required_and_a_misspelt_name_is_refused() {
        let read = |text: &str| serde_json::from_str::<VolthaSettings>(text);
        assert_eq!(read(r#"{"url":"http://v"}"#).unwrap(), VolthaSettings::new("http://v"));
        let patient = read(r#"{"url":"http://v","discovery_timeout_ms":300000}"#).unwrap();
        assert_eq!(patient.discovery_timeout_ms, 300_000);
        assert!(read(r#"{"url":"http://v","discovery_timeout":300}"#).is_err());
        assert!(read("{}").is_err());
    }
}

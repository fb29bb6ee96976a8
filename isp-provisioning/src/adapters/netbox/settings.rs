//! Where NetBox is and which prefix is ours.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use serde::Deserialize;

use crate::ports::{PortError, PortResult};

/// How the adapter reaches NetBox.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetboxSettings {
    /// `https://netbox.example`, without `/api`.
    pub url: String,
    /// An API token that may view prefixes and view, add and delete IP addresses: `nbt_…` (version 2), or
    /// forty characters of version 1.
    pub token: String,
    /// The prefix from which addresses are handed out: `10.0.1.0/24`.
    pub prefix: String,
    /// How long one request may take in all. NetBox allocates one address at a time, so this includes waiting
    /// for everybody else's.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// How long connecting may take.
    #[serde(default = "default_connect_timeout_ms")]
    pub connect_timeout_ms: u64,
}

fn default_timeout_ms() -> u64 {
    10_000
}
fn default_connect_timeout_ms() -> u64 {
    3_000
}

impl NetboxSettings {
    /// Settings with the default time-outs: ten seconds in all, three to connect.
    pub fn new(url: impl Into<String>, token: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            token: token.into(),
            prefix: prefix.into(),
            timeout_ms: default_timeout_ms(),
            connect_timeout_ms: default_connect_timeout_ms(),
        }
    }

    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout_ms)
    }
    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_millis(self.connect_timeout_ms)
    }

    /// Tokens of version 2 want `Bearer`. NetBox before 4.5 has only version 1 and knows only `Token`.
    pub(super) fn authorization(&self) -> String {
        let scheme = if self.token.starts_with("nbt_") { "Bearer" } else { "Token" };
        format!("{scheme} {}", self.token)
    }

    pub(super) fn validate(&self) -> PortResult<()> {
        let url = reqwest::Url::parse(&self.url);
        if !url.is_ok_and(|url| ["http", "https"].contains(&url.scheme()) && url.has_host()) {
            return Err(wrong("url has to be an http or https address"));
        }
        if self.token.is_empty() || !self.token.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong("token has to be visible characters without spaces"));
        }
        self.network().map(|_| ())
    }

    /// How many bits of the pool's addresses name the network.
    pub(super) fn bits(&self) -> PortResult<u32> {
        self.network().map(|(_, bits)| bits)
    }

    /// A wished address, if a subscriber of this pool can have it.
    pub(super) fn wished(&self, text: &str) -> PortResult<Ipv4Addr> {
        let refused = |reason: String| PortError::permanent(format!("the wished address {text} {reason}"));
        let wished: Ipv4Addr = text.parse().map_err(|_| refused("is not an IPv4 address".into()))?;
        let (network, bits) = self.network()?;
        let wildcard = wildcard(bits);
        let (first, last) = (network.to_bits(), network.to_bits() | wildcard);
        if wished.to_bits() & !wildcard != first {
            return Err(refused(format!("is not in the pool {}", self.prefix)));
        }
        if bits < 31 && (wished.to_bits() == first || wished.to_bits() == last) {
            return Err(refused(format!("is the network or broadcast address of {}", self.prefix)));
        }
        Ok(wished)
    }

    fn network(&self) -> PortResult<(Ipv4Addr, u32)> {
        let parsed = self.prefix.split_once('/').and_then(|(host, bits)| {
            let (host, bits): (Ipv4Addr, u32) = (host.parse().ok()?, bits.parse().ok()?);
            (bits <= 32 && host.to_bits() & wildcard(bits) == 0).then_some((host, bits))
        });
        parsed.ok_or_else(|| wrong("prefix has to be an IPv4 network, as in 10.0.1.0/24"))
    }
}

impl fmt::Debug for NetboxSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NetboxSettings")
            .field("url", &self.url)
            .field("prefix", &self.prefix)
            .field("timeout_ms", &self.timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish_non_exhaustive()
    }
}

fn wildcard(bits: u32) -> u32 {
    u32::MAX.checked_shr(bits).unwrap_or(0)
}

fn wrong(reason: &str) -> PortError {
    PortError::configuration(format!("netbox settings: {reason}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> NetboxSettings {
        NetboxSettings::new("http://127.0.0.1:8000", "nbt_a.b", "10.0.1.0/24")
    }

    #[test]
    fn the_kind_of_token_chooses_the_scheme() {
        assert_eq!(settings().authorization(), "Bearer nbt_a.b");
        let old = NetboxSettings { token: "0123".into(), ..settings() };
        assert_eq!(old.authorization(), "Token 0123");
    }

    #[test]
    fn the_token_is_not_in_the_debug_text() {
        assert!(!format!("{:?}", settings()).contains("nbt_a"));
    }

    #[test]
    fn what_cannot_work_is_refused_at_once() {
        let good = settings();
        let bad = [
            NetboxSettings { url: "netbox.example".into(), ..good.clone() },
            NetboxSettings { url: "ftp://netbox.example".into(), ..good.clone() },
            NetboxSettings { token: String::new(), ..good.clone() },
            NetboxSettings { token: "two words".into(), ..good.clone() },
            NetboxSettings { prefix: "10.0.1.0".into(), ..good.clone() },
            NetboxSettings { prefix: "10.0.1.1/24".into(), ..good.clone() },
            NetboxSettings { prefix: "10.0.1.0/33".into(), ..good.clone() },
        ];
        assert!(good.validate().is_ok());
        for settings in bad {
            assert!(settings.validate().is_err(), "{settings:?}");
        }
    }

    #[test]
    fn a_wished_address_has_to_be_one_that_a_subscriber_can_have() {
        assert!(settings().wished("10.0.1.50").is_ok());
        for (text, reason) in [
            ("10.0.1.50/24", "is not an IPv4 address"),
            ("10.0.2.50", "is not in the pool"),
            ("10.0.1.0", "is the network"),
            ("10.0.1.255", "is the network or broadcast"),
        ] {
            let error = settings().wished(text).unwrap_err();
            assert!(error.message.contains(reason), "{text}: {error}");
        }
    }
}

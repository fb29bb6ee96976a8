//! An IPv4 address with its mask, and the network that both name.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

/// An address and how many of its bits name the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Network {
    pub(super) host: Ipv4Addr,
    pub(super) bits: u8,
}

impl Network {
    /// `10.0.1.0/24`; without a mask, a single host.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (host, bits) = text.split_once('/').unwrap_or((text, "32"));
        let (host, bits) = (host.parse().ok()?, bits.parse().ok()?);
        (bits <= 32).then_some(Self { host, bits })
    }
    /// Is the host inside?
    pub(super) fn contains(self, host: Ipv4Addr) -> bool {
        self.first() <= host.to_bits() && host.to_bits() <= self.last()
    }
    fn first(self) -> u32 {
        self.host.to_bits() & !self.wildcard()
    }
    fn last(self) -> u32 {
        self.first() | self.wildcard()
    }
    fn wildcard(self) -> u32 {
        u32::MAX.checked_shr(u32::from(self.bits)).unwrap_or(0)
    }
    /// The hosts that may be handed out: all but the network's own and the broadcast address.
    pub(super) fn hosts(self) -> impl Iterator<Item = Ipv4Addr> {
        let (first, last) = (self.first(), self.last());
        let hosts = if self.bits >= 31 { first..=last } else { first + 1..=last - 1 };
        hosts.map(Ipv4Addr::from_bits)
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.host, self.bits)
    }
}

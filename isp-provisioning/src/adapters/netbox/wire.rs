//! NetBox's objects, as far as we read them.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ports::{IpAllocation, PortError, PortResult};

/// A page of a list. Only first pages are asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Page<T> {
    pub(super) count: u64,
    pub(super) results: Vec<T>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Prefix {
    id: u64,
    pub(super) prefix: String,
    vlan: Option<Vlan>,
}

#[derive(Debug, Deserialize)]
struct Vlan {
    vid: u16,
}

/// What is kept of the pool's prefix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pool {
    pub(super) id: u64,
    pub(super) vlan_id: Option<u16>,
}

impl From<&Prefix> for Pool {
    fn from(prefix: &Prefix) -> Self {
        Self { id: prefix.id, vlan_id: prefix.vlan.as_ref().map(|vlan| vlan.vid) }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Address {
    pub(super) id: u64,
    address: String,
    #[serde(default)]
    custom_fields: Map<String, Value>,
}

impl Address {
    pub(super) fn reference(&self) -> Option<&str> {
        self.custom_fields.get("provisioning_ref")?.as_str()
    }

    /// Without the prefix's mask, which NetBox puts behind each address and RADIUS does not bear.
    pub(super) fn allocation(self, pool: Pool) -> PortResult<IpAllocation> {
        let host = self.address.split_once('/').map_or(self.address.as_str(), |(host, _)| host);
        if host.parse::<std::net::Ipv4Addr>().is_err() {
            let reason = format!("netbox: address {} is not an IPv4 address: {}", self.id, self.address);
            return Err(PortError::ambiguous(reason));
        }
        Ok(IpAllocation { netbox_id: self.id, ipv4_address: host.to_owned(), vlan_id: pool.vlan_id })
    }
}

/// An address to be made: the first free one, unless it is named.
#[derive(Debug, Serialize)]
pub(super) struct NewAddress<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    status: &'static str,
    description: String,
    custom_fields: Reference<'a>,
}

#[derive(Debug, Serialize)]
struct Reference<'a> {
    provisioning_ref: &'a str,
}

impl<'a> NewAddress<'a> {
    pub(super) fn new(reference: &'a str, address: Option<String>, description: String) -> Self {
        Self {
            address,
            status: "active",
            description,
            custom_fields: Reference { provisioning_ref: reference },
        }
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct CustomField {
    pub(super) name: String,
    pub(super) unique: bool,
    pub(super) filter_logic: Choice,
    pub(super) object_types: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    pub(super) value: String,
}

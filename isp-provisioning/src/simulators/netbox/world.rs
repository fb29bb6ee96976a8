//! The addresses, and the rules by which they are made and deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::journal::{Effects, World};
use super::network::Network;
use super::{NetboxConfig, Pool, ReferenceField};

/// Everything that a NetBox remembers.
#[derive(Clone, Debug)]
pub(super) struct NetboxWorld {
    pub(super) pools: Vec<KnownPool>,
    pub(super) reference_field: ReferenceField,
    pub(super) addresses: BTreeMap<u64, Address>,
    pub(super) effects: Effects,
    taken: BTreeMap<Ipv4Addr, Network>,
    /// How many addresses carry each reference.
    references: BTreeMap<String, usize>,
    last_id: u64,
}

/// A pool whose prefix could be read.
#[derive(Clone, Debug)]
pub(super) struct KnownPool {
    pub(super) pool: Pool,
    pub(super) network: Network,
}

/// One IP address object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Address {
    pub(super) id: u64,
    pub(super) address: Network,
    pub(super) status: String,
    pub(super) dns_name: String,
    pub(super) description: String,
    pub(super) reference: Option<String>,
    pub(super) created: jiff::Timestamp,
}

/// What a request says about an address that shall be made.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    pub(super) status: String,
    pub(super) dns_name: String,
    pub(super) description: String,
    pub(super) reference: Option<String>,
}

/// Why an address cannot be made.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Conflict {
    Exhausted,
    ReferenceTaken,
    AddressTaken(Network),
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Created(Vec<Address>),
    Deleted(u64),
}

impl World for NetboxWorld {
    type Event = Event;
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Created(addresses) => addresses.iter().for_each(|address| {
                self.effects.count("allocate", address.reference.as_deref().unwrap_or_default());
                self.insert(address.clone());
            }),
            Event::Deleted(id) => {
                let Some(gone) = self.addresses.remove(id) else { return };
                self.effects.count("release", gone.reference.as_deref().unwrap_or_default());
                self.taken.remove(&gone.address.host);
                self.forget_reference(gone.reference.as_deref());
            }
        }
    }
}

impl NetboxWorld {
    pub(super) fn new(config: &NetboxConfig) -> Result<Self, String> {
        let mut world = Self {
            pools: Vec::new(),
            reference_field: config.reference_field,
            addresses: BTreeMap::new(),
            effects: Effects::default(),
            taken: BTreeMap::new(),
            references: BTreeMap::new(),
            last_id: 0,
        };
        for pool in &config.pools {
            let network =
                Network::parse(&pool.prefix).ok_or_else(|| format!("not an IPv4 prefix: {}", pool.prefix))?;
            if let Some(host) = pool.gateway {
                world.insert(Address {
                    id: world.last_id + 1,
                    address: Network { host, bits: network.bits },
                    status: "active".into(),
                    dns_name: String::new(),
                    description: "gateway".into(),
                    reference: None,
                    created: jiff::Timestamp::UNIX_EPOCH,
                });
            }
            world.pools.push(KnownPool { pool: pool.clone(), network });
        }
        Ok(world)
    }

    /// The pool with this id, counted from 1.
    pub(super) fn pool(&self, id: u64) -> Option<&KnownPool> {
        self.pools.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    /// The first free addresses of a pool, at most `limit`.
    pub(super) fn free(&self, pool: &KnownPool, limit: usize) -> Vec<Network> {
        let left = pool.pool.capacity.map_or(limit, |capacity| capacity.saturating_sub(self.used(pool)));
        let free = pool.network.hosts().filter(|host| !self.taken.contains_key(host));
        free.take(limit.min(left)).map(|host| Network { host, bits: pool.network.bits }).collect()
    }

    /// The event that makes the wanted addresses out of a pool, all or none.
    pub(super) fn allocate(
        &self,
        pool: &KnownPool,
        wanted: Vec<Wanted>,
        now: jiff::Timestamp,
    ) -> Result<Event, Conflict> {
        // The real one looks for room first: a repeated reference meets 409, not its 400, when the pool is full.
        let free = self.free(pool, wanted.len());
        if free.len() < wanted.len() {
            return Err(Conflict::Exhausted);
        }
        self.made(free.into_iter().zip(wanted).collect(), now)
    }

    /// The event that makes exactly this address.
    pub(super) fn create(
        &self,
        address: Network,
        wanted: Wanted,
        now: jiff::Timestamp,
    ) -> Result<Event, Conflict> {
        let event = self.made(vec![(address, wanted)], now)?;
        // The mask does not matter; the text names the address that is there.
        match self.taken.get(&address.host) {
            Some(known) => Err(Conflict::AddressTaken(*known)),
            None => Ok(event),
        }
    }

    fn made(&self, wanted: Vec<(Network, Wanted)>, now: jiff::Timestamp) -> Result<Event, Conflict> {
        let mut references = BTreeSet::new();
        for reference in wanted.iter().filter_map(|(_, wanted)| wanted.reference.as_ref()) {
            let known = self.references.contains_key(reference);
            let again = !references.insert(reference);
            if (known || again) && self.reference_field != ReferenceField::NotUnique {
                return Err(Conflict::ReferenceTaken);
            }
        }
        let made = (self.last_id + 1..).zip(wanted).map(|(id, (address, wanted))| Address {
            id,
            address,
            status: wanted.status,
            dns_name: wanted.dns_name.to_lowercase(),
            description: wanted.description,
            reference: wanted.reference,
            created: now,
        });
        Ok(Event::Created(made.collect()))
    }

    /// What `/_sim/state` shows.
    pub(super) fn view(&self) -> Value {
        let addresses = self.addresses.values().map(|address| {
            json!({
                "id": address.id,
                "address": address.address.to_string(),
                "status": address.status,
                "dns_name": address.dns_name,
                "description": address.description,
                "custom_fields": { "provisioning_ref": address.reference },
            })
        });
        json!({ "addresses": addresses.collect::<Vec<_>>(), "effects": self.effects })
    }

    fn used(&self, pool: &KnownPool) -> usize {
        let gateway = pool.pool.gateway;
        let inside = self.taken.keys().filter(|host| pool.network.contains(**host));
        inside.filter(|host| Some(**host) != gateway).count()
    }

    fn forget_reference(&mut self, reference: Option<&str>) {
        let Some(reference) = reference else { return };
        if let Some(count) = self.references.get_mut(reference) {
            *count -= 1;
            if *count == 0 {
                self.references.remove(reference);
            }
        }
    }

    fn insert(&mut self, address: Address) {
        // Ids are never used again, not even those of deleted addresses.
        self.last_id = self.last_id.max(address.id);
        self.taken.insert(address.address.host, address.address);
        if let Some(reference) = &address.reference {
            *self.references.entry(reference.clone()).or_default() += 1;
        }
        self.addresses.insert(address.id, address);
    }
}

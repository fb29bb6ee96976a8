//! A stand-in for NetBox 4.7: the part of its REST API that hands out addresses, with its texts and its
//! traps, as recorded from a real one.
//!
//! Operations, for faults: `check` (custom fields), `prefix` (look a prefix up), `available` (GET
//! available-ips), `allocate` (POST available-ips), `create` (POST ip-addresses), `find` (list ip-addresses),
//! `get`, `release` (DELETE). Effects: `allocate:<provisioning_ref>`, whichever way the address was made, and
//! `release:<provisioning_ref>`.
//!
//! Less than the real one: IPv4 only, one VRF, no PATCH, no writing of prefixes and VLANs.

mod answer;
mod list;
mod network;
mod render;
mod request;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use serde_json::Value;

use super::control;
use super::faults::Faults;
use super::journal::Kept;
use super::server::{Simulator, Tasks};
use world::NetboxWorld;

/// What this simulator can be told to spoil.
pub const OPERATIONS: &[&str] =
    &["check", "prefix", "available", "allocate", "create", "find", "get", "release"];

/// How a simulated NetBox is set up.
#[derive(Clone, Debug)]
pub struct NetboxConfig {
    /// The prefixes, in the order of their ids from 1.
    pub pools: Vec<Pool>,
    /// The custom field that carries references.
    pub reference_field: ReferenceField,
    /// A token of version 2 that may write.
    pub token: String,
    /// A token of version 1 that may write.
    pub token_v1: String,
    /// A token of version 2 that may only read.
    pub token_readonly: String,
}

/// A prefix from which addresses are handed out.
#[derive(Clone, Debug)]
pub struct Pool {
    /// `10.0.1.0/24`.
    pub prefix: String,
    /// An address that is taken from the start.
    pub gateway: Option<Ipv4Addr>,
    /// The VLAN that the prefix carries.
    pub vlan_id: Option<u16>,
    /// How many addresses it hands out at most, if fewer than its size allows.
    pub capacity: Option<usize>,
}

/// The state of the custom field `provisioning_ref`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceField {
    /// As it has to be: unique, with an exact filter.
    Unique,
    /// Not unique: two addresses may carry the same reference.
    NotUnique,
    /// Its filter finds parts of a text.
    LooseFilter,
    /// Nobody made it. Filters by it are ignored, as NetBox ignores all filters that it does not know.
    Missing,
}

impl Default for NetboxConfig {
    fn default() -> Self {
        Self {
            pools: vec![Pool {
                prefix: "10.0.1.0/24".into(),
                gateway: Some(Ipv4Addr::new(10, 0, 1, 1)),
                vlan_id: Some(100),
                capacity: None,
            }],
            reference_field: ReferenceField::Unique,
            token: "nbt_simulator001.read-and-write".into(),
            token_v1: "0123456789abcdef0123456789abcdef01234567".into(),
            token_readonly: "nbt_simulator002.read-only".into(),
        }
    }
}

/// A running NetBox simulator.
#[derive(Debug)]
pub struct NetboxSimulator {
    /// Where it listens, and how to stop it.
    pub simulator: Simulator,
    /// What will go wrong next.
    pub faults: Faults,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: NetboxConfig,
    faults: Faults,
    tasks: Tasks,
    world: Mutex<Kept<NetboxWorld>>,
}

impl Shared {
    fn world<T>(&self, work: impl FnOnce(&mut Kept<NetboxWorld>) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl NetboxSimulator {
    /// Listens on `addr`; what happens is remembered in the file `journal`, if there is one.
    pub async fn start(addr: SocketAddr, config: NetboxConfig, journal: Option<&Path>) -> io::Result<Self> {
        let first = NetboxWorld::new(&config).map_err(|e| io::Error::new(io::ErrorKind::InvalidInput, e))?;
        let (faults, tasks) = (Faults::new(OPERATIONS), Tasks::default());
        let world = Mutex::new(Kept::open(first, journal)?);
        let shared = Arc::new(Shared { config, faults: faults.clone(), tasks: tasks.clone(), world });
        let (served, shown) = (shared.clone(), shared.clone());
        let router = Router::new()
            .fallback(move |request| answer::answer(served.clone(), request))
            .merge(control::router(faults.clone(), move || shown.world(|kept| kept.world().view())));
        Ok(Self { simulator: Simulator::serve(addr, router, tasks).await?, faults, shared })
    }
    /// The whole world, as `/_sim/state` shows it.
    pub fn state(&self) -> Value {
        self.shared.world(|kept| kept.world().view())
    }
    /// How often an effect was done.
    pub fn effects(&self, operation: &str, reference: &str) -> u64 {
        self.shared.world(|kept| kept.world().effects.of(operation, reference))
    }
}

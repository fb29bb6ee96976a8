//! A stand-in for the northbound interface of GenieACS 1.2: routers, tasks, faults, tags, with its statuses,
//! reason phrases and traps.
//!
//! Operations, for faults: `find` (GET devices), `tasks`, `faults` (GET), `set` (a setParameterValues task),
//! `read` (a getParameterValues or refreshObject task), `task` (another task), `withdraw` (DELETE or retry of
//! a task), `forget` (DELETE of a fault), `tag`, `delete` (of a device). Effects, by the task's uniqueKey:
//! `set:<key>` when a router took the values, `queue:<key>`, `withdraw:<key>`.
//!
//! `POST /_sim/devices/{id}` with a [`Change`] sets a router on or off line, changes its values behind the
//! server's back, or makes it reject some. A router that comes on line runs what is queued.
//!
//! Less than the real one: no presets and provisions, no addObject, deleteObject and files, no `sort`.

mod answer;
mod device;
mod path;
mod projection;
mod query;
mod reply;
mod session;
mod task;
mod world;

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use serde_json::Value;

use super::control;
use super::faults::Faults;
use super::journal::Kept;
use super::server::{Simulator, Tasks};
pub use device::{DataModel, SimulatedRouter};
pub use world::Change;
use world::GenieacsWorld;

/// What this simulator can be told to spoil.
pub const OPERATIONS: &[&str] =
    &["find", "tasks", "faults", "set", "read", "task", "withdraw", "forget", "tag", "delete"];

/// How a simulated GenieACS is set up.
#[derive(Clone, Debug)]
pub struct GenieacsConfig {
    /// The routers that it knows.
    pub routers: Vec<SimulatedRouter>,
    /// How long a session with a router takes; meanwhile the router is locked.
    pub session: Duration,
    /// How long it hangs up on everybody after a task that it cannot digest.
    pub crash: Duration,
}

impl Default for GenieacsConfig {
    /// The router `00:11:22:33:44:55`, and 250 more from `00:11:22:33:45:00` on.
    fn default() -> Self {
        Self::with_routers(250)
    }
}

impl GenieacsConfig {
    /// The router `00:11:22:33:44:55`, and `more` from `00:11:22:33:45:00` on: by turns of the older data
    /// model and the newer one.
    pub fn with_routers(more: u32) -> Self {
        let mut routers = vec![SimulatedRouter::new("00:11:22:33:44:55", DataModel::Tr098)];
        routers.extend((0..more).map(|n| {
            let [_, a, b, c] = (0x33_45_00 + n).to_be_bytes();
            let model = if n % 2 == 0 { DataModel::Tr098 } else { DataModel::Tr181 };
            SimulatedRouter::new(format!("00:11:22:{a:02x}:{b:02x}:{c:02x}"), model)
        }));
        Self { routers, session: Duration::ZERO, crash: Duration::from_millis(500) }
    }
}

/// A running GenieACS simulator.
#[derive(Debug)]
pub struct GenieacsSimulator {
    /// Where it listens, and how to stop it.
    pub simulator: Simulator,
    /// What will go wrong next.
    pub faults: Faults,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    config: GenieacsConfig,
    faults: Faults,
    tasks: Tasks,
    world: Mutex<Kept<GenieacsWorld>>,
    /// A router talks in one session at a time.
    sessions: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
    down_until: Mutex<Option<Instant>>,
}

impl Shared {
    fn world<T>(&self, work: impl FnOnce(&mut Kept<GenieacsWorld>) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl GenieacsSimulator {
    /// Listens on `addr`; what happens is remembered in the file `journal`, if there is one.
    pub async fn start(addr: SocketAddr, config: GenieacsConfig, journal: Option<&Path>) -> io::Result<Self> {
        let first = GenieacsWorld::new(&config.routers, jiff::Timestamp::now());
        let (faults, tasks) = (Faults::new(OPERATIONS), Tasks::default());
        let shared = Arc::new(Shared {
            config,
            faults: faults.clone(),
            tasks: tasks.clone(),
            world: Mutex::new(Kept::open(first, journal)?),
            sessions: Mutex::default(),
            down_until: Mutex::default(),
        });
        let (served, shown, changed) = (shared.clone(), shared.clone(), shared.clone());
        let change = move |axum::extract::Path(id): axum::extract::Path<String>, body: Bytes| {
            answer::change(changed.clone(), id, body)
        };
        let router = Router::new()
            .fallback(move |request| answer::answer(served.clone(), request))
            .route("/_sim/devices/{id}", post(change))
            .merge(control::router(faults.clone(), move || shown.world(|kept| kept.world().view())));
        Ok(Self { simulator: Simulator::serve(addr, router, tasks).await?, faults, shared })
    }
    /// The whole world, as `/_sim/state` shows it: also what a router keeps to itself, as its passwords.
    pub fn state(&self) -> Value {
        self.shared.world(|kept| kept.world().view())
    }
    /// How often an effect was done.
    pub fn effects(&self, operation: &str, reference: &str) -> u64 {
        self.shared.world(|kept| kept.world().effects.of(operation, reference))
    }
    /// Changes a router, as `POST /_sim/devices/{id}` does.
    pub fn change(&self, device: &str, change: Change) -> io::Result<()> {
        session::change(&self.shared, device, change)
    }
}

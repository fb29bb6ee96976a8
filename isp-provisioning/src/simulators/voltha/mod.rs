//! A stand-in for VOLTHA 2's northbound gRPC API: one OLT and its ONUs, with the states and the status codes
//! of VOLTHA's core.
//!
//! Operations, for faults: `version`, `list`, `get`, `ports`, `create`, `enable`, `disable`, `delete`; a
//! `refuse` takes a gRPC code as its status. Effects: `enable:<serial>` and `disable:<serial>`, one for each
//! change of state, not for calls that found it already so.
//!
//! `POST /_sim/onus` with `{"serial":…,"state":"enabled|disabled|preprovisioned"}` lets light come on at
//! another ONU; one that is there already is found again, under a new id.
//!
//! Less than the real one: no flows, no images, no alarms; ONUs hang on one OLT's first port.

mod calls;
mod connection;
mod render;
mod world;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use super::control;
use super::faults::Faults;
use super::journal::Kept;
use super::server::{Simulator, Tasks};
use world::{Event, VolthaWorld};

/// What this simulator can be told to spoil.
pub const OPERATIONS: &[&str] = &["version", "list", "get", "ports", "create", "enable", "disable", "delete"];

/// How a simulated VOLTHA is set up.
#[derive(Clone, Debug)]
pub struct VolthaConfig {
    /// The OLT's serial.
    pub olt: String,
    /// ONUs that are enabled and active from the start. Serials that begin with `FAIL` do not come up when
    /// enabled, those that begin with `SLOW` take a minute.
    pub active: Vec<String>,
    /// ONUs that somebody disabled.
    pub disabled: Vec<String>,
    /// How many more disabled ONUs there are, with the serials `ALCL10000000`, `ALCL10000001` and so on.
    pub more_disabled: u32,
    /// How long an ONU takes from enabled to active.
    pub activation: Duration,
}

impl Default for VolthaConfig {
    fn default() -> Self {
        let serials = |serials: &[&str]| serials.iter().map(ToString::to_string).collect();
        Self {
            olt: "BBSIM_OLT_0".into(),
            active: serials(&["BBSM00000001", "BBSM00000002"]),
            disabled: serials(&["ALCL12345678", "ALCL12345679", "FAIL00000001", "SLOW00000001"]),
            more_disabled: 250,
            activation: Duration::from_millis(100),
        }
    }
}

/// The state in which an ONU is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// As VOLTHA's core finds them: it enables them at once.
    Enabled,
    /// As one that was disabled earlier.
    Disabled,
    /// Entered, never enabled.
    Preprovisioned,
}

/// A running VOLTHA simulator. Dropping it stops it.
#[derive(Debug)]
pub struct VolthaSimulator {
    /// Where gRPC is spoken.
    pub addr: SocketAddr,
    /// The door for tests, on a port of its own.
    pub control: Simulator,
    /// What will go wrong next.
    pub faults: Faults,
    listening: JoinHandle<()>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    faults: Faults,
    tasks: Tasks,
    world: Mutex<Kept<VolthaWorld>>,
}

impl Shared {
    fn world<T>(&self, work: impl FnOnce(&mut Kept<VolthaWorld>) -> T) -> T {
        work(&mut self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }
    fn find(&self, serial: &str, found: Found) -> io::Result<()> {
        self.world(|kept| kept.commit(&Event::Found { serial: serial.into(), state: found, at: now() }))
    }
}

impl VolthaSimulator {
    /// Speaks gRPC on `addr` and opens the control door on `control`; what happens is remembered in the file
    /// `journal`, if there is one.
    pub async fn start(
        addr: SocketAddr,
        control: SocketAddr,
        config: VolthaConfig,
        journal: Option<&Path>,
    ) -> io::Result<Self> {
        let (faults, tasks) = (Faults::new(OPERATIONS), Tasks::default());
        let world = Mutex::new(Kept::open(VolthaWorld::new(&config), journal)?);
        let shared = Arc::new(Shared { faults: faults.clone(), tasks: tasks.clone(), world });
        let listener = TcpListener::bind(addr).await?;
        let addr = listener.local_addr()?;
        let (shown, found) = (shared.clone(), shared.clone());
        let router = control::router(faults.clone(), move || shown.world(|kept| kept.world().view(now())))
            .merge(
                Router::new().route("/_sim/onus", post(move |body: Bytes| async move { onu(&found, &body) })),
            );
        let control = Simulator::serve(control, router, tasks.clone()).await?;
        let listening = tasks.spawn(connection::accept(listener, shared.clone()));
        Ok(Self { addr, control, faults, listening, shared })
    }
    /// Where gRPC is spoken: `http://address:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
    /// The whole world, as `/_sim/state` shows it.
    pub fn state(&self) -> Value {
        self.shared.world(|kept| kept.world().view(now()))
    }
    /// How often an effect was done.
    pub fn effects(&self, operation: &str, serial: &str) -> u64 {
        self.shared.world(|kept| kept.world().effects.of(operation, serial))
    }
    /// Light comes on at an ONU: it appears, or is found again under a new id.
    pub fn find(&self, serial: &str, found: Found) -> io::Result<()> {
        self.shared.find(serial, found)
    }
    /// Closes both ports and all connections. What was to be done later is not done.
    pub async fn stop(self) {
        self.control.stop().await;
        // The port is free only when the accepting task has gone; that it was aborted is no news.
        let _ = self.listening.await;
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Onu {
    serial: String,
    state: Found,
}

fn onu(shared: &Shared, body: &[u8]) -> Response {
    match serde_json::from_slice::<Onu>(body) {
        Ok(onu) => match shared.find(&onu.serial, onu.state) {
            Ok(()) => StatusCode::CREATED.into_response(),
            Err(e) => (StatusCode::INTERNAL_SERVER_ERROR, e.to_string()).into_response(),
        },
        Err(e) => (StatusCode::BAD_REQUEST, e.to_string()).into_response(),
    }
}

/// Milliseconds since 1970: a clock that goes on while the simulator is not running, so that an ONU comes up
/// during a restart as well.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

//! Stand-ins for the systems that a subscriber is provisioned on: they speak the real wire protocols, keep
//! what they did through a kill, and can be told to misbehave.
//!
//! The shared half: [`faults`] says how the next calls go wrong, [`perform`](perform::perform) does an
//! operation under such a fault, [`journal`] keeps the world in a file, [`server`] serves it over HTTP/1, and
//! [`control`] is the door for tests: `/_sim/faults` and `/_sim/state`.

pub mod control;
pub mod faults;
pub mod genieacs;
pub mod journal;
pub mod netbox;
pub mod perform;
pub mod server;
pub mod voltha;

pub use faults::{Fault, FaultMode, Faults};
pub use genieacs::{GenieacsConfig, GenieacsSimulator};
pub use journal::{Effects, Kept, World};
pub use netbox::{NetboxConfig, NetboxSimulator};
pub use server::{Simulator, Tasks};
pub use voltha::{VolthaConfig, VolthaSimulator};

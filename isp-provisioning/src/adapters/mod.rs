//! The systems' own protocols: each adapter implements one port, classifies what went wrong, and knows
//! nothing of sagas.

#[cfg(feature = "database")]
pub mod database;
#[cfg(feature = "database")]
pub mod freeradius;
#[cfg(feature = "http")]
pub mod genieacs;
#[cfg(feature = "http")]
pub mod netbox;
#[cfg(feature = "grpc")]
pub mod voltha;

#[cfg(feature = "http")]
mod http;
#[cfg(feature = "database")]
mod sql_error;

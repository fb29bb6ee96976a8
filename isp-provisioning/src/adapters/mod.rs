//! The systems' own protocols: each adapter implements one port, classifies what went wrong, and knows
//! nothing of sagas.

pub mod database;
pub mod freeradius;
pub mod genieacs;
pub mod netbox;
pub mod voltha;

mod http;
mod sql_error;

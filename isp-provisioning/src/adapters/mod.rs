//! The systems' own protocols: each adapter implements one port, classifies what went wrong, and knows
//! nothing of sagas.

pub mod genieacs;
pub mod netbox;

mod http;

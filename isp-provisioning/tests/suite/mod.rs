//! Cases that hold for a simulator and for the real system alike.

pub mod exchange;
pub mod netbox;

//! The systems of the ports, each in its own protocol. An adapter translates and classifies; it knows
//! nothing of sagas.

pub mod database;
pub mod freeradius;
pub mod voltha;

mod sql_error;

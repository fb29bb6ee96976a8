//! Provisioning of internet subscribers: seven steps over six systems, as one saga.
//!
//! `domain` holds the words, [`ports`] what a step may ask of the world; adapters speak the systems' own
//! protocols and know nothing of sagas.

pub mod adapters;
pub mod ports;
pub mod secret;

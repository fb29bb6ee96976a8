//! Provisioning of internet subscribers: seven steps over six systems, as one saga.
//!
//! [`domain`] holds the words, [`ports`] what a step may ask of the world; [`adapters`] speak the systems'
//! own protocols and know nothing of sagas. [`simulators`] stand in for those systems.

// A test says what it expects by falling over; the library itself never does.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod domain;
pub mod ports;
pub mod secret;
pub mod steps;
pub mod workflow;
pub mod adapters;
pub mod simulators;
pub mod api;
pub mod config;
pub mod server;

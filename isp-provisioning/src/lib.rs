//! Provisioning of internet subscribers: seven steps over six systems, as one saga.
//!
//! [`domain`] holds the words, [`ports`] what a step may ask of the world; [`adapters`] speak the systems'
//! own protocols and know nothing of sagas. `simulators` stand in for those systems.
//!
//! Each room with libraries of its own is a feature, on by default: `database`, `http` and `grpc` are the adapters,
//! `simulators` and `server` what their names say. Without any of them there are words, ports, steps and the saga,
//! for adapters of your own.

// A test says what it expects by falling over; the library itself never does.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing))]

pub mod domain;
pub mod ports;
pub mod secret;
pub mod steps;
pub mod workflow;
pub mod adapters;
#[cfg(feature = "simulators")]
pub mod simulators;
#[cfg(feature = "server")]
pub mod api;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod server;

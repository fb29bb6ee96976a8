//! The examples do what they show, as their users run them.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[cfg(feature = "strace")]
mod acknowledged;
mod binaries;
mod stage;
mod kills;
mod disk;
mod readme;
mod server;
mod small;
mod own_store;

//! SQL stores for [`saga`]: workflows in the database that holds your data.
//!
//! [`SqliteStore`] keeps everything in one file that belongs to one process. A transactional step, or
//! [`SqliteStore::transaction`], works in the same file and commits together with the journal.

#[cfg(feature = "sqlite")]
mod codec;
#[cfg(feature = "sqlite")]
mod columns;
#[cfg(feature = "sqlite")]
mod error;
#[cfg(feature = "sqlite")]
mod migrate;
#[cfg(feature = "sqlite")]
mod rows;
#[cfg(feature = "sqlite")]
mod sqlite;

#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore, sqlite};

//! SQL stores for [`saga`]: workflows in the database that holds your data.
//!
//! [`SqliteStore`] keeps everything in one file that belongs to one process. A transactional step, or
//! [`SqliteStore::transaction`], works in the same file and commits together with the journal.
//!
//! `PgStore` (feature `postgres`) keeps everything in a PostgreSQL database that several processes share. A
//! transactional step, or `PgStore::transaction`, has a connection of its own there.

#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod along;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod batch;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod cells;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod codec;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod columns;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod counts;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod error;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod judge;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod migrate;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod retention;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod rows;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod schedules;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod triggers;
#[cfg(any(feature = "sqlite", feature = "postgres"))]
mod watched;

#[cfg(feature = "postgres")]
pub use postgres::{PgOptions, PgStore, postgres};
#[cfg(feature = "sqlite")]
pub use sqlite::{Durability, SqliteOptions, SqliteStore, sqlite};

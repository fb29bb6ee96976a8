//! Accounts in FreeRADIUS, by its SQL schema.
//!
//! RADIUS itself has no way to make an account, and FreeRADIUS no API for it: its tables are what
//! provisioning systems write. They know no unique keys, so idempotency is ours: each call is one
//! transaction that locks the user name, looks whose rows there are, and replaces its own.
//!
//! An account belongs to the reference in its reply attribute `Class`. The access server repeats that
//! attribute in its accounting, so the mark is useful beyond this crate as well.

mod postgres;
mod rows;
mod sqlite;
mod statements;

pub use postgres::PostgresRadius;
pub use rows::PasswordStorage;
pub use sqlite::SqliteRadius;

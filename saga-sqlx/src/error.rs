//! What a database's error means to whoever called. The one place that looks at codes.
//!
//! Messages never carry values: SQLite's name tables and columns, not contents, and statements have parameters.

use saga::store::StoreError;

/// What to do about a failed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Somebody else holds the database: wait and do the same again.
    Busy,
    /// This commit, and not the ones beside it, is at fault, if it fails alone too.
    Poison(String),
    /// Nothing is known about the transaction; the connection is not trusted any more.
    Broken(StoreError),
}

#[cfg(feature = "sqlite")]
impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        sqlite_failure(&error)
    }
}
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Broken(error)
    }
}

/// Classifies by SQLite's primary result code (the low byte of the extended one).
#[cfg(feature = "sqlite")]
pub(crate) fn sqlite_failure(error: &sqlx::Error) -> Failure {
    let sqlx::Error::Database(database) = error else {
        return match error {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                corrupt(error)
            }
            _ => Failure::Broken(StoreError::Unavailable(error.to_string())),
        };
    };
    let code = database.code().and_then(|code| code.parse::<u32>().ok()).unwrap_or(0);
    let message = || format!("{} (code {code})", database.message());
    match code & 0xFF {
        // BUSY, LOCKED
        5 | 6 => Failure::Busy,
        // TOOBIG, CONSTRAINT, MISMATCH, and ERROR: malformed values among them
        1 | 18 | 19 | 20 => Failure::Poison(message()),
        // CORRUPT, NOTADB
        11 | 26 => corrupt(message()),
        // PERM, READONLY, CANTOPEN, AUTH
        3 | 8 | 14 | 23 => Failure::Broken(StoreError::Configuration(message())),
        // FULL, IOERR, NOMEM, INTERRUPT and the rest may have rolled back everything.
        _ => Failure::Broken(StoreError::Unavailable(message())),
    }
}

fn corrupt(reason: impl std::fmt::Display) -> Failure {
    let place = "the database file".to_owned();
    Failure::Broken(StoreError::Corrupt { place, reason: reason.to_string() })
}

/// The error of a call that does not write.
#[cfg(feature = "sqlite")]
pub(crate) fn sqlite_error(error: sqlx::Error) -> StoreError {
    match sqlite_failure(&error) {
        Failure::Busy => StoreError::Unavailable("the database is busy".into()),
        Failure::Poison(reason) => StoreError::Unavailable(reason),
        Failure::Broken(error) => error,
    }
}

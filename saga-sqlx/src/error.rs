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
                let place = "a row of the database".to_owned();
                Failure::Broken(StoreError::Corrupt { place, reason: error.to_string() })
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
        11 | 26 => damage(&message()),
        // PERM, READONLY, CANTOPEN, AUTH
        3 | 8 | 14 | 23 => Failure::Broken(StoreError::Configuration(message())),
        // IOERR. Not every full disk calls itself one.
        10 => {
            let why = format!("{}: is the disk full, or broken?", message());
            Failure::Broken(StoreError::Unavailable(why))
        }
        // FULL, NOMEM, INTERRUPT and the rest may have rolled back everything.
        _ => Failure::Broken(StoreError::Unavailable(message())),
    }
}

/// The place of what is wrong with the file, and not with a row of it.
const FILE: &str = "the database file";

fn damage(message: &str) -> Failure {
    let reason = format!("{message}: nothing is acknowledged any more; restore the file and restart");
    Failure::Broken(StoreError::Corrupt { place: FILE.to_owned(), reason })
}

/// Is it the file itself?
pub(crate) fn is_damage(error: &StoreError) -> bool {
    matches!(error, StoreError::Corrupt { place, .. } if place == FILE)
}

/// For whoever gives up.
impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Busy => Self::Unavailable("the database is busy".into()),
            Failure::Poison(reason) => Self::Unavailable(reason),
            Failure::Broken(error) => error,
        }
    }
}

/// The error of a call that does not write.
#[cfg(feature = "sqlite")]
pub(crate) fn sqlite_error(error: sqlx::Error) -> StoreError {
    sqlite_failure(&error).into()
}

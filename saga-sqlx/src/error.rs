//! What a database's error means to whoever called. The one place that looks at codes.
//!
//! Messages never carry values: the databases' name tables and columns, not contents (PostgreSQL keeps these for the
//! detail, which is left out), and statements have parameters.

use saga::store::StoreError;
use sqlx::error::DatabaseError;
#[cfg(feature = "postgres")]
use sqlx::postgres::PgDatabaseError;

/// What to do about a failed statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Somebody else was in the way: the same may be done again.
    Busy,
    /// This commit, and not the ones beside it, is at fault, if it fails alone too.
    Poison(String),
    /// Nothing is known about the transaction; the connection is not trusted any more.
    Broken(StoreError),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            #[cfg(feature = "postgres")]
            sqlx::Error::Database(database) if database.try_downcast_ref::<PgDatabaseError>().is_some() => {
                postgres_failure(&**database)
            }
            #[cfg(feature = "sqlite")]
            sqlx::Error::Database(database) => sqlite_failure(&**database),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                let place = "a row of the database".to_owned();
                Failure::Broken(StoreError::Corrupt { place, reason: error.to_string() })
            }
            _ => Failure::Broken(StoreError::Unavailable(error.to_string())),
        }
    }
}
impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Failure::Broken(error)
    }
}

/// Classifies by SQLite's primary result code (the low byte of the extended one).
#[cfg(feature = "sqlite")]
pub(crate) fn sqlite_failure(database: &dyn DatabaseError) -> Failure {
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

/// Classifies by PostgreSQL's class of conditions, and a few conditions that differ from their class. What is not known
/// here is an outcome that nobody knows.
#[cfg(feature = "postgres")]
fn postgres_failure(database: &dyn DatabaseError) -> Failure {
    let code = database.code().unwrap_or_default();
    let message = || format!("{} (code {code})", database.message());
    match (code.get(..2).unwrap_or_default(), &*code) {
        // A deadlock, a snapshot too old for what others did, a lock that nobody let go of, somebody quicker with a key.
        ("40", _) | (_, "55P03" | "23505") => Failure::Busy,
        // Malformed values, a row twice in a statement, constraints, limits of the program
        ("21" | "22" | "23" | "54", _) => Failure::Poison(message()),
        // Passwords, names of databases and schemas, missing tables and rights
        ("28" | "3D" | "3F" | "42", _) => Failure::Broken(StoreError::Configuration(message())),
        _ => Failure::Broken(StoreError::Unavailable(message())),
    }
}

/// The place of what is wrong with the file, and not with a row of it.
#[cfg(feature = "sqlite")]
const FILE: &str = "the database file";

#[cfg(feature = "sqlite")]
fn damage(message: &str) -> Failure {
    let reason = format!("{message}: nothing is acknowledged any more; restore the file and restart");
    Failure::Broken(StoreError::Corrupt { place: FILE.to_owned(), reason })
}

/// Is it the file itself?
#[cfg(feature = "sqlite")]
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
pub(crate) fn sql_error(error: sqlx::Error) -> StoreError {
    Failure::from(error).into()
}

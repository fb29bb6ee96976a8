//! What a database's error says about effects.
//!
//! Inside a transaction nothing has happened until COMMIT is answered, so an error there is never ambiguous.
//! An unanswered COMMIT always is.

use sqlx::Error;

use crate::ports::{ErrorClass, PortError};

/// Where in a transaction the error came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// While connecting, or before COMMIT was sent.
    Work,
    /// In answer to COMMIT.
    Commit,
}

/// The port's error for an error of SQLite.
pub(super) fn from_sqlite(error: &Error, stage: Stage) -> PortError {
    from_error(error, stage, |code| sqlite_class(code.parse().unwrap_or(0), stage))
}

/// The port's error for an error of PostgreSQL.
pub(super) fn from_postgres(error: &Error, stage: Stage) -> PortError {
    from_error(error, stage, |code| sqlstate_class(code, stage))
}

fn from_error(error: &Error, stage: Stage, class_of: impl Fn(&str) -> ErrorClass) -> PortError {
    let class = match error {
        Error::Database(refusal) => class_of(refusal.code().as_deref().unwrap_or_default()),
        Error::Configuration(_) | Error::InvalidArgument(_) | Error::Tls(_) => ErrorClass::Configuration,
        // Our statements and their tables do not fit together; no repetition will mend that.
        Error::TypeNotFound { .. }
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::Encode(_) => ErrorClass::Configuration,
        _ if stage == Stage::Commit => ErrorClass::Ambiguous,
        _ => ErrorClass::Transient,
    };
    PortError::new(class, error.to_string())
}

/// By primary result code: the low byte of SQLite's extended one.
fn sqlite_class(extended: i32, stage: Stage) -> ErrorClass {
    const ERROR: i32 = 1;
    const PERM: i32 = 3;
    const BUSY: i32 = 5;
    const LOCKED: i32 = 6;
    const READONLY: i32 = 8;
    const CORRUPT: i32 = 11;
    const FULL: i32 = 13;
    const CANTOPEN: i32 = 14;
    const TOO_BIG: i32 = 18;
    const CONSTRAINT: i32 = 19;
    const MISMATCH: i32 = 20;
    const AUTH: i32 = 23;
    const NOTADB: i32 = 26;
    match extended & 0xff {
        CONSTRAINT | MISMATCH | TOO_BIG => ErrorClass::Permanent,
        ERROR | PERM | READONLY | CORRUPT | CANTOPEN | AUTH | NOTADB => ErrorClass::Configuration,
        // A COMMIT that could not get the lock, or the space, has written nothing.
        BUSY | LOCKED | FULL => ErrorClass::Transient,
        _ if stage == Stage::Commit => ErrorClass::Ambiguous,
        _ => ErrorClass::Transient,
    }
}

/// By SQLSTATE: two letters of class, three of detail.
fn sqlstate_class(code: &str, stage: Stage) -> ErrorClass {
    match (code.get(..2).unwrap_or_default(), code) {
        ("22" | "23", _) => ErrorClass::Permanent,
        ("28" | "3D" | "3F" | "42", _) => ErrorClass::Configuration,
        // Serialisation failures and deadlocks: the server says that it rolled back.
        ("40", code) if code != "40003" => ErrorClass::Transient,
        _ if stage == Stage::Commit => ErrorClass::Ambiguous,
        _ => ErrorClass::Transient,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ErrorClass::{Ambiguous, Configuration, Permanent, Transient};

    #[test]
    fn result_codes_of_sqlite() {
        for (code, working, committing) in [
            (1, Configuration, Configuration),
            (5, Transient, Transient),
            (261, Transient, Transient), // BUSY_RECOVERY
            (6, Transient, Transient),
            (8, Configuration, Configuration),
            (10, Transient, Ambiguous),   // IOERR
            (1034, Transient, Ambiguous), // IOERR_FSYNC
            (13, Transient, Transient),
            (14, Configuration, Configuration),
            (787, Permanent, Permanent),  // CONSTRAINT_FOREIGNKEY
            (2067, Permanent, Permanent), // CONSTRAINT_UNIQUE
            (26, Configuration, Configuration),
        ] {
            assert_eq!(sqlite_class(code, Stage::Work), working, "{code} while working");
            assert_eq!(sqlite_class(code, Stage::Commit), committing, "{code} while committing");
        }
    }

    #[test]
    fn sqlstates() {
        for (code, working, committing) in [
            ("08006", Transient, Ambiguous),
            ("22001", Permanent, Permanent),
            ("23505", Permanent, Permanent),
            ("28P01", Configuration, Configuration),
            ("3D000", Configuration, Configuration),
            ("40001", Transient, Transient),
            ("40003", Transient, Ambiguous), // statement completion unknown
            ("40P01", Transient, Transient),
            ("42501", Configuration, Configuration),
            ("42P01", Configuration, Configuration),
            ("53300", Transient, Ambiguous),
            ("55P03", Transient, Ambiguous),
            ("57P01", Transient, Ambiguous),
            ("57P03", Transient, Ambiguous),
            ("XX000", Transient, Ambiguous),
            ("", Transient, Ambiguous),
        ] {
            assert_eq!(sqlstate_class(code, Stage::Work), working, "{code} while working");
            assert_eq!(sqlstate_class(code, Stage::Commit), committing, "{code} while committing");
        }
    }

    #[test]
    fn a_lost_connection_is_ambiguous_only_at_commit() {
        assert_eq!(from_sqlite(&Error::WorkerCrashed, Stage::Work).class, Transient);
        assert_eq!(from_sqlite(&Error::WorkerCrashed, Stage::Commit).class, Ambiguous);
        let reset = || Error::Io(std::io::ErrorKind::ConnectionReset.into());
        assert_eq!(from_postgres(&reset(), Stage::Work).class, Transient);
        assert_eq!(from_postgres(&reset(), Stage::Commit).class, Ambiguous);
    }
}

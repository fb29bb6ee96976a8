//! Behind a pooler that lends a server's session for one transaction, like PgBouncer in transaction mode. The next
//! transaction may have another session, which others have used meanwhile: nothing is set for longer than a transaction,
//! no statement stays prepared beyond it, and no statement is without one.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;

use super::connection::{PgOptions, millis};

/// How each transaction begins.
#[derive(Clone)]
pub(super) struct Pooler(Arc<str>);

impl Pooler {
    /// If the options say that there is one. The schema has been checked to be a plain name.
    pub(super) fn of(options: &PgOptions) -> Option<Self> {
        if !options.through_pooler {
            return None;
        }
        let path =
            options.schema.as_ref().map(|schema| format!("; SET LOCAL search_path TO \"{schema}\", public"));
        let limit = millis(options.statement_timeout);
        // Others count their statements from 1 as well, and have left theirs in this session.
        let set_up = format!(
            "; DEALLOCATE ALL{}; SET LOCAL statement_timeout TO '{limit}'; \
             SET LOCAL idle_in_transaction_session_timeout TO '{limit}'",
            path.unwrap_or_default()
        );
        Some(Self(set_up.into()))
    }

    pub(super) fn begin(&self, begin: &str) -> String {
        format!("{begin}{}", self.0)
    }
}

/// Without what a pooler refuses, and without a memory of statements that were prepared in somebody else's session.
pub(super) fn connect(connect: PgConnectOptions) -> PgConnectOptions {
    connect.statement_cache_capacity(0).extra_float_digits(None)
}

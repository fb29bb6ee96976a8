//! How things stand with the workflows of a batch. Reads only, and locks what it has read.

use saga::Timestamp;
use saga::WorkerId;
use saga::store::{Commit, StoreError};
use sqlx::PgConnection;

use super::queries as sql;
use crate::error::Failure;
use crate::judge::{self, Batch, Known};

/// Reads and judges; writes nothing. `Err(Fenced)` when the writer may not write.
///
/// Each question is a statement of its own: what was committed while the first one waited for a lock is seen by the
/// others only.
pub(super) async fn prepare<'a>(
    connection: &mut PgConnection,
    worker: Option<WorkerId>,
    commits: &'a [Commit],
    told: &mut Timestamp,
) -> Result<Batch<'a>, Failure> {
    let ids = commits.iter().map(|commit| commit.workflow_id.as_str()).collect::<Vec<_>>();
    let standing = sqlx::query_as(sql::STANDING).bind(ids).bind(worker.map(|worker| worker.0));
    let (alive, standings): (bool, Option<String>) = standing.fetch_one(&mut *connection).await?;
    if !alive {
        return Err(StoreError::Fenced.into());
    }
    let standings = standings.as_deref().unwrap_or("[]");
    let mut known = Known { standings: judge::standings(standings)?, ..Known::default() };
    if let Some(keys) = judge::start_keys(commits)? {
        known.keys = sqlx::query_as(sql::KNOWN_KEYS).bind(keys).fetch_all(&mut *connection).await?;
    }
    if let Some(wanted) = judge::wanted_locks(commits, &known.standings)? {
        known.held = sqlx::query_as(sql::HELD_LOCKS).bind(wanted).fetch_all(connection).await?;
    }
    judge::judged(worker, commits, known, told)
}

/// Is one of its facts, or a later one, stored already?
pub(super) async fn knows_a_fact_of(connection: &mut PgConnection, commit: &Commit) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar(sql::KNOWN_FACTS).bind(judge::facts_of(commit)?).fetch_one(connection).await?)
}

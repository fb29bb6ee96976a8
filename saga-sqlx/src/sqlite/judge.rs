//! How things stand with the workflows of a batch. Reads only.

use saga::Timestamp;
use saga::WorkerId;
use saga::store::{Commit, StoreError};
use sqlx::SqliteConnection;

use super::queries as sql;
use crate::codec::rows;
use crate::error::Failure;
use crate::judge::{self, Batch, Known};

/// Reads and judges; writes nothing. `Err(Fenced)` when the writer may not write.
pub(super) async fn prepare<'a>(
    connection: &mut SqliteConnection,
    worker: Option<WorkerId>,
    commits: &'a [Commit],
    told: &mut Timestamp,
) -> Result<Batch<'a>, Failure> {
    let ids = commits.iter().map(|commit| commit.workflow_id.as_str()).collect::<Vec<_>>();
    let standing = sqlx::query_as(sql::STANDING).bind(rows(&ids)?).bind(worker.map(|worker| worker.0));
    let (alive, standings): (bool, String) = standing.fetch_one(&mut *connection).await?;
    if !alive {
        return Err(StoreError::Fenced.into());
    }
    let mut known = Known { standings: judge::standings(&standings)?, ..Known::default() };
    if let Some(keys) = judge::start_keys(commits)? {
        known.keys = sqlx::query_as(sql::KNOWN_KEYS).bind(keys).fetch_all(&mut *connection).await?;
    }
    if let Some(wanted) = judge::wanted_locks(commits, &known.standings)? {
        known.held = sqlx::query_as(sql::HELD_LOCKS).bind(wanted).fetch_all(connection).await?;
    }
    judge::judged(worker, commits, known, told)
}

/// Is one of its facts, or a later one, stored already?
pub(super) async fn knows_a_fact_of(
    connection: &mut SqliteConnection,
    commit: &Commit,
) -> Result<bool, Failure> {
    Ok(sqlx::query_scalar(sql::KNOWN_FACTS).bind(judge::facts_of(commit)?).fetch_one(connection).await?)
}

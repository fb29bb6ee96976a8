//! Which history of the database a worker belongs to. A replica that is promoted begins a new one (PostgreSQL calls it a
//! timeline), and if it lagged it has never heard of some that was acknowledged, while a worker remembers it. So a
//! worker does not outlive the history in which it joined: in another one it is fenced, and its engine comes back as a
//! new worker that knows what the journal says there.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use saga::WorkerId;
use saga::store::StoreError;
use sqlx::PgConnection;

use super::held::Held;
use super::queries as sql;
use crate::error::Failure;

/// The number of a history; none if the server does not tell.
pub(super) type Timeline = Option<String>;

/// In which histories the workers of this process have joined.
#[derive(Default)]
pub(super) struct Timelines(Mutex<BTreeMap<WorkerId, Timeline>>);

/// The history that this connection leads to.
pub(super) async fn of(connection: &mut PgConnection) -> Result<Timeline, Failure> {
    match sqlx::query_as(sql::TIMELINE).fetch_one(connection).await {
        Ok((false, timeline)) => Ok(timeline),
        // It may be promoted later: who is connected then would not be told.
        Ok((true, _)) => {
            Err(StoreError::Unavailable("the server is a replica that follows another".into()).into())
        }
        // What calls itself PostgreSQL need not have such a thing.
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!("The server does not tell of its timeline: {error}");
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Likewise. Behind a pooler the next transaction may reach another server all the same; then the next heartbeat notices.
pub(super) async fn of_held(connection: &mut Held) -> Result<Timeline, Failure> {
    let mut plain = connection.plain().await?;
    let timeline = of(&mut plain).await?;
    plain.done().await?;
    Ok(timeline)
}

impl Timelines {
    fn joined(&self) -> MutexGuard<'_, BTreeMap<WorkerId, Timeline>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn join(&self, worker: WorkerId, timeline: Timeline) {
        self.joined().insert(worker, timeline);
    }

    pub(super) fn leave(&self, worker: WorkerId) {
        self.joined().remove(&worker);
    }

    /// Has it joined in this one? Nothing is known of workers of other stores.
    pub(super) fn knows(&self, worker: WorkerId, timeline: &Timeline) -> bool {
        self.joined().get(&worker).is_none_or(|joined| joined == timeline)
    }

    /// Asks on which history a connection is, before a worker does anything there.
    ///
    /// # Errors
    /// [`StoreError::Fenced`] if it has joined in another one.
    pub(super) async fn check(&self, connection: &mut Held, worker: WorkerId) -> Result<(), Failure> {
        let timeline = of_held(connection).await?;
        if self.knows(worker, &timeline) {
            return Ok(());
        }
        tracing::warn!("{worker} joined before the database was failed over to a replica: it is over");
        Err(StoreError::Fenced.into())
    }
}

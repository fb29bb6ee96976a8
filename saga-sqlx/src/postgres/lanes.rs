//! The journal's own connections: nothing is asked of them but batches, so they need no test before each, and their
//! plans are made once.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use saga::store::StoreError;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::{ConnectOptions, Connection, PgConnection};

use super::connection;
use super::timelines::{self, Timeline};
use crate::error::Failure;

/// More than one is needed only while several engines of this process write at once.
const MOST: usize = 4;
/// A lane's statements find everything by key. A plan made while the tables were small shall stay good when they are
/// not.
pub(super) const SETTINGS: &str =
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
  set_config('jit', 'off', false)";

pub(super) struct Lanes {
    connect: PgConnectOptions,
    schema: Option<String>,
    timeout: Duration,
    /// Those that nobody uses at the moment; none when the store is closed.
    idle: Mutex<Option<Vec<(PgConnection, Timeline)>>>,
}

impl Lanes {
    /// To where these connections lead.
    pub(super) fn beside(pool: &PgPool, schema: Option<String>, timeout: Duration) -> Self {
        let connect = pool.connect_options().as_ref().clone();
        Self { connect, schema, timeout, idle: Mutex::new(Some(vec![])) }
    }

    /// One for this caller alone, to a server of the right history. Whoever does not give it back has closed it.
    pub(super) async fn take(
        &self,
        is_right: impl Fn(&Timeline) -> bool,
    ) -> Result<(PgConnection, Timeline), Failure> {
        match &mut *self.idle() {
            Some(idle) => {
                while let Some((lane, timeline)) = idle.pop() {
                    if is_right(&timeline) {
                        return Ok((lane, timeline));
                    }
                }
            }
            None => return Err(super::closed().into()),
        }
        let connecting = async {
            let mut lane = self.connect.connect().await?;
            connection::set_up(&mut lane, self.schema.as_deref(), self.timeout).await?;
            sqlx::query(SETTINGS).execute(&mut lane).await?;
            let timeline = timelines::of(&mut lane).await?;
            Ok::<_, Failure>((lane, timeline))
        };
        let connected = tokio::time::timeout(self.timeout, connecting).await;
        let (lane, timeline) = connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))?;
        if is_right(&timeline) { Ok((lane, timeline)) } else { Err(StoreError::Fenced.into()) }
    }

    /// For the next one; only after an answer.
    pub(super) fn give_back(&self, lane: PgConnection, timeline: Timeline) {
        if let Some(idle) = &mut *self.idle()
            && idle.len() < MOST
        {
            idle.push((lane, timeline));
        }
    }

    pub(super) async fn close(&self) {
        let idle = self.idle().take();
        for (lane, _) in idle.into_iter().flatten() {
            // It is closed, politely or not.
            let _ = lane.close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<(PgConnection, Timeline)>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

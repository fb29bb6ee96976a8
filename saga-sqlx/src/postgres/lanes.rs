//! The journal's own connections: nothing is asked of them but batches, so they need no test before each, and their
//! plans are kept.

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
/// A lane's statements find everything by key.
pub(super) const SETTINGS: &str =
    "SELECT set_config('plan_cache_mode', 'force_generic_plan', false), set_config('enable_seqscan', 'off', false),
  set_config('jit', 'off', false)";

pub(super) struct Lanes {
    connect: PgConnectOptions,
    schema: Option<String>,
    timeout: Duration,
    /// Those that nobody uses at the moment; none when the store is closed.
    idle: Mutex<Option<Vec<Lane>>>,
}

/// A connection, the history that it leads to, and how many batches it has carried.
pub(super) struct Lane {
    connection: PgConnection,
    timeline: Timeline,
    batches: u32,
}

impl Lane {
    /// For one more batch. Of tables with few rows any index seems as good as any other, so a plan made then may walk
    /// through all of a long one later. Plans are made anew when the lane has carried twice as much as the last time.
    pub(super) async fn next(&mut self) -> Result<&mut PgConnection, Failure> {
        if self.batches.is_power_of_two() {
            self.connection.clear_cached_statements().await?;
        }
        self.batches = self.batches.saturating_add(1);
        Ok(&mut self.connection)
    }
}

impl Lanes {
    /// To where these connections lead.
    pub(super) fn beside(pool: &PgPool, schema: Option<String>, timeout: Duration) -> Self {
        let connect = pool.connect_options().as_ref().clone();
        Self { connect, schema, timeout, idle: Mutex::new(Some(vec![])) }
    }

    /// One for this caller alone, to a server of the right history. Whoever does not give it back has closed it.
    pub(super) async fn take(&self, is_right: impl Fn(&Timeline) -> bool) -> Result<Lane, Failure> {
        match &mut *self.idle() {
            Some(idle) => {
                while let Some(lane) = idle.pop() {
                    if is_right(&lane.timeline) {
                        return Ok(lane);
                    }
                }
            }
            None => return Err(super::closed().into()),
        }
        let connecting = async {
            let mut connection = self.connect.connect().await?;
            connection::set_up(&mut connection, self.schema.as_deref(), self.timeout).await?;
            sqlx::query(SETTINGS).execute(&mut connection).await?;
            let timeline = timelines::of(&mut connection).await?;
            Ok::<_, Failure>(Lane { connection, timeline, batches: 0 })
        };
        let connected = tokio::time::timeout(self.timeout, connecting).await;
        let lane = connected.unwrap_or_else(|_| Err(sqlx::Error::PoolTimedOut.into()))?;
        if is_right(&lane.timeline) { Ok(lane) } else { Err(StoreError::Fenced.into()) }
    }

    /// For the next one; only after an answer.
    pub(super) fn give_back(&self, lane: Lane) {
        if let Some(idle) = &mut *self.idle()
            && idle.len() < MOST
        {
            idle.push(lane);
        }
    }

    pub(super) async fn close(&self) {
        let idle = self.idle().take();
        for lane in idle.into_iter().flatten() {
            // It is closed, politely or not.
            let _ = lane.connection.close().await;
        }
    }

    fn idle(&self) -> MutexGuard<'_, Option<Vec<Lane>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(all(test, feature = "real-systems"))]
mod tests {
    use super::*;
    use crate::PgOptions;

    /// A plan that was made while there was nothing to choose from does not stay for ever.
    #[tokio::test]
    async fn a_lane_plans_anew_each_time_it_has_carried_twice_as_much() {
        let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run scripts/test postgres");
        let (pool, _) = connection::pools(&url, &PgOptions::default()).await.unwrap();
        let lanes = Lanes::beside(&pool, None, Duration::from_secs(10));
        let mut anew = vec![];
        for batch in 0..20 {
            // Each goes back and is taken again, as batches do.
            let mut lane = lanes.take(|_| true).await.unwrap();
            let connection = lane.next().await.unwrap();
            if connection.cached_statements_size() == 0 {
                anew.push(batch);
            }
            let _: i32 = sqlx::query_scalar("SELECT $1").bind(batch).fetch_one(connection).await.unwrap();
            lanes.give_back(lane);
        }
        assert_eq!(anew, [1, 2, 4, 8, 16]);
        lanes.close().await;
    }
}

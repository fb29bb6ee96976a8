//! Fires the ticks that are due. Whatever it does twice, or beside another worker, is done once: see the keys.

use super::rhythm::{PUNCTUAL, Rhythm};
use crate::clock::Timestamp;
use crate::engine::Client;
use crate::engine::client::ClientError;
use crate::engine::start::StartRequest;
use crate::engine::start_error::StartError;
use crate::engine::vault::{INPUT, Part, Vault};
use crate::id::WorkflowId;
use crate::json::Json;
use crate::store::{Overlap, Schedule, Schedules, StoreError};

/// The most schedules that are looked at in one round.
const PAGE: usize = 500;

/// One round over what is due. An error ends it: the store is not well, and the next round comes soon.
///
/// # Errors
/// The store's.
pub(in crate::engine) async fn fire(client: &Client) -> Result<(), StoreError> {
    let Some(kept) = client.store.schedules() else { return Ok(()) };
    let now = client.runtime.now();
    for schedule in kept.due_schedules(now, PAGE).await? {
        // Another worker may know the saga, or the time zone.
        let Some(plan) = client.newest(&schedule.saga) else {
            tracing::debug!(schedule = %schedule.name, saga = %schedule.saga, "its saga is not known here");
            continue;
        };
        let input = match plan.is_input_secret() {
            true => Vault::of_schedule(client.sealer.clone(), &schedule.tenant_id, &schedule.name).open(
                INPUT,
                Part::Value,
                &schedule.input,
            ),
            false => Ok(schedule.input.clone()),
        };
        let input = match input {
            Ok(input) => input,
            Err(error) => {
                tracing::error!(schedule = %schedule.name, %error, "its input cannot be opened here");
                continue;
            }
        };
        let rhythm = match Rhythm::of(&schedule.cron, &schedule.time_zone) {
            Ok(rhythm) => rhythm,
            Err(reason) => {
                tracing::error!(schedule = %schedule.name, "it cannot tick here: {reason}");
                continue;
            }
        };
        let stored = schedule.clone();
        Round { client, kept, schedule, stored, input }.run(&rhythm, now).await?;
    }
    Ok(())
}

struct Round<'a> {
    client: &'a Client,
    kept: &'a dyn Schedules,
    schedule: Schedule,
    /// As it stands in the store, for all that is known here.
    stored: Schedule,
    /// In plain.
    input: Json,
}

impl Round<'_> {
    /// Fires everything that is due. Somebody who has changed the schedule meanwhile goes on with it instead.
    async fn run(mut self, rhythm: &Rhythm, now: Timestamp) -> Result<(), StoreError> {
        if let Some(tick) = self.schedule.queued_at
            && !self.is_running().await?
            && !self.start_alone(tick).await?
        {
            return Ok(());
        }
        if let Some(next) = self.schedule.next_at.filter(|next| *next <= now) {
            let punctual = PUNCTUAL.max(self.client.poll * 2);
            for tick in rhythm.due(next, now, punctual, self.schedule.catch_up) {
                self.schedule.next_at = rhythm.after(tick);
                if !self.tick(tick).await? {
                    return Ok(());
                }
            }
            self.schedule.next_at = rhythm.after(now);
        }
        if self.schedule != self.stored {
            self.keep().await?;
        }
        Ok(())
    }

    /// Writes down how far it has come, unless somebody else has changed it: then the answer is no.
    async fn keep(&mut self) -> Result<bool, StoreError> {
        let is_kept = self.kept.put_schedule(self.schedule.clone()).await?;
        if is_kept {
            self.schedule.rev += 1;
            self.stored = self.schedule.clone();
        }
        Ok(is_kept)
    }

    /// May the round go on?
    async fn tick(&mut self, tick: Timestamp) -> Result<bool, StoreError> {
        if self.schedule.overlap == Overlap::Allow {
            return self.start(tick).await.map(|_| true);
        }
        // What waits has its turn first, though the one before may have ended since this round looked.
        let is_behind = self.schedule.queued_at.is_some() && self.schedule.overlap != Overlap::CancelRunning;
        if !is_behind && !self.is_running().await? {
            return self.start_alone(tick).await;
        }
        match self.schedule.overlap {
            Overlap::QueueOne => drop(self.schedule.queued_at.get_or_insert(tick)),
            Overlap::CancelRunning => {
                self.cancel().await?;
                self.schedule.queued_at = Some(tick);
            }
            Overlap::Skip | Overlap::Allow => {
                tracing::info!(schedule = %self.schedule.name, %tick, "passed over: the one before still runs");
            }
        }
        Ok(true)
    }

    /// Starts it where nothing else may run. That it is this tick's turn is durable first: another worker, to whom the
    /// one before still ran, may have passed this tick over, and would not know of what is started here.
    async fn start_alone(&mut self, tick: Timestamp) -> Result<bool, StoreError> {
        self.schedule.queued_at = Some(tick);
        if !mutant!(tick_started_unseen) && !self.keep().await? {
            return Ok(false);
        }
        if self.start(tick).await? {
            self.schedule.queued_at = None;
        }
        Ok(true)
    }

    /// Has the workflow of the last tick not come to rest?
    async fn is_running(&self) -> Result<bool, StoreError> {
        let last = self.schedule.last_workflow.as_ref().filter(|_| !mutant!(overlap_unchecked));
        let Some(last) = last else { return Ok(false) };
        let loaded = self.client.store.load(last).await?;
        Ok(loaded.is_some_and(|loaded| !loaded.header.state.status.is_ended()))
    }

    async fn cancel(&self) -> Result<(), StoreError> {
        let Some(last) = &self.schedule.last_workflow else { return Ok(()) };
        let by = format!("schedule/{}", self.schedule.name);
        match self.client.cancel(&self.schedule.tenant_id, last, &by).await {
            Err(ClientError::Store(error)) => Err(error),
            // Past its pivot it goes on to its end, and the tick waits for that.
            _ => Ok(()),
        }
    }

    /// Is it done with this tick? No: what it locks is held by somebody else, and it waits for that.
    async fn start(&mut self, tick: Timestamp) -> Result<bool, StoreError> {
        let Schedule { name, saga, tenant_id, priority, .. } = &self.schedule;
        let by = format!("schedule/{name}");
        let request =
            StartRequest::<()>::by_name(self.client.clone(), saga.as_str().into(), Ok(self.input.clone()))
                .tenant(tenant_id)
                .idempotency_key(match mutant!(tick_starts_twice) {
                    true => format!("{by}/{tick}/{}", self.client.runtime.now()),
                    false => format!("{by}/{tick}"),
                })
                .initiator(by)
                .priority(*priority)
                .queued();
        let request = self.schedule.exclusion.iter().fold(request, StartRequest::exclusive);
        let started: WorkflowId = match request.await {
            Ok(started) => started.handle.id().clone(),
            // It was changed after this tick had been fired.
            Err(StartError::Conflict { existing }) => existing,
            Err(StartError::Store(error)) => return Err(error),
            Err(StartError::Uncertain { .. }) if mutant!(tick_lost) => return Ok(true),
            // Sent again under the same key it is recognised.
            Err(error @ StartError::Uncertain { .. }) => {
                return Err(StoreError::Unavailable(error.to_string()));
            }
            Err(error @ StartError::Excluded { .. }) => {
                let waits = matches!(self.schedule.overlap, Overlap::QueueOne | Overlap::CancelRunning);
                let fate = if waits { "it waits" } else { "passed over" };
                tracing::info!(schedule = %name, %tick, %error, "{fate}");
                return Ok(!waits);
            }
            Err(error) => {
                tracing::error!(schedule = %name, %tick, %error, "a tick starts nothing");
                return Ok(true);
            }
        };
        self.schedule.last_at = Some(tick);
        self.schedule.last_workflow = Some(started);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::definition::{Definition, SagaBuilder};
    use crate::engine::TokioRuntime;
    use crate::json::Json;
    use crate::store::{Listing, MemoryStore, Store};

    fn schedule(now: Timestamp) -> Schedule {
        Schedule {
            tenant_id: "default".to_owned(),
            name: "s".to_owned(),
            saga: "empty".to_owned(),
            input: Json::null(),
            exclusion: vec![],
            cron: "* * * * *".to_owned(),
            time_zone: "UTC".to_owned(),
            overlap: Overlap::Allow,
            catch_up: 3,
            priority: 0,
            paused: false,
            next_at: Some(Timestamp::from_micros(now.as_micros() - 3_600_000_000)),
            queued_at: None,
            last_at: None,
            last_workflow: None,
            created_at: now,
            rev: 0,
        }
    }

    #[tokio::test]
    async fn workers_that_race_fire_each_tick_once() {
        let definition: Definition<()> =
            SagaBuilder::<(), ()>::new("empty", 1).finish((), |()| Ok(())).unwrap();
        let store = MemoryStore::new();
        let runtime = Arc::new(TokioRuntime::current().unwrap());
        let client = || {
            let plans = [Arc::clone(definition.plan())];
            Client::without_worker(Arc::new(store.clone()), runtime.clone(), plans)
        };
        let racers = (0..20).map(|_| client()).collect::<Vec<_>>();
        store.put_schedule(schedule(racers[0].runtime.now())).await.unwrap();
        let fired = futures_util::future::join_all(racers.iter().map(fire)).await;
        assert!(fired.iter().all(Result::is_ok));
        let listing = Listing { tenant: "default".to_owned(), limit: 99, ..Listing::default() };
        let total = store.list(listing).await.unwrap().total;
        // Three that were missed, and those of the last minute.
        assert!((4..=5).contains(&total), "{total}");
        assert_eq!(store.list_schedules("default").await.unwrap()[0].rev, 2, "one of them moved it on");
    }

    #[tokio::test]
    async fn a_tick_that_one_worker_has_passed_over_is_started_by_no_other() {
        let definition: Definition<()> =
            SagaBuilder::<(), ()>::new("empty", 1).finish((), |()| Ok(())).unwrap();
        let store = MemoryStore::new();
        let runtime = Arc::new(TokioRuntime::current().unwrap());
        let client =
            Client::without_worker(Arc::new(store.clone()), runtime, [Arc::clone(definition.plan())]);
        let now = client.runtime.now();
        store.put_schedule(Schedule { overlap: Overlap::Skip, ..schedule(now) }).await.unwrap();
        let seen = store.list_schedules("default").await.unwrap().remove(0);
        // Another worker, to whom the workflow of the tick before still ran.
        let rhythm = Rhythm::of(&seen.cron, &seen.time_zone).unwrap();
        let passed = Schedule { next_at: rhythm.after(now), ..seen.clone() };
        assert!(store.put_schedule(passed.clone()).await.unwrap());
        let round = Round {
            client: &client,
            kept: &store,
            stored: seen.clone(),
            schedule: seen,
            input: Json::null(),
        };
        round.run(&rhythm, now).await.unwrap();
        let listing = Listing { tenant: "default".to_owned(), limit: 99, ..Listing::default() };
        assert_eq!(store.list(listing).await.unwrap().total, 0);
        let after = store.list_schedules("default").await.unwrap().remove(0);
        assert_eq!(after, Schedule { rev: 2, ..passed });
    }

    #[tokio::test]
    async fn a_tick_that_waits_is_not_forgotten_when_the_next_one_is_due() {
        let definition: Definition<()> =
            SagaBuilder::<(), ()>::new("empty", 1).finish((), |()| Ok(())).unwrap();
        let runtime = Arc::new(TokioRuntime::current().unwrap());
        for (overlap, waits, started) in [
            (Overlap::QueueOne, true, 0),
            (Overlap::Skip, true, 0),
            // The later one takes its place.
            (Overlap::CancelRunning, false, 1),
        ] {
            let store = MemoryStore::new();
            let plans = [Arc::clone(definition.plan())];
            let client = Client::without_worker(Arc::new(store.clone()), runtime.clone(), plans);
            let now = client.runtime.now();
            let first = now.minus(std::time::Duration::from_secs(60));
            store
                .put_schedule(Schedule {
                    overlap,
                    queued_at: Some(first),
                    next_at: Some(now),
                    ..schedule(now)
                })
                .await
                .unwrap();
            let seen = store.list_schedules("default").await.unwrap().remove(0);
            let mut round = Round {
                client: &client,
                kept: &store,
                stored: seen.clone(),
                schedule: seen,
                input: Json::null(),
            };
            // When the round began the workflow before still ran, and it does no more.
            assert!(round.tick(now).await.unwrap());
            assert_eq!(round.schedule.queued_at, Some(first).filter(|_| waits), "{overlap}");
            let listing = Listing { tenant: "default".to_owned(), limit: 99, ..Listing::default() };
            assert_eq!(store.list(listing).await.unwrap().total, started, "{overlap}");
        }
    }
}
